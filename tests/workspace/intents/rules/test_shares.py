"""Whoever comes finds room: a person has half of what others have left, the owner all of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.intents.driver import Driver
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.events import Proposed
from workspace.intents.model.intent import rank_of
from workspace.intents.model.plan import Asked, Option
from workspace.intents.rules.shares import KEPT_FOR_OWNERS, refuse_documents, refuse_instruction, share_of

EDITOR, OWNER = rank_of("editor"), rank_of("owner")


@given(bound=st.integers(1, 2_000), takers=st.lists(st.integers(0, 40), max_size=200))
def test_whatever_people_take_the_owners_part_is_left_and_who_comes_new_finds_room_while_there_is(
    bound: int, takers: list[int]
) -> None:
    had: dict[int, int] = {}
    for person in takers:
        own, others = had.get(person, 0), sum(had.values()) - had.get(person, 0)
        if own < share_of(bound, others=others, rank=EDITOR):
            had[person] = own + 1
    taken = sum(had.values())
    assert taken <= bound - bound // KEPT_FOR_OWNERS
    assert share_of(bound, others=taken, rank=OWNER) == bound - taken
    if taken < bound - bound // KEPT_FOR_OWNERS:
        assert share_of(bound, others=taken, rank=EDITOR) >= 1


def test_one_alone_has_half_of_what_is_not_the_owners() -> None:
    assert share_of(1_000, others=0, rank=EDITOR) == 438
    assert share_of(1_000, others=438, rank=EDITOR) == 219
    assert share_of(1_000, others=0, rank=OWNER) == 1_000
    assert share_of(1, others=0, rank=EDITOR) == 1
    assert share_of(1, others=1, rank=OWNER) == 0


def test_a_commenter_has_a_share_of_instructions_and_the_owner_finds_room() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(live_intents=16)
    given = [driver.ask("Cleo", f"do {at}", role="commenter") for at in range(16)]
    assert given[7:] == ["OVER_SHARE"] * 9
    assert driver.ask("Ben").startswith("i"), "others have a share of what is left"
    assert all(driver.ask("Olga", role="owner").startswith("i") for _ in range(8))
    assert driver.ask("Olga", role="owner") == "RATE_LIMITED"
    assert driver.ask("Cleo", "", kind="cancel", value="mine", role="commenter").startswith("i")
    assert driver.ask("Cleo", role="commenter").startswith("i")
    refusal = refuse_instruction(
        driver.sequencer.fold, Bounds(live_intents=16, open_questions=1), actor="Cleo", role="commenter"
    )
    assert refusal is None


def test_who_leaves_questions_open_answers_them_first() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(open_questions=2)
    first = driver.ask("Cleo")
    task = driver.tasks[first]
    driver.handle(Proposed(first, task.attempt, Asked("Which?", (Option("this", "This"),))))
    assert driver.ask("Cleo") == "OVER_SHARE"
    assert driver.ask("Ben").startswith("i")
    assert driver.ask("Cleo", "", kind="answer", refs=(driver.question,), value="this").startswith("i")
    assert driver.ask("Cleo").startswith("i")


def test_documents_are_counted_by_who_made_them_or_told_the_agent_to() -> None:
    driver = Driver()
    fold = driver.sequencer.fold
    there = len(fold.kinds)
    bounds = Bounds(documents=there + 8)
    assert refuse_documents(fold, bounds, actor="Eva", rank=EDITOR, new=4) is None
    over = refuse_documents(fold, bounds, actor="Eva", rank=EDITOR, new=5)
    assert over is not None
    assert over.code == "over_share"
    assert refuse_documents(fold, bounds, actor="Olga", rank=OWNER, new=8) is None
    full = refuse_documents(fold, bounds, actor="Olga", rank=OWNER, new=9)
    assert full is not None
    assert full.code == "too_large"
