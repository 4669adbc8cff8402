"""A test on real servers that fails is run once more, and both outcomes are printed and counted.

That keeps one hiccup of a machine from costing a whole run, and hides nothing.
"""

import pytest

MOST = 2
"""How many tests of a run may fail at first: one is a hiccup, three are a fault."""


def first_failures(session: pytest.Session) -> list[pytest.TestReport]:
    """Return what failed and was run once more; with several processes all of it arrives here."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats.get("rerun", []) if reporter else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where too many tests failed at first."""
    if len(first_failures(session)) > MOST:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how each test failed that was run once more, and how many there were."""
    failed = terminalreporter.stats.get("rerun", [])
    for report in failed:
        terminalreporter.section(f"failed at first: {report.nodeid}")
        terminalreporter.line(str(report.longrepr))
    if failed:
        terminalreporter.line(
            f"{len(failed)} run once more; more than {MOST} fail the run"
        )
