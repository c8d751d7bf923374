"""Who waits: for the own edits, for what its author knew of."""

from __future__ import annotations

import base64

from crdt.documents.document import Document
from crdt.updates.scan import scan_update
from crdt.updates.summary import UpdateSummary
from tests.workspace.intents.driver import PLACES, Driver, sound
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.events import (
    Edited,
    LaneChanged,
    Proposed,
    Resync,
    SocketOpened,
    StateChanged,
)
from workspace.intents.model.intent import Need, Scope
from workspace.intents.model.plan import PlanRefused
from workspace.intents.steps import waiting
from workspace.intents.steps.waiting import MISSING_OFFLINE_SECONDS, MISSING_ONLINE_SECONDS, RESYNC_AT, WAITS_SHOWN_MAX


def test_who_has_seen_it_refines_and_is_not_asked() -> None:
    driver = Driver()
    ana = driver.ask("Ana", scope=PLACES)
    ben = driver.ask("Ben", scope=PLACES)
    assert ben not in driver.tasks, "waits for what its author had seen"
    assert driver.stands(ben)[1] == (ana,)
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    driver.replace(ben, "Formal", "Casual")
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert not driver.sequencer.fold.board.settled


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


def test_an_authors_client_is_asked_again_and_again_while_it_is_there() -> None:
    driver = Driver()
    intent = driver.ask("Ana", needs={"plan": Need("", 5)})
    assert driver.state(intent) == "parked"
    driver.wait(20)
    assert not any(isinstance(notice, Resync) for notice in driver.notices), "nobody is there to ask"
    driver.handle(LaneChanged("LAna", online=True, docs=("plan",)))
    asked = [notice for notice in driver.notices if isinstance(notice, Resync)]
    assert asked == [Resync("LAna", "plan")] * len(RESYNC_AT), "what was due meanwhile is asked at once"
    driver.wait(MISSING_ONLINE_SECONDS)
    assert driver.verdict(intent).code == "missing_updates"
    assert waiting.parked_deadline(driver.sequencer.kernel) is None


def test_an_author_who_is_away_is_waited_for_a_day() -> None:
    driver = Driver()
    intent = driver.ask("Ana", needs={"plan": Need("", 5)})
    driver.wait(MISSING_OFFLINE_SECONDS - 1)
    assert driver.state(intent) == "parked"
    driver.wait(1)
    assert driver.verdict(intent).code == "missing_updates"


def test_what_joined_another_waits_for_it_again_once_its_authors_edits_are_here() -> None:
    driver = Driver()
    target = driver.ask("Ana", scope=(Scope("plan"),))
    joining = driver.ask("Ben", scope=(Scope("plan"),), refs=(target,), needs={"plan": Need("", 1)})
    assert driver.state(joining) == "parked"
    driver.handle(Edited("LBen", "Ben", "plan", *typed(driver)))
    assert driver.state(joining) == "queued"
    assert driver.stands(joining) == driver.sequencer.fold.board.entries[joining].stands
    assert driver.stands(joining)[1] == (target,)


def test_who_merely_saw_what_is_parked_is_not_held_up_by_it() -> None:
    driver = Driver()
    parked = driver.ask("Ana", "set it", needs={"plan": Need("", 5)}, scope=(Scope("budget"),))
    saw = driver.ask("Ben", scope=(Scope("budget"),))
    mate = driver.ask("Ana", scope=(Scope("budget"),))
    assert [driver.state(id) for id in (parked, saw, mate)] == ["parked", "planning", "queued"]
    driver.set(saw, "price", 7)
    driver.wait(1)
    assert (driver.verdict(saw).state, driver.value("price")) == ("done", 7)
    assert driver.stands(mate)[1] == (parked,), "its own lane keeps its order"
    driver.wait(MISSING_OFFLINE_SECONDS)
    assert driver.verdict(parked).code == "missing_updates"
    assert driver.state(mate) == "planning"
    sound(driver)


def test_what_comes_late_goes_over_what_was_done_meanwhile_by_a_decision_alone() -> None:
    driver = Driver()
    parked = driver.ask("Ana", needs={"plan": Need("", 1)}, scope=(Scope("budget"),))
    saw = driver.ask("Ben", scope=(Scope("budget"),))
    driver.set(saw, "price", 7)
    driver.wait(1)
    assert driver.verdict(saw).state == "done"
    driver.handle(Edited("LAna", "Ana", "plan", *typed(driver)))
    assert driver.state(parked) == "planning"
    driver.set(parked, "price", 9)
    driver.wait(1)
    assert (driver.state(parked), driver.value("price")) == ("held", 7), "Ben's word came after hers, and is done"
    assert driver.sequencer.fold.board.questions[driver.question].group == (saw, parked)
    driver.wait(70)
    sound(driver)


