"""Segments: a root hangs on the records' hashes alone, and a checkpoint may hold only what is before it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import sha256_of
from tests.support.examples import examples
from workspace.intents.model.segment import SEGMENT_RECORDS, Segment, Segments, root_of

HASHES = [sha256_of(str(seq).encode()) for seq in range(1, 2 * SEGMENT_RECORDS + 2)]


def entered(count: int, segments: Segments | None = None, after: int = 0) -> Segments:
    known = segments if segments is not None else Segments()
    for seq in range(after + 1, count + 1):
        known.add(seq, HASHES[seq - 1])
    return known


def test_the_length_is_a_part_of_the_format() -> None:
    assert SEGMENT_RECORDS == 1_000
    assert entered(SEGMENT_RECORDS - 1).waiting == []
    waiting = entered(2 * SEGMENT_RECORDS + 1).waiting
    assert [(one.first, one.last) for one in waiting] == [(1, 1_000), (1_001, 2_000)]
    assert [one.root for one in waiting] == [root_of(HASHES[:1_000]), root_of(HASHES[1_000:2_000])]


@settings(max_examples=examples(50), deadline=None)
@given(hashes=st.lists(st.text("0123456789abcdef:", max_size=8), min_size=1, max_size=8), at=st.integers(0, 7))
def test_a_root_is_that_of_the_hashes_end_to_end_and_of_no_others(hashes: list[str], at: int) -> None:
    assert root_of(hashes) == sha256_of("".join(hashes).encode())
    changed = [*hashes]
    changed[at % len(hashes)] += "x"
    assert root_of(changed) != root_of(hashes)


def test_a_checkpoint_holds_what_waits_once_and_in_order() -> None:
    segments = entered(2 * SEGMENT_RECORDS)
    first, second = segments.waiting
    segments.seal((first,))
    assert (segments.sealed, segments.waiting) == ([first], [second])
    segments.seal(())
    assert segments.waiting == [second], "an older server's checkpoint holds none: it goes on waiting"
    with pytest.raises(ValueError, match="not those of the log"):
        segments.seal((first,))
    segments.seal((second,))
    assert (segments.sealed, segments.waiting) == ([first, second], [])


@pytest.mark.parametrize("change", [{"root": "sha256:0"}, {"first": 2}, {"last": 999}])
def test_a_checkpoint_that_holds_another_segment_is_not_of_this_log(change: dict[str, int | str]) -> None:
    segments = entered(SEGMENT_RECORDS)
    right = segments.waiting[0]
    fields: dict[str, object] = {"first": right.first, "last": right.last, "root": right.root, **change}
    with pytest.raises(ValueError, match="not those of the log"):
        segments.seal((Segment(**fields),))  # type: ignore[arg-type]
    assert segments.waiting == [right]


def test_segments_without_a_gap_between_them_are_the_only_ones_made() -> None:
    segments = entered(SEGMENT_RECORDS)
    with pytest.raises(AssertionError, match="without a gap"):
        segments.add(3 * SEGMENT_RECORDS, HASHES[0])
