"""What is measured of processes and machines, and how figures are summed up."""

from collections.abc import Sequence
from importlib.metadata import version
import json
import os
from pathlib import Path
import platform
import time
from typing import Any

from scripts.lab.server import ROOT

_CLOCK_OF_PROCESS = 2


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, its own and the kernel's for it."""
    # The process's own clock, as clock_getcpuclockid() of the C library makes it. /proc counts in steps of 10 ms,
    # which is more than a printer costs in a minute.
    return time.clock_gettime(~pid << 3 | _CLOCK_OF_PROCESS)


def memory_mb(pid: int) -> float:
    """Return a process's memory, with its share of what it shares (PSS), else all it has resident."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        return _kilobytes(rollup, "Pss") / 1024
    except OSError:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return _kilobytes(status, "VmRSS") / 1024


def _kilobytes(text: str, name: str) -> int:
    for line in text.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(f"the kernel does not tell {name}")


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the values do not exceed, between two of them where need be."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def machine() -> dict[str, Any]:
    """Return what kind of machine this is, and nothing that tells which one."""
    cpu = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    memory = Path("/proc/meminfo").read_text(encoding="utf-8")
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "ram_gb": round(_kilobytes(memory, "MemTotal") / 1024**2, 1),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 2),
    }


def versions(**others: str) -> dict[str, str]:
    """Return the versions of Python, Home Assistant and the integration, and others by name as told."""
    manifest = json.loads(
        (ROOT / "custom_components/octoprint_plus/manifest.json").read_text(
            encoding="utf-8"
        )
    )
    return {
        "python": platform.python_version(),
        "home_assistant": version("homeassistant"),
        "octoprint_plus": str(manifest["version"]),
        **others,
    }
