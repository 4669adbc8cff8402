"""Putting right what was left hot: by a server that was away, or by Home Assistant itself.

What is heated with a promise to restore it is noted in the store before. Whatever happens,
it is put right as soon as the printer can be reached; until then people are told by a
repair, and told again once the heater is cool.
"""

from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from ..api import OctoPrintError
from ..const import DOMAIN, LOGGER
from ..coordinator import OctoPrintConfigEntry
from ..device import printer_title
from ..markup import MAX_NAME, printer_name, quoted
from ..model.heated import Heated, restored_target
from .observe import observe

# Below this temperature, in degrees Celsius, nobody is burned.
COOL = 50

# Seconds until the next try, where the printer can be reached but does not take it.
RETRY = 10

LEFT_HOT = "left_hot"
COOLED = "left_hot_cooled"


@callback
def async_tell_left_hot(
    hass: HomeAssistant, entry: OctoPrintConfigEntry, heated: Heated
) -> None:
    """Tell that a heater may still be hot, and that nobody can switch it off from here."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{LEFT_HOT}_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.CRITICAL,
        translation_key=LEFT_HOT,
        translation_placeholders={
            **printer_name(printer_title(hass, entry)),
            "heater": quoted(heated.heater, MAX_NAME),
            "temperature": f"{heated.temperature:g}",
        },
    )


@callback
def async_watch_left_hot(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """Put right what is left hot whenever that is possible, until the entry is unloaded."""
    watch = _LeftHot(hass, entry)
    coordinator = entry.runtime_data
    entry.async_on_unload(coordinator.async_add_listener(watch.async_check))
    entry.async_on_unload(watch.async_stop)
    watch.async_check()


class _LeftHot:
    """Looks after the heater that is noted in the store of one printer."""

    def __init__(self, hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
        """Take the printer's entry."""
        self._hass = hass
        self._entry = entry
        self._coordinator = entry.runtime_data
        self._is_restoring = False
        self._cancel_retry: CALLBACK_TYPE | None = None
        self._was_off = False
        """Whether what cools was seen switched off, so that a target is somebody else's."""

    @callback
    def async_check(self) -> None:
        """Look whether there is something to put right; most of the time there is not."""
        coordinator = self._coordinator
        if coordinator.store.cooling is not None:
            self._check_cool(coordinator.store.cooling)
        if (
            (heated := coordinator.store.heated) is None
            or coordinator.filament_task is not None
            or self._is_restoring
        ):
            return
        if not coordinator.last_update_success or not coordinator.data.is_connected:
            async_tell_left_hot(self._hass, self._entry, heated)
            return
        self._is_restoring = True
        self._entry.async_create_background_task(
            self._hass, self._async_put_right(heated), f"{DOMAIN} {LEFT_HOT}"
        )

    async def _async_put_right(self, heated: Heated) -> None:
        """Restore the target that is right by now, and try again later where that fails."""
        coordinator = self._coordinator
        try:
            now = await observe(coordinator.client, heated.heater)
            # What was heated before by hand is not heated again after an accident.
            target = restored_target(heated, now, keeps_earlier=False)
            if target is not None:
                await coordinator.client.printer.set_target(heated.heater, target)
            await coordinator.store.async_note_heated(None)
        except Exception as err:  # noqa: BLE001
            # Whatever it is, the heater is still hot.
            if isinstance(err, OctoPrintError):
                LOGGER.debug("%s: still left hot: %s", coordinator.name, err)
            else:
                coordinator.unexpected.log("switching off what was left hot", err)
            async_tell_left_hot(self._hass, self._entry, heated)
            self._cancel_retry = async_call_later(self._hass, RETRY, self._async_retry)
            return
        self._is_restoring = False
        LOGGER.info(
            "%s: %s, which was left at %g °C, is put right",
            coordinator.name,
            heated.heater,
            heated.temperature,
        )
        issue_id = f"{LEFT_HOT}_{self._entry.entry_id}"
        if ir.async_get(self._hass).async_get_issue(DOMAIN, issue_id) is not None:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            if target == 0 or now.heater.target == 0:
                self._was_off = False
                coordinator.store.async_note_cooling(heated.heater)
                self._check_cool(heated.heater)
        await coordinator.async_after_command()

    @callback
    def _async_retry(self, _: datetime) -> None:
        self._cancel_retry = None
        self._is_restoring = False
        self.async_check()

    @callback
    def _check_cool(self, heater: str) -> None:
        """Tell that the heater is cool, once it is."""
        store = self._coordinator.store
        found = self._coordinator.data.heaters.get(heater)
        if found is None or found.actual is None:
            return
        if found.target:
            if self._was_off:
                # Somebody heats it again, and knows.
                store.async_note_cooling(None)
            return
        self._was_off = True
        if found.actual >= COOL:
            return
        store.async_note_cooling(None)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{COOLED}_{self._entry.entry_id}",
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=COOLED,
            translation_placeholders={
                **printer_name(self._coordinator.name),
                "actual": f"{found.actual:.0f}",
            },
        )

    @callback
    def async_stop(self) -> None:
        """Look after nothing any more."""
        if self._cancel_retry is not None:
            self._cancel_retry()
