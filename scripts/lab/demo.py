"""The demo: an OctoPrint that prints, and a Home Assistant that shows it."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
import signal
import sys
import tempfile

from .check import check
from .home_assistant import HomeAssistant
from .home_assistant_config import DOMAIN
from .integration import add_printer
from .octoprint import OctoPrintServer
from .octoprint_config import OctoPrintOptions
from .sample_print import SAMPLE_NAME, sample_print
from .server import ROOT, LabError, free_port

USERNAME = "admin"
PASSWORD = "octoprint"
PRINT_SECONDS = 600

# With this code Home Assistant asks to be started again.
RESTART = 100


def servers(
    folder: Path, octoprint_port: int, home_assistant_port: int
) -> tuple[OctoPrintServer, HomeAssistant]:
    """Return the demo's two servers with their data in a folder."""
    octoprint = OctoPrintServer(
        folder / "octoprint",
        port=octoprint_port,
        options=OctoPrintOptions(name="Workshop printer", admin_password=PASSWORD),
    )
    home_assistant = HomeAssistant(
        folder / "home-assistant",
        port=home_assistant_port,
        username=USERNAME,
        password=PASSWORD,
    )
    return octoprint, home_assistant


async def start(
    stack: AsyncExitStack, octoprint: OctoPrintServer, home_assistant: HomeAssistant
) -> str:
    """Start both servers, the print and the integration; return the integration's config entry."""
    say(f"starting {octoprint.title}")
    await stack.enter_async_context(octoprint)
    await start_print(octoprint)
    say(f"starting {home_assistant.title}")
    await stack.enter_async_context(home_assistant)
    if entries := await home_assistant.entries(DOMAIN):
        entry_id = str(entries[0]["entry_id"])
        await reach(home_assistant, octoprint, entry_id)
        return entry_id
    say("adding the printer to Home Assistant")
    return await add_printer(home_assistant, octoprint)


async def start_print(octoprint: OctoPrintServer) -> None:
    """Start the sample print; on a second start the file is there, with its history."""
    known = await octoprint.request("GET", "/api/files/local")
    if SAMPLE_NAME in [file["name"] for file in known["files"]]:
        await octoprint.request(
            "POST",
            f"/api/files/local/{SAMPLE_NAME}",
            json={"command": "select", "print": True},
        )
    else:
        await octoprint.upload(SAMPLE_NAME, sample_print(PRINT_SECONDS), print_=True)


async def reach(
    home_assistant: HomeAssistant, octoprint: OctoPrintServer, entry_id: str
) -> None:
    """Give Home Assistant the port that OctoPrint has this time."""
    step = await home_assistant.flow_start(DOMAIN, entry_id=entry_id)
    step = await home_assistant.flow_step(
        step["flow_id"], {"url": octoprint.url, "verify_ssl": True}
    )
    if step.get("reason") != "reconfigure_successful":
        raise LabError(f"the dialog that changes the address ends at {step}")
    await home_assistant.wait_entry(entry_id)


async def demo() -> int:
    """Run both servers until they are told to end."""
    octoprint, home_assistant = servers(
        ROOT / ".demo", free_port(5000), free_port(8123)
    )
    async with AsyncExitStack() as stack:
        await start(stack, octoprint, home_assistant)
        say("")
        say(f"Home Assistant   {home_assistant.url}")
        say(f"OctoPrint        {octoprint.url}")
        say(f"Both log-ins     {USERNAME} / {PASSWORD}")
        say(f"{SAMPLE_NAME} prints for {PRINT_SECONDS // 60} minutes.")
        say("Ctrl-C ends both.")
        return await until_one_ends(octoprint, home_assistant)


async def until_one_ends(
    octoprint: OctoPrintServer, home_assistant: HomeAssistant
) -> int:
    """Wait until a server ends by itself, and start Home Assistant again where its user wants that."""
    while True:
        ends = {
            asyncio.create_task(server.ended()): server
            for server in (octoprint, home_assistant)
        }
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        task, server = next((task, ends[task]) for task in ends if task.done())
        if server is not home_assistant or task.result() != RESTART:
            say(f"{server.title} has ended with {task.result()}:\n{server.tail()}")
            return 1
        say("Home Assistant restarts")
        await home_assistant.restart()


async def run_check() -> int:
    """Start the same in a folder of its own, and see that it works."""
    with tempfile.TemporaryDirectory(prefix="octoprint-plus-") as folder:
        octoprint, home_assistant = servers(Path(folder), free_port(), free_port())
        async with AsyncExitStack() as stack:
            entry_id = await start(stack, octoprint, home_assistant)
            await check(octoprint, home_assistant, entry_id)
            say("stopping both")
    say("the demo works")
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)


async def run(arguments: argparse.Namespace) -> int:
    """Run until done, or until a signal ends it in order."""
    task = asyncio.create_task(run_check() if arguments.check else demo())

    def end() -> None:
        # A second signal must not break off the stopping that the first one began.
        if not task.cancelling():
            task.cancel()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, end)
    try:
        return await task
    except asyncio.CancelledError:
        say("\nboth have ended")
        return 1 if arguments.check else 0
    except LabError as err:
        say(f"failed: {err}")
        return 1


def main() -> int:
    """Run the demo or its check."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="start it all in a temporary folder, see that it works, and stop",
    )
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
