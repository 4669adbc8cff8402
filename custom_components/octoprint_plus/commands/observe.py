"""Reading what a printer does at one moment.

A snapshot may be some seconds old, so this reads the server itself (GET /api/printer,
GET /api/job).
"""

from ..api import (
    JOB_STATES,
    OctoPrintClient,
    OctoPrintConflictError,
    State,
    parse_state,
)
from ..model.heated import UNKNOWN, Observation


async def observe(client: OctoPrintClient, heater: str) -> Observation:
    """Read what a printer does now.

    Raises OctoPrintConflictError where it is not connected, or gets a file, so that
    nothing can be sent to it.
    """
    job = await client.job.get()
    while True:
        # Between two looks at the same job lie its own temperatures.
        printer, before = await client.printer.get(), job
        job = await client.job.get()
        if (job.state, job.file) == (before.state, before.file):
            break
    state = parse_state(job.state, printer.flags)
    if state not in JOB_STATES | {State.OPERATIONAL}:
        raise OctoPrintConflictError(f"The printer is {job.state}")
    is_printing = state in JOB_STATES
    return Observation(
        state=state,
        heater=printer.heaters.get(heater, UNKNOWN),
        file=job.file.path if is_printing and job.file else None,
        print_time=job.progress.print_time if is_printing else None,
    )
