"""Ways in which an answer can be broken."""

import asyncio
from collections.abc import Callable, Collection
import gzip
import json
from typing import Any

from .proxy import Break, Exchange, Rule, head

PAGE = (
    b"<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
LOGIN_PAGE = (
    b'<html><body><form><input name=user><input type="password"></form></body></html>'
)

MEGABYTE = 1024 * 1024


def on(*paths: str, do: Break, methods: Collection[str] = ("GET",)) -> Rule:
    """Return the rule that breaks the requests to some paths."""

    def rule(exchange: Exchange) -> Break | None:
        path = exchange.path.partition("?")[0]
        is_meant = exchange.method in methods and any(
            path == each or (each.endswith("*") and path.startswith(each[:-1]))
            for each in paths
        )
        return do if is_meant and not exchange.is_socket else None

    return rule


def on_sockets(do: Break) -> Rule:
    """Return the rule that breaks the requests for a WebSocket."""
    return lambda exchange: do if exchange.is_socket else None


def on_all(do: Break) -> Rule:
    """Return the rule that breaks everything."""
    return lambda _: do


async def hang(exchange: Exchange) -> None:
    """Take the request and say nothing."""
    await exchange.hang()


async def hang_after_head(exchange: Exchange) -> None:
    """Promise an answer and send none."""
    await exchange.send(head(200))
    await exchange.hang()


async def cut_in_body(exchange: Exchange) -> None:
    """Send half of the answer."""
    body = await exchange.body()
    await exchange.send(head(len(body)) + body[: len(body) // 2])
    exchange.client.transport.abort()


async def drip(exchange: Exchange) -> None:
    """Send a byte each second."""
    body = await exchange.body()
    data = head(len(body)) + body
    for at in range(len(data)):
        await exchange.send(data[at : at + 1])
        await asyncio.sleep(1)


async def endless(exchange: Exchange) -> None:
    """Send a body that does not end."""
    await exchange.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    )
    chunk = b" " * 65536
    # The client closes long before this.
    for _ in range(20_000):
        await exchange.send(chunk)


async def large_head(exchange: Exchange) -> None:
    """Send a header of a megabyte."""
    await exchange.respond(b"{}", headers=f"X-Large: {'x' * MEGABYTE}\r\n")


async def bomb(exchange: Exchange) -> None:
    """Send a gigabyte, compressed to one thousandth."""
    block = gzip.compress(b" " * (64 * MEGABYTE), 1)
    await exchange.respond(block * 16, headers="Content-Encoding: gzip\r\n")


async def lists(exchange: Exchange) -> None:
    """Send 31 MB of lists, which take far more memory than that once they are read."""
    await exchange.respond(b"[" + b"[]," * (31 * MEGABYTE // 3) + b"[]]")


async def large(exchange: Exchange) -> None:
    """Send 200 MB of JSON."""
    await exchange.send(head(200 * MEGABYTE + 2) + b'"')
    for _ in range(200):
        await exchange.send(b"x" * MEGABYTE)
    await exchange.send(b'"')


async def nested(exchange: Exchange) -> None:
    """Send a list in a list in a list, and so on."""
    await exchange.respond(b"[" * 100_000 + b"]" * 100_000)


async def not_unicode(exchange: Exchange) -> None:
    """Send what is no UTF-8 inside JSON."""
    await exchange.respond(b'{"state": "\xff\xfe"}')


async def doubled_keys(exchange: Exchange) -> None:
    """Send an object that has each key twice, the right one last."""
    body = await exchange.body()
    twice = b'{"state": "Offline", "job": null, "progress": null, '
    await exchange.respond(twice + body.lstrip()[1:])


def answers(
    status: str, body: bytes = b"{}", type_: str = "application/json", headers: str = ""
) -> Break:
    """Return what answers always the same."""

    async def answer(exchange: Exchange) -> None:
        await exchange.respond(body, status, type_, headers)

    return answer


def redirects(location: str) -> Break:
    """Return what sends the client elsewhere."""
    return answers("302 Found", headers=f"Location: {location}\r\n")


def delayed(seconds: float) -> Break:
    """Return what answers rightly, but late."""

    async def answer(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await exchange.respond(await exchange.body())

    return answer


def mutated(change: Callable[[Any], Any]) -> Break:
    """Return what answers with every value in its JSON changed."""

    async def answer(exchange: Exchange) -> None:
        content = json.loads(await exchange.body())
        await exchange.respond(json.dumps(everywhere(content, change)).encode())

    return answer


def everywhere(content: Any, change: Callable[[Any], Any]) -> Any:
    """Return JSON with each value that holds no others changed."""
    match content:
        case dict():
            return {key: everywhere(value, change) for key, value in content.items()}
        case list():
            return [everywhere(value, change) for value in content]
    return change(content)


def is_number(value: object) -> bool:
    """Return whether a value of JSON is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def huge(value: Any) -> Any:
    """Return the largest number there is for any number."""
    return 1e308 if is_number(value) else value


def not_a_number(value: Any) -> Any:
    """Return NaN for any number, as Python writes it."""
    return float("nan") if is_number(value) else value


def infinite(value: Any) -> Any:
    """Return infinity for any number."""
    return float("inf") if is_number(value) else value


def negative(value: Any) -> Any:
    """Return less than nothing for any number."""
    return -abs(value) - 1 if is_number(value) else value


def beyond_64_bit(value: Any) -> Any:
    """Return an integer that no database holds."""
    return 2**80 if is_number(value) else value


def nothing(_: Any) -> Any:
    """Return null for anything."""
    return None


def long(value: Any) -> Any:
    """Return a text of 100 kB for any text."""
    return "ä" * 50_000 if isinstance(value, str) else value


def other_type(value: Any) -> Any:
    """Return a value of another type."""
    match value:
        case str():
            return [value]
        case bool():
            return {"value": value}
        case int() | float():
            return str(value)
    return 42
