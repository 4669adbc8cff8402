"""Test action commands: the printer's questions, their answers, and its notices."""

import asyncio
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintPluginError,
)
from custom_components.octoprint_plus.api.plugins.action_command import (
    Prompt,
    PromptClosed,
    PromptShown,
    parse_prompt_message,
)
from tests.fake_octoprint import FakeOctoPrint

PROMPT = "/api/plugin/action_command_prompt"
NOTIFICATION = "/api/plugin/action_command_notification"
QUESTION = {"text": "Filament runout", "choices": ["Continue", "Abort"]}
ASKED = Prompt(text="Filament runout", choices=("Continue", "Abort"))


async def test_prompt(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", PROMPT, json=None)
    assert await client.plugins.action_command.prompt() is None
    fake.answer("GET", PROMPT, json=QUESTION)
    assert await client.plugins.action_command.prompt() == ASKED


@pytest.mark.parametrize("answer", [[], "x", 1])
async def test_prompt_junk(
    client: OctoPrintClient, fake: FakeOctoPrint, answer: Any
) -> None:
    fake.answer("GET", PROMPT, json=answer)
    with pytest.raises(OctoPrintPluginError):
        await client.plugins.action_command.prompt()


async def test_select(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", PROMPT, json=QUESTION)
    fake.answer("POST", PROMPT, status=204)
    selecting = asyncio.create_task(client.plugins.action_command.select(ASKED, 1))
    while not fake.commands():
        await asyncio.sleep(0)
    # OctoPrint closes the question before it answers.
    fake.answer("GET", PROMPT, json=None)
    await selecting
    assert fake.commands() == [(PROMPT, {"command": "select", "choice": 1})]


async def test_select_not_passed_on(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """OctoPrint takes an answer for a firmware that understands none."""
    fake.answer("GET", PROMPT, json=QUESTION)
    fake.answer("POST", PROMPT, status=204)
    with pytest.raises(OctoPrintConflictError, match="pass"):
        await client.plugins.action_command.select(ASKED, 0)


@pytest.mark.parametrize("now", [None, {"text": "Door open", "choices": ["Continue"]}])
async def test_select_too_late(
    client: OctoPrintClient, fake: FakeOctoPrint, now: Any
) -> None:
    """An answer never goes to another question than the one that was read."""
    fake.answer("GET", PROMPT, json=now)
    with pytest.raises(OctoPrintConflictError, match="any more"):
        await client.plugins.action_command.select(ASKED, 0)
    assert fake.commands() == []


@pytest.mark.parametrize("choice", [-1, 2])
async def test_select_no_choice(
    client: OctoPrintClient, fake: FakeOctoPrint, choice: int
) -> None:
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.action_command.select(ASKED, choice)
    assert fake.requests == []


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", PROMPT, status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.plugins.action_command.prompt()
    assert caught.value.permission == "PLUGIN_ACTION_COMMAND_PROMPT_INTERACT"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"action": "show", **QUESTION}, PromptShown(prompt=ASKED)),
        (
            {"action": "show", "text": "", "choices": ["", None]},
            PromptShown(prompt=Prompt(text="", choices=("", ""))),
        ),
        (
            {"action": "show", "text": "Wait"},
            PromptShown(prompt=Prompt(text="Wait", choices=())),
        ),
        ({"action": "close"}, PromptClosed()),
        ({"action": "show"}, None),
        ({}, None),
    ],
)
def test_prompt_messages(data: dict[str, Any], message: object) -> None:
    assert parse_prompt_message(data) == message
