"""A real Home Assistant with this integration, driven as its own pages drive it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import Any, Self, override

from aiohttp import ClientWebSocketResponse, FormData

from .home_assistant_config import write_config
from .server import ROOT, LabError, RequestError, Server, read_answer

type Expected = str | Callable[[Mapping[str, Any]], bool]

FLOW = "config/config_entries/flow"
OPTIONS_FLOW = "config/config_entries/options/flow"


class HomeAssistant(Server):
    """A Home Assistant process; its folder is made on the first start and used as it is afterwards."""

    def __init__(
        self,
        config: Path,
        *,
        venv: str = "home-assistant",
        port: int | None = None,
        username: str = "admin",
        password: str = "admin",
        configuration: str = "",
    ) -> None:
        """Take the folder, the environment (home-assistant or test), the log-in and more YAML if wanted."""
        super().__init__(config, port)
        self.title = f"Home Assistant of .venv/{venv}"
        self.venv = venv
        self.username = username
        self.password = password
        self.configuration = configuration
        self.token = ""

    @override
    def _prepare(self) -> None:
        super()._prepare()
        # What Home Assistant is given in uploads it keeps in a folder of a fixed name.
        self._temporary.mkdir(exist_ok=True)
        write_config(self.folder, self.port, self.configuration)
        self.token = ""
        if self._token_file.exists():
            self.token = self._token_file.read_text(encoding="utf-8")

    @property
    def _token_file(self) -> Path:
        return self.folder / "token"

    @override
    def _command(self) -> list[str | Path]:
        program = ROOT / f".venv/{self.venv}/bin/hass"
        if not program.exists():
            raise LabError(f"{program} does not exist: run scripts/setup")
        return [program, "--config", self.folder, "--skip-pip"]

    @override
    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"TMPDIR": str(self._temporary)}

    @property
    def _temporary(self) -> Path:
        return self.folder / "tmp"

    @override
    async def _ready(self) -> bool:
        if self.token:
            try:
                config = await self.get("config")
            except RequestError as err:
                if err.status != 401:
                    return False
                self.token = ""
                return False
            if config["recovery_mode"]:
                raise LabError(f"{self.title} is in recovery mode:\n{self.tail()}")
            return bool(config["state"] == "RUNNING")
        async with self.session.get("/api/onboarding") as response:
            # Without the page there is nothing left to be done; before it is there, 404 as well.
            steps = await response.json() if response.ok else None
        if steps is not None:
            await self._onboard([step["step"] for step in steps if not step["done"]])
        elif (self.folder / ".storage/auth_provider.homeassistant").exists():
            await self._keep_token(await self._log_in())
        return False

    async def _onboard(self, steps: list[str]) -> None:
        client = {"client_id": f"{self.url}/"}
        if "user" in steps:
            user = {
                "name": self.username,
                "username": self.username,
                "password": self.password,
                "language": "en",
            }
            answer = await self._post_open("/api/onboarding/users", user | client)
            self.token = await self._exchange(answer["auth_code"])
        else:
            self.token = await self._log_in()
        if "analytics" in steps:
            await self.post("onboarding/analytics", {})
        if "integration" in steps:
            await self.post(
                "onboarding/integration", client | {"redirect_uri": f"{self.url}/"}
            )
        await self._keep_token(self.token)

    async def as_user(self, username: str, group: str) -> Self:
        """Create a user of a group, and return this Home Assistant as it is for that user."""
        user = (await self.ws("config/auth/create", name=username, group_ids=[group]))[
            "user"
        ]
        await self.ws(
            "config/auth_provider/homeassistant/create",
            user_id=user["id"],
            username=username,
            password=username,
        )
        other = copy(self)
        other.username = other.password = username
        other.token = await other._log_in()  # noqa: SLF001
        return other

    async def _log_in(self) -> str:
        client = {"client_id": f"{self.url}/"}
        flow = await self._post_open(
            "/auth/login_flow",
            client
            | {"handler": ["homeassistant", None], "redirect_uri": f"{self.url}/"},
        )
        answer = await self._post_open(
            f"/auth/login_flow/{flow['flow_id']}",
            client | {"username": self.username, "password": self.password},
        )
        if answer["type"] != "create_entry":
            raise LabError(f"{self.title} refuses {self.username}: {answer['errors']}")
        return await self._exchange(answer["result"])

    async def _exchange(self, code: str) -> str:
        async with self.session.post(
            "/auth/token",
            data={
                "client_id": f"{self.url}/",
                "grant_type": "authorization_code",
                "code": code,
            },
        ) as response:
            answer = await read_answer("POST /auth/token", response)
        return str(answer["access_token"])

    async def _keep_token(self, access_token: str) -> None:
        self.token = access_token
        self.token = await self.ws(
            "auth/long_lived_access_token",
            client_name=f"Lab {datetime.now(UTC).isoformat()}",
            lifespan=3650,
        )
        self._token_file.touch(mode=0o600)
        self._token_file.write_text(self.token, encoding="utf-8")

    async def _post_open(self, path: str, json: Any) -> Any:
        async with self.session.post(path, json=json) as response:
            return await read_answer(f"POST {path}", response)

    async def _request(self, method: str, path: str, json: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.request(
            method, f"/api/{path}", json=json, headers=headers
        ) as response:
            return await read_answer(f"{method} /api/{path}", response)

    async def get(self, path: str) -> Any:
        """Return the answer to GET /api/<path>."""
        return await self._request("GET", path)

    async def post(self, path: str, json: Any) -> Any:
        """Return the answer to POST /api/<path>."""
        return await self._request("POST", path, json)

    async def delete(self, path: str) -> Any:
        """Return the answer to DELETE /api/<path>."""
        return await self._request("DELETE", path)

    async def upload(self, name: str, content: bytes) -> str:
        """Upload a file as the pages do for a file selector, and return its id."""
        form = FormData(quote_fields=False)
        form.add_field("file", BytesIO(content), filename=name)
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.post(
            "/api/file_upload", data=form, headers=headers
        ) as response:
            answer = await read_answer(f"upload of {name}", response)
        return str(answer["file_id"])

    @property
    def uploads(self) -> list[Path]:
        """Return what it keeps of all that was uploaded to it."""
        folder = self._temporary / "home-assistant-file_upload"
        try:
            return [*folder.iterdir()]
        except FileNotFoundError:
            # It comes with the first one, and goes with the last.
            return []

    async def ws(self, command: str, /, **data: Any) -> Any:
        """Return the result of a websocket command."""
        async with self.session.ws_connect("/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self.token})
            if (answer := await socket.receive_json())["type"] != "auth_ok":
                raise RequestError(command, 401, answer)
            return await _result(socket, command, data)

    async def call(
        self,
        domain: str,
        service: str,
        data: Mapping[str, Any] | None = None,
        *,
        return_response: bool = False,
    ) -> Any:
        """Perform an action; its error carries Home Assistant's own message."""
        # By websocket: REST hides a HomeAssistantError's message behind a bare 500.
        result = await self.ws(
            "call_service",
            domain=domain,
            service=service,
            service_data=dict(data or {}),
            return_response=return_response,
        )
        return result.get("response")

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.get("states")}

    async def state(self, entity_id: str) -> dict[str, Any] | None:
        """Return an entity's state with its attributes, or None if it has none."""
        try:
            state: dict[str, Any] = await self.get(f"states/{entity_id}")
        except RequestError as err:
            if err.status != 404:
                raise
            return None
        return state

    async def wait_for(
        self, entity_id: str, expected: Expected, *, timeout: float = 180
    ) -> dict[str, Any]:
        """Wait for an entity's state, or for what a function says of its state object."""
        end = monotonic() + timeout
        while True:
            state = await self.state(entity_id)
            if state is not None and (
                expected(state) if callable(expected) else state["state"] == expected
            ):
                return state
            if monotonic() > end:
                raise LabError(
                    f"{entity_id} after {timeout} s: {state}, wanted {expected}"
                )
            await asyncio.sleep(0.2)

    async def entities(self, entry_id: str | None = None) -> list[dict[str, Any]]:
        """Return the entity registry, or a config entry's part of it."""
        entities: list[dict[str, Any]] = await self.ws("config/entity_registry/list")
        return [
            entity
            for entity in entities
            if entry_id in (None, entity["config_entry_id"])
        ]

    async def entity_id(self, entry_id: str, platform: str, key: str) -> str:
        """Return the id of a config entry's entity by its platform and the key that ends its unique id."""
        found = [
            entity
            for entity in await self.entities(entry_id)
            if entity["entity_id"].startswith(f"{platform}.")
            and entity["unique_id"].endswith(f"_{key}")
        ]
        if not found:
            raise LabError(f"no {platform} entity has a unique id that ends in _{key}")
        # The shortest, since "progress" also ends what would be "upload_progress".
        entity = min(found, key=lambda entity: len(entity["unique_id"]))
        return str(entity["entity_id"])

    async def devices(self) -> list[dict[str, Any]]:
        """Return the device registry."""
        devices: list[dict[str, Any]] = await self.ws("config/device_registry/list")
        return devices

    async def entries(self, domain: str | None = None) -> list[dict[str, Any]]:
        """Return the config entries, or a domain's."""
        query = f"?domain={domain}" if domain else ""
        entries: list[dict[str, Any]] = await self.get(
            f"config/config_entries/entry{query}"
        )
        return entries

    async def wait_entry(
        self, entry_id: str, state: str = "loaded", *, timeout: float = 180
    ) -> None:
        """Wait until a config entry is in a state."""
        end = monotonic() + timeout
        while (entry := (await self._entry(entry_id)))["state"] != state:
            if monotonic() > end:
                raise LabError(f"not {state} after {timeout} s: {entry}")
            await asyncio.sleep(0.2)

    async def _entry(self, entry_id: str) -> dict[str, Any]:
        for entry in await self.entries():
            if entry["entry_id"] == entry_id:
                return entry
        raise LabError(f"there is no config entry {entry_id}")

    async def flow_start(
        self, handler: str, *, path: str = FLOW, **data: Any
    ) -> dict[str, Any]:
        """Start a flow: a domain's, or with OPTIONS_FLOW as path a config entry's options."""
        flow: dict[str, Any] = await self.post(path, {"handler": handler, **data})
        return flow

    async def flow_step(
        self, flow_id: str, user_input: Mapping[str, Any], *, path: str = FLOW
    ) -> dict[str, Any]:
        """Send a form, or the choice in a menu as next_step_id, and return the next step."""
        flow: dict[str, Any] = await self.post(f"{path}/{flow_id}", dict(user_input))
        return flow

    async def flow_get(self, flow_id: str, *, path: str = FLOW) -> dict[str, Any]:
        """Return the step where a flow is."""
        flow: dict[str, Any] = await self.get(f"{path}/{flow_id}")
        return flow

    async def flow_after_progress(
        self, flow_id: str, *, path: str = FLOW, timeout: float = 180
    ) -> dict[str, Any]:
        """Wait until a flow's progress is done and return its next step."""
        end = monotonic() + timeout
        while (flow := await self.flow_get(flow_id, path=path))["type"] == "progress":
            if monotonic() > end:
                raise LabError(f"still in progress after {timeout} s: {flow}")
            await asyncio.sleep(0.3)
        return flow

    async def flows(self) -> list[dict[str, Any]]:
        """Return the flows that wait for the user: discovered ones and those that want a new key."""
        flows: list[dict[str, Any]] = await self.ws("config_entries/flow/progress")
        return flows

    def log(self) -> str:
        """Return what the process logged since it was first started in its folder."""
        with suppress(FileNotFoundError):
            return self.output.read_text(encoding="utf-8", errors="replace")
        return ""


async def _result(
    socket: ClientWebSocketResponse, command: str, data: Mapping[str, Any]
) -> Any:
    await socket.send_json({"id": 1, "type": command, **data})
    while (answer := await socket.receive_json())["type"] != "result":
        pass
    if not answer["success"]:
        raise RequestError(command, answer["error"]["code"], answer["error"])
    return answer["result"]
