"""Listens to what one server tells by itself, and tells a socket that fails from a server that is away."""

import asyncio
from contextlib import aclosing
from time import monotonic
from typing import Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.json import json_loads

from ..api import (
    ConnectionCause,
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintPush,
    PushLost,
    PushMessage,
    PushStarted,
    reconnect_pause,
)
from ..const import DOMAIN, LOGGER
from .errors import UnexpectedErrors, is_away, needs_reauth

# So many attempts in vain to open the socket, while the server answers polls, are
# no restart of the server any more.
DEAF_AFTER = 3

# A mistake of ours is likely to come again with the same message, and opening the socket
# costs OctoPrint a log-in and a history. So the pauses double each time, so many times,
# and begin anew when all went well for so many seconds.
DOUBLED = 5
FORGIVEN_AFTER = 600


class Receiver(Protocol):
    """What is kept up to date by what is pushed: the coordinator."""

    last_update_success: bool
    unexpected: UnexpectedErrors

    @property
    def name(self) -> str:
        """Return what the user calls the printer."""

    @callback
    def async_receive(self, message: PushMessage) -> None:
        """Take what the server told."""

    @callback
    def async_expire(self, *, with_plugins: bool = True) -> None:
        """Let the next poll read also what changes rarely."""

    @callback
    def async_forget_pushed(self) -> None:
        """Forget what only the socket tells."""

    async def async_refresh(self) -> None:
        """Poll."""


class PushListener:
    """Keeps the socket of one printer open."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: OctoPrintClient,
        receiver: Receiver,
    ) -> None:
        """Take who receives what is told."""
        self.is_pushed = False
        """Whether the server tells by itself what changes."""

        self.push = OctoPrintPush(client, json_loads)
        self.task: asyncio.Task[None] | None = None
        self._hass = hass
        self._entry = entry
        self._receiver = receiver
        self._failed_attempts = 0
        self._has_missed = False
        self._is_deaf = False
        self._is_refused = False

    @callback
    def async_start(self) -> None:
        """Listen until the entry is unloaded, or the key refused."""
        self._is_refused = False
        self.task = self._entry.async_create_background_task(
            self._hass,
            self._async_listen(),
            f"{DOMAIN} push {self._receiver.name}",
        )
        self.task.add_done_callback(self._async_ended)

    @callback
    def async_refuse(self) -> None:
        """Listen no more: the key was refused, and the socket would go on talking."""
        self.is_pushed = False
        if self.task is not None:
            self.task.cancel()
            self._is_refused = True

    @callback
    def async_answered(self) -> None:
        """Listen again where the key, or the server after a while, is good again."""
        if self._is_refused:
            self.async_start()
        elif not self._receiver.last_update_success:
            self.push.reconnect_now()

    @callback
    def async_receive(self, message: PushStarted | PushLost | PushMessage) -> None:
        """Take what the socket yields."""
        if isinstance(message, PushStarted):
            self._async_opened()
        elif isinstance(message, PushLost):
            self._async_lost(message)
        else:
            self._receiver.async_receive(message)

    @callback
    def _async_opened(self) -> None:
        """Note that the socket is logged in."""
        self.is_pushed = True
        self._failed_attempts = 0
        if self._is_deaf:
            self._is_deaf = False
            LOGGER.info("%s: OctoPrint's socket is back", self._receiver.name)
        if self._has_missed:
            self._has_missed = False
            self._receiver.async_expire()
        self.async_poll_now()

    @callback
    def _async_lost(self, lost: PushLost) -> None:
        """Note that the socket was lost, or could not be opened."""
        receiver = self._receiver
        LOGGER.debug("%s: no socket (%s): %s", receiver.name, lost.attempts, lost.error)
        self._has_missed = True
        is_refused = needs_reauth(lost.error) and not self._is_deaf
        if self.is_pushed or is_refused:
            receiver.async_expire(with_plugins=False)
            self.async_poll_now()
        if self.is_pushed:
            self.is_pushed = False
            receiver.async_forget_pushed()
            return
        if self._is_deaf or not receiver.last_update_success:
            # That the server is away is known and told already.
            self._failed_attempts = 0
            return
        self._entry.async_create_background_task(
            self._hass,
            self._async_judge(lost.error),
            f"{DOMAIN} poll {receiver.name}",
        )

    async def _async_listen(self) -> None:
        """Take all that is pushed, for ever, and again after a mistake of ours."""
        mistakes = 0
        while True:
            began_at = monotonic()
            try:
                async with aclosing(self.push.listen()) as messages:
                    async for message in messages:
                        self.async_receive(message)
            except Exception as err:  # noqa: BLE001
                if monotonic() - began_at > FORGIVEN_AFTER:
                    mistakes = 0
                self._async_mistaken(err)
            await self.push.rest(
                reconnect_pause(mistakes) * 2 ** min(mistakes, DOUBLED)
            )
            mistakes += 1

    @callback
    def _async_ended(self, task: asyncio.Task[None]) -> None:
        """Note that the listening ended, with the entry or with the key.

        A socket may take long to close, and another one may be open by then.
        """
        if task is self.task:
            self.is_pushed = False
            self._receiver.async_forget_pushed()

    @callback
    def _async_mistaken(self, err: Exception) -> None:
        """Poll until the socket is opened again, as what was pushed may be half taken."""
        receiver = self._receiver
        receiver.unexpected.log("taking what OctoPrint pushes", err)
        self.is_pushed = False
        self._has_missed = True
        try:
            receiver.async_forget_pushed()
        except Exception as also:  # noqa: BLE001
            receiver.unexpected.log("forgetting what OctoPrint pushed", also)
        receiver.async_expire(with_plugins=False)
        self.async_poll_now()

    async def _async_judge(self, err: OctoPrintError) -> None:
        """Tell a socket that cannot be used from a server that is away."""
        receiver = self._receiver
        if is_away(err):
            await receiver.async_refresh()
        if self.is_pushed or not receiver.last_update_success:
            self._failed_attempts = 0
            return
        self._failed_attempts += 1
        if not self._is_deaf and (
            self._failed_attempts >= DEAF_AFTER or is_too_large(err)
        ):
            self._is_deaf = True
            LOGGER.warning(
                "%s: OctoPrint's socket cannot be used, so the printer is polled "
                "instead, which shows changes later: %s",
                receiver.name,
                err,
            )

    @callback
    def async_poll_now(self) -> None:
        """Poll at once, unless Home Assistant stops."""
        if self._hass.is_stopping:
            return
        self._entry.async_create_background_task(
            self._hass,
            self._receiver.async_refresh(),
            f"{DOMAIN} poll {self._receiver.name}",
        )


def is_too_large(err: OctoPrintError) -> bool:
    """Return whether the socket fails for what the user can change, and not for a moment."""
    return (
        isinstance(err, OctoPrintConnectionError)
        and err.cause is ConnectionCause.TOO_LARGE
    )
