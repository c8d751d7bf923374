"""Stock Yjs for the tests of the document floor: one process a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.oracle import Oracle, stock_yjs


@pytest.fixture(scope="module")
def yjs() -> Iterator[Oracle]:
    with stock_yjs() as oracle:
        yield oracle
