"""Test the client: what can go wrong between it and the server, provoked for real."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import errno
from io import BytesIO
import ipaddress
from pathlib import Path
import socket
import ssl
import threading
import traceback
from typing import Any
from unittest.mock import patch

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRateLimitError,
    OctoPrintRequestError,
    OctoPrintServerError,
    bodies,
    transport as transport_module,
)
from custom_components.octoprint_plus.api.login import ProxyLogin
from custom_components.octoprint_plus.api.socket.connection import (
    ENDPOINT,
    close_socket,
)
from custom_components.octoprint_plus.api.version import ServerInfo
from tests.fake_octoprint import FakeOctoPrint
from tests.recorded import recorded

LOGIN_PAGE = '<html><form><input name="password" type="password"></form></html>'

type Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """Return the TLS of a server that has signed its certificate itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "octopi.local")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@asynccontextmanager
async def raw_server(answering: Answering) -> AsyncGenerator[URL]:
    """Serve bytes that are not the HTTP of any proper server."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")


async def cause_of(call: Awaitable[Any]) -> ConnectionCause:
    """Return why a call got no answer, which must not tell the key."""
    with pytest.raises(OctoPrintConnectionError) as caught:
        await call
    told = "".join(traceback.format_exception(caught.value))
    assert "DUMMY_API_KEY" not in told
    return caught.value.cause


# What goes well.


@pytest.mark.parametrize("path", ["", "/octoprint", "/a/b%20c"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_address(
    session: aiohttp.ClientSession, socket_enabled: None, path: str, slash: str
) -> None:
    async with FakeOctoPrint(path) as fake:
        client = OctoPrintClient(session, URL(fake.url + slash, encoded=True), fake.key)
        assert (await client.server.get()).version == "1.11.8"
        await client.job.pause()
        assert [request.path for request in fake.requests] == [
            "/api/server",
            "/api/job",
        ]


async def test_headers(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.server.get()
    await client.job.pause()
    for request in fake.requests:
        assert request.headers["X-Api-Key"] == fake.key
        # With it, OctoPrint 2 would answer in its new shapes.
        assert "X-OctoPrint-Api-Version" not in request.headers
    assert fake.requests[1].headers["Content-Type"] == "application/json"


async def test_one_connection(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.server.get()
    assert fake.connections == 1
    for _ in range(5):
        await client.job.get()
        await client.job.pause()
    assert fake.connections == 2


async def test_old_server(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that no command follows a read on one connection, which 1.10 would reset."""
    fake.answer("GET", "/api/server", json={"version": "1.10.3", "safemode": None})
    await client.server.get()
    for _ in range(3):
        await client.job.get()
        await client.job.pause()
        await client.job.resume()
    reads = [each for each in fake.requests if each.method == "GET"]
    assert {each.headers["Connection"] for each in reads} == {"close"}
    # The first two reads, then what each pause opens and the next read closes.
    assert fake.connections == 5


