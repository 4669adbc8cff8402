"""Runs the bench; prints its tables and keeps its figures in bench/results/."""

import argparse
from datetime import date
import importlib
import json
from pathlib import Path
import sys
from typing import Any

from .measure import machine, versions

PARTS = {
    "side-by-side": ("side_by_side", "Side by side with the built-in integration"),
    "fleet": ("fleet", "Fleet"),
    "hot-path": ("hot_path", "Hot path"),
}

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run one part or all."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="default: all of them")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="short runs, to see that it works; leaves latest.md alone",
    )
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    file = RESULTS / f"{date.today().isoformat()}{'-quick' if quick else ''}.json"
    for part in [arguments.part] if arguments.part else PARTS:
        # Only what is run is loaded, as each part needs other things.
        module = importlib.import_module(f"bench.{PARTS[part][0]}")
        load = machine()["load"]
        result = module.run(quick)
        print(f"\n{PARTS[part][1]}\n\n{module.table(result)}", flush=True)
        report = keep(file, part, result, quick, load)
        if not quick:
            (RESULTS / "latest.md").write_text(page(report), encoding="utf-8")
    print(f"kept in {file.relative_to(RESULTS.parents[1])}")
    return 0


def keep(
    file: Path, part: str, result: dict[str, Any], quick: bool, load: float
) -> dict[str, Any]:
    """Write a part's figures into the day's file, beside those that other runs left there."""
    report: dict[str, Any] = {}
    if file.exists():
        report = json.loads(file.read_text(encoding="utf-8"))
    report |= {
        "date": date.today().isoformat(),
        "quick": quick,
        "machine": machine() | {"load": load},
        "versions": versions(octoprint="1.11.8", pyoctoprintapi="0.1.14"),
        part: rounded(result),
    }
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def rounded(value: Any) -> Any:
    """Return the figures without digits that mean nothing."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def page(report: dict[str, Any]) -> str:
    """Return all tables with what they were measured on."""
    on = report["machine"]
    software = report["versions"]
    measured = (
        f"Measured on {report['date']} on {on['cores']} cores of an {on['cpu']} with {on['ram_gb']} GB,"
        f" Linux {on['kernel']}; Home Assistant {software['home_assistant']}, Python {software['python']},"
        f" OctoPrint {software['octoprint']}, this integration {software['octoprint_plus']},"
        f" the built-in one with pyoctoprintapi {software['pyoctoprintapi']}.\n"
    )
    lines = [measured]
    for part, (name, title) in PARTS.items():
        if part in report:
            module = importlib.import_module(f"bench.{name}")
            lines.append(f"### {title}\n\n{module.table(report[part])}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
