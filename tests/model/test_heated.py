"""Tests of what is right to restore, where something was heated for a while."""

import pytest

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.api.printer import Heater
from custom_components.octoprint_plus.model.heated import (
    Heated,
    Observation,
    restored_target,
)


@pytest.mark.parametrize(
    ("state", "earlier", "expected"),
    [
        # Its nozzle was switched off in the pause, and a print that goes on needs it hot.
        (State.RESUMING, 0.0, None),
        (State.PRINTING, 0.0, None),
        (State.PAUSED, 0.0, 0.0),
        (State.PRINTING, 190.0, 190.0),
        (State.PAUSED, 190.0, 190.0),
        (State.CANCELLING, 190.0, 0.0),
        (State.OPERATIONAL, 190.0, 0.0),
    ],
)
def test_paused_print_is_never_cooled_as_it_goes_on(
    state: State, earlier: float, expected: float | None
) -> None:
    """Test what is restored after a filament change in a pause."""
    heated = Heated(
        heater="tool0", temperature=210, earlier=earlier, file="a.gcode", print_time=100
    )
    is_printing = state is not State.OPERATIONAL
    now = Observation(
        state=state,
        heater=Heater(actual=210, target=210),
        file="a.gcode" if is_printing else None,
        print_time=101 if is_printing else None,
    )
    assert restored_target(heated, now, keeps_earlier=True) == expected
