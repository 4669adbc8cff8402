"""Test that what fails at first on real servers is run once more, told and counted."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

from tests.live.reruns import MOST

ROOT = Path(__file__).parents[1]

CONFTEST = """\
from tests.live.reruns import pytest_sessionfinish, pytest_terminal_summary
"""

TESTS = """\
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_hiccup(number):
    begun = Path(__file__).with_name(f"{{number}}")
    if not begun.exists():
        begun.touch()
        raise AssertionError(f"hiccup {{number}}")

def test_fault():
    assert not {is_fault}
"""


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant out."""


@pytest.mark.parametrize(
    ("count", "is_fault", "passes"),
    [(0, False, True), (MOST, False, True), (MOST + 1, False, False), (0, True, False)],
)
def test_reruns(tmp_path: Path, count: int, is_fault: bool, passes: bool) -> None:
    """With several processes, as the live tests have."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    text = TESTS.format(count=count, is_fault=is_fault)
    (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--numprocesses", "2", "--reruns", "1"]
    command += ["-p", "xdist", "-p", "pytest_rerunfailures", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is passes, done.stdout
    for number in range(count):
        assert f"AssertionError: hiccup {number}" in done.stdout
    assert (f"{count} run once more" in done.stdout) is (count > 0)
