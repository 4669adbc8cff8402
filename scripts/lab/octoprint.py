"""A real OctoPrint with its virtual printer."""

import asyncio
import os
from pathlib import Path
import subprocess
from time import monotonic
from typing import Any, override

from aiohttp import FormData

from .octoprint_config import ADMIN_KEY, OctoPrintOptions, write_config
from .server import HOST, ROOT, LabError, Server, read_answer

VERSION = "1.11.8"


class OctoPrintServer(Server):
    """An OctoPrint process; its base folder is written on the first start and used as it is afterwards."""

    def __init__(
        self,
        basedir: Path,
        *,
        version: str = VERSION,
        port: int | None = None,
        options: OctoPrintOptions | None = None,
    ) -> None:
        """Take the base folder and what kind of OctoPrint it is."""
        super().__init__(basedir, port)
        self.title = f"OctoPrint {version}"
        self.version = version
        self.options = options or OctoPrintOptions()

    @property
    def _program(self) -> Path:
        program = ROOT / f".venv/octoprint-{self.version}/bin/octoprint"
        if not program.exists():
            raise LabError(f"{program} does not exist: run scripts/setup")
        return program

    @override
    def _prepare(self) -> None:
        super()._prepare()
        if (self.folder / "config.yaml").exists():
            return
        write_config(self.folder, self.version, self.options)
        if (password := self.options.admin_password) is not None:
            command = ["user", "password", "admin", "--password", password]
            result = subprocess.run(
                [self._program, "--basedir", self.folder, *command],
                env=self._environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode:
                raise LabError(f"{self.title} took no password: {result.stderr}")

    @override
    def _environment(self) -> dict[str, str]:
        # What OctoPrint would look for in its user's home must not be that of an OctoPrint in use here.
        return os.environ | {"HOME": str(self.folder)}

    @override
    def _command(self) -> list[str | Path]:
        as_root = ["--iknowwhatimdoing"] if os.geteuid() == 0 else []
        return [
            self._program,
            "serve",
            *as_root,
            # Before 1.11 it is ignored in front of the command.
            "--basedir",
            self.folder,
            "--host",
            HOST,
            "--port",
            str(self.port),
        ]

    @override
    async def _ready(self) -> bool:
        async with self.session.get(
            "/api/connection", headers={"X-Api-Key": ADMIN_KEY}
        ) as response:
            if response.status != 200:
                return False
            state: str = (await response.json())["current"]["state"]
        # Where it connects by itself it is on its way when the server answers first.
        return not self.options.autoconnect or state == "Operational"

    async def request(
        self, method: str, path: str, *, json: Any = None, key: str = ADMIN_KEY
    ) -> Any:
        """Return OctoPrint's answer (None if it is empty)."""
        async with self.session.request(
            method, path, json=json, headers={"X-Api-Key": key}
        ) as response:
            return await read_answer(f"{method} {path}", response)

    async def upload(
        self,
        name: str,
        gcode: str,
        *,
        path: str = "",
        select: bool = False,
        print_: bool = False,
    ) -> Any:
        """Upload a file to the local storage."""
        form = FormData(quote_fields=False)
        for field, value in (("path", path), ("select", select), ("print", print_)):
            form.add_field(field, str(value))
        form.add_field("file", gcode.encode(), filename=name)
        async with self.session.post(
            "/api/files/local", data=form, headers={"X-Api-Key": ADMIN_KEY}
        ) as response:
            return await read_answer(f"upload of {name}", response)

    async def gcode(self, *commands: str) -> None:
        """Send G-code to the printer."""
        await self.request(
            "POST", "/api/printer/command", json={"commands": list(commands)}
        )

    async def debug(self, command: str) -> None:
        """Send a command to the virtual printer itself, such as drop_connection."""
        await self.gcode(f"!!DEBUG:{command}")

    async def state(self) -> str:
        """Return the printer's state as OctoPrint words it."""
        job = await self.request("GET", "/api/job")
        return str(job["state"])

    async def wait_state(self, *texts: str, timeout: float = 180) -> str:
        """Wait until the printer is in one of these states."""
        end = monotonic() + timeout
        while (state := await self.state()) not in texts:
            if monotonic() > end:
                raise LabError(
                    f"{self.title} is {state!r} after {timeout} s, not {texts}"
                )
            await asyncio.sleep(0.1)
        return state

    async def approve_app_key(self, *, timeout: float = 180) -> str:
        """Approve the application that asks for a key, as admin would in the interface; return its name."""
        return await self._decide(True, timeout)

    async def deny_app_key(self, *, timeout: float = 180) -> str:
        """Deny the application that asks for a key; return its name."""
        return await self._decide(False, timeout)

    async def _decide(self, decision: bool, timeout: float) -> str:
        end = monotonic() + timeout
        while not (pending := await self.pending_app_keys()):
            if monotonic() > end:
                raise LabError(f"no application asked {self.title} for a key")
            await asyncio.sleep(0.1)
        token, app = next(iter(pending.items()))
        await self.request(
            "POST", f"/plugin/appkeys/decision/{token}", json={"decision": decision}
        )
        return app

    async def pending_app_keys(self) -> dict[str, str]:
        """Return the names of the applications that wait for admin's decision, by user token."""
        answer = await self.request("GET", "/api/plugin/appkeys")
        pending = answer["pending"]
        return {token: request["app_id"] for token, request in pending.items()}

    async def revoke_app_key(self, app: str, *, user: str = "admin") -> None:
        """Revoke an application's key."""
        command = {"command": "revoke", "app": app, "user": user}
        if self.version.startswith("1.9."):
            # It revokes a key by itself only, and is the one that still lists them.
            answer = await self.request("GET", "/api/plugin/appkeys?all=true")
            for key in answer["keys"]:
                if (key["app_id"], key["user_id"]) == (app, user):
                    command["key"] = key["api_key"]
        await self.request("POST", "/api/plugin/appkeys", json=command)
