"""Test that numbers, lists and texts without a bound keep Home Assistant from nothing."""

import logging
import random
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.sync.store import OctoPrintStore
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes

from .api.test_bounds import JUNK, places, replaced
from .fake_octoprint import FakeOctoPrint
from .recorded import json_answer
from .waiting import until

PATHS = (
    *("/api/job", "/api/printer", "/api/connection", "/api/settings"),
    *("/api/printerprofiles", "/api/timelapse", "/api/system/commands"),
    *("/api/system/usage", "/api/printer/command/custom", "/api/printer/error"),
)

# Without these nobody knows that it is OctoPrint.
NEEDED = (("state",),)


def spoil(fake: FakeOctoPrint, answers: dict[str, Any], rng: random.Random) -> None:
    """Put junk into some places of each answer."""
    for path, good in answers.items():
        answer = good
        for _ in range(3):
            found = [each for each in places(answer) if each not in NEEDED]
            if found:
                answer = replaced(answer, rng.choice(found), rng.choice(JUNK))
        body = json_answer(answer)
        fake.answer("GET", path, body=body.body, headers=body.headers)


@pytest.mark.parametrize("seed", range(24))
async def test_junk_in_all_answers(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry_enabled_by_default: None,
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    """Test that a printer loads with it, and that states and store can be written."""
    rng = random.Random(seed)
    fake.load(rng.choice(("printing_local", "paused", "multi_printing")))
    answers = {path: fake.json("GET", path) for path in PATHS}
    spoil(fake, answers, rng)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await until(lambda: config_entry.runtime_data.data.server.settings is not None)
    await hass.async_block_till_done()
    assert config_entry.state is ConfigEntryState.LOADED
    spoil(fake, answers, rng)
    await config_entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    entries = er.async_entries_for_config_entry(
        er.async_get(hass), config_entry.entry_id
    )
    assert len(entries) > 50
    for state in hass.states.async_all():
        assert len(json_bytes(state.as_dict())) < 100_000, state.entity_id
    memory = config_entry.runtime_data.data.memory
    await hass.config_entries.async_unload(config_entry.entry_id)
    store = OctoPrintStore(hass, config_entry.entry_id)
    await store.async_load()
    assert store.memory.last_targets == memory.last_targets
    errors = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert not errors, errors[0].getMessage()
