"""Test the config flow against a server that answers as OctoPrint does."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
import json
import logging
from pathlib import Path
import re
import ssl
from threading import Thread
from typing import Any
from unittest.mock import patch
from uuid import UUID as Uuid

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

import custom_components.octoprint_plus as integration
from custom_components.octoprint_plus.api import ConnectionCause, OctoPrintClient
from custom_components.octoprint_plus.const import CONF_MAX_TEMPS, DOMAIN
from custom_components.octoprint_plus.setup.discovery import from_zeroconf
from custom_components.octoprint_plus.setup.moved import MovedFlow
from custom_components.octoprint_plus.setup.probe import SetupError
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_RECONFIGURE,
    SOURCE_SSDP,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import (
    CONF_API_KEY,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData, UnknownFlow
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.setup import async_setup_component

from .conftest import UUID
from .fake_octoprint import FakeOctoPrint, Request
from .insides import abort_connections
from .recorded import Answer
from .waiting import until

OTHER_UUID = "5d6c7b8a-9f0e-4d1c-8b2a-3f4e5d6c7b8a"

COMPONENT = "custom_components.octoprint_plus"

TRANSLATIONS = Path(integration.__file__).parent / "translations"


@pytest.fixture(autouse=True)
async def unload(hass: HomeAssistant, fake: FakeOctoPrint) -> AsyncGenerator[None]:
    """Unload the printers that a flow has set up."""
    yield
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture(autouse=True)
def fast_approval() -> Generator[None]:
    """Ask often whether a key is granted."""
    with patch(f"{COMPONENT}.setup.app_key.POLL_INTERVAL", 0.01):
        yield


@pytest.fixture
def short_timeout() -> Generator[None]:
    """Wait for answers only briefly."""
    timeout = aiohttp.ClientTimeout(total=1)
    with patch(f"{COMPONENT}.api.transport.REQUEST_TIMEOUT", timeout):
        yield


@pytest.fixture
async def another(fake: FakeOctoPrint) -> AsyncGenerator[FakeOctoPrint]:
    """Return a second server, on another port."""
    async with FakeOctoPrint() as server:
        yield server


@pytest.fixture(scope="session")
def server_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return a TLS context with a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "octopi.local")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def end(server: FakeOctoPrint) -> None:
    """Stop a server without waiting for the clients to say goodbye, as TLS does."""
    for transport in server.transports:
        transport.abort()
    await server.stop()
    # Those are left that never got as far as a request.
    await abort_connections()


@pytest.fixture
def secure(
    fake: FakeOctoPrint, server_context: ssl.SSLContext
) -> Generator[FakeOctoPrint]:
    """Return a server that speaks TLS, below a path.

    It runs in a loop of its own: that a client refuses its certificate is an error
    there, and the harness looks for errors in Home Assistant's loop.
    """
    server = FakeOctoPrint("/octoprint", ssl_context=server_context)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    yield server
    asyncio.run_coroutine_threadsafe(end(server), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def unknown_hosts(fake: FakeOctoPrint) -> Generator[None]:
    """Let no host's name have an address; the harness forbids to ask for any."""
    with patch(
        "aiohttp.resolver.AsyncResolver.resolve",
        side_effect=OSError,
    ):
        yield


def set_uuid(server: FakeOctoPrint, uuid: str | None) -> None:
    """Let the server have an id, as it has when its discovery plugin is enabled."""
    settings = server.json("GET", "/api/settings")
    settings["plugins"]["discovery"] = {"upnpUuid": uuid}
    server.answer("GET", "/api/settings", json=settings)


def set_names(server: FakeOctoPrint, name: str | None, profile: str | None) -> None:
    """Let the server have a name, and the printer's profile another."""
    settings = server.json("GET", "/api/settings")
    settings["appearance"]["name"] = name
    server.answer("GET", "/api/settings", json=settings)
    connection = server.json("GET", "/api/connection")
    connection["options"]["printerProfiles"] = [{"id": "_default", "name": profile}]
    server.answer("GET", "/api/connection", json=connection)


def set_permissions(server: FakeOctoPrint, *permissions: str) -> None:
    """Let the key's user have these permissions and no others."""
    user = {"groups": [], "name": "limited", "permissions": permissions}
    server.answer("GET", "/api/currentuser", json=user)


@cache
def texts(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    path = TRANSLATIONS / f"{language}.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def check_texts(result: ConfigFlowResult, flow: str = "config") -> ConfigFlowResult:
    """Check that all that a flow shows has its text in each language."""
    placeholders = (result.get("description_placeholders") or {}).keys()
    for language in ("en", "de"):
        found = texts(language)[flow]
        step = found["step"].get(result.get("step_id"), {})
        shown = []
        match result["type"]:
            case FlowResultType.FORM:
                schema = result["data_schema"]
                fields = {str(field) for field in schema.schema} if schema else set()
                assert step.get("data", {}).keys() >= fields
                assert step.get("data", {}).keys() == (
                    step.get("data_description", {}).keys()
                )
                shown = [step["title"], step["description"]]
                shown += [
                    found["error"][key] for key in (result["errors"] or {}).values()
                ]
            case FlowResultType.MENU:
                options = result["menu_options"]
                assert isinstance(options, list)
                assert step["menu_options"].keys() == set(options)
                shown = [step["title"], step["description"]]
            case FlowResultType.SHOW_PROGRESS:
                shown = [found["progress"][result["progress_action"]]]
            case FlowResultType.ABORT if not result.get("translation_domain"):
                shown = [found["abort"][result["reason"]]]
        assert all(shown)
        assert set(re.findall(r"\{(\w+)\}", " ".join(shown))) <= placeholders
    return result


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the values that a form shows."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(field): field.description["suggested_value"]
        for field in schema.schema
        if field.description
    }


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Start to add a printer."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    check_texts(result)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {}
    return result


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, data: dict[str, Any] | None = None
) -> ConfigFlowResult:
    """Submit a form."""
    return check_texts(
        await hass.config_entries.flow.async_configure(
            result["flow_id"], {} if data is None else data
        )
    )


async def choose(
    hass: HomeAssistant, result: ConfigFlowResult, option: str
) -> ConfigFlowResult:
    """Choose from a menu."""
    assert result["type"] is FlowResultType.MENU
    return await submit(hass, result, {"next_step_id": option})


async def to_auth(
    hass: HomeAssistant, url: str, *, verify_ssl: bool = True
) -> ConfigFlowResult:
    """Start to add a printer and enter its address."""
    result = await submit(
        hass, await start(hass), {CONF_URL: url, CONF_VERIFY_SSL: verify_ssl}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "auth"
    return result


async def paste_key(
    hass: HomeAssistant, result: ConfigFlowResult, key: str = "DUMMY_API_KEY"
) -> ConfigFlowResult:
    """Choose to paste a key and paste it."""
    result = await choose(hass, result, "api_key")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "api_key"
    return await submit(hass, result, {CONF_API_KEY: key})


async def request_key(
    hass: HomeAssistant, result: ConfigFlowResult
) -> ConfigFlowResult:
    """Choose to approve in OctoPrint."""
    result = await choose(hass, result, "app_key")
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["step_id"] == "app_key"
    assert result["progress_action"] == "wait_for_approval"
    return result


async def after_progress(
    hass: HomeAssistant, result: ConfigFlowResult
) -> ConfigFlowResult:
    """Return what follows the progress, asking for it as the interface does."""
    async with asyncio.timeout(60):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.01)
            result = await hass.config_entries.flow.async_configure(result["flow_id"])
    return check_texts(result)


