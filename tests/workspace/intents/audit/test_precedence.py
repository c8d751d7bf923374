"""Two plans that cross and both run undecided are found in the log, whatever kept the sequencer from comparing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

import crdt.operations.fork
import workspace.intents.rules.comparisons as comparisons
import workspace.intents.rules.conflict as conflict
import workspace.intents.steps.commit_round as committing
import workspace.intents.steps.kernel_state as kernel
import workspace.intents.steps.planning as planning
import workspace.intents.steps.resolution as resolution
from crdt.digest import digest_value
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import anchor_item, read_path, set_path
from crdt.errors import CrdtError
from crdt.operations.fork import collide
from crdt.operations.ops import DeleteValue, Insert, ListAdd, ListMove, ListRemove, Op, SetValue, hash_of_value
from tests.crdt.operations.test_fork import DOCS, plans
from tests.support.examples import examples
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.crossings import do_cross
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import PlanBody, PolicyConfig
from workspace.intents.model.intent import Scope
from workspace.intents.rules.conflict import Unseen

LIST = ("l",)
Plan = Callable[[Driver, str], None]
Off = tuple[tuple[Any, str, object], ...]


def shown(driver: Driver, intent: str, doc: str) -> Document:
    """Return a document as the planner was shown it."""
    image = driver.tasks[intent].snapshot.documents[doc]
    return Document(image.kind, client=6, updates=(image.state,))


def sets(value: int) -> Plan:
    return lambda driver, intent: driver.set(intent, "price", value)


def replaces(new: str) -> Plan:
    return lambda driver, intent: driver.replace(intent, "Second", new)


def adds(driver: Driver, intent: str) -> None:
    driver.add(intent, "price", 10)


def removes(driver: Driver, intent: str) -> None:
    old = hash_of_value(shown(driver, intent, "budget"), ("price",))
    driver.plan(intent, [DeleteValue("budget", ("price",), old)])


def inserts(driver: Driver, intent: str) -> None:
    document = shown(driver, intent, "plan")
    at = document.text().index("ond line")
    driver.plan(intent, [Insert("plan", place_range(document, at - 1, at).end.encode(), "Q")])


def listed(make: Callable[[Document], Op]) -> Plan:
    return lambda driver, intent: driver.plan(intent, [make(shown(driver, intent, "budget"))])


def anchor(document: Document, index: int) -> str:
    found = anchor_item(document, LIST, index)
    assert found is not None
    return found


def replaced_list(document: Document) -> Op:
    return SetValue("budget", LIST, [1], hash_of_value(document, LIST))


def moved(behind: int | None) -> Callable[[Document], Op]:
    return lambda document: ListMove(
        "budget", LIST, anchor(document, 1), None if behind is None else anchor(document, behind)
    )


def taken_out(document: Document) -> Op:
    value = read_path(document, (*LIST, 1))
    return ListRemove("budget", LIST, anchor(document, 1), digest_value(value))  # type: ignore[arg-type]


def put_in(document: Document) -> Op:
    return ListAdd("budget", LIST, "z", anchor(document, 1))


KINDS: dict[str, tuple[Plan, Plan]] = {
    "one key set twice": (sets(1), sets(2)),
    "one place replaced twice": (replaces("X"), replaces("Y")),
    "set, removed": (sets(1), removes),
    "removed, set": (removes, sets(1)),
    "set, added to": (sets(1), adds),
    "added to, set": (adds, sets(1)),
    "removed, added to": (removes, adds),
    "replaced, written into": (replaces("X"), inserts),
    "written into, replaced": (inserts, replaces("X")),
    "an item moved twice": (listed(moved(None)), listed(moved(2))),
    "an item removed, moved": (listed(taken_out), listed(moved(None))),
    "a list replaced, added to": (listed(replaced_list), listed(put_in)),
    "a list added to, replaced": (listed(put_in), listed(replaced_list)),
}
NEVER = lambda *args, **named: False  # noqa: E731
UNSEEN = ((committing, "unseen_by", lambda *args: Unseen()), (committing, "late_rivals", lambda *args, **named: ()))
SAME_VALUE = (comparisons, "collide_at", NEVER)
NOBODY_LATE = (conflict, "is_rival", NEVER)
COMPARISONS: dict[str, Off] = {
    "L2": ((kernel.KernelState, "collides", NEVER), *UNSEEN),
    "both orders": ((conflict, "collide", NEVER), SAME_VALUE, *UNSEEN),
    "values": ((crdt.operations.fork, "commute", lambda *args, **named: True), SAME_VALUE, NOBODY_LATE),
    "places": ((crdt.operations.fork, "overlap", NEVER), SAME_VALUE, NOBODY_LATE),
    "who shares a place": ((comparisons.Comparisons, "_near", lambda *args: ()), NOBODY_LATE),
    "who is concurrent": ((comparisons, "are_concurrent", NEVER), NOBODY_LATE),
}
WAITING: Off = ((committing, "rivals_to_await", lambda *args, **more: []),)


def two(driver: Driver, kind: str, *, is_late: bool, **more: object) -> tuple[str, str]:
    """Let Ana and Ben, unseen by each other, plan a pair; Ben's plan may come a second later. Both plan again."""
    driver.type("Owner", "budget", lambda document: set_path(document, LIST, ["a", "b", "c"]))
    driver.wait(0.3)
    seen = driver.sequencer.fold.seq
    ids = driver.ask("Ana", seen=seen, **more), driver.ask("Ben", seen=seen, **more)
    for id, plan in zip(ids, KINDS[kind], strict=True):
        plan(driver, id)
        driver.wait(1 if is_late else 0)
    driver.wait(2)
    for id, plan in zip(ids, KINDS[kind], strict=True):
        if id in driver.tasks:
            again(driver, id, plan)
    driver.wait(2)
    return ids


