"""OctoPrintClient: the families of OctoPrint's API on one transport."""

import aiohttp
from yarl import URL

from .access import AccessApi
from .connection import ConnectionApi
from .files import FilesApi
from .job import JobApi
from .login import ProxyLogin
from .plugins import PluginsApi
from .printer import PrinterApi
from .profiles import ProfilesApi
from .server import ServerApi
from .settings import SettingsApi
from .slicing import SlicingApi
from .system import SystemApi
from .timelapse import TimelapseApi
from .transport import Transport


class OctoPrintClient(Transport):
    """Talks to one OctoPrint server over its REST API.

    The families of OctoPrint's documentation are its attributes, for example
    `client.job.pause()`. Each call raises a child of `OctoPrintError`.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        api_key: str | None = None,
        *,
        login: ProxyLogin | None = None,
    ) -> None:
        """Take the session to use, the server's address with its path, and the key.

        The log-in is that of a proxy in front of OctoPrint, and goes with every request.
        """
        super().__init__(session, url, api_key, login=login)
        self.access = AccessApi(self)
        self.connection = ConnectionApi(self)
        self.files = FilesApi(self)
        self.job = JobApi(self)
        self.printer = PrinterApi(self)
        self.plugins = PluginsApi(self, self.printer)
        self.profiles = ProfilesApi(self)
        self.server = ServerApi(self)
        self.settings = SettingsApi(self)
        self.slicing = SlicingApi(self)
        self.system = SystemApi(self)
        self.timelapse = TimelapseApi(self)
