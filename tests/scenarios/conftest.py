"""Every story says which seeds it ran and how many passed, whatever pytest captures."""

from __future__ import annotations

import pytest

from tests.scenarios.stage import LINES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each story."""
    for line in LINES:
        terminalreporter.write_line(line)