def again(driver: Driver, id: str, plan: Plan) -> None:
    """Plan a second time; what cannot be done any more is planned as nothing."""
    try:
        plan(driver, id)
    except (ValueError, AssertionError, CrdtError):
        driver.plan(id, [])


def breaches(driver: Driver) -> set[str]:
    assert verify(driver.rows, driver.journal, is_audited=False).ok
    return {breach.condition for breach in verify(driver.rows, driver.journal).breaches}


@pytest.mark.damages_logs
@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("kind", KINDS)
def test_two_that_cross_and_both_ran_are_found(
    kind: str, comparison: str, is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver()
    for owner, name, stand_in in (*COMPARISONS[comparison], *(WAITING if is_late else ())):
        monkeypatch.setattr(owner, name, stand_in)
    ana, ben = two(driver, kind, is_late=is_late)
    assert (driver.state(ana), driver.state(ben)) == ("done", "done"), "the guards are off"
    assert "C3/I8" in breaches(driver), "the guards are off in the audit, too: it stands on none of them"


@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("kind", KINDS)
def test_with_the_comparison_on_they_are_decided_about_and_the_log_is_clean(kind: str, is_late: bool) -> None:
    driver = Driver(PolicyConfig(chain=("first",)))
    ana, ben = two(driver, kind, is_late=is_late)
    assert sorted((driver.state(ana), driver.state(ben))) == ["done", "overruled"]
    assert breaches(driver) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_who_came_when_the_waiting_was_over_is_not_outrun(kind: str) -> None:
    """The one who had waited for the other's plan as long as is owed goes first; what is relative builds on it."""
    driver = Driver(PolicyConfig(chain=("first",), overlap_wait_ms=500))
    two(driver, kind, is_late=True)
    assert breaches(driver) == set()


def test_who_said_to_work_elsewhere_is_not_waited_for() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen, scope=(Scope("budget", keys=(("price",),)),))
    ben = driver.ask("Ben", seen=seen, scope=(Scope("plan"),))
    driver.set(ana, "price", 1)
    driver.wait(1)
    driver.add(ben, "price", 10)
    driver.ask("Ben", "", kind="answer", refs=(driver.question,), value=ben)
    driver.wait(1)
    assert (driver.state(ana), driver.state(ben), driver.value("price")) == ("done", "done", 11)
    assert breaches(driver) == set()


