"""Test reading addresses."""

import pytest
from yarl import URL

from custom_components.octoprint_plus.api.login import ProxyLogin
from custom_components.octoprint_plus.setup.address import (
    AddressError,
    CredentialsError,
    address_text,
    alternatives,
    on_host,
    parse_address,
    split_login,
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("http://octopi.local", "http://octopi.local"),
        ("HTTP://OctoPi.LOCAL/", "http://octopi.local"),
        ("  https://octopi.local/octoprint/ \n", "https://octopi.local/octoprint"),
        ("http://octopi.local:80/", "http://octopi.local"),
        ("https://octopi.local:443", "https://octopi.local"),
        ("https://octopi.local:80", "https://octopi.local:80"),
        ("http://octopi.local.:5000", "http://octopi.local:5000"),
        ("http://192.168.1.5:5000//", "http://192.168.1.5:5000"),
        ("http://[FE80::1]:5000/a", "http://[fe80::1]:5000/a"),
        ("http://octopi.local/#temp", "http://octopi.local"),
        ("http://octopi.local/?#tab_temperature", "http://octopi.local"),
        ("http://h/octoprint/?x=1#temp", "http://h/octoprint"),
        ("http://h/octoprint/api/version?apikey=secret", "http://h/octoprint"),
        ("http://h/login/?redirect=%2F%3F", "http://h"),
        ("http://h/plugin/discovery/discovery.xml", "http://h"),
        ("http://h/webcam/?action=stream", "http://h"),
        ("http://h/apiary", "http://h/apiary"),
        ("http://h/a b", "http://h/a%20b"),
        ("http://h/x@y", "http://h/x@y"),
        ("http://drücker.local", "http://xn--drcker-4ya.local"),
        ("http://my_printer", "http://my_printer"),
        ("http:/1.2.3.4", "http://1.2.3.4"),
        ("HTTPS:\\\\octopi.local", "https://octopi.local"),
        ("http//octopi.local:5000", "http://octopi.local:5000"),
    ],
)
def test_with_scheme(typed: str, expected: str) -> None:
    """Test that an address with a scheme stands for itself, in one way of writing."""
    assert [str(url) for url in parse_address(typed)] == [expected]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "octopi.local",
            ["http://octopi.local", "https://octopi.local", "http://octopi.local:5000"],
        ),
        (
            "//octopi.local/octoprint/",
            [
                "http://octopi.local/octoprint",
                "https://octopi.local/octoprint",
                "http://octopi.local:5000/octoprint",
            ],
        ),
        (
            "octopi.local/login/?redirect=http://octopi.local/",
            ["http://octopi.local", "https://octopi.local", "http://octopi.local:5000"],
        ),
        (
            " 192.168.1.5:5000 ",
            ["http://192.168.1.5:5000", "https://192.168.1.5:5000"],
        ),
        ("localhost:5000", ["http://localhost:5000", "https://localhost:5000"]),
        ("octopi:443", ["http://octopi:443", "https://octopi"]),
        ("[fe80::1]:5000", ["http://[fe80::1]:5000", "https://[fe80::1]:5000"]),
        ("fe80::1", ["http://[fe80::1]", "https://[fe80::1]", "http://[fe80::1]:5000"]),
    ],
)
def test_without_scheme(typed: str, expected: list[str]) -> None:
    """Test that an address without a scheme stands for several, the likeliest first."""
    assert [str(url) for url in parse_address(typed)] == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "/",
        "http://",
        "http:///octoprint",
        "ftp://octopi.local",
        "file:///etc/passwd",
        "my printer",
        "a..b",
        "-",
        ".",
        "a" * 64,
        "octopi.local:0",
        "octopi.local:99999",
        "octopi.local:port",
        "octopi.local:5000:5000",
        "http://[fe80::1",
        "[192.168.1.5]",
        "http://[octopi.local]",
        "://octopi.local",
        "a!b",
    ],
)
def test_no_address(typed: str) -> None:
    """Test that nonsense is refused."""
    with pytest.raises(AddressError) as excinfo:
        parse_address(typed)
    assert not isinstance(excinfo.value, CredentialsError)


@pytest.mark.parametrize(
    "typed",
    [
        "user:password@octopi.local",
        "http://user@octopi.local",
        "https://:password@octopi.local",
        "https://:@octopi.local",
    ],
)
def test_credentials(typed: str) -> None:
    """Test that a user name or password in the address is refused."""
    with pytest.raises(CredentialsError):
        parse_address(typed)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.168.1.6", "https://192.168.1.6:8443/octoprint"),
        ("fe80::1", "https://[fe80::1]:8443/octoprint"),
    ],
)
def test_on_host(host: str, expected: str) -> None:
    """Test moving an address to another host."""
    url = URL("https://octopi.local:8443/octoprint")

    assert str(on_host(url, host)) == expected


@pytest.mark.parametrize(
    ("typed", "address", "user", "password"),
    [
        (
            "http://me:secret@octopi.local/a@b",
            "http://octopi.local/a@b",
            "me",
            "secret",
        ),
        ("me:se:c%40ret@octopi.local", "octopi.local", "me", "se:c@ret"),
        ("https:/me@octopi.local:443", "https://octopi.local:443", "me", ""),
        ("http://a@b:c@octopi.local", "http://octopi.local", "a@b", "c"),
    ],
)
def test_login_in_address(typed: str, address: str, user: str, password: str) -> None:
    """Test that the log-in of a proxy is taken out of the address."""
    assert split_login(typed) == (address, ProxyLogin(user, password))


@pytest.mark.parametrize("typed", ["http://octopi.local/a@b", "octopi.local?x=me:a@b"])
def test_no_login_in_address(typed: str) -> None:
    """Test an at sign that is none of a log-in."""
    assert split_login(typed) == (typed, None)


def test_nobody_in_address() -> None:
    """Test an address with a log-in of nobody, and one that cannot be sent."""
    assert split_login("http://:x@octopi.local") == ("http://octopi.local", None)
    with pytest.raises(AddressError):
        split_login("http://a%0Ab:c@octopi.local")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("http://h", ["https://h", "http://h:5000"]),
        ("https://h/a", ["http://h/a", "https://h", "http://h:5000"]),
        ("https://h:5000", ["http://h:5000"]),
        ("http://h:443", ["https://h"]),
        ("h", ["https://h:5000"]),
    ],
)
def test_alternatives(typed: str, expected: list[str]) -> None:
    """Test where else on a host OctoPrint is looked for."""
    found = alternatives(parse_address(typed))
    assert [str(url).rstrip("/") for url in found] == expected


def test_address_in_markdown() -> None:
    """Test that no path of an address that was announced is more than text."""
    (url,) = parse_address("http://h/a](x)*b*|~!'_c_")
    shown = address_text(url)
    assert not set("()[]*|~!'") & set(shown)
    assert address_text(URL("http://h:5000/octoprint")) == "http://h:5000/octoprint"