def test_edits_that_come_before_the_later_one_is_committed_put_it_back_behind() -> None:
    driver = Driver()
    parked = driver.ask("Ana", needs={"plan": Need("", 1)}, scope=(Scope("budget"),))
    saw = driver.ask("Ben", scope=(Scope("budget"),))
    driver.set(saw, "price", 7)
    driver.handle(Edited("LAna", "Ana", "plan", *typed(driver)))
    driver.wait(1)
    assert (driver.state(parked), driver.stands(saw)[:2]) == ("planning", ("ready", (parked,)))
    driver.set(parked, "price", 9)
    driver.wait(1)
    assert (driver.verdict(parked).state, driver.value("price")) == ("done", 9)
    driver.set(saw, "price", 7)
    driver.wait(1)
    assert (driver.verdict(saw).state, driver.value("price")) == ("done", 7)
    sound(driver)


def typed(driver: Driver) -> tuple[bytes, UpdateSummary]:
    """Return an edit of the text by hand."""
    hand = Document("text", client=10**9)
    hand.apply(driver.sequencer.fold.documents["plan"].encode())
    with hand.transaction() as done:
        hand.insert_text(0, "x")
    return done[0].update, scan_update(done[0].update)


def test_who_came_in_time_is_awaited_and_who_came_late_is_not() -> None:
    driver = Driver(PolicyConfig(overlap_wait_ms=5_000))
    first, other = (driver.ask(who, seen=driver.start, scope=(Scope("budget"),)) for who in ("Ana", "Ben"))
    driver.set(first, "price", 1)
    driver.wait(1)
    late = driver.ask("Cem", seen=driver.start, scope=(Scope("budget"),))
    kernel, entries = driver.sequencer.kernel, driver.sequencer.fold.board.entries
    awaited = waiting.rivals_to_await(kernel, entries[first], now=driver.now)
    assert [entry.id for entry in awaited] == [other], f"{late} came when the window was over"
    assert waiting.rivals_to_await(kernel, entries[first], now=driver.now + 5) == [], "patience has an end"


def test_who_knows_of_many_is_shown_the_nearest() -> None:
    driver = Driver()
    scope = (Scope("budget"),)
    before = [driver.ask("Ana", f"wish {at}", scope=scope) for at in range(WAITS_SHOWN_MAX + 3)]
    last = driver.ask("Ana", "last", scope=scope)
    kernel, entry = driver.sequencer.kernel, driver.sequencer.fold.board.entries[last]
    assert [one.id for one in waiting.known_before(kernel, entry)] == before[-WAITS_SHOWN_MAX:]
    shown = [notice for notice in driver.notices if isinstance(notice, StateChanged) and notice.id == last]
    assert shown[-1].waits_for == tuple(before[-WAITS_SHOWN_MAX:])


# ------------------------------------------------------------ where planners are short


def short(slots: int) -> Driver:
    return Driver(PolicyConfig(slots=slots, window_ms=0))


def ask_apart(driver: Driver, actor: str, at: int, role: str = "editor") -> str:
    """Ask for something that nobody else is about, on a lane of its own."""
    place = (Scope("budget", keys=((f"k{at}",),)),)
    return driver.ask(actor, f"do {at}", role=role, scope=place, lane=f"L{actor}{at}", seen=driver.start)


def end(driver: Driver, intent: str) -> None:
    task = driver.tasks.pop(intent)
    driver.handle(Proposed(intent, task.attempt, PlanRefused("no", "No.")))


def test_who_comes_behind_a_hundred_of_one_person_is_next() -> None:
    driver = short(2)
    many = [ask_apart(driver, "Cleo", at, "commenter") for at in range(20)]
    owners, bens = ask_apart(driver, "Olga", 100, "owner"), ask_apart(driver, "Ben", 101)
    assert [id for id in driver.tasks if id in many] == many[:2]
    end(driver, many[0])
    assert driver.state(owners) == "planning"
    end(driver, many[1])
    assert driver.state(many[2]) == "planning", "who has none at work and came first"
    end(driver, owners)
    assert driver.state(bens) == "planning"


def test_where_there_is_a_planner_for_each_all_are_planned_at_once() -> None:
    driver = short(4)
    ids = [ask_apart(driver, "Cleo", at) for at in range(3)] + [ask_apart(driver, "Ben", 3)]
    assert {driver.state(id) for id in ids} == {"planning"}
