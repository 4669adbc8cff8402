"""A Home Assistant of the lab, quiet and with the probe in it."""

from dataclasses import dataclass
from typing import Any, override

from scripts.lab import HomeAssistant
from scripts.lab.server import ROOT

PROBE = "bench_probe"

# As the lab's, but no integration logs more than in a home: that would be measured as its cost.
CONFIGURATION = f"""\
frontend:
api:
config:
websocket_api:
recorder:
history:
logbook:
media_source:
conversation:
logger:
  default: warning
{PROBE}:
"""


@dataclass(frozen=True)
class Change:
    """A state that changed."""

    time: float
    entity_id: str
    state: str | None


class BenchHomeAssistant(HomeAssistant):
    """A Home Assistant that tells what happens in it."""

    @override
    def _prepare(self) -> None:
        super()._prepare()
        (self.folder / "configuration.yaml").write_text(
            CONFIGURATION + self.configuration, encoding="utf-8"
        )
        link = self.folder / "custom_components" / PROBE
        if not link.is_symlink():
            link.symlink_to(ROOT / "bench/probe")

    async def probe(self) -> dict[str, Any]:
        """Return what the probe saw; its changes only once."""
        answer: dict[str, Any] = await self.get(PROBE)
        return answer

    async def reset_probe(self, *, lag: bool = False, changes: bool = False) -> None:
        """Have the probe start anew."""
        await self.post(PROBE, {"lag": lag, "changes": changes})

    async def changes(self) -> list[Change]:
        """Return the changes since the last call."""
        return [Change(*each) for each in (await self.probe())["changes"]]

    @property
    def running_pid(self) -> int:
        """Return the process id, of which there must be one."""
        assert self.pid is not None
        return self.pid
