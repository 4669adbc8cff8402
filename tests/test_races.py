"""Tests of the kind "check, wait, act": nothing that harms a print is sent once it has begun.

A print begins after each single request of a command, which is every moment that there is.
Nothing lies between the last look at the job and the command that follows it, so the print may
only win that race; OctoPrint itself guards some of these.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import AsyncMock, patch

from _pytest.mark import ParameterSet
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api import PluginTold
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .fake_octoprint import FakeOctoPrint, Request
from .recorded import Answer, json_answer
from .waiting import refresh, until

LOOK = "GET /api/job"

PSU = "/api/plugin/psucontrol"

# What is allowed beside a print: the socket's session, and what only tells something.
HARMLESS = frozenset({"/api/login", "/plugin/softwareupdate/check"})

HARMFUL: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (DOMAIN, "connect", {}),
    (DOMAIN, "disconnect", {}),
    (DOMAIN, "extrude", {"amount": 5, "tool": 1}),
    (DOMAIN, "home", {}),
    (DOMAIN, "jog", {"x": 1}),
    (DOMAIN, "run_system_command", {"source": "core", "action": "restart"}),
    (DOMAIN, "select_tool", {"tool": 1}),
    (DOMAIN, "set_timelapse", {"type": "off"}),
    (DOMAIN, "turn_off_psu", {}),
    ("button", "press", {"entity_id": "button.prusa_auto_bed_level"}),
    ("button", "press", {"entity_id": "button.prusa_home_all_axes"}),
    ("button", "press", {"entity_id": "button.prusa_measure_bed_mesh"}),
    ("button", "press", {"entity_id": "button.prusa_restart_octoprint"}),
    ("button", "press", {"entity_id": "button.prusa_motors_off"}),
    ("select", "select_option", {"entity_id": "select.prusa_active_tool", "option": "tool1"}),
    ("switch", "turn_off", {"entity_id": "switch.prusa_mesh_leveling"}),
    ("switch", "turn_off", {"entity_id": "switch.prusa_power_supply"}),
    ("switch", "turn_off", {"entity_id": "switch.prusa_printer_connection"}),
)  # fmt: skip


# What begins a print itself, or puts another file in its place.
STARTING: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (DOMAIN, "print_file", {"path": "test_main.gcode"}),
    (DOMAIN, "select_file", {"path": "test_main.gcode"}),
    (DOMAIN, "unselect_file", {}),
    ("button", "press", {"entity_id": "button.prusa_start_print"}),
)


class Race:
    """A server on which a print begins after so many requests."""

    def __init__(self, fake: FakeOctoPrint) -> None:
        """Take a server that is idle."""
        self.fake = fake
        self.requests: list[str] = []
        self.late: list[str] = []
        """What was sent that changes something after the print had begun."""

        self.begins_after: int | None = None
        self.fails_at: int | None = None
        """The request that is answered by a failure instead."""

        self.failure = Answer(502)

        self.reply = fake.reply
        """What the server answers without a race."""

        fake.reply = self.answer
        self.idle = fake.json("GET", "/api/job"), fake.json("GET", "/api/printer")
        self._is_printing = False

    def reset(self, begins_after: int | None) -> None:
        """Let it be idle again."""
        self.requests.clear()
        self.late.clear()
        self.begins_after = begins_after
        self.fails_at = None
        self._is_printing = False
        for path, answer in zip(("job", "printer"), self.idle, strict=True):
            self.fake.answer("GET", f"/api/{path}", json=answer)

    def answer(self, request: Request, target: str) -> Answer:
        """Answer a request, then let the print begin."""
        name = f"{request.method} {request.path}"
        answer = self.reply(request, target)
        self.requests.append(name)
        if len(self.requests) == self.fails_at:
            return self.failure
        if request.method != "GET" and request.path not in HARMLESS:
            if self._is_printing:
                self.late.append(name)
            if request.json == {"command": "disconnect"}:
                # What waits for the end of the connection need not wait long.
                job, _ = self.idle
                self.fake.answer("GET", "/api/job", json=job | {"state": "Offline"})
        if len(self.requests) == self.begins_after:
            self.begin()
        return answer

    def begin(self) -> None:
        """Let the print begin."""
        self._is_printing = True
        job, printer = self.idle
        self.fake.answer("GET", "/api/job", json=job | {"state": "Printing"})
        flags = printer["state"]["flags"] | {"printing": True, "ready": False}
        state = {"text": "Printing", "flags": flags}
        self.fake.answer("GET", "/api/printer", json=printer | {"state": state})


@pytest.fixture
async def race(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry_enabled_by_default: None,
) -> AsyncGenerator[Race]:
    """Return an idle and cold printer with two tools, and all plugins that may harm a print."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"] |= {
        "bedlevelvisualizer": {"command": "G28\n@BEDLEVELVISUALIZER\nG29 T"},
        "psucontrol": {"switchingMethod": "GCODE", "sensingMethod": "INTERNAL"},
    }
    fake.answer("GET", "/api/settings", json=settings)
    fake.answer("GET", PSU, json={"isPSUOn": False})
    fake.answer("POST", PSU, status=204)
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["_default"]["extruder"]["count"] = 2
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    printer = fake.json("GET", "/api/printer")
    cold = {"actual": 20.0, "target": 0.0, "offset": 0}
    printer["temperature"] = dict.fromkeys(("bed", "tool0", "tool1"), cold)
    fake.answer("GET", "/api/printer", json=printer)
    timelapse = {
        "config": {"type": "timed", "interval": 5, "fps": 25, "postRoll": 0},
        "enabled": True,
        "files": [],
        "unrendered": [],
    }
    for request in ("/api/timelapse", "/api/timelapse?unrendered=true"):
        fake.answer("GET", request, json=timelapse)
    fake.answer("POST", "/api/timelapse", json=timelapse | {"config": {"type": "off"}})
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await until(lambda: config_entry.runtime_data.data.plugins.psu is not None)
    await hass.async_block_till_done()
    yield Race(fake)
    await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize("is_pushed", [False, True], ids=["polled", "pushed"])
