"""Tests of how far uploads are, logged and shown."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.coordinator import OctoPrintConfigEntry
from custom_components.octoprint_plus.sync.upload_progress import UploadProgress
from homeassistant.core import HomeAssistant

from ..fake_octoprint import FakeOctoPrint
from ..waiting import refresh

UPLOAD = "sensor.prusa_upload"


def test_several_at_once() -> None:
    """Test that those that run are shown as one, and that one that fails is left out."""
    shown: list[int | None] = []
    uploads = UploadProgress(lambda: "Prusa", shown.append)
    with uploads.follow("large.gcode", 300) as large:
        large(150)
        with pytest.raises(OSError), uploads.follow("small.gcode", 100) as small:  # noqa: PT011, PT012
            small(50)
            raise OSError
        large(300)
    assert shown == [0, 50, 37, 50, 50, 100, None]


async def test_poll_meanwhile(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that an upload is shown as before after a poll, also one that failed."""
    entry: OctoPrintConfigEntry = init_integration
    with entry.runtime_data.uploads.follow("vase.gcode", 200) as note:
        note(200)
        await refresh(hass, entry)
        assert hass.states.get(UPLOAD).state == "100"
        await fake.stop()
        await refresh(hass, entry)
        assert hass.states.get(UPLOAD).state == "unavailable"
        await fake.start()
        await refresh(hass, entry)
        assert hass.states.get(UPLOAD).state == "100"
    assert hass.states.get(UPLOAD).state == "unknown"


async def test_permission(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that it is only there where the key may upload, and goes with that."""
    user = fake.json("GET", "/api/currentuser")
    allowed = ["STATUS", "FILES_UPLOAD"]
    fake.answer("GET", "/api/currentuser", json=user | {"permissions": ["STATUS"]})
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(UPLOAD) is None
    for permissions, state in ((allowed, "unknown"), (["STATUS"], "unavailable")):
        fake.answer("GET", "/api/currentuser", json=user | {"permissions": permissions})
        config_entry.runtime_data.async_expire()
        await refresh(hass, config_entry)
        assert hass.states.get(UPLOAD).state == state
    await hass.config_entries.async_unload(config_entry.entry_id)
