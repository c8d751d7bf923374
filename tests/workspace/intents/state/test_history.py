"""Every id traces to the record that brought it, and to those that took it away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.state.history import Edit, History, spans_of, spans_of_ranges


def edit(seq: int, actor: str = "Ana", *, doc: str = "plan", intents: tuple[str, ...] = ()) -> Edit:
    return Edit(seq, doc, actor, f"L{actor}", intents)


def test_who_typed_is_a_person_and_who_committed_is_not() -> None:
    assert edit(1).is_human
    assert not edit(1, intents=("i1",)).is_human


def test_documents_and_writers_are_kept_apart() -> None:
    history = History()
    history.add(edit(1), inserted=((7, 0, 5),), deleted=())
    history.add(edit(2, "Ben"), inserted=((8, 0, 5),), deleted=())
    history.add(edit(3, "Cem", doc="budget"), inserted=((7, 0, 5),), deleted=())
    history.add(edit(4, "agent", intents=("i3",)), inserted=((2, 0, 1),), deleted=((7, 1, 2),))
    assert history.writers("plan", {7: [(0, 1)]}) == {edit(1)}
    assert history.writers("plan", {7: [(0, 1)], 8: [(4, 9)]}) == {edit(1), edit(2, "Ben")}
    assert history.writers("plan", {7: [(5, 9)], 9: [(0, 9)]}) == set()
    assert history.writers_by_doc() == {"plan": ("Ana", "Ben", "agent"), "budget": ("Cem",)}
    assert history.agents == {2}, "the ids that an agent wrote under"


def test_a_deleter_is_found_after_a_record_and_not_before() -> None:
    history = History()
    history.add(edit(1), inserted=((7, 0, 9),), deleted=())
    for seq, span in ((2, (7, 0, 3)), (3, (7, 2, 5))):
        history.add(edit(seq, "Ben"), inserted=(), deleted=(span,))
    assert {one.seq for one in history.deleters("plan", {7: [(2, 3)]}, after=0)} == {2, 3}
    assert {one.seq for one in history.deleters("plan", {7: [(2, 3)]}, after=2)} == {3}
    assert history.deleters("plan", {7: [(5, 9)]}, after=0) == set()
    assert "Ben" not in history.names["plan"], "who only deletes has written nothing"


SPANS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=20)


@given(SPANS, st.integers(1, 3), st.integers(0, 40), st.integers(1, 10), st.randoms(use_true_random=False))
def test_the_column_finds_what_a_walk_over_all_spans_finds(
    steps: list[tuple[int, int, int]], client: int, low: int, width: int, random: object
) -> None:
    """Ids of one client are dense and come in order; edits may skip what came by another way."""
    history, ends, walked = History(), dict.fromkeys((1, 2, 3), 0), []
    for seq, (own, size, gap) in enumerate(steps, 1):
        start = ends[own] + gap
        ends[own] = start + size
        walked.append((own, start, start + size, edit(seq)))
    for own, start, end, one in sorted(walked, key=lambda span: hash((span[0], span[1] * 7 % 5))):
        history.add(one, inserted=((own, start, end),), deleted=())
    expected = {one for own, start, end, one in walked if own == client and start < low + width and low < end}
    assert history.writers("plan", {client: [(low, low + width)]}) == expected


def test_spans_of_records_are_sorted_and_hold_something() -> None:
    assert spans_of({9: (0, 3), 2: (5, 5), 1: (2, 4)}) == ((1, 2, 4), (9, 0, 3))
    assert spans_of_ranges({9: [(4, 5), (0, 3)], 1: [(2, 4)]}) == ((1, 2, 4), (9, 0, 3), (9, 4, 5))