async def test_unchanged_answer(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    before = await client.settings.get()
    assert await client.settings.get() == before
    answer = fake.json("GET", "/api/settings")
    answer["appearance"]["name"] = "Voron"
    fake.answer("GET", "/api/settings", json=answer)
    assert (await client.settings.get()).name == "Voron"
    assert (await client.settings.get()).name == "Voron"
    tags = [request.headers.get("If-None-Match") for request in fake.requests]
    assert tags[0] is None
    assert tags[1] == tags[2] is not None
    assert tags[3] not in {None, tags[1]}


async def test_unasked_not_modified(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "/api/job", status=304)
    assert await cause_of(client.job.get()) is ConnectionCause.REDIRECTED


async def test_server_away_and_back(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    await client.job.get()
    await fake.stop()
    assert await cause_of(client.job.get()) is ConnectionCause.REFUSED
    await fake.start()
    await client.job.get()
    # Restarted between two requests, with the connection still in the pool.
    await fake.stop()
    await fake.start()
    await client.job.get()


# What OctoPrint refuses.


async def test_unknown_key(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.key = "another"
    with pytest.raises(OctoPrintAuthError):
        await client.job.get()
    with pytest.raises(OctoPrintAuthError):
        await client.job.pause()


async def test_missing_key(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    client = OctoPrintClient(session, URL(fake.url))
    with pytest.raises(OctoPrintAuthError):
        await client.job.get()
    assert "X-Api-Key" not in fake.requests[0].headers


@pytest.mark.parametrize("key", ["a\nb", "a\r\nX-Other: 1", "a\0"])
async def test_key_that_is_none(
    session: aiohttp.ClientSession, fake: FakeOctoPrint, key: str
) -> None:
    client = OctoPrintClient(session, URL(fake.url), key)
    assert (await client.access.current_user()).name is None
    with pytest.raises(OctoPrintAuthError):
        await client.job.get()
    assert fake.requests == []


async def test_key_beyond_ascii(
    session: aiohttp.ClientSession, fake: FakeOctoPrint
) -> None:
    client = OctoPrintClient(session, URL(fake.url), "Schlüssel")
    assert (await client.access.current_user()).name is None


async def test_missing_permission(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("none")
    with pytest.raises(OctoPrintPermissionError, match="STATUS") as caught:
        await client.job.get()
    assert caught.value.permission == "STATUS"
    with pytest.raises(OctoPrintPermissionError, match="PRINT") as caught:
        await client.job.pause()
    assert caught.value.permission == "PRINT"


async def test_user_that_is_switched_off(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test the key that is known, whose user keeps permissions and may use none."""
    fake.user("inactive")
    with pytest.raises(OctoPrintAuthError, match="switched off"):
        await client.job.get()


async def test_missing_permission_without_a_name(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.user("none")
    with pytest.raises(OctoPrintPermissionError, match="for api/job") as caught:
        await client.get("api/job")
    assert caught.value.permission is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, OctoPrintRequestError),
        (404, OctoPrintNotFoundError),
        (405, OctoPrintRequestError),
        (409, OctoPrintConflictError),
        (413, OctoPrintRequestError),
        (415, OctoPrintRequestError),
        (429, OctoPrintRateLimitError),
        (500, OctoPrintRequestError),
    ],
)
async def test_errors_with_octoprints_text(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    status: int,
    error: type[OctoPrintError],
) -> None:
    text = "port is invalid"
    fake.answer("GET", "/api/connection", status=status, json={"error": text})
    fake.answer("POST", "/api/connection", status=status, json={"error": text})
    with pytest.raises(error, match=text):
        await client.connection.get()
    with pytest.raises(error, match=text):
        await client.connection.connect()
    assert len(fake.requests) == 2


async def test_error_with_octoprints_text_that_is_no_json(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", "/api/job", status=409, body="Cannot do that " + "x" * 1000)
    with pytest.raises(OctoPrintConflictError, match="Cannot do that") as caught:
        await client.job.pause()
    assert len(str(caught.value)) == 200


@pytest.mark.parametrize(
    ("status", "error"), [(500, OctoPrintServerError), (400, OctoPrintRequestError)]
)
async def test_failure_of_octoprint(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    status: int,
    error: type[OctoPrintError],
) -> None:
    fake.answer("POST", "/api/job", status=status, json={"error": "x"})
    with pytest.raises(OctoPrintRequestError) as caught:
        await client.job.pause()
    assert type(caught.value) is error


@pytest.mark.parametrize("body", ["", "<h1>Conflict</h1>"])
async def test_error_without_octoprints_text(
    client: OctoPrintClient, fake: FakeOctoPrint, body: str
) -> None:
    fake.answer("POST", "/api/job", status=409, body=body)
    with pytest.raises(OctoPrintConflictError, match="HTTP 409"):
        await client.job.pause()


# What is not OctoPrint.


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ({"body": "<html>It works!</html>"}, ConnectionCause.NOT_OCTOPRINT),
        ({"body": b""}, ConnectionCause.NOT_OCTOPRINT),
        ({"json": [1]}, ConnectionCause.NOT_OCTOPRINT),
        ({"json": None}, ConnectionCause.NOT_OCTOPRINT),
        (
            {
                "body": '{"state": "Prin',
                "headers": {"Content-Type": "application/json"},
            },
            ConnectionCause.NOT_OCTOPRINT,
        ),
        (
            {"body": b"\xff\xfe{", "headers": {"Content-Type": "application/json"}},
            ConnectionCause.NOT_OCTOPRINT,
        ),
        (
            {
                "body": "[" * 90_000,
                "headers": {"Content-Type": "application/json"},
            },
            ConnectionCause.NOT_OCTOPRINT,
        ),
        ({"body": LOGIN_PAGE}, ConnectionCause.PROXY_LOGIN),
        ({"body": LOGIN_PAGE.replace('"', "")}, ConnectionCause.PROXY_LOGIN),
        ({"status": 403, "body": LOGIN_PAGE}, ConnectionCause.PROXY_LOGIN),
        ({"status": 403, "body": "No"}, ConnectionCause.PROXY_REFUSED),
        ({"status": 401, "body": "Unauthorized"}, ConnectionCause.PROXY_LOGIN),
        ({"status": 407}, ConnectionCause.PROXY_LOGIN),
        (
            {"status": 302, "headers": {"Location": "/login?next=/api/job"}},
            ConnectionCause.PROXY_LOGIN,
        ),
        (
            {"status": 302, "headers": {"Location": "https://auth.example/"}},
            ConnectionCause.PROXY_LOGIN,
        ),
        (
            {"status": 302, "headers": {"Location": "http://espresso.local/"}},
            ConnectionCause.REDIRECTED,
        ),
        ({"status": 301}, ConnectionCause.REDIRECTED),
        ({"status": 502, "body": "Bad Gateway"}, ConnectionCause.BAD_GATEWAY),
        ({"status": 503, "json": {"error": "x"}}, ConnectionCause.BAD_GATEWAY),
        ({"status": 504}, ConnectionCause.BAD_GATEWAY),
        (
            {
                "status": 401,
                "headers": {"WWW-Authenticate": 'Bearer, Basic realm="Printer"'},
            },
            ConnectionCause.BASIC_AUTH,
        ),
        *(
            ({"status": 400, "body": body}, ConnectionCause.WANTS_HTTPS)
            for body in (
                "<center>The plain HTTP request was sent to HTTPS port</center>",
                "<p>You're speaking plain HTTP to an SSL-enabled server port.<br />",
                "Client sent an HTTP request to an HTTPS server.\n",
                "The client sent a plain HTTP request, but this server only speaks HTTPS",
            )
        ),
        ({"status": 421}, ConnectionCause.PROXY_REFUSED),
        ({"status": 431, "body": "<h1>No</h1>"}, ConnectionCause.PROXY_REFUSED),
        ({"body": "<title>Please sign in | SSO</title>"}, ConnectionCause.PROXY_LOGIN),
    ],
)
async def test_not_octoprint(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    answer: dict[str, Any],
    cause: ConnectionCause,
) -> None:
    fake.answer("GET", "*", **answer)
    assert await cause_of(client.job.get()) is cause


@pytest.mark.parametrize("status", [400, 405, 417, 418])
async def test_proxy_that_refuses(
    client: OctoPrintClient, fake: FakeOctoPrint, status: int
) -> None:
    """Test what OctoPrint never answers where all may ask, for example HAProxy's 400."""
    body = "<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request."
    fake.answer("GET", "*", status=status, body=body)
    cause = await cause_of(client.access.current_user())
    assert cause is ConnectionCause.PROXY_REFUSED


async def test_login_page_instead_of_the_user(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "*", status=404, body=LOGIN_PAGE)
    cause = await cause_of(client.access.current_user())
    assert cause is ConnectionCause.PROXY_LOGIN


async def test_upload_through_a_proxy_with_a_limit(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    body = "<html><head><title>413 Request Entity Too Large</title></head></html>"
    fake.answer("POST", "*", status=413, body=body)
    content = BytesIO(b"M105\n" * 100_000)
    upload = client.files.upload("local", "a.gcode", content, 500_000)
    assert await cause_of(upload) is ConnectionCause.PROXY_LIMIT


async def test_login_of_a_proxy(
    session: aiohttp.ClientSession, fake: FakeOctoPrint
) -> None:
    """Test that it goes with all requests, beside the key, and with the socket."""
    fake.push.enabled = True
    login = ProxyLogin("me", "pä:ß wort")
    client = OctoPrintClient(session, URL(fake.url), fake.key, login=login)
    await client.job.get()
    await client.job.pause()
    await client.access.app_keys_status()
    socket = await client.open_socket(ENDPOINT)
    await close_socket(socket)
    sent = [dict(each.headers) for each in fake.requests] + fake.push.handshakes
    assert len(sent) == 4
    for headers in sent:
        scheme, _, value = headers["Authorization"].partition(" ")
        assert scheme == "Basic"
        assert b64decode(value).decode() == "me:pä:ß wort"
    assert fake.requests[0].headers["X-Api-Key"] == fake.key
    assert "wort" not in repr(login)


@pytest.mark.parametrize("path", ["api/job", ENDPOINT])
async def test_login_of_a_proxy_is_not_sent_elsewhere(
    session: aiohttp.ClientSession, fake: FakeOctoPrint, path: str
) -> None:
    login = ProxyLogin("me", "secret")
    client = OctoPrintClient(session, URL(fake.url), fake.key, login=login)
    async with FakeOctoPrint() as other:
        other.push.enabled = True
        location = {"Location": f"{other.url}/{path}"}
        fake.answer("GET", "*", status=302, headers=location)
        call = client.job.get() if path == "api/job" else client.open_socket(path)
        assert await cause_of(call) is ConnectionCause.REDIRECTED
        sent = [dict(each.headers) for each in other.requests] + other.push.handshakes
        assert not any("Authorization" in headers for headers in sent)


async def test_unknown_key_on_an_old_server(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test that up to 1.10 an unknown key is refused by all, without "CSRF"."""
    fake.refuses_unknown_keys = True
    fake.key = "ANOTHER"
    assert (await client.access.current_user()).name is None
    for call in (client.job.get, client.job.start):
        with pytest.raises(OctoPrintAuthError):
            await call()


async def test_no_such_path(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that a path that may be missing is told from one that never is."""
    fake.answer("GET", "*", status=404, body="<h1>Not Found</h1>")
    with pytest.raises(OctoPrintNotFoundError):
        await client.job.get()
    cause = await cause_of(client.access.current_user())
    assert cause is ConnectionCause.WRONG_PATH


async def test_command_that_a_proxy_swallows(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", "*", body=LOGIN_PAGE)
    assert await cause_of(client.job.pause()) is ConnectionCause.PROXY_LOGIN


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_key_is_not_sent_elsewhere(
    client: OctoPrintClient, fake: FakeOctoPrint, status: int
) -> None:
    async with FakeOctoPrint() as other:
        location = {"Location": f"{other.url}/api/job"}
        fake.answer("GET", "*", status=status, headers=location)
        fake.answer("POST", "*", status=status, headers=location)
        assert await cause_of(client.job.get()) is ConnectionCause.REDIRECTED
        assert await cause_of(client.job.pause()) is ConnectionCause.REDIRECTED
        assert other.connections == 0
        assert other.requests == []


def filled(sign: bytes, size: int) -> bytes:
    """Return JSON that is nearly all of one kind, in about as many bytes."""
    return b'{"x": [' + b",".join([sign] * (size // (len(sign) + 1))) + b"]}"


@pytest.mark.parametrize(
    ("limit", "read"),
    [
        (bodies.ORDINARY, lambda client: client.job.get()),
        (bodies.LISTS, lambda client: client.files.list()),
        (bodies.LISTS, lambda client: client.timelapse.list()),
        (bodies.LISTS, lambda client: client.plugins.spoolman.list()),
        (bodies.LISTS, lambda client: client.plugins.spool_manager.list()),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        lambda limit: b'{"state": "' + b"x" * limit.size + b'"}',
        lambda limit: filled(b"[]", limit.containers * 4),
        lambda limit: filled(b"{}", limit.containers * 4),
        lambda limit: filled(b'{"a":[]}', limit.containers * 6),
        lambda limit: filled(b"1", limit.separators * 3),
    ],
    ids=["bytes", "lists", "objects", "nested", "values"],
)
async def test_answer_larger_than_any(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    limit: bodies.Limit,
    read: Callable[[OctoPrintClient], Awaitable[object]],
    body: Callable[[bodies.Limit], bytes],
) -> None:
    """Test that small JSON that would become much in memory is not parsed."""
    json_type = {"Content-Type": "application/json"}
    fake.answer("GET", "*", body=body(limit), headers=json_type)
    with patch("json.loads") as loads:
        assert await cause_of(read(client)) is ConnectionCause.TOO_LARGE
    loads.assert_not_called()


async def test_list_of_many_files(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that what OctoPrint itself tells of 20,000 files is read beside the loop."""
    file = recorded("operational_idle_file_selected", "file_single").json
    files = [{**file, "path": f"{number}.gcode"} for number in range(20_000)]
    fake.answer("GET", "/api/files", json={"files": files})
    threads = set()

    def pause(found: dict[str, Any]) -> dict[str, Any]:
        threads.add(threading.get_ident())
        return found

    with patch.object(bodies, "give_turn", pause):
        assert len((await client.files.list()).entries) == 20_000
    assert threads
    assert threading.get_ident() not in threads


async def test_another_protocol(
    session: aiohttp.ClientSession, socket_enabled: None
) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        await writer.drain()

    async with raw_server(answer) as url:
        client = OctoPrintClient(session, url)
        assert await cause_of(client.job.get()) is ConnectionCause.NOT_OCTOPRINT


# What breaks on the way.


async def test_refused(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await fake.stop()
    assert await cause_of(client.job.get()) is ConnectionCause.REFUSED
    assert await cause_of(client.job.pause()) is ConnectionCause.REFUSED
    assert fake.requests == []


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        # What Python answers to octopi..local or to a name that is too long.
        UnicodeError("label empty or too long"),
    ],
)
async def test_unknown_host(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The harness forbids to ask for names, so the answer to it is made up."""

    def getaddrinfo(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
    async with aiohttp.ClientSession(connector=connector) as session:
        client = OctoPrintClient(session, URL("http://octopi.invalid"))
        assert await cause_of(client.job.get()) is ConnectionCause.NOT_FOUND


async def test_unreachable_host(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No loopback address is unreachable, so that too is made up."""

    async def start_connection(*_: object, **__: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(
        "aiohttp.connector.aiohappyeyeballs.start_connection", start_connection
    )
    client = OctoPrintClient(session, URL("http://127.0.0.1:1"))
    assert await cause_of(client.job.get()) is ConnectionCause.UNREACHABLE


@pytest.mark.parametrize(
    "url",
    [
        "octopi.local",
        "http:///",
        "ftp://octopi.local",
        "http://octopi..local",
    ],
)
async def test_invalid_address(session: aiohttp.ClientSession, url: str) -> None:
    """No name server has to be asked to find that out."""
    client = OctoPrintClient(session, URL(url))
    assert await cause_of(client.job.get()) is ConnectionCause.NOT_FOUND


async def test_no_answer_in_time(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        transport_module, "REQUEST_TIMEOUT", aiohttp.ClientTimeout(total=0.05)
    )
    fake.delay = 60
    assert await cause_of(client.job.get()) is ConnectionCause.TIMEOUT
    assert await cause_of(client.job.pause()) is ConnectionCause.TIMEOUT
    assert len(fake.requests) == 2


async def test_half_an_answer_in_time(
    session: aiohttp.ClientSession,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_up = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        await given_up.wait()

    monkeypatch.setattr(
        transport_module, "REQUEST_TIMEOUT", aiohttp.ClientTimeout(total=0.05)
    )
    async with raw_server(answer) as url:
        client = OctoPrintClient(session, url)
        assert await cause_of(client.job.get()) is ConnectionCause.TIMEOUT
        given_up.set()


async def test_certificate_that_nobody_trusts(
    session: aiohttp.ClientSession, socket_enabled: None, tls: ssl.SSLContext
) -> None:
    async with FakeOctoPrint(ssl_context=tls) as fake:
        client = OctoPrintClient(session, URL(fake.url), fake.key)
        assert await cause_of(client.job.get()) is ConnectionCause.TLS
        assert fake.requests == []


async def test_certificate_that_is_not_checked(
    socket_enabled: None, tls: ssl.SSLContext
) -> None:
    async with (
        FakeOctoPrint(ssl_context=tls) as fake,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session,
    ):
        client = OctoPrintClient(session, URL(fake.url), fake.key)
        assert (await client.job.get()).state == "Operational"


async def test_server_without_tls(
    session: aiohttp.ClientSession, fake: FakeOctoPrint
) -> None:
    client = OctoPrintClient(session, URL(fake.url).with_scheme("https"), fake.key)
    assert await cause_of(client.job.get()) is ConnectionCause.WANTS_HTTP


async def test_stale_connection(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.server.get()
    fake.drop_next()
    assert (await client.job.get()).state == "Operational"
    assert [request.path for request in fake.requests] == [
        "/api/server",
        "/api/job",
        "/api/job",
    ]


async def test_connection_that_always_breaks(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.drop_next(100)
    assert await cause_of(client.job.get()) is ConnectionCause.BROKEN
    assert len(fake.requests) == 2


async def test_answer_that_breaks_off(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.truncate_next()
    assert await cause_of(client.job.get()) is ConnectionCause.BROKEN
    assert (await client.job.get()).state == "Operational"


@pytest.mark.parametrize("fault", ["drop_next", "truncate_next"])
@pytest.mark.parametrize("is_reused", [False, True])
async def test_command_is_never_sent_twice(
    client: OctoPrintClient, fake: FakeOctoPrint, fault: str, is_reused: bool
) -> None:
    client.server_info = ServerInfo(version="1.11.8", safe_mode=None)
    if is_reused:
        await client.job.get()
    getattr(fake, fault)()
    assert await cause_of(client.job.start()) is ConnectionCause.BROKEN
    assert fake.commands() == [("/api/job", {"command": "start"})]
    assert fake.connections == 1
    # The next one gets through.
    await client.job.start()
    assert len(fake.commands()) == 2


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "POST"])
@pytest.mark.parametrize("data", [None, {"a": 1}])
@pytest.mark.parametrize("is_reused", [False, True])
async def test_no_method_but_get_is_sent_twice(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    data: Any,
    is_reused: bool,
) -> None:
    """Test that aiohttp does not repeat what HTTP would allow it to repeat."""
    client.server_info = ServerInfo(version="1.11.8", safe_mode=None)
    if is_reused:
        await client.job.get()
        fake.clear()
    fake.drop_next()
    call = client.request(method, "api/x", data)
    assert await cause_of(call) is ConnectionCause.BROKEN
    assert [(each.method, each.json) for each in fake.requests] == [(method, data)]


async def test_status_without_the_key(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    assert await client.status("api/job") == 403
    assert "X-Api-Key" not in fake.requests[0].headers
    await fake.stop()
    assert await cause_of(client.status("api/job")) is ConnectionCause.REFUSED
