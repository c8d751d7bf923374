"""Every invariant of ARCHITECTURE.md names functions that see to it and tests that would notice, and all of them exist.

A test is one that runs: a module of tests with tests in it, or what such modules stand on and call.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from tests.test_house import ROOT
from tests.test_walks import resolve
from tests.world.mutations import MUTATIONS

PAGE = (ROOT / "ARCHITECTURE.md").read_text()
ROW = re.compile(r"^\| (I\d+) \| (.+?) \| ([^|]*) \| ([^|]*) \|$", re.M)


def wrong(row: str) -> list[str]:
    """Return what a row lacks, or names and is not there."""
    found = ROW.fullmatch(row)
    if found is None:
        return ["it is no row of four columns"]
    guards, tests = (re.findall(r"`([^`]+)`", cell) for cell in found.groups()[2:])
    missing = [kind for kind, names in (("a guard", guards), ("a test", tests)) if not names]
    missing += [name for name in guards if "." not in name or not resolve(name, frozenset())]
    return missing + [name for name in tests if not is_run(name)]


def is_run(name: str) -> bool:
    """Tell whether a file holds tests, or is taken by one that does."""
    path = ROOT / name
    if not name.startswith("tests/") or not path.is_file():
        return False
    if Path(name).name.startswith("test_"):
        tree = ast.parse(path.read_text())
        return any(getattr(node, "name", "").startswith("test_") for node in ast.walk(tree))
    module = name.removesuffix(".py").replace("/", ".")
    folder, stem = module.rpartition(".")[0], module.rpartition(".")[2]
    taken = re.compile(rf"^(?:from {module} import|import {module}\b|from {folder} import .*\b{stem}\b)", re.M)
    return any(
        taken.search(one.read_text()) for one in (ROOT / "tests").rglob("*.py") if "node_modules" not in one.parts
    )


def rows() -> list[str]:
    return re.findall(r"^\| I\d+ \|.*$", PAGE, re.M)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_an_invariant_names_its_guards_and_its_tests(row: str) -> None:
    assert wrong(row) == []


@pytest.mark.parametrize(
    "row",
    [
        "| I99 | something holds | `gate.try_plan` |",
        "| I99 | something holds | | `tests/test_house.py` |",
        "| I99 | something holds | `gate.try_plan` | |",
        "| I99 | something holds | `gate.try_plans` | `tests/test_house.py` |",
        "| I99 | something holds | `Gate.try_plan` | `tests/test_house.py` |",
        "| I99 | something holds | `workspace/intents/rules/gate.py` | `tests/test_house.py` |",
        "| I99 | something holds | `gate.try_plan` | `tests/test_palace.py` |",
        "| I99 | something holds | `gate.try_plan` | `workspace/intents/rules/gate.py` |",
        "| I99 | something holds | `gate.try_plan` | `tests/world/__init__.py` |",
    ],
)
def test_a_row_that_lacks_something_is_noticed(row: str) -> None:
    assert wrong(row)


# Invariants that mutations name by a word.
WORDS = {"effects": "I27", "stop": "I39", "scope": "I41", "served": "I41"}
# Guards that no mutation switches off by themselves, each with its reason; those of one reason stand together.
NOT_SWITCHED_OFF: dict[str, tuple[str, ...]] = {
    # Switched off through what it calls, or where it is called: by this mutation.
    "mutation gate": ("I8 conflict.do_collide",),
    "mutation values": ("I7 gate.try_plan",),
    "mutation edits": ("I9 human_edits.protect",),
    "mutation barrier": ("I6 waiting.park",),
    "mutation undo": ("I15 undo.undo_values",),
    "mutation fence": ("I14 checks.check_head",),
    "mutation scope": ("I41 fence.outside",),
    "a mutation does, and what comes of it breaks another invariant first": (
        "I11 checks.check_head", "I40 readback.unlike",
    ),
    "it notices and prevents nothing: the tests of the row plant logs in which it must": (
        "I2 claims.false_claims", "I4 Auditor._verdict", "I5 Auditor._pending", "I7 Auditor._fresh",
        "I8 crossings.do_cross", "I18 what_if.decide_again", "I18 Review.look", "I31 Auditor.before",
        "I43 document_breaches.breach", "I1 Replay.step", "I12 Replay.step", "I12 replay.fold_log",
        "I40 postcondition.find_difference",
    ),
    "it does what the invariant speaks of: without it nothing is done": (
        "I2 Lanes.vector_clock", "I4 Board._verdict", "I5 admission.submit", "I13 SyncAnswers.answer",
        "I19 OutputGate.hold", "I22 Document.apply", "I30 RoomRegistry._wake", "I36 Tasks.start",
        "I37 decision_words.in_words", "I42 Board.apply", "I42 LiveBoard.follow",
    ),
    "no world comes there: it takes a model, a real socket or file, an owner's act over HTTP": (
        "I11 Writer._commit", "I21 FastProtocol._refuse_frame", "I23 accounting.open_call", "I25 ToolRunner.use",
        "I25 conversation.sendable", "I28 redact.redact_intent", "I28 redaction.redact", "I32 Shelves.near",
        "I33 fork.fork_workspace", "I34 Inbox.take", "I35 quarantine.put_aside", "I36 Writer._fail",
    ),
    "worlds take it and no mutation is written: the tests of the row alone would notice": (
        "I1 checks.check_dense", "I8 waiting.rivals_to_await", "I15 text_undo.undo_text", "I16 Sequencer._foreign",
        "I16 intake.take_in", "I17 Peer.control", "I19 OutputGate.after_durable", "I20 intake.take_in",
        "I21 Session.read", "I23 accounting.close_lost", "I24 accounting.over_budget", "I26 judging.judged",
        "I29 segments.unpack", "I29 segments._check", "I32 Comparisons.edges", "I32 Trials.due", "I34 Inbox.of",
        "I35 failures.end_failed", "I38 Arrivals.show", "I39 agent_stop.hold_back", "I43 document_acts.refuse_act",
    ),
}  # fmt: skip


def switched_off() -> dict[tuple[str, str], set[str]]:
    """Return which invariants break when a function is switched off, by its qualified name and file."""
    found: dict[tuple[str, str], set[str]] = {}
    for mutation in MUTATIONS:
        for one in mutation.patches():
            real = getattr(one.getter(), one.attribute)
            if inspect.isfunction(real):
                place = (real.__qualname__, f"{real.__module__.replace('.', '/')}.py")
                found.setdefault(place, set()).update(WORDS.get(name, name) for name in mutation.invariants)
    return found


def guards_of(page: str) -> list[tuple[str, str]]:
    """Return the guards that a page names, each with its invariant."""
    return [(number, guard) for number, _, cell, _ in ROW.findall(page) for guard in re.findall(r"`([^`]+)`", cell)]


def unheld(page: str) -> set[str]:
    """Return the guards of a page that no mutation for their invariant switches off."""
    off = switched_off()
    return {
        f"{number} {guard}"
        for number, guard in guards_of(page)
        if not any(number in off.get(place, ()) for place in resolve(guard, frozenset()))
    }


LISTED = {name for names in NOT_SWITCHED_OFF.values() for name in names}


def test_each_guard_is_switched_off_by_a_mutation_or_there_is_a_reason_why_not() -> None:
    assert unheld(PAGE) == LISTED
    assert len(LISTED) == sum(map(len, NOT_SWITCHED_OFF.values())), "one reason each"


def test_a_mutation_that_stands_for_a_guard_is_for_its_invariant() -> None:
    broken = {one.name: {WORDS.get(name, name) for name in one.invariants} for one in MUTATIONS}
    stand = {
        reason.removeprefix("mutation "): names
        for reason, names in NOT_SWITCHED_OFF.items()
        if reason.startswith("mutation ")
    }
    assert stand
    assert [
        f"{name}: {one}" for name, names in stand.items() for one in names if one.split()[0] not in broken[name]
    ] == []


@pytest.mark.parametrize(
    ("guard", "other"),
    [
        ("`Lanes.refuse_stamp`", "`Peer.write_packed`"),
        ("`human_edits.protect`", "`conflict.do_collide`"),
        ("`quarantine.is_barred`", "`quarantine.put_aside`"),
        ("`Auditor.before`", "`Lanes.seq_of`"),
    ],
)
def test_a_guard_in_place_of_another_is_noticed(guard: str, other: str) -> None:
    """Also one that a mutation switches off, for another invariant."""
    assert guard in PAGE
    assert unheld(PAGE.replace(guard, other)) != LISTED


def test_there_is_a_row_for_each() -> None:
    assert [row.split("|")[1].strip() for row in rows()] == [f"I{at}" for at in range(1, len(rows()) + 1)]
