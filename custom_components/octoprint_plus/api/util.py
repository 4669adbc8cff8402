"""Util: what the server itself can reach; for administrators."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .parsing import Json, flag, label, mapping, promised
from .quantities import count

if TYPE_CHECKING:
    from .client import OctoPrintClient

ENDPOINT = "api/util/test"

# Seconds that OctoPrint waits for what it tests; less than we wait for OctoPrint.
TIMEOUT = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class PathTest:
    """What the server finds at a path of its file system."""

    exists: bool
    is_type: bool
    """Whether it is what was asked for, a file or a folder."""

    may_access: bool
    """Whether OctoPrint may do with it what was asked for."""

    result: bool
    """Whether all of that is so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlTest:
    """What the server is answered at an address."""

    status: int | None
    """HTTP's; None where nothing answered."""

    content_type: str | None
    result: bool
    """Whether the status is below 400."""


class UtilApi:
    """Calls of the family util."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def test_path(
        self, path: str, *, check_type: str | None = None, check_access: str = ""
    ) -> PathTest:
        """Test a path of the server (POST /api/util/test).

        `check_type` is file or dir, `check_access` any of the letters r, w and x.
        """
        data = {"path": path, "check_type": check_type, "check_access": check_access}
        answer = await self._test("path", data)
        return PathTest(
            exists=flag(answer.get("exists")),
            is_type=flag(answer.get("typeok")),
            may_access=flag(answer.get("access")),
            result=flag(answer.get("result")),
        )

    async def test_url(self, url: str, *, verify_ssl: bool = True) -> UrlTest:
        """Read an address from the server, for example a webcam's (POST /api/util/test)."""
        data = {"url": url, "method": "GET", "validSsl": verify_ssl, "timeout": TIMEOUT}
        answer = await self._test("url", data)
        response = mapping(answer.get("response"))
        return UrlTest(
            status=count(answer.get("status")) or None,
            content_type=label(response.get("assumed_content_type")),
            result=flag(answer.get("result")),
        )

    async def test_server(self, host: str, port: int) -> bool:
        """Return whether the server reaches a TCP port (POST /api/util/test)."""
        data = {"host": host, "port": port, "protocol": "tcp", "timeout": TIMEOUT}
        return flag((await self._test("server", data)).get("result"))

    async def _test(self, command: str, data: Json) -> Json:
        sent = {key: value for key, value in data.items() if value is not None}
        return promised(
            await self._client.post(
                ENDPOINT, {**sent, "command": command}, permission="ADMIN"
            ),
            ENDPOINT,
        )
