"""Test that every recorded state of a printer is read as what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    State,
)
from custom_components.octoprint_plus.model.prints import Memory
from custom_components.octoprint_plus.model.snapshot import (
    ServerData,
    Snapshot,
    advance,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.recorded import state_folders

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)

OFF = {"bed": (21.79, 0), "tool0": (21.78, 0)}
COLD = {"bed": (21.3, 0), "tool0": (21.3, 0)}
MAIN = "test_main.gcode"
RUNAWAY = (
    "Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. kill() called!"
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a recorded state is."""

    state: State | None
    heaters: Mapping[str, tuple[float | None, float | None]] = field(
        default_factory=dict
    )
    file: str | None = None
    completion: float | None = None
    print_time: int | None = None
    left: int | None = None
    job_error: str | None = None
    error: tuple[str, str | None, str | None] | None = None
    sd_ready: bool | None = True
    is_running: bool = False


EXPECTED = {
    "after_cancel": Expected(
        state=State.OPERATIONAL,
        heaters={"bed": (21.79, 0), "tool0": (30, 30)},
        file=MAIN,
    ),
    "after_cancel_sd": Expected(
        state=State.OPERATIONAL, heaters=COLD, file="sdcanc~1.gco"
    ),
    "after_done_sd": Expected(
        state=State.OPERATIONAL,
        heaters=OFF,
        file="sdtest~1.gco",
        completion=100,
        print_time=0,
        left=0,
    ),
    "after_m112": Expected(
        state=State.OFFLINE_AFTER_ERROR,
        job_error="Closing serial port due to emergency stop M112.",
        sd_ready=None,
    ),
    "after_nonfatal_firmware_error_cancelled_job": Expected(
        state=State.OPERATIONAL,
        heaters=COLD,
        file="long.gcode",
        error=("Something odd happened", "firmware", "cancel"),
    ),
    "after_print_done": Expected(
        state=State.OPERATIONAL,
        heaters={"bed": (44.84, 0), "tool0": (59.84, 0)},
        file="Heater Test.gcode",
        completion=100,
        print_time=9,
        left=0,
    ),
    "after_printer_reset_while_printing": Expected(
        state=State.OPERATIONAL, heaters=COLD, file=MAIN
    ),
    "cancelling": Expected(
        state=State.CANCELLING,
        heaters={"bed": (21.79, 0), "tool0": (30, 30)},
        file=MAIN,
        is_running=True,
    ),
    "cancelling_sd": Expected(
        state=State.CANCELLING, heaters=COLD, file="sdcanc~1.gco", is_running=True
    ),
    "disconnected": Expected(state=State.OFFLINE, sd_ready=None),
    "error_connection_dropped_while_idle": Expected(
        state=State.OFFLINE_AFTER_ERROR,
        job_error="SerialTimeoutException",
        sd_ready=None,
    ),
    "error_connection_dropped_while_printing": Expected(
        state=State.OFFLINE_AFTER_ERROR,
        job_error="SerialTimeoutException",
        sd_ready=None,
    ),
    "error_fatal_while_idle": Expected(
        state=State.OFFLINE_AFTER_ERROR,
        job_error="fatal: Heater/sensor error - Printer stopped and heaters disabled "
        "due to this error. Fix error and restart with M999.",
        sd_ready=None,
    ),
    "error_fatal_while_printing": Expected(
        state=State.OFFLINE_AFTER_ERROR,
        job_error=RUNAWAY,
        error=(RUNAWAY, "firmware", "emergency"),
        sd_ready=None,
    ),
    "finishing": Expected(
        state=State.FINISHING,
        heaters=COLD,
        file="short.gcode",
        completion=100,
        print_time=3,
        left=0,
        is_running=True,
    ),
    "heating": Expected(
        state=State.PRINTING,
        heaters={"bed": (41.33, 45), "tool0": (21.3, 0)},
        file="Heater Test.gcode",
        completion=1.6333938294010888,
        print_time=0,
        left=3,
        is_running=True,
    ),
    "just_connected_no_temps_yet": Expected(state=State.OPERATIONAL),
    "multi_heating": Expected(
        state=State.OPERATIONAL,
        heaters={
            "bed": (25.56, 45),
            "chamber": (37.91, 40),
            "tool0": (32.25, 60),
            "tool1": (32.23, 55),
        },
        file="long.gcode",
    ),
    "multi_idle_custom_sensors": Expected(
        state=State.OPERATIONAL,
        heaters={
            "bed": (21.3, 0),
            "chamber": (21.3, 0),
            "tool0": (21.79, 0),
            "tool1": (21.8, 0),
        },
        file="long.gcode",
    ),
    "multi_printing": Expected(
        state=State.PRINTING,
        heaters={
            "bed": (44.99, 45),
            "chamber": (40, 40),
            "tool0": (59.98, 60),
            "tool1": (54.99, 55),
        },
        file="dual.gcode",
        completion=64.28374275462325,
        print_time=2,
        left=1,
        is_running=True,
    ),
    "no_targets_reported": Expected(
        state=State.OPERATIONAL,
        heaters={"bed": (21.3, None), "tool0": (21.3, None)},
    ),
    "operational_idle_file_selected": Expected(
        state=State.OPERATIONAL, heaters=COLD, file=MAIN
    ),
    "operational_idle_no_file": Expected(state=State.OPERATIONAL, heaters=COLD),
    "paused": Expected(
        state=State.PAUSED,
        heaters={"bed": (21.79, 0), "tool0": (24.53, 30)},
        file=MAIN,
        completion=62.2437264228309,
        print_time=4,
        left=2,
        is_running=True,
    ),
    "paused_sd": Expected(
        state=State.PAUSED,
        heaters=OFF,
        file="sdtest~1.gco",
        completion=72.87248691820434,
        print_time=6,
        left=2,
        is_running=True,
    ),
    "pausing": Expected(
        state=State.PAUSING,
        heaters={"bed": (21.79, 0), "tool0": (21.79, 30)},
        file=MAIN,
        completion=62.2437264228309,
        print_time=4,
        left=2,
        is_running=True,
    ),
    "printing_local": Expected(
        state=State.PRINTING,
        heaters={"bed": (21.79, 0), "tool0": (21.79, 0)},
        file=MAIN,
        completion=58.84861407249466,
        print_time=4,
        left=2,
        is_running=True,
    ),
    "printing_sd": Expected(
        state=State.PRINTING,
        heaters=OFF,
        file="sdtest~1.gco",
        completion=50.75736711649683,
        print_time=1,
        left=1,
        is_running=True,
    ),
    "resuming": Expected(
        state=State.RESUMING,
        heaters={"bed": (21.79, 0), "tool0": (24.53, 30)},
        file=MAIN,
        completion=62.2437264228309,
        print_time=4,
        left=2,
        is_running=True,
    ),
    "sd_released": Expected(state=State.OPERATIONAL, heaters=OFF, sd_ready=False),
    # The firmware reports a second tool, but both share one heater.
    "shared_nozzle_no_bed_no_sd": Expected(
        state=State.OPERATIONAL, heaters={"tool0": (21.3, 0)}, sd_ready=None
    ),
    "starting": Expected(
        state=State.STARTING, heaters=COLD, file="short.gcode", is_running=True
    ),
    "starting_or_heating_first": Expected(
        state=State.PRINTING,
        heaters={"bed": (21.32, 45), "tool0": (21.3, 0)},
        file="Heater Test.gcode",
        completion=1.6333938294010888,
        print_time=0,
        left=3,
        is_running=True,
    ),
    "transferring_to_sd": Expected(
        state=State.TRANSFERRING_FILE,
        heaters=OFF,
        file="sd_lon~1.gco",
        completion=15.835229384114896,
        print_time=0,
    ),
}


