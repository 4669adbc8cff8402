"""Sets up the integration as a person would, through Home Assistant's own dialogs."""

from typing import Any

from .home_assistant import HomeAssistant
from .home_assistant_config import DOMAIN
from .octoprint import OctoPrintServer
from .octoprint_config import ADMIN_KEY
from .server import LabError


async def add_printer(
    home_assistant: HomeAssistant,
    octoprint: OctoPrintServer,
    *,
    api_key: str = ADMIN_KEY,
    approve: bool = False,
    name: str | None = None,
) -> str:
    """Add an OctoPrint by a pasted API key, or by an application key approved there; return the entry's id."""
    answers: dict[str, dict[str, Any]] = {
        "user": {"url": octoprint.url.removeprefix("http://"), "verify_ssl": True},
        "auth": {"next_step_id": "app_key" if approve else "api_key"},
        "api_key": {"api_key": api_key},
        "name": {"name": name or octoprint.options.name},
        "name_limited": {"name": name or octoprint.options.name},
    }
    step = await home_assistant.flow_start(DOMAIN)
    while step["type"] != "create_entry":
        answer = answers.pop(step.get("step_id", ""), None)
        if step["type"] == "progress":
            await octoprint.approve_app_key()
            step = await home_assistant.flow_after_progress(step["flow_id"])
        elif answer is not None and not step.get("errors"):
            step = await home_assistant.flow_step(step["flow_id"], answer)
        else:
            raise LabError(f"the dialog that adds a printer ends at {step}")
    entry_id = str(step["result"]["entry_id"])
    await home_assistant.wait_entry(entry_id)
    return entry_id
