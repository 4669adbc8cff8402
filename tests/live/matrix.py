"""What the tests on real servers are repeated with.

What is not needed with each commit is left for `scripts/test slow`.
"""

import pytest

VERSIONS = [
    pytest.param("1.9.3", marks=pytest.mark.slow),
    pytest.param("1.10.3", marks=pytest.mark.slow),
    "1.11.8",
    "2.0.0rc7",
]
"""Of OctoPrint: the oldest that are supported, the newest, and the next."""

NEWEST = "1.11.8"
NEXT = "2.0.0rc7"

VENVS = [pytest.param("test", marks=pytest.mark.slow), "home-assistant"]
"""Of Home Assistant: the one of the harness, and the newest."""
