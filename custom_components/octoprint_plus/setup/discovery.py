"""Reading what an OctoPrint announces of itself, which anything in the network may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Any

from yarl import URL

from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_PRESENTATION_URL,
    ATTR_UPNP_UDN,
    SsdpServiceInfo,
)
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from ..markup import one_line
from .address import AddressError, parse_address

# What OctoPrint's discovery plugin makes of the printer's name or else of the host's.
ANNOUNCED_NAME = re.compile(r'OctoPrint instance (?:"(?P<name>.+)"|on (?P<host>.+))')

# Characters, and addresses, beyond which nothing is meant in earnest.
MAX_ADDRESSES = 8
MAX_ANNOUNCED = 256
MAX_NAME = 64
MAX_URL = 1024
MAX_UUID = 64

# How many cards of what announces itself are shown at once, and how many of one host.
# What is more can be added by its address.
MAX_CARDS = 32
MAX_CARDS_OF_HOST = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """An OctoPrint that announces itself."""

    name: str
    """Of the length of a name; still with all that Markdown takes for more than text."""

    urls: tuple[URL, ...]
    """Where it may answer, the likeliest first; at least one."""

    uuid: str | None
    """In lower case; old versions announce none."""


def from_zeroconf(info: ZeroconfServiceInfo) -> Announcement | None:
    """Read an announcement by zeroconf; None if it is incomplete or nonsense."""
    addresses = [
        address
        for address in (info.ip_address, *info.ip_addresses)
        if not (address.is_link_local or address.is_multicast or address.is_unspecified)
    ]
    if not addresses or not info.port:
        return None
    scheme = "https" if info.port == 443 else "http"
    path = _text(info.properties.get("path")).strip("/")
    # The host's name comes last: copies of one SD card share it, and anything in the
    # network may answer to it.
    hosts = [
        f"[{address}]" if address.version == 6 else str(address)
        for address in sorted(addresses, key=lambda address: address.version)
    ]
    if (hostname := info.hostname.rstrip(".")).lower().endswith(".local"):
        hosts.append(hostname)
    return _announcement(
        [_url(f"{scheme}://{host}:{info.port}/{path}") for host in hosts],
        uuid=_text(info.properties.get("uuid")),
        name=info.name.removesuffix(f".{info.type}"),
    )


def from_ssdp(info: SsdpServiceInfo) -> Announcement | None:
    """Read an announcement by SSDP; None if it is incomplete or nonsense."""
    url = _url(_text(info.upnp.get(ATTR_UPNP_PRESENTATION_URL)))
    location = _url(info.ssdp_location or "")
    if url is None or (location is not None and location.host != url.host):
        # A server may speak for itself only.
        url = location
    return _announcement(
        [url],
        uuid=_text(info.upnp.get(ATTR_UPNP_UDN)).removeprefix("uuid:"),
        name=_text(info.upnp.get(ATTR_UPNP_FRIENDLY_NAME)),
    )


def is_crowded(url: URL, others: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether there are too many cards to show one more, by the contexts of them."""
    hosts = [URL(str(each.get("configuration_url", ""))).host for each in others]
    return len(others) >= MAX_CARDS or hosts.count(url.host) >= MAX_CARDS_OF_HOST


def _announcement(
    announced: Sequence[URL | None], *, uuid: str, name: str
) -> Announcement | None:
    urls = dict.fromkeys(url for url in announced if url is not None and url.host)
    if not urls:
        return None
    if match := ANNOUNCED_NAME.fullmatch(name[:MAX_ANNOUNCED]):
        name = match["name"] or match["host"]
    return Announcement(
        name=one_line(name, MAX_NAME) or str(next(iter(urls)).host),
        urls=tuple(urls)[:MAX_ADDRESSES],
        uuid=uuid.strip().lower()[:MAX_UUID] or None,
    )


def _url(announced: str) -> URL | None:
    """Return an announced address if it is a complete one."""
    try:
        urls = parse_address(announced[:MAX_URL])
    except AddressError:
        return None
    # Without a scheme it may stand for several.
    return urls[0] if len(urls) == 1 else None


def _text(value: object) -> str:
    """Return an announced value if it is a text."""
    return value if isinstance(value, str) else ""
