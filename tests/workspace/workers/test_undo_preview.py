"""What people are told of an undo is whole, short enough to be asked, and names what it does not show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.plan import QUESTION_POINTS_MAX
from workspace.workers.undo_preview import STAYS_SHOWN, question_of, shortened

NOTES = st.lists(st.text(min_size=1, max_size=300), max_size=12)


@given(summary=st.text(max_size=300), stays=NOTES, backs=NOTES)
def test_whatever_stays_and_comes_back_it_fits_into_a_question(
    summary: str, stays: list[str], backs: list[str]
) -> None:
    text = question_of(summary, stays, backs, "It then reads “x”. ")
    assert len(text) <= QUESTION_POINTS_MAX
    assert text.startswith("Takes back “")
    assert text.endswith("Do it?")
    hidden = len(stays) + len(backs) - STAYS_SHOWN
    assert (f"and {hidden} more" in text) or hidden <= 0


def test_what_comes_back_is_told_before_what_stays() -> None:
    text = question_of("set price to 7.", ["“b” in plan"], ["“a” in plan"])
    assert text == "Takes back “set price to 7”. Comes back: “a” in plan. Stays: “b” in plan. Do it?"


@given(text=st.text(max_size=50), points=st.integers(1, 50))
def test_a_text_is_cut_only_where_it_must_be_and_then_shows_it(text: str, points: int) -> None:
    short = shortened(text, points)
    assert len(short) <= points
    assert short == text if len(text) <= points else short.endswith("…")