async def finish(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Accept the name that is proposed."""
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] in ("name", "name_limited")
    result = await submit(hass, result, suggested(result))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    return result


def expect_abort(result: ConfigFlowResult, reason: str) -> None:
    """Check that a flow has ended without an entry."""
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason


async def test_paste_key(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test adding a printer by its address and a pasted key."""
    set_uuid(fake, UUID.upper())

    result = await to_auth(hass, f"  {fake.url}/?#tab_temperature ")
    assert result["menu_options"] == ["app_key", "api_key"]
    assert result["description_placeholders"] == {CONF_URL: fake.url}
    assert not any("X-Api-Key" in request.headers for request in fake.requests)

    result = await paste_key(hass, result, f" {fake.key}\n")
    assert result["description_placeholders"] == {
        CONF_URL: fake.url,
        "permissions": "",
        "version": "1.11.8",
    }
    assert suggested(result) == {CONF_NAME: "Test Printer"}

    result = await finish(hass, result)
    assert result["title"] == "Test Printer"
    assert result["data"] == {
        CONF_API_KEY: fake.key,
        CONF_URL: fake.url,
        CONF_VERIFY_SSL: True,
    }
    assert result["options"] == {}
    assert result["result"].unique_id == UUID


async def test_approve(
    hass: HomeAssistant, fake: FakeOctoPrint, caplog: pytest.LogCaptureFixture
) -> None:
    """Test adding a printer by approving it in OctoPrint."""
    caplog.set_level(logging.DEBUG)

    result = await request_key(hass, await to_auth(hass, fake.url))
    assert result["description_placeholders"] == {
        CONF_URL: f"{fake.url}/plugin/appkeys/auth/DUMMY_APP_TOKEN"
    }
    assert fake.commands() == [("/plugin/appkeys/request", {"app": "Home Assistant"})]
    again = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS

    fake.decide(True)
    result = await finish(hass, await after_progress(hass, result))

    assert result["data"][CONF_API_KEY] == fake.key
    assert len(fake.commands()) == 1
    # The fake logs the requests that it gets.
    records = [rec for rec in caplog.records if rec.name != "aiohttp.access"]
    logged = "\n".join(record.getMessage() for record in records)
    assert "Setting up octoprint_plus" in logged
    assert fake.key not in logged
    assert "DUMMY_APP_TOKEN" not in logged


async def test_approve_while_nobody_looks(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that the flow has gone on when the interface looks again."""
    result = await request_key(hass, await to_auth(hass, fake.url))
    flow_id = result["flow_id"]

    fake.decide(True)
    async with asyncio.timeout(60):
        while hass.config_entries.flow.async_get(flow_id)["step_id"] == "app_key":
            await asyncio.sleep(0.01)

    assert hass.config_entries.flow.async_get(flow_id)["step_id"] == "app_key_granted"
    result = await hass.config_entries.flow.async_configure(flow_id)
    await finish(hass, result)


async def test_close_while_waiting(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that OctoPrint is asked no more once the flow is closed."""
    result = await request_key(hass, await to_auth(hass, fake.url))

    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)

    # One request may be on its way, and on a machine that stalls for long.
    async with asyncio.timeout(60):
        while fake.requests:
            fake.clear()
            await asyncio.sleep(0.1)
    with pytest.raises(UnknownFlow):
        hass.config_entries.flow.async_get(result["flow_id"])


async def test_without_uuid(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that a server without discovery gets an id that cannot be one of OctoPrint's."""
    result = await finish(hass, await paste_key(hass, await to_auth(hass, fake.url)))

    unique_id = result["result"].unique_id
    assert unique_id is not None
    assert Uuid(unique_id).version == 4
    assert "-" not in unique_id


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (
            lambda fake: fake.answer("GET", "*", body="<h1>Hello</h1>"),
            {"base": "not_octoprint"},
        ),
        (
            lambda fake: fake.answer("GET", "*", status=404, body="<h1>No</h1>"),
            {"base": "wrong_path"},
        ),
        (
            lambda fake: fake.answer("GET", "*", status=404, json={}),
            {"base": "wrong_path"},
        ),
        (
            lambda fake: fake.answer("GET", "*", status=403, body="<h1>No</h1>"),
            {"base": "proxy_refused"},
        ),
        (
            lambda fake: fake.answer("GET", "*", json={"state": "ok"}),
            {"base": "not_octoprint"},
        ),
        (
            lambda fake: fake.answer("GET", "*", body='<input type="password">'),
            {"base": "proxy_login"},
        ),
        (
            lambda fake: fake.answer("GET", "*", status=401),
            {"base": "proxy_login"},
        ),
        (
            lambda fake: fake.answer("GET", "*", status=502),
            {"base": "bad_gateway"},
        ),
        (lambda fake: fake.drop_next(9), {"base": "broken"}),
        (lambda fake: setattr(fake, "delay", 5), {"base": "timeout"}),
    ],
)
@pytest.mark.usefixtures("short_timeout")
async def test_address_errors(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    fail: Callable[[FakeOctoPrint], None],
    error: dict[str, str],
) -> None:
    """Test that the form says what is wrong, keeps what was typed, and can go on."""
    fail(fake)
    typed = {CONF_URL: f"{fake.url}/", CONF_VERIFY_SSL: False}
    result = await submit(hass, await start(hass), typed)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == error
    assert suggested(result) == typed

    fake.drop_next(0)
    fake.delay = 0
    fake.restore_all()
    result = await submit(hass, result, typed)
    await finish(hass, await paste_key(hass, result))


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "invalid_url"),
        ("my printer", "invalid_url"),
        ("ftp://octopi.local", "invalid_url"),
        ("http://admin:secret@", "invalid_url"),
        ("http://ad%3Amin:secret@octopi.local", "invalid_url"),
    ],
)
async def test_no_address(
    hass: HomeAssistant, fake: FakeOctoPrint, typed: str, error: str
) -> None:
    """Test that what is no address is refused at its field."""
    data = {CONF_URL: typed, CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {CONF_URL: error}
    assert suggested(result) == data

    data[CONF_URL] = fake.url
    result = await submit(hass, result, data)
    await finish(hass, await paste_key(hass, result))


async def test_refused(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test a host on which nothing listens, whatever the scheme."""
    await fake.stop()
    data = {CONF_URL: fake.url.removeprefix("http://"), CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "refused"}

    await fake.start()
    result = await submit(hass, result, data)
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == fake.url


async def test_most_telling_error(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that of several addresses the first that says something is reported."""
    fake.answer("GET", "*", status=502)
    data = {CONF_URL: fake.url.removeprefix("http://"), CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "bad_gateway"}

    fake.restore("GET", "*")
    result = await submit(hass, result, data)
    await finish(hass, await paste_key(hass, result))


@pytest.mark.usefixtures("unknown_hosts")
async def test_unknown_host(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test a host that has no address, which is asked for only once."""
    data = {CONF_URL: "octopi.invalid", CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "not_found"}

    result = await submit(hass, result, {**data, CONF_URL: fake.url})
    await finish(hass, await paste_key(hass, result))


async def test_unexpected_error(
    hass: HomeAssistant, fake: FakeOctoPrint, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that what nobody has thought of is logged and can be overcome."""
    data = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    with patch.object(OctoPrintClient, "get", side_effect=RuntimeError):
        result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "unknown"}
    assert "Unexpected exception" in caplog.text

    result = await submit(hass, result, data)
    await finish(hass, await paste_key(hass, result))


async def test_self_signed(hass: HomeAssistant, secure: FakeOctoPrint) -> None:
    """Test that an untrusted certificate needs the verification switched off."""
    data = {CONF_URL: secure.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "tls"}

    result = await submit(hass, result, {**data, CONF_VERIFY_SSL: False})
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"] == {
        CONF_API_KEY: secure.key,
        CONF_URL: secure.url,
        CONF_VERIFY_SSL: False,
    }


async def test_https_without_scheme(hass: HomeAssistant, secure: FakeOctoPrint) -> None:
    """Test that HTTPS is found where no scheme was typed."""
    result = await to_auth(hass, secure.url.removeprefix("https://"), verify_ssl=False)

    assert result["description_placeholders"] == {CONF_URL: secure.url}


async def test_follow_to_https(
    hass: HomeAssistant, fake: FakeOctoPrint, secure: FakeOctoPrint
) -> None:
    """Test that a redirect to HTTPS on the same host becomes the address."""
    location = f"{secure.url}/api/currentuser"
    fake.answer("GET", "*", status=301, headers={"Location": location})

    result = await to_auth(hass, fake.url, verify_ssl=False)

    assert result["description_placeholders"] == {CONF_URL: secure.url}


async def test_follow_to_broken_https(
    hass: HomeAssistant, fake: FakeOctoPrint, secure: FakeOctoPrint
) -> None:
    """Test that a redirect to HTTPS fails for the reason for which HTTPS fails."""
    location = f"{secure.url}/api/currentuser"
    fake.answer("GET", "*", status=301, headers={"Location": location})

    data = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)

    assert result["errors"] == {"base": "tls"}


@pytest.mark.parametrize(
    "location",
    [
        "https://octopi.example/api/currentuser",
        "http://127.0.0.1:1/api/currentuser",
        "https://user:password@127.0.0.1/api/currentuser",
        "https://127.0.0.1:99999/",
        "/octoprint/api/currentuser",
        None,
    ],
)
async def test_redirects_not_followed(
    hass: HomeAssistant, fake: FakeOctoPrint, location: str | None
) -> None:
    """Test that no other redirect is followed."""
    headers = {"Location": location} if location else {}
    fake.answer("GET", "*", status=302, headers=headers)
    data = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "redirected"}
    assert {request.path for request in fake.requests} == {"/api/currentuser"}

    fake.restore("GET", "*")
    result = await submit(hass, result, data)
    await finish(hass, await paste_key(hass, result))