@pytest.mark.parametrize(("domain", "service", "data"), HARMFUL)
async def test_race_of_a_print_with_what_harms_it(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    race: Race,
    domain: str,
    service: str,
    data: dict[str, Any],
    is_pushed: bool,
) -> None:
    """Whenever the print begins, nothing is sent into it."""
    coordinator = config_entry.runtime_data

    async def run(begins_after: int | None) -> HomeAssistantError | None:
        race.reset(None)
        await refresh(hass, config_entry)
        race.reset(begins_after)
        # What is pushed lags behind: here it tells nothing at all of the print.
        coordinator.listener.is_pushed = is_pushed
        try:
            await hass.services.async_call(domain, service, data, blocking=True)
        except HomeAssistantError as err:
            return err
        finally:
            coordinator.listener.is_pushed = False
            await hass.async_block_till_done()
        return None

    with (
        patch.object(coordinator.listener.push, "hurry", AsyncMock()),
        patch.object(coordinator, "async_after_command", AsyncMock()),
        patch("custom_components.octoprint_plus.commands.connect.DISCONNECT_PACE", 0),
    ):
        assert await run(None) is None
        undisturbed = list(race.requests)
        first = next(
            index
            for index, name in enumerate(undisturbed)
            if not name.startswith("GET") and name.split()[1] not in HARMLESS
        )
        assert LOOK in undisturbed[:first]
        looked = max(i for i, name in enumerate(undisturbed[:first]) if name == LOOK)
        if not set(undisturbed[looked + 1 : first]) <= {"GET /api/printer"}:
            # What reads anything else in between looks at the printer's flags last.
            looked = first - 1
            assert undisturbed[looked] == "GET /api/printer"
        for moment in range(1, looked + 1):
            err = await run(moment)
            assert race.late == [], moment
            assert err is not None, moment


@pytest.mark.parametrize(
    "failure",
    [Answer(502), json_answer({"error": "Forbidden"}, 403)],
    ids=["away", "refused"],
)
@pytest.mark.parametrize(
    ("is_pushed", "is_talking"),
    [(False, False), (True, False), (True, True)],
    ids=["polled", "pushed", "talking"],
)
@pytest.mark.parametrize(("domain", "service", "data"), HARMFUL + STARTING)
async def test_print_of_which_nobody_tells(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    race: Race,
    domain: str,
    service: str,
    data: dict[str, Any],
    is_pushed: bool,
    is_talking: bool,
    failure: Answer,
) -> None:
    """Whichever request fails, nothing is sent into a print that was not told of before."""
    coordinator = config_entry.runtime_data
    race.failure = failure
    with (
        patch.object(coordinator.listener.push, "hurry", AsyncMock()),
        patch.object(coordinator, "async_after_command", AsyncMock()),
    ):
        fails_at = 1
        while True:
            race.reset(None)
            await refresh(hass, config_entry)
            race.reset(None)
            race.begin()
            race.fails_at = fails_at
            coordinator.listener.is_pushed = is_pushed
            if is_talking:
                # What has nothing to do with the print, a moment ago.
                psu = coordinator.data.plugins.psu
                coordinator.async_receive(PluginTold(message=psu))
            with pytest.raises(HomeAssistantError):
                await hass.services.async_call(domain, service, data, blocking=True)
            coordinator.listener.is_pushed = False
            await hass.async_block_till_done()
            assert race.late == [], fails_at
            if len(race.requests) < fails_at:
                break
            fails_at += 1
    assert fails_at > 1


