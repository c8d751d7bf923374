"""What the sequencer promises: one log, one verdict each, nothing overwritten unseen, no silent loser."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import digest_value
from crdt.documents.document import Document
from crdt.documents.paths import delete_path, set_path
from crdt.operations.ops import SetValue
from crdt.updates.scan import scan_update
from tests.workspace.intents.driver import TEXT, Driver
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.events import (
    Edited,
    EditRefused,
    LaneChanged,
    Outcome,
    Proposed,
    Resync,
    SocketOpened,
)
from workspace.intents.model.intent import Expect, Need, Scope
from workspace.intents.model.plan import Asked, Option, Planned, PlanRefused
from workspace.intents.model.record import read_row
from workspace.intents.rules.policy import Member, decide
from workspace.intents.state.board import Standing
from workspace.intents.state.replay import fold_log, verify

PLACES = (Scope("plan"), Scope("budget"))
HISTORIES = int(os.environ.get("FOLKMOOT_HISTORIES", "60"))


def test_one_instruction_runs_after_its_window() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.replace(intent, "Second", "2nd")
    assert driver.state(intent) == "ready"
    driver.wait(0.31)
    assert driver.verdict(intent).state == "done"
    assert driver.text() == TEXT.replace("Second", "2nd")


def test_the_same_dot_is_answered_again_and_logged_once() -> None:
    driver = Driver()
    intent = driver.ask("Ana", seen=driver.start)
    before = driver.sequencer.fold.seq
    assert driver.ask("Ana", seen=driver.start, n=1) == intent
    assert driver.sequencer.fold.seq == before
    assert driver.ask("Ana", "something else", seen=driver.start, n=1) == "EQUIVOCATION"
    assert driver.ask("Ana", seen=driver.start, n=3) == "GAP"
    assert driver.ask("Ana", seen=10**6, n=2) == "BAD_CLOCK"
    assert driver.ask("Ana", seen=1, n=2) == "BAD_CLOCK"


def test_unaware_rivals_are_asked_about_before_anything_is_written() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    assert driver.state(ana) == "ready", "waits for the rival's plan"
    driver.replace(ben, "Second", "Casual")
    driver.wait(1)
    assert driver.state(ana) == driver.state(ben) == "held"
    assert driver.text() == TEXT
    answer = driver.ask("Ben", "", kind="answer", refs=(driver.question,), value=ana)
    driver.wait(1)
    assert driver.verdict(answer).state == "done"
    assert driver.verdict(ana).state == "done"
    assert driver.verdict(ben).state == "overruled"
    assert driver.verdict(ben).winner == ana
    assert "Formal" in driver.text()


def test_one_author_alone_does_not_settle_against_an_equal() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    driver.replace(ana, "Second", "Formal")
    driver.replace(ben, "Second", "Casual")
    driver.wait(1)
    question = driver.question
    driver.ask("Ana", "", kind="answer", refs=(question,), value=ana)
    assert driver.state(ana) == "held"
    assert driver.ask("Gil", "", role="commenter", kind="answer", refs=(question,), value=ana) == "FORBIDDEN"
    assert driver.ask("Ana", "", kind="answer", refs=(question,), value="nonsense") == "MALFORMED"
    driver.ask("Dee", "", kind="answer", refs=(question,), value=ben)
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert driver.verdict(ana).state == "overruled"


def test_an_unanswered_question_is_settled_by_its_default_and_survives_a_crash() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    driver.replace(ana, "Second", "Formal")
    driver.replace(ben, "Second", "Casual")
    driver.wait(1)
    default = driver.sequencer.fold.board.questions[driver.question].default
    driver.open()
    driver.wait(61)
    assert {driver.verdict(ana).state, driver.verdict(ben).state} == {"done", "overruled"}
    assert driver.verdict(default).state == "done"


@pytest.mark.parametrize("withdrawn", [0, 1])
def test_a_withdrawn_rival_overrules_nobody(withdrawn: int) -> None:
    driver = Driver()
    names = ("Ana", "Ben")
    ids = [driver.ask(name, seen=driver.start, scope=PLACES) for name in names]
    for intent, word in zip(ids, ("Formal", "Casual"), strict=True):
        driver.replace(intent, "Second", word)
    driver.wait(1)
    assert [driver.state(id) for id in ids] == ["held", "held"]
    driver.ask(names[withdrawn], "", kind="cancel", refs=(ids[withdrawn],))
    driver.wait(1)
    assert driver.verdict(ids[withdrawn]).state == "cancelled"
    assert driver.verdict(ids[1 - withdrawn]).state == "done"
    assert not driver.sequencer.fold.board.questions


def test_rank_decides_without_asking() -> None:
    driver = Driver()
    ben, ana = (
        driver.ask("Ben", seen=driver.start, scope=PLACES),
        driver.ask("Ana", seen=driver.start, role="owner", scope=PLACES),
    )
    driver.replace(ben, "Second", "Casual")
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    assert driver.verdict(ana).state == "done"
    assert driver.verdict(ben).code == "priority"


@pytest.mark.parametrize(("chain", "winner"), [(("first",), 0), (("priority", "first"), 0)])
def test_first_come_first_served_where_chosen(chain: tuple[str, ...], winner: int) -> None:
    driver = Driver(PolicyConfig(chain=chain))
    ids = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    for intent, word in zip(ids, ("A", "B"), strict=True):
        driver.replace(intent, "Second", word)
    driver.wait(1)
    assert [driver.verdict(id).state for id in ids] == ["done" if at == winner else "overruled" for at in (0, 1)]


def test_fair_lets_nobody_win_for_ever() -> None:
    driver = Driver(PolicyConfig(chain=("fair",)))
    wins = {"Ana": 0, "Ben": 0}
    for _ in range(6):
        seen = driver.sequencer.fold.seq
        ids = {name: driver.ask(name, seen=seen, scope=PLACES) for name in wins}
        for name, intent in ids.items():
            driver.replace(intent, driver.text().split("\n")[1], f"{name} {driver.sequencer.fold.seq}")
        driver.wait(1)
        winner = next(name for name, intent in ids.items() if driver.verdict(intent).state == "done")
        wins[winner] += 1
    assert wins == {"Ana": 3, "Ben": 3}


def test_who_has_seen_it_refines_and_is_not_asked() -> None:
    driver = Driver()
    ana = driver.ask("Ana", scope=PLACES)
    ben = driver.ask("Ben", scope=PLACES)
    assert ben not in driver.tasks, "waits for what its author had seen"
    assert driver.sequencer.fold.board.entries[ben].waits_for == (ana,)
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    driver.replace(ben, "Formal", "Casual")
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert not driver.sequencer.fold.board.settled


def test_a_latecomer_meets_the_commit_as_its_incumbent() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 200)
    driver.wait(1)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 50)
    driver.wait(1)
    assert driver.state(ben) == "held"
    question = driver.sequencer.fold.board.questions[driver.question]
    assert {option.value for option in question.options} == {ana, ben}
    assert question.evidence["late"] == [ana]
    driver.ask("Ana", "", kind="answer", refs=(question.id,), value=ben)
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert driver.value("price") == 50
    assert driver.verdict(ana).state == "done", "a verdict is never changed"


def test_a_latecomer_whose_place_was_rewritten_is_asked_about_too() -> None:
    driver = Driver(PolicyConfig(overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", seen=seen), driver.ask("Ben", seen=seen)
    driver.replace(ana, "Second line.", "Formal words.")
    driver.wait(1)
    assert driver.verdict(ana).state == "done"
    driver.replace(ben, "Second", "2nd")
    driver.wait(1)
    assert driver.state(ben) == "held"


def test_increments_add_up_without_a_question() -> None:
    driver = Driver()
    ids = [driver.ask(name, seen=driver.start) for name in ("Ana", "Ben")]
    for intent, by in zip(ids, (5, -30), strict=True):
        driver.add(intent, "price", by)
    driver.wait(1)
    assert [driver.verdict(id).state for id in ids] == ["done", "done"]
    assert driver.value("price") == 75


def test_doubling_and_subtracting_are_never_merged_to_a_price_nobody_asked_for() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start), driver.ask("Ben", seen=driver.start)
    driver.set(ana, "price", 200)
    driver.add(ben, "price", -30)
    driver.wait(1)
    assert driver.state(ana) == driver.state(ben) == "held"
    driver.wait(61)
    assert driver.value("price") in (200, 70)


def test_an_unseen_hand_edit_is_not_overwritten() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 120))
    intent = driver.ask("Ana", seen=seen)
    driver.set(intent, "price", 90)
    driver.wait(1)
    assert driver.verdict(intent).state == "suggested"
    assert driver.verdict(intent).code == "human_edit"
    assert driver.value("price") == 120
    approval = driver.ask("Ana", "", kind="approve", refs=(intent,))
    driver.set(approval, "price", 90)
    driver.wait(1)
    assert driver.verdict(approval).state == "done"
    assert driver.value("price") == 90


def test_an_unseen_removal_by_hand_is_not_undone() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    driver.type("Chen", "budget", lambda document: delete_path(document, ("price",)))
    intent = driver.ask("Ana", seen=seen)
    driver.set(intent, "price", 90)
    driver.wait(1)
    assert driver.verdict(intent).code == "human_edit"
    assert driver.value("price") is None
    knowing = driver.ask("Ana")
    driver.set(knowing, "price", 90)
    driver.wait(1)
    assert driver.value("price") == 90


def test_a_hand_edit_that_was_seen_may_be_overwritten() -> None:
    driver = Driver()
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 120))
    driver.wait(0.3)
    intent = driver.ask("Ana")
    driver.set(intent, "price", 90)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


def test_adding_builds_on_an_unseen_hand_edit() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 120))
    intent = driver.ask("Ana", seen=seen)
    driver.add(intent, "price", 5)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert driver.value("price") == 125


def test_typing_inside_a_rewrite_plans_again_and_then_suggests() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.type("Chen", "plan", lambda document: document.insert_text(document.text().index("line.\nThird"), "very "))
    driver.replace(intent, "Second line.", "2nd")
    driver.wait(1)
    assert driver.tasks[intent].attempt == 1
    assert driver.tasks[intent].repair is not None
    driver.replace(intent, "Second very line.", "2nd")
    driver.wait(1)
    assert driver.verdict(intent).state == "suggested"
    assert "very" in driver.text()


def test_a_plan_that_is_stale_three_times_is_suggested() -> None:
    driver = Driver()
    intent = driver.ask("Ana", lane="L")
    for _ in range(3):
        task = driver.tasks[intent]
        stale = SetValue("budget", ("price",), 1, digest_value("never"))
        driver.tasks.pop(intent)
        driver.handle(Proposed(intent, task.attempt, Planned(ops=(stale,))))
        driver.wait(1)
    assert driver.verdict(intent).state == "suggested"
    assert driver.verdict(intent).code == "stale"


def test_planner_answers_end_in_verdicts() -> None:
    driver = Driver()
    refused, failing = driver.ask("Ana"), driver.ask("Ben")
    task = driver.tasks.pop(refused)
    driver.handle(Proposed(refused, task.attempt, PlanRefused("not_understood", "no idea", "say it otherwise")))
    assert driver.verdict(refused).remedy == "say it otherwise"
    for _ in range(3):
        driver.fail(failing)
    assert driver.verdict(failing).state == "failed"


def test_a_late_answer_of_a_planner_nobody_waits_for_is_dropped() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    task = driver.tasks[intent]
    driver.ask("Ana", "", kind="cancel", refs=(intent,))
    assert driver.verdict(intent).state == "cancelled"
    before = driver.sequencer.fold.seq
    driver.handle(Proposed(intent, task.attempt, Planned(ops=())))
    assert driver.sequencer.fold.seq == before


def test_the_agent_may_ask_its_author() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    task = driver.tasks.pop(intent)
    driver.handle(Proposed(intent, task.attempt, Asked("Which one?", (Option("a", "A"), Option("b", "B")))))
    assert driver.state(intent) == "held"
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value="b")
    assert driver.tasks[intent].exchanges[0].answer == "b"
    driver.plan(intent)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


def test_a_guest_may_only_suggest_and_another_guest_may_not_approve() -> None:
    driver = Driver()
    intent = driver.ask("Gil", role="commenter")
    driver.set(intent, "price", 1)
    driver.wait(1)
    assert driver.verdict(intent).code == "needs_approval"
    assert driver.ask("Hal", "", role="commenter", kind="approve", refs=(intent,)) == "FORBIDDEN"
    assert driver.ask("Vi", role="viewer") == "READ_ONLY"
    approval = driver.ask("Ana", "", kind="approve", refs=(intent,))
    driver.set(approval, "price", 1)
    driver.wait(1)
    assert driver.value("price") == 1


def test_an_expectation_that_does_not_hold_is_said() -> None:
    driver = Driver()
    intent = driver.ask("Ana", expects=(Expect("budget", ("price",), 99),))
    driver.set(intent, "price", 1)
    driver.wait(1)
    assert driver.verdict(intent).code == "expectation"
    assert driver.value("price") == 100


def test_override_replaces_what_was_seen_with_the_authority_to() -> None:
    driver = Driver()
    ben = driver.ask("Ben")
    over = driver.ask("Ana", "rather this", kind="override", refs=(ben,))
    assert driver.verdict(ben).state == "superseded"
    driver.set(over, "price", 3)
    driver.wait(1)
    assert driver.value("price") == 3
    owners = driver.ask("Olga", role="owner")
    weak = driver.ask("Ben", "mine", kind="override", refs=(owners,))
    assert driver.state(weak) == "held"
    assert driver.state(owners) == "planning", "the one above goes on"


def above_and_below() -> tuple[Driver, str, str]:
    driver = Driver()
    owners = driver.ask("Olga", role="owner")
    weak = driver.ask("Ben", "mine", kind="override", refs=(owners,))
    return driver, owners, weak


def test_an_override_from_below_runs_with_the_consent_of_the_one_above() -> None:
    driver, owners, weak = above_and_below()
    assert driver.ask("Ben", "", kind="answer", refs=(driver.question,), value=weak) == "FORBIDDEN"
    driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=weak)
    assert driver.verdict(owners).state == "overruled"
    driver.set(weak, "price", 4)
    driver.wait(1)
    assert driver.value("price") == 4
    assert decide_again(driver.rows, driver.journal).first is None


@pytest.mark.parametrize("answer", [True, False])
def test_an_override_from_below_without_consent_leaves_everything_as_it_was(answer: bool) -> None:
    driver, owners, weak = above_and_below()
    if answer:
        driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=owners)
    else:
        driver.wait(61)
    assert driver.verdict(weak).state == "overruled"
    driver.set(owners, "price", 5)
    driver.wait(1)
    assert driver.verdict(owners).state == "done"
    assert driver.value("price") == 5


def test_a_vote_is_carried_by_a_quorum_or_ends_at_its_deadline() -> None:
    driver = Driver(policy=PolicyConfig(chain=("vote", "first"), vote_quorum=3))

    def group() -> dict[str, str]:
        seen = driver.sequencer.fold.seq
        ids = {name: driver.ask(name, seen=seen, scope=PLACES) for name in ("Ana", "Ben")}
        for name, id in ids.items():
            driver.set(id, "price", f"{name} {seen}")
        driver.wait(0.4)
        return ids

    ids = group()
    for voter, choice in (("Chen", "Ben"), ("Dee", "Ana"), ("Dee", "Ben")):
        driver.ask(voter, "", role="commenter", kind="answer", refs=(driver.question,), value=ids[choice])
    assert driver.state(ids["Ben"]) == "held", "two people are no quorum, though one spoke twice"
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=ids["Ana"])
    driver.wait(1)
    assert driver.verdict(ids["Ben"]).state == "done"
    assert driver.verdict(ids["Ana"]).code == "vote"
    ids = group()
    driver.ask("Chen", "", kind="answer", refs=(driver.question,), value=ids["Ben"])
    driver.wait(61)
    assert driver.verdict(ids["Ben"]).state == "done", "most votes at the deadline"
    ids = group()
    driver.wait(61)
    assert driver.verdict(ids["Ana"]).state == "done", "nobody voted: the next policy"
    assert decide_again(driver.rows, driver.journal).first is None


def test_an_intent_waits_for_its_authors_own_edits() -> None:
    driver = Driver()
    hand = Document("text", client=777_777, updates=(driver.sequencer.fold.documents["plan"].encode(),))
    with hand.transaction() as done:
        hand.insert_text(0, "Mine. ")
    need = Need(base64.b64encode(hand.encode_state_vector()).decode(), 1)
    driver.handle(LaneChanged("LAna", online=True, docs=("plan",)))
    driver.handle(SocketOpened("LAna", "plan"))
    intent = driver.ask("Ana", needs={"plan": need})
    assert driver.state(intent) == "parked"
    assert any(isinstance(notice, Resync) for notice in driver.notices)
    update = done[0].update
    driver.handle(Edited("LAna", "Ana", "plan", update, scan_update(update)))
    assert driver.state(intent) == "planning"
    lost = driver.ask("Ben", needs={"plan": Need(need.sv, 5)})
    driver.handle(LaneChanged("LBen", online=True, docs=("plan",)))
    driver.wait(31)
    assert driver.verdict(lost).code == "missing_updates"


def test_typing_past_the_end_of_a_window_does_not_hide_it() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.replace(intent, "First", "Best")
    driver.now += 10
    driver.type("Ben", "plan", lambda d: d.insert_text(0, "x"))
    due = driver.sequencer.next_deadline()
    assert due is not None
    assert due <= driver.now, "a tick is wanted at once, not when overlapping instructions are given up"


def refusals(outcome: Outcome) -> list[tuple[str, str]]:
    return [(notice.action, notice.code) for notice in outcome.notices if isinstance(notice, EditRefused)]


def test_updates_with_gaps_or_foreign_ids_are_refused_and_nothing_changes() -> None:
    driver = Driver()
    hand = Document("text", client=500_000)
    with hand.transaction() as first:
        hand.insert_text(0, "a")
    with hand.transaction() as second:
        hand.insert_text(1, "b")
    before = driver.sequencer.fold.documents["plan"].digest()
    outcome = driver.handle(Edited("S1", "Chen", "plan", second[0].update, scan_update(second[0].update)))
    assert refusals(outcome) == [("resync", "missing_updates")]
    assert driver.sequencer.fold.documents["plan"].digest() == before
    driver.handle(Edited("S1", "Chen", "plan", first[0].update, scan_update(first[0].update)))
    taken = driver.sequencer.fold.documents["plan"].digest()
    held = frozenset({500_000})
    scan = scan_update(second[0].update)
    outcome = driver.handle(Edited("S2", "Mallory", "plan", second[0].update, scan, held=held))
    assert refusals(outcome) == [("drop", "foreign_id")]
    assert driver.sequencer.fold.documents["plan"].digest() == taken
    agent = Document("text", client=driver.sequencer.client)
    with agent.transaction() as forged:
        agent.insert_text(0, "x")
    for is_step2 in (False, True):
        scan = scan_update(forged[0].update)
        outcome = driver.handle(Edited("S2", "Mallory", "plan", forged[0].update, scan, is_step2))
        assert refusals(outcome) == [("drop", "foreign_id")]
    assert driver.sequencer.fold.documents["plan"].digest() == taken


def test_an_id_whose_writer_has_gone_may_be_handed_on() -> None:
    driver = Driver()
    hand = Document("text", client=500_000)
    with hand.transaction() as typed:
        hand.insert_text(0, "a")
    with hand.transaction() as more:
        hand.insert_text(1, "b")
    driver.handle(Edited("S1", "Chen", "plan", typed[0].update, scan_update(typed[0].update)))
    outcome = driver.handle(Edited("S2", "Ben", "plan", more[0].update, scan_update(more[0].update), step2=True))
    assert not refusals(outcome)
    assert driver.text().startswith("ab")


def test_people_who_type_into_each_others_words_replay_in_log_order() -> None:
    driver = Driver()
    for turn in range(8):
        driver.type(
            ("Ana", "Ben", "Chen")[turn % 3], "plan", lambda d, t=turn: d.insert_text(len(d.text()), f"<{t}é😀>")
        )
    driver.type("Ana", "plan", lambda d: d.delete_text(len(d.text()) - 3, len(d.text())))
    driver.wait(0.3)
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    assert fold_log(driver.rows, driver.journal).state() == driver.sequencer.fold.state()
    driver.open()
    assert driver.text().endswith("<7")


def test_updates_that_no_record_names_yet_survive_a_crash_in_their_order() -> None:
    driver = Driver()
    for turn in range(8):
        driver.type(("Ana", "Ben")[turn % 2], "plan", lambda d, t=turn: d.insert_text(len(d.text()), f"<{t}>"))
    before = driver.text()
    driver.open()
    assert driver.text() == before
    assert verify(driver.rows, driver.journal).ok


def test_a_document_grows_to_its_bound_and_may_still_be_cut() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(document_bytes=2_000)
    refused: list[EditRefused] = []
    while not refused and len(driver.text()) < 5_000:
        driver.type("Ana", "plan", lambda d: d.insert_text(0, "x" * 100))
        refused = [o for o in driver.notices if isinstance(o, EditRefused)]
    assert [(notice.action, notice.code) for notice in refused] == [("drop", "too_large")]
    assert 1_500 < len(driver.text()) <= 2_000
    # Its author takes it out again, and goes on under the same id.
    driver.hands[("Ana", "plan")].apply(refused[0].removal)
    assert driver.hands[("Ana", "plan")].text() == driver.text()
    driver.type("Ben", "plan", lambda d: d.delete_text(0, len(d.text()) - 10))
    assert len(driver.text()) == 10


def test_a_lane_idle_for_a_day_leaves_the_clock_and_may_return() -> None:
    driver = Driver()
    first = driver.ask("Ana")
    driver.plan(first)
    driver.wait(1)
    driver.now += 90_000
    driver.open()
    assert "LAna" in driver.sequencer.fold.board.lanes.retired
    ben = driver.ask("Ben")
    assert driver.sequencer.fold.board.entries[ben].body.vc == {}
    again = driver.ask("Ana")
    assert driver.sequencer.fold.board.entries[again].body.n == 2
    assert driver.sequencer.fold.board.entries[again].body.vc == {"LAna": 1, "LBen": 1}


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "plan", "type", "wait", "crash", "answer", "cancel", "fail", "resend")),
        st.sampled_from(("Ana", "Ben", "Chen")),
        st.integers(0, 9),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=HISTORIES, deadline=None)
@given(actions=ACTIONS)
def test_any_history_ends_in_one_verdict_each_and_replays_to_the_same_state(
    actions: list[tuple[str, str, int]],
) -> None:
    """Random people, plans, crashes and resends; then quiet. Every prefix of the log folds; the whole verifies."""
    driver = Driver()
    for action, actor, number in actions:
        board = driver.sequencer.fold.board
        waiting = list(driver.tasks)
        match action:
            case "ask":
                role = "owner" if number == 9 else "editor"
                stamp = max(board.lanes.clock(f"L{actor}").seen, driver.sequencer.fold.seq - number)
                driver.ask(actor, f"wish {number}", seen=stamp, role=role)
            case "plan" if waiting:
                intent = waiting[number % len(waiting)]
                if number % 3 == 0:
                    driver.add(intent, "price", number)
                elif number % 3 == 1:
                    driver.set(intent, "price", number)
                else:
                    image = driver.tasks[intent].snapshot.documents["plan"]
                    text = Document("text", client=6, updates=(image.state,)).text()
                    driver.replace(intent, text.split("\n")[number % 3], f"{actor} {number} 😀")
            case "type":
                if number % 2:
                    driver.type(actor, "plan", lambda d, n=number: d.insert_text(min(n * 3, len(d.text())), f"é{n}"))
                else:
                    driver.type(actor, "budget", lambda d, n=number: set_path(d, ("price",), n))
            case "wait":
                driver.wait(number / 5)
            case "crash":
                driver.open()
            case "answer" if board.questions:
                question = next(iter(board.questions.values()))
                if question.options:
                    value = question.options[number % len(question.options)].value
                    driver.ask("Olga", "", role="owner", kind="answer", refs=(question.id,), value=value)
            case "cancel" if board.live:
                driver.ask("Olga", "", role="owner", kind="cancel", refs=(next(iter(board.live)),))
            case "fail" if waiting:
                driver.fail(waiting[number % len(waiting)])
            case "resend":
                lane = f"L{actor}"
                places = board.lanes.places.get(lane, [])
                if places:
                    entry = board.entries[f"i{places[-1]}"]
                    before = len(board.entries)
                    body = entry.body
                    role = body.role
                    if body.kind == "do":
                        again = driver.ask(actor, body.text, seen=body.seen, role=role, n=body.n)
                        assert again == entry.id
                        assert len(driver.sequencer.fold.board.entries) == before
    for _ in range(60):
        for intent in list(driver.tasks):
            driver.plan(intent)
        driver.wait(61)
        if not driver.sequencer.fold.board.live:
            break
    assert not driver.sequencer.fold.board.live, "every accepted intent reaches a verdict"
    verdicts = [read_row(row).body.intent for row in driver.rows if row.kind == "verdict"]  # type: ignore[union-attr]
    assert sorted(verdicts) == sorted(driver.sequencer.fold.board.entries), "exactly one verdict each"
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    assert fold_log(driver.rows, driver.journal).state() == driver.sequencer.fold.state()
    for to in range(1, len(driver.rows), 7):
        assert fold_log(driver.rows, driver.journal, to=to).seq == to


def test_who_lost_three_times_in_a_row_wins_the_next_group_of_equals() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "fair")))

    def group() -> dict[str, str]:
        seen = driver.sequencer.fold.seq
        ids = {name: driver.ask(name, seen=seen, scope=PLACES) for name in ("Ana", "Ben")}
        for name, id in ids.items():
            driver.set(id, "price", f"{name} {seen}")
        driver.wait(0.4)
        return ids

    for _ in range(3):
        ids = group()
        driver.ask("Owner", "", role="owner", kind="answer", refs=(driver.question,), value=ids["Ben"])
        driver.wait(1)
        assert driver.verdict(ids["Ana"]).state == "overruled"
    assert driver.sequencer.fold.board.losses() == {"Ana": 3}
    ids = group()
    driver.wait(120)
    assert driver.verdict(ids["Ana"]).state == "done"
    members = tuple(Member(ids[name], name, "editor", 20, at) for at, name in enumerate(ids))
    owed = decide(members, PolicyConfig(chain=("fair",)), Standing({"Ana": 9}, {"Ana": 3}), {})
    assert (owed.winner, owed.reason) == (ids["Ana"], "Ana had lost 3 times in a row")
    both = decide(members, PolicyConfig(chain=("fair",)), Standing({"Ana": 9}, {"Ana": 3, "Ben": 4}), {})
    assert both.winner == ids["Ben"], "two who are owed: who won least often"
    assert driver.sequencer.fold.board.losses().get("Ana", 0) == 0


def test_an_intent_that_is_not_done_by_its_deadline_expires() -> None:
    driver = Driver()
    late, early = driver.ask("Ana", deadline=driver.now + 5), driver.ask("Ben", deadline=driver.now + 500)
    driver.wait(6)
    assert (driver.verdict(late).state, driver.verdict(late).code) == ("expired", "deadline")
    driver.set(early, "price", 1)
    driver.wait(1)
    assert driver.verdict(early).state == "done"
    assert driver.ask("Ana", deadline=-1.0) == "MALFORMED"


def test_a_plan_is_waited_for_as_the_policy_says_and_not_beyond_the_deadline() -> None:
    for deadline, seconds in ((5, 5), (500, 60), (None, 60)):
        driver = Driver(policy=PolicyConfig(plan_seconds_max=60.0))
        more = {} if deadline is None else {"deadline": driver.now + deadline}
        assert driver.tasks[driver.ask("Ana", **more)].seconds_max == seconds


def test_no_more_instructions_are_under_way_than_the_bound_allows() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(live_intents=2)
    first, second = driver.ask("ana"), driver.ask("ben")
    assert driver.ask("chen") == "RATE_LIMITED"
    assert driver.ask("ana", "", kind="cancel", refs=(first,)).startswith("i"), "that makes room"
    assert driver.state(first) == "cancelled"
    assert driver.state(second) != "cancelled"
    assert driver.ask("chen").startswith("i")


def test_who_holds_what_the_agent_wrote_before_a_restore_may_go_on() -> None:
    """The words that this log has lost are nobody's to bring back; what was typed beside them is."""
    driver, agent = Driver(), 5_000
    driver.sequencer.fold.history.agents.add(agent)
    lost, hand = Document("text", client=agent), Document("text", client=10**9)
    with lost.transaction():
        lost.insert_text(0, "lost ")
    hand.apply(lost.encode())
    with hand.transaction():
        hand.insert_text(5, "mine")
    update = hand.encode()
    outcome = driver.handle(Edited("LAna", "Ana", "plan", update, scan_update(update), step2=True))
    (refused,) = [notice for notice in outcome.notices if isinstance(notice, EditRefused)]
    assert refused.code == "foreign_id"
    hand.apply(refused.removal)
    assert "mine" in driver.text()
    assert "lost" not in driver.text() + hand.text()
    current = driver.sequencer.client
    forged = Document("text", client=current)
    with forged.transaction():
        forged.insert_text(0, "forged")
    update = forged.encode()
    driver.handle(Edited("LAna", "Ana", "plan", update, scan_update(update), step2=True))
    assert current not in driver.sequencer.fold.documents["plan"].state_vector(), "its own id is left alone"


def test_of_other_agents_ids_no_more_are_brought_than_the_bound_allows() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(brought_ids=1)
    whole = Document("text", client=10**9)
    for agent in (5_000, 5_001, 5_002):
        one = Document("text", client=agent)
        with one.transaction():
            one.insert_text(0, "x")
        whole.apply(one.encode())
    update = whole.encode()
    driver.handle(Edited("LAna", "Ana", "plan", update, scan_update(update), step2=True))
    assert driver.text().count("x") == 1
