"""What the tests of the plugins share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fake_octoprint import FakeOctoPrint

type Install = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def install(fake: FakeOctoPrint) -> Install:
    """Return what gives the server a plugin with some settings."""

    def install(plugin: str, settings: dict[str, Any]) -> None:
        answer = fake.json("GET", "/api/settings")
        answer["plugins"][plugin] = settings
        fake.answer("GET", "/api/settings", json=answer)

    return install
