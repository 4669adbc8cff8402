"""What scripts/demo --check sees through Home Assistant's own API."""

from collections.abc import Callable, Mapping
from typing import Any

from .home_assistant import HomeAssistant
from .octoprint import OctoPrintServer


async def check(
    octoprint: OctoPrintServer, home_assistant: HomeAssistant, entry_id: str
) -> None:
    """See that the print progresses, and that pause and resume work; a LabError says what does not."""
    state = await home_assistant.entity_id(entry_id, "sensor", "state")
    progress = await home_assistant.entity_id(entry_id, "sensor", "progress")
    pause = await home_assistant.entity_id(entry_id, "button", "pause")
    resume = await home_assistant.entity_id(entry_id, "button", "resume")

    seen = await home_assistant.wait_for(state, "printing")
    print(f"{state} is {seen['state']}")

    first = await home_assistant.wait_for(progress, _is_over(0))
    print(f"{progress} is {first['state']} %")
    second = await home_assistant.wait_for(progress, _is_over(float(first["state"])))
    print(f"{progress} is {second['state']} %")

    for button, word, text in (
        (pause, "paused", "Paused"),
        (resume, "printing", "Printing"),
    ):
        await home_assistant.call("button", "press", {"entity_id": button})
        print(f"pressed {button}")
        print(f"OctoPrint says {await octoprint.wait_state(text)}")
        seen = await home_assistant.wait_for(state, word)
        print(f"{state} is {seen['state']}", flush=True)


def _is_over(number: float) -> Callable[[Mapping[str, Any]], bool]:
    def is_over(state: Mapping[str, Any]) -> bool:
        try:
            return float(state["state"]) > number
        except ValueError:
            return False

    return is_over
