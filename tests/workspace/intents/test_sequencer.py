"""What the sequencer promises: one log, one verdict each, nothing overwritten unseen, no silent loser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.updates.scan import scan_update
from tests.support.examples import examples
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.events import (
    Edited,
    EditRefused,
    Outcome,
)
from workspace.intents.model.record import read_row
from workspace.intents.state.replay import fold_log

HISTORIES = examples(60)


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


@pytest.mark.parametrize("what", ["the next words", "words beside", "a deletion"])
def test_what_stands_on_edits_that_are_not_here_is_asked_for_and_nothing_changes(what: str) -> None:
    driver = Driver()
    chen, ben = Document("text", client=500_000), Document("text", client=500_001)
    with chen.transaction() as first:
        chen.insert_text(0, "ab")
    ben.apply(first[0].update)
    hand = chen if what == "the next words" else ben
    with hand.transaction() as later:
        if what == "a deletion":
            hand.delete_text(0, 1)
        else:
            hand.insert_text(1, "c")
    earlier, edit = (
        Edited("S1", "Chen", "plan", done[0].update, scan_update(done[0].update)) for done in (first, later)
    )
    before = driver.sequencer.fold.documents["plan"].digest()
    assert refusals(driver.handle(edit)) == [("resync", "missing_updates")]
    assert driver.sequencer.fold.documents["plan"].digest() == before
    assert not refusals(driver.handle(earlier))
    assert not refusals(driver.handle(edit))
    assert driver.text().startswith(hand.text())


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


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "join", "plan", "type", "wait", "crash", "answer", "cancel", "fail", "resend")),
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
            case "join" if waiting:
                # What the agent works on is added to: one plan, one commit, and a verdict for each.
                driver.ask(actor, f"and {number}", refs=(waiting[number % len(waiting)],))
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
                intent = waiting[number % len(waiting)]
                for _ in range(3 if number > 5 else 1):  # a third time ends it
                    if intent in driver.tasks:
                        driver.fail(intent)
            case "resend":
                lane = f"L{actor}"
                places = board.lanes.places.get(lane, [])
                if places:
                    entry = board.entries[f"i{places[-1]}"]
                    before = len(board.entries)
                    body = entry.body
                    role = body.role
                    if body.kind == "do":
                        again = driver.ask(actor, body.text, seen=body.seen, role=role, n=body.n, refs=body.refs)
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


def test_who_holds_what_the_agent_wrote_before_a_restore_may_go_on() -> None:
    """The words that this log has lost are nobody's to bring back; what was typed beside them is."""
    driver, agent = Driver(), 5_000
    driver.sequencer.fold.history.agents |= {agent}
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
