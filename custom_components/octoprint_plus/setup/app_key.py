"""The way to an application key: ask OctoPrint for one, wait until its user approves."""

import asyncio
from http import HTTPStatus

from ..api import (
    AppKeyRequest,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConnectionError,
)
from ..const import APP_NAME
from .probe import SetupError, setup_errors

# OctoPrint forgets a request that nobody asks about for 5 seconds, and any after 10 minutes.
POLL_INTERVAL = 1
APPROVAL_TIMEOUT = 600


async def async_request_app_key(client: OctoPrintClient) -> AppKeyRequest:
    """Ask for an application key, where OctoPrint offers them."""
    async with setup_errors():
        status = await client.access.app_keys_status()
        if status == HTTPStatus.FORBIDDEN:
            raise SetupError("wizard_unfinished")
        if status != HTTPStatus.NO_CONTENT:
            raise SetupError("app_keys_disabled")
        return await client.access.request_app_key(APP_NAME)


async def async_wait_for_approval(
    client: OctoPrintClient, request: AppKeyRequest
) -> str:
    """Return the key once the user has approved the request in OctoPrint."""
    async with setup_errors():
        try:
            async with asyncio.timeout(APPROVAL_TIMEOUT):
                while not (key := await _async_poll(client, request)):
                    await asyncio.sleep(POLL_INTERVAL)
        except OctoPrintAuthError as err:
            raise SetupError("app_key_denied") from err
        except OctoPrintConnectionError as err:
            raise SetupError("connection_lost") from err
        except TimeoutError as err:
            raise SetupError("app_key_timeout") from err
        return key


async def _async_poll(client: OctoPrintClient, request: AppKeyRequest) -> str | None:
    """Ask whether the key is there, once more if the first question got lost."""
    try:
        return await client.access.poll_app_key(request.app_token)
    except OctoPrintConnectionError:
        await asyncio.sleep(POLL_INTERVAL)
        return await client.access.poll_app_key(request.app_token)
