"""Structs one by one are what the scanner sums up, in an order in which each finds what it needs."""

from __future__ import annotations

import pytest

from crdt.documents.document import Document
from crdt.errors import MalformedFrame, MissingDependencies
from tests.crdt.updates.hostile_updates import head, keyed

SELFISH = {
    "an item left of itself": head().byte(0xA8).var_uint(9).var_uint(0).var_uint(1).byte(126).byte(0).getvalue(),
    "an item inside itself": head().byte(0x28).raw(b"\x00\x09\x00\x01k").var_uint(1).byte(126).byte(0).getvalue(),
    "an item after one that comes later": keyed(head(2).byte(0xA8).raw(b"\x09\x01\x01\x7e"))
    .raw(b"\x01\x7e\x00")
    .getvalue(),
    "a good item, then one left of itself": keyed(head(2)).raw(b"\x01\x7e\xa8\x09\x01\x01\x78\x00").getvalue(),
    "two clients that wait for each other": b"\x02\x01\x09\x00\xa8\x08\x00\x01\x7e\x01\x08\x00\xa8\x09\x00\x01\x7e\x00",
}


@pytest.mark.parametrize("name", list(SELFISH))
def test_an_update_that_waits_for_itself_is_never_pending(name: str) -> None:
    with pytest.raises((MalformedFrame, MissingDependencies)):
        Document("data", client=7).apply(SELFISH[name])
