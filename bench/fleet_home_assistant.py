"""A Home Assistant that has its printers from the start, as config entries in its storage."""

import asyncio
from collections.abc import Sequence
import json
from pathlib import Path
import re
from time import monotonic
from typing import Any, override
from uuid import UUID

from scripts.lab.home_assistant_config import DOMAIN
from scripts.lab.server import HOST, LabError

from .home_assistant import BenchHomeAssistant
from .simulator import API_KEY

OURS = DOMAIN
BUILT_IN = "octoprint"

# By which unique id each names what the printer does.
STATE_ENTITIES = {OURS: re.compile(r"_state$"), BUILT_IN: re.compile("^Current State-")}

# How many of the entities are not shown yet; counted there, for the states of all printers are megabytes.
COUNT = "{{ ids | map('states') | select('in', ['unavailable', 'unknown']) | list | count }}"

ANONYMOUS = re.compile(r"^Anonymous: +(\d+) kB$", re.MULTILINE)

RECORD = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
TROUBLE = re.compile(r"^\S+ \S+ (WARNING|ERROR|CRITICAL) ")
EXPECTED = "We found a custom integration"


class FleetHomeAssistant(BenchHomeAssistant):
    """A Home Assistant with many printers of one integration."""

    start_timeout = 300.0

    def __init__(self, config: Path, domain: str, ports: Sequence[int]) -> None:
        """Take the folder, the integration's domain, and a port of the loopback per printer."""
        super().__init__(config)
        self.title = f"Home Assistant with {len(ports)} of {domain}"
        self.domain = domain
        self.states_by_printer: list[str] = []
        self._ports = ports

    @override
    def _prepare(self) -> None:
        super()._prepare()
        file = self.folder / ".storage/core.config_entries"
        if self._ports and not file.exists():
            entries = [entry(self.domain, *each) for each in enumerate(self._ports)]
            content = {
                "version": 1,
                "minor_version": 5,
                "key": "core.config_entries",
                "data": {"entries": entries},
            }
            file.write_text(json.dumps(content), encoding="utf-8")

    async def wait_shown(self, timeout: float = 120) -> None:
        """Wait until each printer's state is known."""
        if not self._ports:
            return
        if not self.states_by_printer:
            await self._wait_loaded(timeout)
            await self.find_states()
        end = monotonic() + timeout
        question = {"template": COUNT, "variables": {"ids": self.states_by_printer}}
        while missing := int(await self.post("template", question)):
            if monotonic() > end:
                raise LabError(f"{self.title} does not show {missing}\n{self.tail()}")
            await asyncio.sleep(0.05)

    async def _wait_loaded(self, timeout: float) -> None:
        for each in await self.entries(self.domain):
            await self.wait_entry(each["entry_id"], timeout=timeout)

    async def find_states(self) -> None:
        """Look up the entities that tell the printers' states."""
        named = STATE_ENTITIES[self.domain]
        by_entry = {
            entity["config_entry_id"]: entity["entity_id"]
            for entity in await self.entities()
            if entity["platform"] == self.domain and named.search(entity["unique_id"])
        }
        self.states_by_printer = [
            by_entry[entry_id(number)] for number in range(len(self._ports))
        ]

    def heap_mb(self) -> float:
        """Return the memory that is this process's own, not the libraries that others may share."""
        rollup = Path(f"/proc/{self.running_pid}/smaps_rollup").read_text()
        (kilobytes,) = ANONYMOUS.findall(rollup)
        return int(kilobytes) / 1024

    def check_log(self) -> None:
        """Raise what the log holds that has to do with the integrations."""
        found = [
            record
            for record in RECORD.split(self.log())
            if TROUBLE.match(record) and BUILT_IN in record and EXPECTED not in record
        ]
        if found:
            raise LabError(f"{self.title} logged:\n{'\n'.join(found[:20])}")


def entry_id(number: int) -> str:
    """Return the id of a printer's config entry."""
    return UUID(int=number + 1).hex


def entry(domain: str, number: int, port: int) -> dict[str, Any]:
    """Return a config entry as it is stored when the dialog has made it."""
    data: dict[str, Any] = {"api_key": API_KEY, "verify_ssl": True}
    if domain == OURS:
        data |= {"url": f"http://{HOST}:{port}"}
    else:
        data |= {"host": HOST, "port": port, "path": "/", "ssl": False}
        data |= {"username": "admin"}
    return {
        "created_at": "2026-11-01T00:00:00+00:00",
        "data": data,
        "discovery_keys": {},
        "disabled_by": None,
        "domain": domain,
        "entry_id": entry_id(number),
        "minor_version": 1,
        "modified_at": "2026-11-01T00:00:00+00:00",
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": f"Printer {number}",
        "unique_id": UUID(int=number + 1001).hex,
        "version": 1,
    }
