"""Tests of the demo."""

import asyncio
import os

import pytest

from scripts.lab.server import ROOT

pytestmark = pytest.mark.live


async def test_check() -> None:
    """Test that the demo's own check passes, and says what it saw."""
    process = await asyncio.create_subprocess_exec(
        ROOT / "scripts/demo",
        "--check",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    assert "is paused" in text, text
    assert text.count("is printing") == 2, text
