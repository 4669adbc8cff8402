"""The OctoPrint Plus integration."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .commands.everything import async_watch_calls
from .commands.exclusive import async_watch_stop
from .commands.left_hot import async_tell_left_hot, async_watch_left_hot
from .const import DOMAIN
from .coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .device import async_watch_title
from .repairs import async_check_copies, async_forget_issues, async_watch_issues
from .services import async_setup_services
from .setup.ghosts import async_watch_ghosts
from .setup.moved import async_watch as async_watch_move, async_withdraw
from .sync.store import OctoPrintStore

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CLIMATE,
    Platform.EVENT,
    Platform.FAN,
    Platform.NOTIFY,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all printers share."""
    async_setup_services(hass)
    async_watch_calls(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> bool:
    """Set up a printer from a config entry."""
    coordinator = OctoPrintCoordinator(hass, entry)
    try:
        await coordinator.async_config_entry_first_refresh()
    except ConfigEntryAuthFailed, ConfigEntryNotReady:
        if (heated := coordinator.store.heated) is not None:
            async_tell_left_hot(hass, entry, heated)
        raise
    entry.runtime_data = coordinator
    # States are written in the order in which entities were added, and automations run in
    # between: one on any other entity finds all sensors written.
    sensors = [each for each in PLATFORMS if each is Platform.SENSOR]
    others = [each for each in PLATFORMS if each is not Platform.SENSOR]
    await hass.config_entries.async_forward_entry_setups(entry, sensors)
    await hass.config_entries.async_forward_entry_setups(entry, others)
    # Automations listen from the start of Home Assistant on, and all event entities do now.
    entry.async_on_unload(async_at_started(hass, coordinator.events.async_open))
    async_watch_title(hass, entry)
    async_watch_issues(hass, entry)
    async_watch_left_hot(hass, entry)
    async_watch_stop(hass, entry)
    async_watch_ghosts(hass, entry)
    async_watch_move(hass, entry)
    coordinator.async_start_push()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> bool:
    """Unload a printer; the printer itself goes on with whatever it does."""
    coordinator = entry.runtime_data
    coordinator.async_end_commands()
    # What happens now is told after a reload.
    coordinator.events.async_close()
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await coordinator.store.async_save()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """Forget what was kept of a printer."""
    await OctoPrintStore(hass, entry.entry_id).async_remove()
    async_withdraw(hass, entry)
    async_forget_issues(hass, entry)
    async_check_copies(hass)
