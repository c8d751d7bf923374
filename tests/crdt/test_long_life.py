"""Documents of a long life: what years of editing make cumulative is taken, served and opened in bounded time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from crdt.documents.document import Document
from crdt.documents.intake import take_in
from crdt.updates.scan import scan_update
from tests.support.long_life import of_many_bytes, of_many_clients, of_many_ranges

SECONDS = 60.0
SHARE = float(os.environ.get("FOLKMOOT_LONG_LIFE", "0.2"))


@pytest.mark.parametrize("make", [of_many_clients, of_many_ranges, of_many_bytes])
def test_a_document_of_a_long_life(make: Callable[[float], bytes]) -> None:
    update = make(SHARE)
    began = time.monotonic()
    document = Document("text", client=4097)
    for _ in range(2):  # it comes, and comes again when its author is back
        intake = take_in(document, update, scan_update(update))
        document.apply(intake.update, intake.summary)
        assert not intake.refused
    newcomer = document.encode()
    assert document.encode(document.encode_state_vector())
    assert Document.of_state("text", newcomer, client=5).digest() == document.digest()
    assert Document("text", client=6, updates=[update]).digest() == document.digest()
    with document.fork(4098).transaction():
        pass
    assert time.monotonic() - began < SECONDS
