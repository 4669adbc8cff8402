"""The log-in of a proxy in front of OctoPrint, by HTTP's Basic authentication."""

from base64 import b64encode
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProxyLogin:
    """A user of the proxy, which is none of OctoPrint's."""

    user: str
    password: str = field(repr=False)

    @property
    def is_valid(self) -> bool:
        """Return whether there is a way to send it: no colon in the user, no control character."""
        printable = (self.user + self.password).isprintable()
        return bool(self.user) and ":" not in self.user and printable

    @property
    def header(self) -> str:
        """Return the value of the header Authorization (RFC 7617, in UTF-8)."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()