async def poll(client: OctoPrintClient) -> Snapshot:
    """Return the snapshot that one poll of the server makes."""
    try:
        printer = await client.printer.get()
    except OctoPrintConflictError:
        printer = None
    return advance(
        None,
        Memory(),
        server=ServerData(
            server=await client.server.get(),
            user=await client.access.current_user(),
            settings=await client.settings.get(),
            profiles=await client.profiles.list(),
            commands=await client.system.commands(),
        ),
        connection=await client.connection.get(),
        job=await client.job.get(),
        printer=printer,
        error=await client.printer.error(),
        now=NOW,
    )


def test_all_are_here() -> None:
    assert sorted(EXPECTED) == state_folders()


@pytest.mark.parametrize("folder", state_folders())
async def test_recorded_state(
    client: OctoPrintClient, fake: FakeOctoPrint, folder: str
) -> None:
    fake.load(folder)
    snapshot = await poll(client)
    error = snapshot.error
    job = snapshot.job
    running = snapshot.memory.running
    assert Expected(
        state=snapshot.state,
        heaters={
            name: (heater.actual, heater.target)
            for name, heater in snapshot.heaters.items()
        },
        file=job.file.name if job.file else None,
        completion=job.progress.completion,
        print_time=job.progress.print_time,
        left=job.progress.print_time_left,
        job_error=job.error,
        error=(error.error, error.reason, error.consequence) if error else None,
        sd_ready=snapshot.sd_ready,
        is_running=running is not None,
    ) == (expected := EXPECTED[folder])
    assert snapshot.is_connected is (
        expected.state not in {State.OFFLINE, State.OFFLINE_AFTER_ERROR}
    )
    assert snapshot.is_busy is (
        expected.is_running or expected.state is State.TRANSFERRING_FILE
    )
    assert snapshot.is_heating is any(target for _, target in expected.heaters.values())
    # Nothing was running before, so nothing has ended.
    assert snapshot.memory.last_print is None