@pytest.mark.long
@pytest.mark.damages_logs
@pytest.mark.parametrize("kind", KINDS)
def test_approvals_that_cross_are_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def approved(driver: Driver) -> tuple[str, str]:
        suggested = two(driver, kind, is_late=False, role="commenter")
        assert [driver.state(id) for id in suggested] == ["suggested", "suggested"]
        seen = driver.sequencer.fold.seq
        ids = [
            driver.ask(who, "", kind="approve", refs=(id,), seen=seen, role="owner")
            for who, id in zip(("Olga", "Otto"), suggested, strict=True)
        ]
        for _ in range(2):
            for id, plan in zip(ids, KINDS[kind], strict=True):
                if id in driver.tasks:
                    again(driver, id, plan)
            driver.wait(2)
        return ids[0], ids[1]

    honest, driver = Driver(PolicyConfig(chain=("first",))), Driver()
    with monkeypatch.context() as patch:
        # Commenters' own plans are suggestions, and none of theirs is settled with another's.
        for owner, name, stand_in in COMPARISONS["L2"]:
            patch.setattr(owner, name, stand_in)
        one, other = approved(driver)
    assert (driver.state(one), driver.state(other)) == ("done", "done")
    assert "C3/I8" in breaches(driver)
    approved_honestly(honest, kind)
    assert breaches(honest) == set()


def approved_honestly(driver: Driver, kind: str) -> None:
    """Let two suggestions be made one after the other, and approved at once."""
    suggested = []
    for who, plan in zip(("Ana", "Ben"), KINDS[kind], strict=True):
        driver.type("Owner", "budget", lambda document: set_path(document, LIST, ["a", "b", "c"]))
        driver.wait(0.3)
        suggested.append(driver.ask(who, role="commenter"))
        plan(driver, suggested[-1])
        driver.wait(2)
    seen = driver.sequencer.fold.seq
    ids = [
        driver.ask(who, "", kind="approve", refs=(id,), seen=seen, role="owner")
        for who, id in zip(("Olga", "Otto"), suggested, strict=True)
    ]
    for id, plan in zip(ids, KINDS[kind], strict=True):
        plan(driver, id)
    driver.wait(2)
    assert sorted(map(driver.state, ids)) == ["done", "overruled"]


def picked_twice(driver: Driver, *, is_same: bool) -> None:
    """Let two people approve variants of one group that do not touch each other, or one variant twice."""
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", seen=seen), driver.ask("Ben", seen=seen)
    for at, id in enumerate((ana, ben)):
        document = shown(driver, id, "budget")
        ops: list[Op] = [SetValue("budget", (key,), at, hash_of_value(document, (key,))) for key in ("price", f"k{at}")]
        driver.plan(id, ops)
    driver.wait(1)
    assert [driver.state(id) for id in (ana, ben)] == ["branched", "branched"]
    for who, id in (("Olga", ana), ("Otto", ana if is_same else ben)):
        pick = driver.ask(who, "", kind="approve", refs=(id,), role="owner")
        driver.wait(1)
        if pick in driver.tasks:
            driver.set(pick, "other", who)
            driver.wait(1)


@pytest.mark.damages_logs
@pytest.mark.parametrize("is_same, condition", [(True, "I5"), (False, "C3/I8")])
def test_two_picks_of_one_group_are_found(is_same: bool, condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Driver(PolicyConfig(chain=("branch",)))
    picked_twice(honest, is_same=is_same)
    assert breaches(honest) == set()
    driver = Driver(PolicyConfig(chain=("branch",)))
    with monkeypatch.context() as patch:
        patch.setattr(planning, "is_free", lambda *args: True)
        patch.setattr(resolution, "are_rival_picks", NEVER)
        picked_twice(driver, is_same=is_same)
    assert condition in breaches(driver)


@pytest.mark.long
@settings(max_examples=examples(400), deadline=None)
@given(a=plans, b=plans)
def test_both_comparisons_say_the_same_of_what_can_be_carried_out(a: list[Op], b: list[Op]) -> None:
    """The audit's comparison shares no code with the sequencer's; where they differ one of them is wrong."""
    one, other = (PlanBody(f"p{at}", (f"i{at}",), 1, 0, tuple(ops), (), "") for at, ops in enumerate((a, b)))
    can_run = all(runs(ops) for ops in (a, b))
    assert do_cross(DOCS, one, other) == (can_run and collide(DOCS, (a, ()), (b, ()), client=50))
    assert do_cross(DOCS, one, other) == do_cross(DOCS, other, one)


def runs(ops: list[Op]) -> bool:
    try:
        crdt.operations.fork.run(DOCS, ops, (), client=50)
    except CrdtError:
        return False
    return True
