"""Only large updates that delete and nothing else are worth remembering, and few of them are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.protocol.repeats import BYTES_MIN, KEPT_MAX, NO_STRUCTS, Repeats, digest_of


@given(size=st.integers(1, 2 * BYTES_MIN), first=st.integers(0, 255))
def test_what_is_small_or_brings_something_has_no_digest(size: int, first: int) -> None:
    update = bytes([first]) + b"x" * (size - 1)
    assert bool(digest_of(update)) == (first == NO_STRUCTS and size >= BYTES_MIN)


def test_nothing_has_no_digest() -> None:
    assert digest_of(b"") == b""


@given(names=st.lists(st.integers(0, 60), max_size=120))
def test_the_newest_are_kept_and_no_more_than_may_be(names: list[int]) -> None:
    repeats = Repeats()
    for name in names:
        repeats.add(b"%d" % name)
        assert b"%d" % name in repeats
    kept = [name for name in set(names) if b"%d" % name in repeats]
    assert len(kept) == min(KEPT_MAX, len(set(names)))
