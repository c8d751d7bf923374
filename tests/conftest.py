"""Settings for all tests: property tests search at random by hand and the same examples each time in CI.

Every log that a test writes is replayed when it is over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.support.examples import examples
from tests.support.ledger import Ledger
from tests.support.postgres import Postgres, running_postgres

# Without deadlines: how long an example takes says how busy the machine is.
settings.register_profile("hand", max_examples=examples(100), deadline=None)
settings.register_profile("ci", max_examples=examples(100), deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "hand")

LEDGER = Ledger()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for all tests of a session; the disk is tried where it matters, in tests/faults."""
    yield from running_postgres(fsync=False)


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The address of an empty database, kept until the session ends: its logs are replayed after the test."""
    return postgres.database()


@pytest.fixture(autouse=True)
def replayed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Replay the logs of the test that has just ended: a log that does not come out again fails it."""
    with LEDGER.open():
        yield
    try:
        if request.node.get_closest_marker("damages_logs") is None:
            LEDGER.replay()
    finally:
        LEDGER.forget()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker has replayed to whoever runs it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["replayed"] = [LEDGER.logs, LEDGER.records, LEDGER.states]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add what a worker has replayed."""
    logs, records, states = getattr(node, "workeroutput", {}).get("replayed", (0, 0, 0))
    LEDGER.logs, LEDGER.records, LEDGER.states = LEDGER.logs + logs, LEDGER.records + records, LEDGER.states + states


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was replayed."""
    if LEDGER.logs:
        terminalreporter.write_line(
            f"replayed {LEDGER.logs} logs of the tests, {LEDGER.records} records, {LEDGER.states} recorded states"
        )