async def test_proxy_with_login(
    hass: HomeAssistant, fake: FakeOctoPrint, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that the log-in of a proxy is asked for, kept, and sent with all."""
    caplog.set_level(logging.DEBUG)
    fake.proxy_login = "me:secret"
    data = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["step_id"] == "proxy_login"
    assert result["errors"] == {}
    assert result["description_placeholders"] == {CONF_URL: fake.url}

    result = await submit(hass, result, {CONF_USERNAME: "me", CONF_PASSWORD: "wrong"})
    assert result["errors"] == {"base": "login_refused"}
    result = await submit(hass, result, {CONF_USERNAME: "m:e", CONF_PASSWORD: "x"})
    assert result["errors"] == {"base": "login_refused"}
    fake.drop_next(9)
    typed = {CONF_USERNAME: "me", CONF_PASSWORD: "secret"}
    result = await submit(hass, result, typed)
    assert result["errors"] == {"base": "broken"}
    fake.drop_next(0)
    result = await submit(hass, result, typed)
    assert result["step_id"] == "auth"

    result = await finish(hass, await paste_key(hass, result))
    assert result["data"] == {
        CONF_API_KEY: fake.key,
        CONF_PASSWORD: "secret",
        CONF_URL: fake.url,
        CONF_USERNAME: "me",
        CONF_VERIFY_SSL: True,
    }
    records = [rec for rec in caplog.records if rec.name != "aiohttp.access"]
    assert "secret" not in "\n".join(record.getMessage() for record in records)


@pytest.mark.parametrize("is_asked", [True, False])
async def test_login_in_address(
    hass: HomeAssistant, fake: FakeOctoPrint, is_asked: bool
) -> None:
    """Test that a log-in that was typed with the address is taken out of it."""
    if is_asked:
        fake.proxy_login = "me:secret"
    result = await to_auth(hass, fake.url.replace("://", "://me:secret@"))
    assert result["description_placeholders"] == {CONF_URL: fake.url}
    result = await request_key(hass, result)
    fake.decide(True)
    result = await finish(hass, await after_progress(hass, result))
    assert result["data"][CONF_URL] == fake.url
    assert result["data"][CONF_USERNAME] == "me"
    assert result["data"][CONF_PASSWORD] == "secret"


@pytest.mark.usefixtures("unknown_hosts")
async def test_login_goes_to_no_other_host(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that a log-in that was typed for one host is not sent to the next."""
    fake.proxy_login = "me:secret"
    data = {CONF_URL: "http://me:secret@octopi.local:1", CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "not_found"}
    assert suggested(result)[CONF_URL] == "http://octopi.local:1"

    result = await submit(hass, result, {**data, CONF_URL: fake.url})
    assert result["step_id"] == "proxy_login"
    assert not any("Authorization" in each.headers for each in fake.requests)


async def test_wrong_key_where_octoprint_trusts_the_login(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that a key is verified although the log-in alone lets one read."""
    fake.proxy_login = "me:secret"
    reply = fake.reply

    def trust(request: Request, target: str) -> Answer:
        if request.method == "GET":
            known = {**request.headers, "X-Api-Key": fake.key}
            request = replace(request, headers=known)
        return reply(request, target)

    fake.reply = trust
    result = await to_auth(hass, fake.url.replace("://", "://me:secret@"))
    result = await paste_key(hass, result, "wrong")
    assert result["errors"] == {CONF_API_KEY: "invalid_auth"}


async def test_login_refused_later(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that the proxy's log-in is asked for again, and the key stays."""
    fake.proxy_login = "me:secret"
    result = await to_auth(hass, fake.url.replace("://", "://me:secret@"))
    entry = (await finish(hass, await paste_key(hass, result)))["result"]
    fake.proxy_login = "me:new"
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    result = check_texts(
        await hass.config_entries.flow.async_configure(flow["flow_id"])
    )
    assert result["step_id"] == "proxy_login"
    assert result["errors"] == {"base": "login_refused"}
    assert suggested(result) == {CONF_USERNAME: "me"}

    result = await submit(hass, result, {CONF_USERNAME: "me", CONF_PASSWORD: "new"})
    expect_abort(result, "reauth_successful")
    await hass.async_block_till_done()
    assert entry.data[CONF_PASSWORD] == "new"
    assert entry.data[CONF_API_KEY] == fake.key
    assert entry.state is ConfigEntryState.LOADED


async def test_login_and_key_refused(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the key is asked for as well where it is refused behind the proxy."""
    fake.proxy_login = "me:secret"
    fake.key = "new"
    await init_integration.runtime_data.async_refresh()
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    result = check_texts(
        await hass.config_entries.flow.async_configure(flow["flow_id"])
    )
    assert result["step_id"] == "proxy_login"
    assert result["errors"] == {}
    result = await submit(hass, result, {CONF_USERNAME: "me", CONF_PASSWORD: "secret"})
    assert result["step_id"] == "reauth_confirm"
    expect_abort(await paste_key(hass, result, "new"), "reauth_successful")


async def test_reauth_while_away(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a new key is asked for where the server cannot say why it refused."""
    await fake.stop()
    init_integration.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["step_id"] == "reauth_confirm"


async def test_reconfigure_login(
    hass: HomeAssistant, fake: FakeOctoPrint, another: FakeOctoPrint
) -> None:
    """Test keeping, changing and removing the log-in of a proxy."""
    fake.proxy_login = "me:secret"
    result = await to_auth(hass, fake.url.replace("://", "://me:secret@"))
    entry = (await finish(hass, await paste_key(hass, result)))["result"]

    async def reconfigure() -> ConfigFlowResult:
        return await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id},
        )

    async def change(**typed: str) -> ConfigFlowResult:
        result = check_texts(await reconfigure())
        assert result["step_id"] == "reconfigure_login"
        shown = suggested(result)
        assert shown == {
            CONF_URL: entry.data[CONF_URL],
            CONF_USERNAME: entry.data[CONF_USERNAME],
            CONF_VERIFY_SSL: True,
        }
        result = await submit(hass, result, {**shown, **typed})
        await hass.async_block_till_done()
        return result

    expect_abort(await change(), "reconfigure_successful")
    assert entry.data[CONF_PASSWORD] == "secret"

    fake.proxy_login = "me:new"
    result = await change(**{CONF_API_KEY: "wrong", CONF_PASSWORD: "new"})
    assert result["errors"] == {CONF_API_KEY: "invalid_auth"}
    expect_abort(await change(**{CONF_PASSWORD: "new"}), "reconfigure_successful")
    assert entry.data[CONF_PASSWORD] == "new"

    result = await change(**{CONF_PASSWORD: "old"})
    assert result["step_id"] == "proxy_login"
    result = await submit(hass, result, {CONF_USERNAME: "me", CONF_PASSWORD: "new"})
    expect_abort(result, "reconfigure_successful")

    fake.proxy_login = None
    result = check_texts(await reconfigure())
    typed = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    expect_abort(await submit(hass, result, typed), "reconfigure_successful")
    assert CONF_USERNAME not in entry.data
    assert CONF_PASSWORD not in entry.data


async def test_http_instead_of_https(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that plain HTTP is proposed, not taken, where HTTPS was typed in vain."""
    data = {
        CONF_URL: fake.url.replace("http://", "https://"),
        CONF_VERIFY_SSL: True,
    }
    result = await submit(hass, await start(hass), data)
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "try_http"}
    assert result["description_placeholders"] == {CONF_URL: fake.url}
    assert suggested(result)[CONF_URL] == fake.url

    result = await submit(hass, result, suggested(result))
    await finish(hass, await paste_key(hass, result))


async def test_http_instead_of_https_that_never_answers(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test a server that waits for the rest of what TLS begins with, as OctoPrint does."""
    never = asyncio.Event()

    async def ask(_: Any, url: URL, **__: Any) -> URL:
        if url.scheme == "https":
            await never.wait()
        return url

    url = fake.url.replace("http://", "https://")
    with patch(f"{COMPONENT}.setup.finder.async_ask", ask):
        data = {CONF_URL: url, CONF_VERIFY_SSL: True}
        result = await submit(hass, await start(hass), data)
        assert result["errors"] == {"base": "try_http"}
        # On another port the scheme that was typed is given a moment more.
        data[CONF_URL] = "https://127.0.0.1"
        result = await submit(hass, result, data)
    assert result["errors"] == {"base": "try_http"}
    assert result["description_placeholders"] == {CONF_URL: "http://127.0.0.1"}
    result = await submit(hass, result, {**data, CONF_URL: fake.url})
    assert result["step_id"] == "auth"


async def test_slow_address(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that what was typed is waited for where OctoPrint answers nowhere else."""
    others_asked = asyncio.Event()

    async def ask(_: Any, url: URL, **__: Any) -> URL:
        if url.scheme == "http":
            await others_asked.wait()
            # So many turns it takes at the most until it is known that they have failed.
            for _ in range(20):
                await asyncio.sleep(0)
            return url
        others_asked.set()
        raise SetupError(ConnectionCause.REFUSED, asked=url)

    with patch(f"{COMPONENT}.setup.finder.async_ask", ask):
        result = await to_auth(hass, fake.url)
    assert result["description_placeholders"] == {CONF_URL: fake.url}


async def test_https_instead_of_http(
    hass: HomeAssistant, fake: FakeOctoPrint, secure: FakeOctoPrint
) -> None:
    """Test what nginx answers on a port for HTTPS that is asked by HTTP."""
    body = "<center>The plain HTTP request was sent to HTTPS port</center>"
    fake.answer("GET", "*", status=400, body=body)
    data = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "wants_https"}
    assert suggested(result)[CONF_URL] == fake.url.replace("http://", "https://")

    plain = secure.url.replace("https://", "http://")
    result = await submit(hass, result, {CONF_URL: plain, CONF_VERIFY_SSL: False})
    assert result["errors"] == {"base": "try_https"}
    result = await submit(hass, result, suggested(result))
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == secure.url


async def test_wrong_path(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that the address without its path is proposed where that is wrong."""
    data = {CONF_URL: f"{fake.url}/octoprint", CONF_VERIFY_SSL: True}
    fake.prefix = ""
    result = await submit(hass, await start(hass), data)
    assert result["errors"] == {"base": "try_address"}
    assert suggested(result)[CONF_URL].rstrip("/") == fake.url
    result = await submit(hass, result, suggested(result))
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == fake.url


async def test_same_address(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that an address is not set up twice, not even one that does not answer."""
    config_entry.add_to_hass(hass)
    await fake.stop()

    result = await submit(
        hass, await start(hass), {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    )

    expect_abort(result, "already_configured")


async def test_same_address_found(
    hass: HomeAssistant, fake: FakeOctoPrint, secure: FakeOctoPrint
) -> None:
    """Test that an address is not set up twice where a redirect leads to it."""
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=UUID,
        data={CONF_URL: secure.url, CONF_API_KEY: "", CONF_VERIFY_SSL: False},
    ).add_to_hass(hass)
    location = f"{secure.url}/api/currentuser"
    fake.answer("GET", "*", status=301, headers={"Location": location})

    result = await submit(
        hass, await start(hass), {CONF_URL: fake.url, CONF_VERIFY_SSL: False}
    )

    expect_abort(result, "already_configured")


async def test_two_flows(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that two flows at the same time do not set up one address twice."""
    slow = await paste_key(hass, await to_auth(hass, fake.url))
    fast = await paste_key(hass, await to_auth(hass, fake.url))
    await finish(hass, fast)

    expect_abort(await submit(hass, slow), "already_configured")


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (
            lambda fake: fake.answer("GET", "/plugin/appkeys/probe", status=404),
            "app_keys_disabled",
        ),
        (
            lambda fake: fake.answer("GET", "/plugin/appkeys/probe", status=403),
            "wizard_unfinished",
        ),
        (lambda fake: fake.rate_limit_app_keys(), "rate_limited"),
        (
            lambda fake: fake.answer(
                "POST", "/plugin/appkeys/request", status=502, body="<h1>Oops</h1>"
            ),
            "bad_gateway",
        ),
        (
            lambda fake: fake.answer(
                "POST", "/plugin/appkeys/request", body="<h1>Hello</h1>"
            ),
            "not_octoprint",
        ),
    ],
)
async def test_app_key_not_offered(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    fail: Callable[[FakeOctoPrint], None],
    error: str,
) -> None:
    """Test that OctoPrint takes no request for a key; a pasted one does, too."""
    fail(fake)
    result = await choose(hass, await to_auth(hass, fake.url), "app_key")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "app_key_failed"
    assert result["errors"] == {"base": error}
    assert result["description_placeholders"] == {CONF_URL: fake.url}

    result = await submit(hass, result)
    assert result["step_id"] == "app_key_failed"
    assert result["errors"] == {"base": error}

    result = await submit(hass, result, {CONF_API_KEY: "wrong"})
    assert result["step_id"] == "api_key"
    assert result["errors"] == {CONF_API_KEY: "invalid_auth"}

    await finish(hass, await submit(hass, result, {CONF_API_KEY: fake.key}))


async def test_denied(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that a request that was denied can be repeated."""
    result = await request_key(hass, await to_auth(hass, fake.url))
    fake.decide(False)
    result = await after_progress(hass, result)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "app_key_failed"
    assert result["errors"] == {"base": "app_key_denied"}

    result = await submit(hass, result, {CONF_API_KEY: " "})
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    fake.decide(True)
    await finish(hass, await after_progress(hass, result))


async def test_nobody_decides(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that the wait for an approval ends."""
    result = await to_auth(hass, fake.url)
    with patch(f"{COMPONENT}.setup.app_key.APPROVAL_TIMEOUT", 0.05):
        result = await request_key(hass, result)
        result = await after_progress(hass, result)
    assert result["step_id"] == "app_key_failed"
    assert result["errors"] == {"base": "app_key_timeout"}

    result = await submit(hass, result)
    fake.decide(True)
    await finish(hass, await after_progress(hass, result))


async def test_connection_lost(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that OctoPrint goes away during the wait."""
    result = await request_key(hass, await to_auth(hass, fake.url))
    await fake.stop()
    result = await after_progress(hass, result)
    assert result["step_id"] == "app_key_failed"
    assert result["errors"] == {"base": "connection_lost"}

    result = await submit(hass, result)
    assert result["errors"] == {"base": "refused"}

    await fake.start()
    result = await submit(hass, result)
    fake.decide(True)
    await finish(hass, await after_progress(hass, result))


async def test_approved_by_a_user_without_rights(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that a key that was granted is verified like any other."""
    fake.user("none")
    result = await request_key(hass, await to_auth(hass, fake.url))
    fake.decide(True)
    result = await after_progress(hass, result)
    assert result["step_id"] == "app_key_failed"
    assert result["errors"] == {"base": "missing_status"}

    fake.user("admin")
    result = await submit(hass, result)
    fake.decide(True)
    await finish(hass, await after_progress(hass, result))


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (lambda fake: setattr(fake, "key", "new"), {CONF_API_KEY: "invalid_auth"}),
        (lambda fake: fake.user("none"), {"base": "missing_status"}),
        (set_permissions, {"base": "missing_status"}),
        (
            lambda fake: fake.answer("GET", "*", status=502),
            {"base": "bad_gateway"},
        ),
        (
            lambda fake: fake.answer("GET", "/api/server", json={}),
            {"base": "not_octoprint"},
        ),
        (
            # As if the key were revoked in the very moment in which it is verified.
            lambda fake: fake.answer(
                "GET",
                "/api/server",
                status=400,
                json={"error": "CSRF validation failed"},
            ),
            {CONF_API_KEY: "invalid_auth"},
        ),
        (
            lambda fake: fake.answer("GET", "/api/settings", status=403),
            {"base": "missing_status"},
        ),
        (
            lambda fake: fake.answer("GET", "/api/settings", status=500, json={}),
            {"base": "not_octoprint"},
        ),
    ],
)
async def test_key_errors(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    fail: Callable[[FakeOctoPrint], None],
    error: dict[str, str],
) -> None:
    """Test that the form says what is wrong with a key and can go on."""
    result = await to_auth(hass, fake.url)
    fail(fake)
    result = await paste_key(hass, result)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "api_key"
    assert result["errors"] == error
    assert result["description_placeholders"] == {CONF_URL: fake.url}
    assert suggested(result) == {CONF_API_KEY: "DUMMY_API_KEY"}

    fake.restore_all()
    fake.user("admin")
    await finish(hass, await submit(hass, result, {CONF_API_KEY: fake.key}))


@pytest.mark.parametrize("key", ["", "   ", "two words", "two\nlines", "Schlüssel"])
async def test_no_key(hass: HomeAssistant, fake: FakeOctoPrint, key: str) -> None:
    """Test that what cannot be a key is refused like a wrong one."""
    result = await paste_key(hass, await to_auth(hass, fake.url), key)
    assert result["errors"] == {CONF_API_KEY: "invalid_auth"}

    await finish(hass, await submit(hass, result, {CONF_API_KEY: fake.key}))


@pytest.mark.parametrize(
    ("user", "permissions"),
    [
        ("admin", ""),
        ("user1", ""),
        (
            "readonly",
            (
                "Connection, Control, Print, File Select, File Upload, File Delete, "
                "Slice, Timelapse Admin"
            ),
        ),
        (
            "limited",
            (
                "Connection, Control, Print, File List, File Select, File Upload, File "
                "Delete, Terminal, Settings Access, Slice, Timelapse List, Timelapse Admin"
            ),
        ),
    ],
)
async def test_missing_permissions(
    hass: HomeAssistant, fake: FakeOctoPrint, user: str, permissions: str
) -> None:
    """Test that the last step says what the key may not do."""
    fake.user(user)

    result = await paste_key(hass, await to_auth(hass, fake.url))

    assert result["step_id"] == ("name_limited" if permissions else "name")
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["permissions"] == permissions
    await finish(hass, result)


@pytest.mark.parametrize(
    ("name", "profile", "proposed"),
    [
        ("Prusa", "MK3", "Prusa"),
        ("", "MK3", "MK3"),
        (None, "Default", "OctoPrint"),
        (None, None, "_default"),
    ],
)
async def test_proposed_name(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    name: str | None,
    profile: str | None,
    proposed: str,
) -> None:
    """Test that a name is proposed as near to the user's as OctoPrint knows."""
    set_names(fake, name, profile)

    result = await paste_key(hass, await to_auth(hass, fake.url))
    assert suggested(result) == {CONF_NAME: proposed}

    result = await finish(hass, result)
    assert result["title"] == proposed


@pytest.mark.parametrize(
    ("data", "title"),
    [
        ({CONF_NAME: " Left printer "}, "Left printer"),
        ({CONF_NAME: " "}, "Test Printer"),
        ({}, "Test Printer"),
    ],
)
async def test_name(
    hass: HomeAssistant, fake: FakeOctoPrint, data: dict[str, str], title: str
) -> None:
    """Test that the name can be changed, but not be empty."""
    result = await paste_key(hass, await to_auth(hass, fake.url))
    result = await submit(hass, result, data)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == title


async def test_name_without_profile(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test the proposed name where no profile is in use."""
    set_names(fake, None, "MK3")
    connection = fake.json("GET", "/api/connection")
    connection["current"]["printerProfile"] = None
    fake.answer("GET", "/api/connection", json=connection)

    result = await paste_key(hass, await to_auth(hass, fake.url))

    assert suggested(result) == {CONF_NAME: "OctoPrint"}


async def test_moved_printer(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    config_entry: MockConfigEntry,
) -> None:
    """Test that a printer that is gone from its address is updated, not added."""
    config_entry.add_to_hass(hass)
    await fake.stop()
    set_uuid(another, UUID)
    another.key = "new"

    result = await paste_key(hass, await to_auth(hass, another.url), "new")
    expect_abort(result, "address_updated")
    await hass.async_block_till_done()

    assert config_entry.data == {
        CONF_API_KEY: "new",
        CONF_URL: another.url,
        CONF_VERIFY_SSL: True,
    }
    assert config_entry.state is ConfigEntryState.LOADED
    assert config_entry.unique_id == UUID
    assert config_entry.title == "Prusa"
    assert hass.config_entries.async_entries(DOMAIN) == [config_entry]


async def test_printer_with_two_addresses(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that the address of a printer is updated if its user says it is the same."""
    set_uuid(another, UUID)

    result = await paste_key(hass, await to_auth(hass, another.url))
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "same_id"
    assert result["menu_options"] == ["same_printer", "another_printer"]
    assert result["description_placeholders"] == {
        CONF_NAME: "Prusa",
        CONF_URL: fake.url,
    }

    expect_abort(await choose(hass, result, "same_printer"), "address_updated")
    await hass.async_block_till_done()

    assert init_integration.data[CONF_URL] == another.url
    assert hass.config_entries.async_entries(DOMAIN) == [init_integration]


async def test_removed_while_asked_whether_same(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that nothing is updated that was removed while the question was shown."""
    set_uuid(another, UUID)
    result = await paste_key(hass, await to_auth(hass, another.url))
    assert result["step_id"] == "same_id"
    await hass.config_entries.async_remove(init_integration.entry_id)
    expect_abort(await choose(hass, result, "same_printer"), "removed")
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_removed_while_reauth_asks(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that no key is asked for where the printer is removed meanwhile."""
    fake.requests.clear()
    fake.held.add("*")
    init_integration.async_start_reauth(hass)
    await until(lambda: fake.requests)
    await hass.config_entries.async_remove(init_integration.entry_id)
    fake.held.clear()
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []


async def test_printer_with_copied_id(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a printer with a copy of another's SD card can be added."""
    set_uuid(another, UUID)

    result = await paste_key(hass, await to_auth(hass, another.url))
    result = await finish(hass, await choose(hass, result, "another_printer"))

    assert result["data"][CONF_URL] == another.url
    assert result["result"].unique_id not in (None, UUID)
    assert init_integration.data[CONF_URL] == fake.url
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


async def test_same_address_meanwhile(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that only the key is updated of a printer that another flow has set up."""
    set_uuid(fake, UUID)
    result = await to_auth(hass, fake.url)
    config_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        config_entry, data={**config_entry.data, CONF_API_KEY: "old"}
    )

    expect_abort(await paste_key(hass, result), "address_updated")
    await hass.async_block_till_done()

    assert config_entry.data[CONF_API_KEY] == fake.key
    assert config_entry.state is ConfigEntryState.LOADED


async def test_ignored_printer(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that a printer whose discovery was ignored can be added."""
    set_uuid(fake, UUID)
    MockConfigEntry(
        domain=DOMAIN, source=SOURCE_IGNORE, unique_id=UUID, data={}
    ).add_to_hass(hass)

    result = await finish(hass, await paste_key(hass, await to_auth(hass, fake.url)))

    assert hass.config_entries.async_entries(DOMAIN) == [result["result"]]


def zeroconf_info(
    url: str, *, uuid: str | None = UUID, **changes: Any
) -> ZeroconfServiceInfo:
    """Return what OctoPrint announces by zeroconf."""
    address = URL(url)
    host = ip_address(address.host or "")
    properties = {"api": "0.1", "path": address.path, "u": "user", "version": "1.11.8"}
    info = {
        # Without a name that would be looked for, which the harness forbids.
        "hostname": "octopi.",
        "ip_address": host,
        "ip_addresses": [host],
        "name": 'OctoPrint instance "Prusa [MK3]"._octoprint._tcp.local.',
        "port": address.port,
        "properties": properties | ({"uuid": uuid} if uuid else {}),
        "type": "_octoprint._tcp.local.",
    }
    return ZeroconfServiceInfo(**{**info, **changes})


def ssdp_info(url: str, **changes: Any) -> SsdpServiceInfo:
    """Return what OctoPrint announces by SSDP."""
    upnp = {
        "UDN": f"uuid:{UUID}",
        "deviceType": "urn:schemas-upnp-org:device:Basic:1",
        "friendlyName": "OctoPrint instance on octopi",
        "manufacturer": "The OctoPrint Project",
        "presentationURL": f"{url}/",
    }
    return SsdpServiceInfo(
        ssdp_location=changes.pop("location", f"{url}/plugin/discovery/discovery.xml"),
        ssdp_st="upnp:rootdevice",
        ssdp_usn=f"uuid:{UUID}::upnp:rootdevice",
        upnp=upnp | changes,
    )


async def discover(
    hass: HomeAssistant, info: ZeroconfServiceInfo | SsdpServiceInfo
) -> ConfigFlowResult:
    """Let Home Assistant discover a printer."""
    is_ssdp = isinstance(info, SsdpServiceInfo)
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_SSDP if is_ssdp else SOURCE_ZEROCONF},
        data=info,
    )
    await hass.async_block_till_done()
    return check_texts(result)


@pytest.mark.parametrize(
    ("make_info", "name", "shown"),
    [
        (zeroconf_info, "Prusa [MK3]", r"Prusa \[MK3\]"),
        (ssdp_info, "octopi", "octopi"),
    ],
)
async def test_discovery(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    make_info: Callable[[str], ZeroconfServiceInfo | SsdpServiceInfo],
    name: str,
    shown: str,
) -> None:
    """Test adding a printer that announces itself."""
    set_uuid(fake, UUID)
    result = await discover(hass, make_info(fake.url))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "discovery_confirm"
    assert result["description_placeholders"] == {CONF_NAME: shown, CONF_URL: fake.url}
    context = hass.config_entries.flow.async_get(result["flow_id"])["context"]
    assert context["configuration_url"] == fake.url
    assert context["title_placeholders"] == {CONF_NAME: name}
    assert context["unique_id"] == UUID
    assert fake.requests == []

    result = await submit(hass, result)
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == fake.url
    assert result["result"].unique_id == UUID


async def test_discovered_twice(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that both ways of discovery offer a printer only once."""
    await discover(hass, zeroconf_info(fake.url, uuid=UUID.upper()))

    expect_abort(await discover(hass, ssdp_info(fake.url)), "already_in_progress")


async def test_discovered_without_answer(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that an announced address that does not answer can be corrected."""
    result = await discover(hass, zeroconf_info(f"{fake.url}/octoprint"))
    await fake.stop()
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "refused"}
    typed = suggested(result)
    assert typed == {CONF_URL: f"{fake.url}/octoprint", CONF_VERIFY_SSL: True}

    await fake.start()
    result = await submit(hass, result, {**typed, CONF_URL: fake.url})
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == fake.url
    assert result["result"].unique_id != UUID


async def test_discovered_id_without_settings(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that the announced id is kept where the key may not read the settings."""
    fake.user("limited")
    result = await submit(hass, await discover(hass, zeroconf_info(fake.url)))

    result = await finish(hass, await paste_key(hass, result))

    assert result["result"].unique_id == UUID


async def test_discovered_without_id(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that an announcement without an id is known by its address until it is set up."""
    info = zeroconf_info(fake.url, uuid=None)
    result = await discover(hass, info)
    expect_abort(await discover(hass, info), "already_in_progress")

    result = await submit(hass, result)
    result = await finish(hass, await paste_key(hass, result))
    assert Uuid(result["result"].unique_id).version == 4

    expect_abort(await discover(hass, info), "already_configured")


@pytest.mark.parametrize("uuid", [UUID, None])
async def test_ignored_discovery(
    hass: HomeAssistant, fake: FakeOctoPrint, uuid: str | None
) -> None:
    """Test that a discovery can be ignored, and stays so."""
    info = zeroconf_info(fake.url, uuid=uuid)
    result = await discover(hass, info)
    context = hass.config_entries.flow.async_get(result["flow_id"])["context"]
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": context["unique_id"], "title": "OctoPrint"},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY

    expect_abort(await discover(hass, info), "already_configured")


@pytest.mark.parametrize(
    "info",
    [
        zeroconf_info("http://127.0.0.1:5000", port=None),
        zeroconf_info("http://127.0.0.1:5000", port=0),
        zeroconf_info("http://127.0.0.1:5000", port=99999),
        zeroconf_info("http://169.254.1.1:5000"),
        zeroconf_info("http://0.0.0.0:5000"),
        zeroconf_info("http://224.0.0.251:5000"),
        zeroconf_info("http://[fe80::1]:5000"),
        ssdp_info("", location=None),
        ssdp_info("ftp://127.0.0.1"),
        ssdp_info("http://user:password@127.0.0.1"),
        ssdp_info("", location=None, presentationURL=5000),
    ],
)
async def test_invalid_discovery(
    hass: HomeAssistant, info: ZeroconfServiceInfo | SsdpServiceInfo
) -> None:
    """Test that what is announced incompletely or makes no sense is not offered."""
    expect_abort(await discover(hass, info), "invalid_discovery_info")


@pytest.mark.parametrize(
    ("info", "url", "name"),
    [
        (
            zeroconf_info(
                "http://192.168.1.5:443/octoprint/", name="x._octoprint._tcp.local."
            ),
            "https://192.168.1.5/octoprint",
            "x",
        ),
        (
            zeroconf_info(
                "http://[fd00::5]:80",
                ip_addresses=[ip_address("fd00::5"), ip_address("192.168.1.5")],
            ),
            "http://192.168.1.5",
            "Prusa [MK3]",
        ),
        (
            zeroconf_info(
                "http://[fd00::5]:5000",
                name="._octoprint._tcp.local.",
                properties={"path": None, "uuid": b"1"},
            ),
            "http://[fd00::5]:5000",
            "fd00::5",
        ),
        (
            ssdp_info(
                "http://192.168.1.5/octoprint", presentationURL="http://octopi.example/"
            ),
            "http://192.168.1.5/octoprint",
            "octopi",
        ),
        (
            ssdp_info("http://192.168.1.5/octoprint", presentationURL="/octoprint/"),
            "http://192.168.1.5/octoprint",
            "octopi",
        ),
        (
            ssdp_info(
                "http://192.168.1.5/octoprint",
                presentationURL="https://192.168.1.5/octoprint/",
            ),
            "https://192.168.1.5/octoprint",
            "octopi",
        ),
        (
            ssdp_info("http://192.168.1.5", location=None),
            "http://192.168.1.5",
            "octopi",
        ),
    ],
)
async def test_announced_address(
    hass: HomeAssistant,
    info: ZeroconfServiceInfo | SsdpServiceInfo,
    url: str,
    name: str,
) -> None:
    """Test what address and name an announcement leads to."""
    result = await discover(hass, info)

    context = hass.config_entries.flow.async_get(result["flow_id"])["context"]
    assert context["configuration_url"] == url
    assert context["title_placeholders"] == {CONF_NAME: name}


async def test_discovered_at_several_addresses(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that of all that are announced the one that answers is offered."""
    addresses = [
        ip_address("127.0.0.3"),
        ip_address("127.0.0.1"),
        ip_address("fd00::5"),
    ]
    result = await discover(
        hass, zeroconf_info(fake.url, ip_address=addresses[0], ip_addresses=addresses)
    )
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"][CONF_URL] == fake.url
    result = await submit(hass, result)
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == fake.url


@pytest.mark.parametrize("is_login_asked", [True, False])
async def test_discovered_before_it_answers(
    hass: HomeAssistant, fake: FakeOctoPrint, is_login_asked: bool
) -> None:
    """Test that all addresses are tried again once the card is confirmed."""
    addresses = [ip_address("127.0.0.3"), ip_address("127.0.0.1")]
    if is_login_asked:
        fake.proxy_login = "me:secret"
    else:
        await fake.stop()
    result = await discover(
        hass, zeroconf_info(fake.url, ip_address=addresses[0], ip_addresses=addresses)
    )
    assert result["step_id"] == "discovery_confirm"
    if is_login_asked:
        result = await submit(hass, result)
        assert result["step_id"] == "proxy_login"
        login = {CONF_USERNAME: "me", CONF_PASSWORD: "secret"}
        result = await submit(hass, result, login)
    else:
        assert result["description_placeholders"] is not None
        assert "127.0.0.3" in result["description_placeholders"][CONF_URL]
        await fake.start()
        result = await submit(hass, result)
    result = await finish(hass, await paste_key(hass, result))
    assert result["data"][CONF_URL] == fake.url


@pytest.mark.usefixtures("unknown_hosts")
async def test_announced_host_name(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that the name of the host is tried after its addresses, if it is a local one."""
    info = zeroconf_info(fake.url, hostname="octopi.local.")
    result = await discover(hass, info)
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"][CONF_URL] == fake.url
    announced = from_zeroconf(info)
    assert announced is not None
    assert [url.host for url in announced.urls] == ["127.0.0.1", "octopi.local"]
    info = zeroconf_info(fake.url, hostname="intranet.example.")
    announced = from_zeroconf(info)
    assert announced is not None
    assert [url.host for url in announced.urls] == ["127.0.0.1"]


async def test_what_is_announced_is_bounded(hass: HomeAssistant) -> None:
    """Test names, addresses and numbers that nobody means in earnest."""
    name = "![x](http://evil.example/x.png)\n<b>" + "x" * 20_000
    addresses = [ip_address(f"127.0.1.{number}") for number in range(200)]
    announced = from_zeroconf(
        zeroconf_info(
            "http://127.0.1.1:1",
            name=name,
            ip_address=addresses[0],
            ip_addresses=addresses,
        )
    )
    assert announced is not None
    assert len(announced.urls) <= 8
    assert len(announced.name) <= 64

    shown = []
    for number in range(300):
        host = f"127.0.1.{1 + number % 40}"
        info = zeroconf_info(f"http://{host}:1", uuid=str(Uuid(int=number)), name=name)
        result = await discover(hass, info)
        if result["type"] is FlowResultType.FORM:
            shown.append(result)
        else:
            expect_abort(result, "too_many_discovered")
    assert len(shown) == 32
    assert shown[0]["description_placeholders"] is not None
    described = shown[0]["description_placeholders"][CONF_NAME]
    assert "](" not in described
    assert "://" not in described
    assert "\n" not in described
    for flow in shown:
        hass.config_entries.flow.async_abort(flow["flow_id"])

    for number in range(20):
        info = zeroconf_info("http://127.0.1.1:1", uuid=str(Uuid(int=number)))
        await discover(hass, info)
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert len(flows) == 8


async def test_version_in_markdown(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that the version, as other texts of a server, is no more than text."""
    server = fake.json("GET", "/api/server")
    server["version"] = "![x](http://evil.example/x.png)" + "9" * 1000
    fake.answer("GET", "/api/server", json=server)
    result = await paste_key(hass, await to_auth(hass, fake.url))
    assert result["description_placeholders"] is not None
    version = result["description_placeholders"]["version"]
    assert "](" not in version
    assert "://" not in version
    assert len(version) < 150


async def test_rediscovery(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a printer that did not answer is tried again when it announces itself."""
    await fake.stop()
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.SETUP_RETRY
    await fake.start()

    expect_abort(await discover(hass, zeroconf_info(fake.url)), "already_configured")

    assert config_entry.state is ConfigEntryState.LOADED


def keys_sent_to(server: FakeOctoPrint) -> list[str]:
    """Return the secrets that a server got."""
    return [
        value
        for request in server.requests
        for name, value in request.headers.items()
        if name.lower() in ("x-api-key", "authorization")
    ]


def proposal(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the repair that proposes another address."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"moved_{entry.entry_id}")


async def confirm(hass: HomeAssistant, entry: MockConfigEntry) -> RepairsFlowResult:
    """Open the repair, and confirm the new address."""
    assert await async_setup_component(hass, "repairs", {})
    manager = RepairsFlowManager(hass)
    result = await manager.async_init(
        DOMAIN, data={"issue_id": f"moved_{entry.entry_id}"}
    )
    assert result["type"] is FlowResultType.FORM
    result = await manager.async_configure(result["flow_id"], {})
    await hass.async_block_till_done()
    return result


@pytest.mark.parametrize("make_info", [zeroconf_info, ssdp_info])
async def test_key_goes_to_no_address_that_is_not_confirmed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
    make_info: Callable[[str], ZeroconfServiceInfo | SsdpServiceInfo],
) -> None:
    """Test that a printer that is off is followed only once the user has said so."""
    old = fake.url
    await fake.stop()

    expect_abort(await discover(hass, make_info(another.url)), "already_configured")

    assert another.requests
    assert keys_sent_to(another) == []
    assert init_integration.data[CONF_URL] == old
    issue = proposal(hass, init_integration)
    assert issue is not None
    assert issue.is_fixable
    assert issue.translation_placeholders == {
        "name": "Prusa",
        "new_url": another.url,
        "old_url": old,
        "printer": "Prusa",
    }

    result = await confirm(hass, init_integration)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert init_integration.data[CONF_URL] == another.url
    assert init_integration.state is ConfigEntryState.LOADED
    assert keys_sent_to(another)
    assert proposal(hass, init_integration) is None


async def test_slow_printer_is_not_followed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that whoever announces the id of a slow printer gets nothing."""
    fake.delay = 60
    with patch(
        f"{COMPONENT}.api.transport.REQUEST_TIMEOUT", aiohttp.ClientTimeout(total=0.5)
    ):
        await discover(hass, zeroconf_info(another.url))
    fake.delay = 0
    assert keys_sent_to(another) == []
    assert init_integration.data[CONF_URL] == fake.url
    assert proposal(hass, init_integration) is not None

    await init_integration.runtime_data.async_refresh()
    init_integration.runtime_data.async_update_listeners()
    assert proposal(hass, init_integration) is None


async def test_proposal_is_withdrawn(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    config_entry: MockConfigEntry,
) -> None:
    """Test that the old address counts once it answers again, and what was ignored stays so."""
    await fake.stop()
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await discover(hass, zeroconf_info(another.url))
    issue = proposal(hass, config_entry)
    assert issue is not None
    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, True)
    await discover(hass, zeroconf_info(another.url))
    issue = proposal(hass, config_entry)
    assert issue is not None
    assert issue.dismissed_version is not None
    # Another address is another question.
    await discover(hass, zeroconf_info(f"{another.url}/octoprint"))
    assert proposal(hass, config_entry) is issue
    async with FakeOctoPrint() as third:
        await discover(hass, zeroconf_info(third.url))
    issue = proposal(hass, config_entry)
    assert issue is not None
    assert issue.dismissed_version is None

    await fake.start()
    await hass.config_entries.async_reload(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.LOADED
    assert proposal(hass, config_entry) is None
    assert config_entry.data[CONF_URL] == fake.url
    assert keys_sent_to(another) == []


async def test_proposal_ends_with_its_printer(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that nothing is proposed for a printer that is disabled or removed."""
    await fake.stop()
    await discover(hass, zeroconf_info(another.url))
    await hass.config_entries.async_set_disabled_by(
        init_integration.entry_id, ConfigEntryDisabler.USER
    )
    await hass.async_block_till_done()
    assert proposal(hass, init_integration) is None
    await discover(hass, zeroconf_info(another.url))
    assert proposal(hass, init_integration) is None
    await hass.config_entries.async_set_disabled_by(init_integration.entry_id, None)
    await hass.async_block_till_done()
    await discover(hass, zeroconf_info(another.url))
    assert proposal(hass, init_integration) is not None

    await hass.config_entries.async_remove(init_integration.entry_id)
    assert proposal(hass, init_integration) is None


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (lambda server: setattr(server, "key", "other"), "invalid_auth"),
        (lambda server: set_uuid(server, OTHER_UUID), "another_printer"),
        (lambda server: server.answer("GET", "*", status=502), "no_answer"),
    ],
)
async def test_proposal_that_leads_nowhere(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
    fail: Callable[[FakeOctoPrint], None],
    error: str,
) -> None:
    """Test that an entry stays as it is where the new address is not the printer's."""
    await fake.stop()
    await discover(hass, zeroconf_info(another.url))
    fail(another)

    result = await confirm(hass, init_integration)

    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    texts_of = texts("en")["issues"]["moved"]["fix_flow"]
    assert error in texts_of["error"]
    assert init_integration.data[CONF_URL] == fake.url


async def test_proposal_that_is_out_of_date(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test a repair that is open while its printer changes or goes."""
    await fake.stop()
    await discover(hass, zeroconf_info(another.url))
    issue = proposal(hass, init_integration)
    assert issue is not None
    flow = MovedFlow()
    flow.hass = hass
    flow.data = issue.data

    secure = fake.url.replace("http://", "https://")
    hass.config_entries.async_update_entry(
        init_integration, data={**init_integration.data, CONF_URL: secure}
    )
    result = await flow.async_step_confirm({})
    assert result["errors"] == {"base": "no_answer"}
    assert keys_sent_to(another) == []

    await hass.config_entries.async_remove(init_integration.entry_id)
    result = await flow.async_step_confirm({})
    assert result["reason"] == "removed"


async def test_removed_while_its_move_is_confirmed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a printer may be removed while the new address is asked."""
    await fake.stop()
    await discover(hass, zeroconf_info(another.url))
    issue = proposal(hass, init_integration)
    assert issue is not None
    flow = MovedFlow()
    flow.hass = hass
    flow.data = issue.data
    another.requests.clear()
    another.held.add("*")
    confirming = hass.async_create_task(flow.async_step_confirm({}))
    await until(lambda: another.requests)
    await hass.config_entries.async_remove(init_integration.entry_id)
    another.held.clear()
    assert (await confirming)["reason"] == "removed"


async def test_printer_whose_address_another_got(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that the new address is proposed where another printer answers at the old one."""
    fake.key = "key of another printer"

    await discover(hass, zeroconf_info(another.url))

    assert keys_sent_to(another) == []
    assert proposal(hass, init_integration) is not None
    assert (await confirm(hass, init_integration))[
        "type"
    ] is FlowResultType.CREATE_ENTRY
    assert init_integration.data[CONF_URL] == another.url


async def test_printer_that_moved_to_one_of_several_addresses(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that of all announced addresses the one that answers is proposed."""
    await fake.stop()
    addresses = [
        ip_address("127.0.0.3"),
        ip_address("127.0.0.1"),
        ip_address("fd00::5"),
    ]

    await discover(
        hass,
        zeroconf_info(another.url, ip_address=addresses[0], ip_addresses=addresses),
    )

    issue = proposal(hass, init_integration)
    assert issue is not None
    assert issue.data == {"entry_id": init_integration.entry_id, CONF_URL: another.url}


async def test_proposal_behind_a_proxy(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    config_entry: MockConfigEntry,
) -> None:
    """Test that a proxy's log-in goes to no address that is not confirmed, either."""
    config_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        config_entry,
        data={**config_entry.data, CONF_USERNAME: "me", CONF_PASSWORD: "secret"},
    )
    await fake.stop()
    another.proxy_login = "me:secret"
    await discover(hass, zeroconf_info(another.url))
    assert keys_sent_to(another) == []
    assert proposal(hass, config_entry) is not None


async def test_do_not_follow_copied_id(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a printer with a copied id does not take the place of the first."""
    result = await discover(hass, zeroconf_info(another.url))

    expect_abort(result, "already_configured")
    assert init_integration.data[CONF_URL] == fake.url


async def test_do_not_follow_to_unknown_key(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a printer with a copied id is no substitute for one that is off."""
    await fake.stop()
    another.key = "new"

    result = await discover(hass, zeroconf_info(another.url))

    expect_abort(result, "already_configured")
    assert init_integration.data[CONF_URL] == fake.url


async def test_do_not_follow_ambiguous_id(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that an id that two printers share leads to neither of them."""
    set_uuid(another, UUID.upper())
    result = await paste_key(hass, await to_auth(hass, another.url))
    await finish(hass, await choose(hass, result, "another_printer"))
    await fake.stop()

    result = await discover(hass, zeroconf_info(f"{another.url}/elsewhere"))
    expect_abort(result, "already_configured")
    result = await discover(hass, zeroconf_info(another.url))
    expect_abort(result, "already_configured")

    assert init_integration.data[CONF_URL] == fake.url


async def test_discovery_switched_on_later(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that a printer is not offered again once it has an id of its own."""
    result = await finish(hass, await paste_key(hass, await to_auth(hass, fake.url)))
    expect_offer = await discover(hass, zeroconf_info("http://192.168.1.5"))
    assert expect_offer["type"] is FlowResultType.FORM
    hass.config_entries.flow.async_abort(expect_offer["flow_id"])

    set_uuid(fake, UUID)
    await hass.config_entries.async_reload(result["result"].entry_id)
    result = await discover(hass, zeroconf_info("http://192.168.1.5"))

    expect_abort(result, "already_configured")


@pytest.mark.usefixtures("unknown_hosts")
async def test_propose_https_only(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    secure: FakeOctoPrint,
    config_entry: MockConfigEntry,
) -> None:
    """Test that HTTP is never proposed instead of HTTPS, but the old port and path are."""
    config_entry.add_to_hass(hass)
    old = URL(secure.url).with_host("octopi.local")
    hass.config_entries.async_update_entry(
        config_entry,
        data={**config_entry.data, CONF_URL: str(old), CONF_VERIFY_SSL: False},
    )

    await discover(hass, zeroconf_info(fake.url))

    issue = proposal(hass, config_entry)
    assert issue is not None
    assert (issue.data or {})[CONF_URL] == secure.url
    assert fake.requests == []
    assert keys_sent_to(secure) == []


@pytest.mark.usefixtures("unknown_hosts")
async def test_propose_known_port_and_path(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    config_entry: MockConfigEntry,
) -> None:
    """Test that the old port is proposed where the announced one is wrong."""
    config_entry.add_to_hass(hass)
    old = URL(another.url).with_host("octopi.local")
    hass.config_entries.async_update_entry(
        config_entry, data={**config_entry.data, CONF_URL: str(old)}
    )

    await discover(hass, zeroconf_info(f"{fake.url}/elsewhere"))

    issue = proposal(hass, config_entry)
    assert issue is not None
    assert (issue.data or {})[CONF_URL] == another.url


async def start_reauth(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, fake: FakeOctoPrint
) -> ConfigFlowResult:
    """Let OctoPrint have another key, and the coordinator notice."""
    fake.key = key
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    result = await hass.config_entries.flow.async_configure(flow["flow_id"])
    check_texts(result)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "reauth_confirm"
    assert result["menu_options"] == ["app_key", "api_key"]
    assert result["description_placeholders"] == {
        CONF_NAME: "Prusa",
        CONF_URL: fake.url,
    }
    return result


async def test_reauth_by_key(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test pasting a new key where OctoPrint knows the old one no longer."""
    result = await start_reauth(hass, init_integration, "new", fake)
    result = await paste_key(hass, result, "wrong")
    assert result["errors"] == {CONF_API_KEY: "invalid_auth"}
    assert init_integration.data[CONF_API_KEY] == "DUMMY_API_KEY"

    expect_abort(await submit(hass, result, {CONF_API_KEY: "new"}), "reauth_successful")
    await hass.async_block_till_done()

    assert init_integration.data == {
        CONF_API_KEY: "new",
        CONF_URL: fake.url,
        CONF_VERIFY_SSL: True,
    }
    assert init_integration.state is ConfigEntryState.LOADED


async def test_reauth_by_approval(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test approving in OctoPrint again."""
    set_uuid(fake, UUID.upper())
    result = await start_reauth(hass, init_integration, "new", fake)
    result = await request_key(hass, result)
    fake.decide(True)

    expect_abort(await after_progress(hass, result), "reauth_successful")
    await hass.async_block_till_done()

    assert init_integration.data[CONF_API_KEY] == "new"
    assert init_integration.state is ConfigEntryState.LOADED


async def test_reauth_of_another_printer(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the printer that got another's address does not take its place."""
    set_uuid(fake, OTHER_UUID)
    result = await start_reauth(hass, init_integration, "new", fake)
    result = await paste_key(hass, result, "new")
    assert result["errors"] == {"base": "another_printer"}

    set_uuid(fake, UUID)
    expect_abort(await submit(hass, result, {CONF_API_KEY: "new"}), "reauth_successful")


async def test_reauth_of_copied_id(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a printer that was given an id here may have any of OctoPrint's."""
    config_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        config_entry, unique_id="0123456789abcdef0123456789abcdef"
    )
    set_uuid(fake, OTHER_UUID)
    result = await start_reauth(hass, config_entry, "new", fake)

    expect_abort(await paste_key(hass, result, "new"), "reauth_successful")


async def start_reconfigure(
    hass: HomeAssistant, entry: MockConfigEntry
) -> ConfigFlowResult:
    """Start to change the address or key of a printer."""
    result = check_texts(await entry.start_reconfigure_flow(hass))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {}
    assert result["description_placeholders"] == {CONF_NAME: "Prusa"}
    assert suggested(result) == {
        CONF_URL: entry.data[CONF_URL],
        CONF_VERIFY_SSL: entry.data[CONF_VERIFY_SSL],
    }
    return result


async def test_reconfigure_address(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    secure: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test changing the address; the key stays."""
    result = await start_reconfigure(hass, init_integration)
    typed = {CONF_URL: secure.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, result, typed)
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "tls"}
    assert suggested(result) == typed

    result = await submit(hass, result, {**typed, CONF_VERIFY_SSL: False})
    expect_abort(result, "reconfigure_successful")
    await hass.async_block_till_done()

    assert init_integration.data == {
        CONF_API_KEY: fake.key,
        CONF_URL: secure.url,
        CONF_VERIFY_SSL: False,
    }
    assert init_integration.unique_id == UUID
    assert init_integration.title == "Prusa"
    assert init_integration.state is ConfigEntryState.LOADED


async def test_reconfigure_does_not_give_up_encryption(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that HTTP is only proposed where HTTPS was used and no scheme is typed now."""
    config_entry.add_to_hass(hass)
    secure = fake.url.replace("http://", "https://")
    hass.config_entries.async_update_entry(
        config_entry, data={**config_entry.data, CONF_URL: secure}
    )
    result = await start_reconfigure(hass, config_entry)
    typed = {CONF_URL: fake.url.removeprefix("http://"), CONF_VERIFY_SSL: True}
    result = await submit(hass, result, typed)
    assert result["errors"] == {"base": "try_http"}
    assert keys_sent_to(fake) == []
    assert config_entry.data[CONF_URL] == secure

    result = await submit(hass, result, suggested(result))
    expect_abort(result, "reconfigure_successful")
    assert config_entry.data[CONF_URL] == fake.url


async def test_reconfigure_key(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test changing the key; the address stays."""
    fake.key = "new"
    result = await start_reconfigure(hass, init_integration)
    typed = {CONF_URL: fake.url, CONF_VERIFY_SSL: True}
    result = await submit(hass, result, typed)
    assert result["errors"] == {CONF_API_KEY: "invalid_auth"}

    result = await submit(hass, result, {**typed, CONF_API_KEY: " new "})
    expect_abort(result, "reconfigure_successful")
    assert init_integration.data[CONF_API_KEY] == "new"


async def test_reconfigure_to_another_printer(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    another: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that an entry does not become another printer."""
    set_uuid(another, OTHER_UUID)
    result = await start_reconfigure(hass, init_integration)
    result = await submit(hass, result, {CONF_URL: another.url, CONF_VERIFY_SSL: True})
    assert result["errors"] == {"base": "another_printer"}
    assert init_integration.data[CONF_URL] == fake.url

    set_uuid(another, UUID)
    result = await submit(hass, result, {CONF_URL: another.url, CONF_VERIFY_SSL: True})
    expect_abort(result, "reconfigure_successful")
    assert init_integration.data[CONF_URL] == another.url


async def test_reconfigure_to_address_in_use(
    hass: HomeAssistant, another: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that two entries do not get the same address."""
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=OTHER_UUID,
        data={CONF_URL: another.url, CONF_API_KEY: "", CONF_VERIFY_SSL: True},
    ).add_to_hass(hass)
    result = await start_reconfigure(hass, init_integration)

    result = await submit(hass, result, {CONF_URL: another.url, CONF_VERIFY_SSL: True})

    expect_abort(result, "already_configured")


def defaults(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the defaults of a form."""
    schema = result["data_schema"]
    assert schema is not None
    return {str(field): field.default() for field in schema.schema}


async def test_options(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that each heater of the printer has a highest temperature, which counts at once."""
    fake.load("multi_heating")
    await hass.config_entries.async_reload(init_integration.entry_id)
    result = await hass.config_entries.options.async_init(init_integration.entry_id)
    check_texts(result, "options")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "init"
    assert defaults(result) == {
        "tool0": 300,
        "tool1": 300,
        "bed": 120,
        "chamber": 80,
    }

    limits = {"tool0": 260.0, "tool1": 280.0, "bed": 90.0, "chamber": 60.0}
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], limits
    )
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert init_integration.options == {CONF_MAX_TEMPS: limits}
    assert init_integration.runtime_data.max_temp("tool1") == 280

    result = await hass.config_entries.options.async_init(init_integration.entry_id)
    assert defaults(result) == limits


@pytest.mark.parametrize(
    "limits",
    [
        {"tool0": 49, "bed": 100},
        {"tool0": 501, "bed": 100},
        {"tool0": 250, "bed": 29},
        {"tool0": 250, "bed": 201},
    ],
)
async def test_options_out_of_range(
    hass: HomeAssistant, init_integration: MockConfigEntry, limits: dict[str, float]
) -> None:
    """Test that what no heater is made for is refused."""
    result = await hass.config_entries.options.async_init(init_integration.entry_id)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(result["flow_id"], limits)

    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"tool0": 500, "bed": 200}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_options_before_first_connection(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test the options of a printer whose heaters nobody has seen yet."""
    fake.load("disconnected")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)

    result = await hass.config_entries.options.async_init(config_entry.entry_id)

    assert defaults(result) == {"tool0": 300, "bed": 120}


async def test_options_without_ghosts(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that no limit is asked for of a heater that the printer does not have."""
    fake.load("multi_heating")
    await hass.config_entries.async_reload(init_integration.entry_id)
    limits = {"tool0": 260.0, "tool1": 280.0, "bed": 90.0, "chamber": 60.0}
    hass.config_entries.async_update_entry(
        init_integration, options={CONF_MAX_TEMPS: limits}
    )
    profiles = fake.json("GET", "/api/printerprofiles")
    for profile in profiles["profiles"].values():
        profile["heatedChamber"] = False
        profile["extruder"]["count"] = 1
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    await hass.config_entries.async_reload(init_integration.entry_id)
    assert "chamber" in init_integration.runtime_data.data.memory.heaters
    result = await hass.config_entries.options.async_init(init_integration.entry_id)
    assert defaults(result) == {"tool0": 260, "bed": 90}
    await hass.config_entries.options.async_configure(
        result["flow_id"], {"tool0": 250, "bed": 80}
    )
    # It may be that it has it with a profile that it gets again.
    assert init_integration.options == {
        CONF_MAX_TEMPS: limits | {"tool0": 250, "bed": 80}
    }


async def test_options_while_not_loaded(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the heaters of a printer that does not answer are remembered."""
    fake.load("multi_heating")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.config_entries.async_unload(init_integration.entry_id)
    hass.config_entries.async_update_entry(
        init_integration, options={CONF_MAX_TEMPS: {"tool2": 250}}
    )

    result = await hass.config_entries.options.async_init(init_integration.entry_id)

    assert defaults(result) == {
        "tool0": 300,
        "tool1": 300,
        "tool2": 250,
        "bed": 120,
        "chamber": 80,
    }