class Course:
    """A printer that goes through states, one with each request from a certain one on."""

    def __init__(self, race: Race) -> None:
        """Take a server that is idle."""
        self._fake = race.fake
        self._reply = race.reply
        self._idle = race.idle
        self.requests: list[str] = []
        self.late: list[tuple[str, str]] = []
        """What was sent into a print that was known by then, or not looked for, and its state."""

        self.state = "Operational"
        self._states: tuple[str, ...] = ()
        self._begins_after = 0
        self._allowed: frozenset[str] = frozenset()
        self._seen = ""
        self._sent = 0
        race.fake.reply = self.answer

    def reset(
        self, states: tuple[str, ...], begins_after: int, allowed: frozenset[str]
    ) -> None:
        """Begin with the first state, and go on to the next after so many requests."""
        self.requests.clear()
        self.late.clear()
        self._states = states
        self._begins_after = begins_after
        self._allowed = allowed
        self._seen = ""
        self._sent = 0
        self.show()

    def show(self) -> None:
        """Let the answers tell what is so now."""
        passed = max(0, len(self.requests) - self._begins_after + 1)
        self.state = self._states[min(passed, len(self._states) - 1)]
        job, printer = self._idle
        self._fake.answer("GET", "/api/job", json=job | {"state": self.state})
        flags = printer["state"]["flags"] | {
            "cancelling": self.state == "Cancelling",
            "finishing": self.state == "Finishing",
            "paused": self.state == "Paused",
            "pausing": self.state == "Pausing",
            "printing": self.state in ("Printing", "Starting", "Resuming"),
            "ready": self.state == "Operational",
        }
        state = {"text": self.state, "flags": flags}
        self._fake.answer("GET", "/api/printer", json=printer | {"state": state})

    def answer(self, request: Request, target: str) -> Answer:
        """Answer a request, then go on."""
        name = f"{request.method} {request.path}"
        answer = self._reply(request, target)
        if name == LOOK:
            self._seen = self.state
            self._sent = 0
        if request.method != "GET" and request.path not in HARMLESS:
            self._sent += 1
            is_known = self._seen not in self._allowed or self._sent > 1
            if self.state not in self._allowed and is_known:
                self.late.append((name, self.state))
            if request.json == {"command": "disconnect"}:
                self._states = ("Offline",)
                self._allowed |= {"Offline"}
        self.requests.append(name)
        self.show()
        return answer


COURSES: dict[str, tuple[str, ...]] = {
    "begins": ("Operational", "Starting", "Printing"),
    "ends": ("Printing", "Finishing", "Operational"),
    "pauses": ("Printing", "Pausing", "Paused"),
    "resumes": ("Paused", "Resuming", "Printing"),
    "is_canceled": ("Printing", "Cancelling", "Operational"),
    "is_canceled_in_a_pause": ("Paused", "Cancelling", "Operational"),
    "ends_before_another": ("Printing", "Operational", "Starting", "Printing"),
}


def courses() -> Iterator[ParameterSet]:
    """Yield each action with each course, told of in both ways.

    With each commit it is one of the fourteen; all others are left for the slow run.
    """
    ways = [(course, is_pushed) for course in COURSES for is_pushed in (False, True)]
    for number, (domain, service, data) in enumerate(HARMFUL + STARTING):
        for turn, (course, is_pushed) in enumerate(ways):
            is_quick = (number + turn) % len(ways) == 0
            how = "pushed" if is_pushed else "polled"
            yield pytest.param(
                domain,
                service,
                data,
                course,
                is_pushed,
                id=f"{domain}-{service}-{number}-{course}-{how}",
                marks=() if is_quick else pytest.mark.slow,
            )


@pytest.mark.parametrize(
    ("domain", "service", "data", "course", "is_pushed"), courses()
)
async def test_race_of_a_course_with_what_harms_it(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    race: Race,
    domain: str,
    service: str,
    data: dict[str, Any],
    course: str,
    is_pushed: bool,
) -> None:
    """Whatever becomes of a print at whichever moment, nothing is sent that harms it."""
    coordinator = config_entry.runtime_data
    printer = Course(race)
    states = COURSES[course]
    # OctoPrint moves the head by hand in a pause.
    allowed = {"Operational", "Paused"} if service == "jog" else {"Operational"}
    with (
        patch.object(coordinator.listener.push, "hurry", AsyncMock()),
        patch.object(coordinator, "async_after_command", AsyncMock()),
        patch("custom_components.octoprint_plus.commands.connect.DISCONNECT_PACE", 0),
    ):
        moment = 0
        while moment <= len(printer.requests):
            printer.reset(states[:1], 0, frozenset(allowed))
            await refresh(hass, config_entry)
            printer.reset(states, moment + 1, frozenset(allowed))
            coordinator.listener.is_pushed = is_pushed
            try:
                with suppress(HomeAssistantError):
                    await hass.services.async_call(domain, service, data, blocking=True)
            finally:
                coordinator.listener.is_pushed = False
                await hass.async_block_till_done()
            assert printer.late == [], (moment, printer.requests)
            moment += 1
        assert moment > 1 or printer.requests == []
