"""What the tests of the socket share."""

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient
from custom_components.octoprint_plus.api.socket.push import OctoPrintPush
from tests.fake_octoprint import FakeOctoPrint


@pytest.fixture
def push(client: OctoPrintClient, fake: FakeOctoPrint) -> OctoPrintPush:
    """Return a push of a server that has its socket."""
    fake.push.enabled = True
    return OctoPrintPush(client)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each attempt follow the last one at once."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.socket.push.reconnect_pause",
        lambda _: 0.001,
    )
