"""Reading what an OctoPrint announces of itself, which anything in the network may do."""

from dataclasses import dataclass
import re

from yarl import URL

from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_PRESENTATION_URL,
    ATTR_UPNP_UDN,
    SsdpServiceInfo,
)
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .address import AddressError, parse_address

# What OctoPrint's discovery plugin makes of the printer's name or else of the host's.
ANNOUNCED_NAME = re.compile(r'OctoPrint instance (?:"(?P<name>.+)"|on (?P<host>.+))')


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """An OctoPrint that announces itself."""

    name: str
    url: URL
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
    # The host's name would be no better: copies of one SD card share it as well, and
    # a changed address is announced.
    address = min(addresses, key=lambda address: address.version)
    host = f"[{address}]" if address.version == 6 else str(address)
    scheme = "https" if info.port == 443 else "http"
    path = _text(info.properties.get("path")).strip("/")
    return _announcement(
        _url(f"{scheme}://{host}:{info.port}/{path}"),
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
        url,
        uuid=_text(info.upnp.get(ATTR_UPNP_UDN)).removeprefix("uuid:"),
        name=_text(info.upnp.get(ATTR_UPNP_FRIENDLY_NAME)),
    )


def _announcement(url: URL | None, *, uuid: str, name: str) -> Announcement | None:
    if url is None or url.host is None:
        return None
    if match := ANNOUNCED_NAME.fullmatch(name):
        name = match["name"] or match["host"]
    return Announcement(
        name=name or url.host, url=url, uuid=uuid.strip().lower() or None
    )


def _url(announced: str) -> URL | None:
    """Return an announced address if it is a complete one."""
    try:
        urls = parse_address(announced)
    except AddressError:
        return None
    # Without a scheme it may stand for several.
    return urls[0] if len(urls) == 1 else None


def _text(value: object) -> str:
    """Return an announced value if it is a text."""
    return value if isinstance(value, str) else ""
