"""State: what the printer does, by whichever words OctoPrint has for it."""

from enum import StrEnum

from .printer import Flags


class State(StrEnum):
    """The printer's state, after OctoPrint's own state ids."""

    CANCELLING = "cancelling"
    CONNECTING = "connecting"
    DETECT_SERIAL = "detect_serial"
    ERROR = "error"
    FINISHING = "finishing"
    OFFLINE = "offline"
    OFFLINE_AFTER_ERROR = "offline_after_error"
    OPEN_SERIAL = "open_serial"
    OPERATIONAL = "operational"
    OTHER = "other"
    """One that we do not know. It may be a print, and counts as one for what would harm it."""

    PAUSED = "paused"
    PAUSING = "pausing"
    PRINTING = "printing"
    RESUMING = "resuming"
    STARTING = "starting"
    TRANSFERRING_FILE = "transferring_file"


STATES_BY_TEXT = {
    "Cancelling": State.CANCELLING,
    "Closed": State.OFFLINE,
    "Connecting": State.CONNECTING,
    "Detecting": State.DETECT_SERIAL,
    "Detecting serial connection": State.DETECT_SERIAL,
    "Error": State.ERROR,
    "Finishing": State.FINISHING,
    "Offline": State.OFFLINE,
    "Offline after error": State.OFFLINE_AFTER_ERROR,
    "Opening serial connection": State.OPEN_SERIAL,
    "Operational": State.OPERATIONAL,
    "Paused": State.PAUSED,
    "Pausing": State.PAUSING,
    "Printing": State.PRINTING,
    "Printing from SD": State.PRINTING,
    "Resuming": State.RESUMING,
    "Sending file to SD": State.TRANSFERRING_FILE,
    "Starting": State.STARTING,
    "Starting print from SD": State.STARTING,
    "Starting to send file to SD": State.TRANSFERRING_FILE,
    "Transferring file to SD": State.TRANSFERRING_FILE,
    "Transferring file to printer": State.TRANSFERRING_FILE,
}

# The ids are the states' own names save for these.
STATES_BY_ID = {state.name: state for state in State if state is not State.OTHER} | {
    "CLOSED": State.OFFLINE,
    "CLOSED_WITH_ERROR": State.OFFLINE_AFTER_ERROR,
    "DETECTING": State.DETECT_SERIAL,
    "NONE": State.OFFLINE,
    "TRANSFERING_FILE": State.TRANSFERRING_FILE,
}

OFFLINE_STATES = frozenset({State.ERROR, State.OFFLINE, State.OFFLINE_AFTER_ERROR})

CONNECTING_STATES = frozenset(
    {State.CONNECTING, State.DETECT_SERIAL, State.OPEN_SERIAL}
)

JOB_STATES = frozenset(
    {
        State.CANCELLING,
        State.FINISHING,
        State.PAUSED,
        State.PAUSING,
        State.PRINTING,
        State.RESUMING,
        State.STARTING,
    }
)

BUSY_STATES = JOB_STATES | {State.OTHER, State.TRANSFERRING_FILE}


def parse_state_id(state_id: str | None) -> State | None:
    """Return the state by the id that events carry, None for one that we do not know."""
    return None if state_id is None else STATES_BY_ID.get(state_id)


def parse_state_text(text: str | None) -> State | None:
    """Return the state by its text, None for one that we do not know."""
    if text is None:
        return None
    if text.startswith("Error:"):
        return State.ERROR
    return STATES_BY_TEXT.get(text)


def parse_state(text: str | None, flags: Flags | None = None) -> State:
    """Return the state by its text, else by the flags that a translation leaves alone."""
    if (state := parse_state_text(text)) is not None:
        return state
    if flags is None:
        return State.OTHER
    by_flag = (
        (flags.cancelling, State.CANCELLING),
        (flags.finishing, State.FINISHING),
        (flags.pausing, State.PAUSING),
        (flags.resuming, State.RESUMING),
        (flags.paused, State.PAUSED),
        (flags.printing, State.PRINTING),
        (flags.ready, State.OPERATIONAL),
        (flags.error, State.ERROR),
        (flags.closed_or_error, State.OFFLINE),
    )
    return next((state for is_set, state in by_flag if is_set), State.OTHER)
