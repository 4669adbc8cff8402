"""Finding where OctoPrint answers, of all that may be meant; nobody gets the key for it."""

import asyncio
from collections.abc import Sequence

import aiohttp
from yarl import URL

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..api import REQUEST_TIMEOUT, ConnectionCause, OctoPrintClient, ProxyLogin
from .address import alternatives, parse_address
from .clients import setup_client
from .probe import SetupError, setup_errors

# How many are asked at once; anything in the network may announce any number.
MAX_ASKED = 16

# Seconds in which an address that comes first may answer after another one has.
GRACE = 2.0

# Seconds after which other addresses than what was typed are asked, too.
HEAD_START = 1.0

# Of several reasons the one that says most is told. These say ever less, and all others more.
LEAST_TELLING = (
    ConnectionCause.TLS,
    ConnectionCause.WANTS_HTTPS,
    ConnectionCause.BROKEN,
    ConnectionCause.TIMEOUT,
    ConnectionCause.WANTS_HTTP,
    ConnectionCause.NOT_FOUND,
    ConnectionCause.UNREACHABLE,
    ConnectionCause.REFUSED,
)


async def async_find(
    hass: HomeAssistant,
    urls: Sequence[URL],
    *,
    login: ProxyLogin | None = None,
    verify_ssl: bool,
) -> URL:
    """Return at which of these addresses OctoPrint answers, the first one if at several.

    All are asked at once. Otherwise raise the reason that says most.
    """
    asked = tuple(dict.fromkeys(urls))[:MAX_ASKED]
    tasks = [
        hass.async_create_background_task(
            async_ask(hass, url, login=login, verify_ssl=verify_ssl), f"ask {url.host}"
        )
        for url in asked
    ]
    try:
        if (found := await _async_first(tasks)) is not None:
            return found
    finally:
        await _async_cancel(tasks)
    reasons = [err for task in tasks if isinstance(err := task.exception(), SetupError)]
    raise min(reasons, key=_silence)


async def async_find_typed(
    hass: HomeAssistant,
    urls: Sequence[URL],
    *,
    login: ProxyLogin | None = None,
    verify_ssl: bool,
) -> URL:
    """Return at which of these addresses OctoPrint answers.

    Where it does at none, others of the same host are tried without the log-in, and the
    error proposes the one at which it does.
    """
    typed = hass.async_create_background_task(
        async_find(hass, urls, login=login, verify_ssl=verify_ssl), "ask as typed"
    )
    others = hass.async_create_background_task(
        _async_find_other(hass, tuple(urls), typed, verify_ssl), "ask elsewhere"
    )
    try:
        await asyncio.wait((typed, others), return_when=asyncio.FIRST_COMPLETED)
        if not typed.done() and (proposed := others.result()) is not None:
            # The same port cannot speak the other scheme as well.
            is_same = any(_place(url) == _place(proposed) for url in urls)
            await asyncio.wait((typed,), timeout=0 if is_same else GRACE)
        elif not typed.done():
            await asyncio.wait((typed,))
        if typed.done() and typed.exception() is None:
            return typed.result()
        failure = typed.exception() if typed.done() else None
        if isinstance(failure, SetupError) and failure.reason == "basic_auth":
            raise failure
        proposed = await others
    finally:
        await _async_cancel((typed, others))
    reason = failure.reason if isinstance(failure, SetupError) else "timeout"
    if proposed is None:
        if reason == ConnectionCause.WANTS_HTTPS:
            proposed = alternatives(tuple(urls[:1]))[0]
        raise SetupError(reason, proposed=proposed)
    raise SetupError(_proposal(urls, proposed), proposed=proposed)


async def _async_find_other(
    hass: HomeAssistant,
    urls: tuple[URL, ...],
    typed: asyncio.Task[URL],
    verify_ssl: bool,
) -> URL | None:
    """Return where else on the same host OctoPrint answers, or a proxy asks for a log-in."""
    await asyncio.wait((typed,), timeout=HEAD_START)
    others = alternatives(urls)
    if not others or (typed.done() and typed.exception() is None):
        return None
    try:
        return await async_find(hass, others, verify_ssl=verify_ssl)
    except SetupError as err:
        return err.asked if err.reason == ConnectionCause.BASIC_AUTH else None


async def _async_first(tasks: Sequence[asyncio.Task[URL]]) -> URL | None:
    """Return what the first task yields that yields something, None where none does."""
    timeout = None
    while True:
        for number, task in enumerate(tasks):
            if task.done() and task.exception() is None:
                if timeout is not None or all(each.done() for each in tasks[:number]):
                    return task.result()
                timeout = GRACE
                break
        pending = [task for task in tasks if not task.done()]
        if not pending:
            return None
        if timeout is None:
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.wait(pending, timeout=timeout)


async def _async_cancel(
    tasks: Sequence[asyncio.Task[URL] | asyncio.Task[URL | None]],
) -> None:
    for task in tasks:
        task.cancel()
    # What they raised is known, or of no interest any more.
    await asyncio.gather(*tasks, return_exceptions=True)


async def async_ask(
    hass: HomeAssistant, url: URL, *, login: ProxyLogin | None, verify_ssl: bool
) -> URL:
    """Return the address at which OctoPrint answers, after a redirect to HTTPS if need be."""
    client = setup_client(hass, url, login=login, verify_ssl=verify_ssl)
    try:
        async with setup_errors():
            await client.access.current_user()
    except SetupError as err:
        if err.reason != ConnectionCause.REDIRECTED:
            raise SetupError(err.reason, asked=client.url) from err
        if (secure := await _async_secure_address(hass, client, verify_ssl)) is None:
            raise
        client = setup_client(hass, secure, login=login, verify_ssl=verify_ssl)
        try:
            async with setup_errors():
                await client.access.current_user()
        except SetupError as secure_err:
            raise SetupError(secure_err.reason, asked=secure) from secure_err
    return client.url


async def _async_secure_address(
    hass: HomeAssistant, client: OctoPrintClient, verify_ssl: bool
) -> URL | None:
    """Return where the same host wants to be asked over HTTPS; no other host is followed."""
    session = async_get_clientsession(hass, verify_ssl=verify_ssl)
    try:
        async with session.get(
            client.resolve("api/currentuser"),
            allow_redirects=False,
            timeout=REQUEST_TIMEOUT,
        ) as response:
            target = response.url.join(URL(response.headers["Location"]))
        if target.scheme == "https" and target.host == client.url.host:
            return parse_address(str(target))[0]
    except aiohttp.ClientError, KeyError, TimeoutError, ValueError:
        pass
    return None


def _silence(err: SetupError) -> int:
    """Return how little a reason says."""
    if err.reason == ConnectionCause.BASIC_AUTH:
        return -1
    causes: tuple[str, ...] = LEAST_TELLING
    return causes.index(err.reason) + 1 if err.reason in causes else 0


def _place(url: URL) -> tuple[str | None, int | None]:
    return url.host, url.port


def _proposal(urls: Sequence[URL], proposed: URL) -> str:
    """Return the reason that proposes an address instead of what was typed."""
    if proposed.scheme in {url.scheme for url in urls}:
        return "try_address"
    return f"try_{proposed.scheme}"
