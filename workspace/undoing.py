"""Plan an `undo`: stand in the log around the commit, compare with now, answer with operations like any planner.

The undo is then an ordinary plan and an ordinary commit with its own gate and verdict. Where something would stay
(another's value, words typed inside what goes, what cannot come back) its author is shown that first, and asked; what
then changes once more is asked about anew. Reading the log happens beside the room's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crdt.anchor import ids_of_range
from crdt.document import Document
from crdt.errors import CrdtError
from crdt.fork import run
from crdt.ops import Increment, Op
from crdt.paths import Path
from crdt.undo import made_documents, undo_text, undo_values
from workspace.errors import LogCorrupt, PlannerFault
from workspace.intents.effects import describe
from workspace.intents.fold import Fold, JournalLike
from workspace.intents.plan import OPS_MAX, QUESTION_POINTS_MAX, Asked, Option, Planned, Proposal, Refused, Task
from workspace.intents.quarantine import refuse_lost
from workspace.intents.record import CommitBody, Row
from workspace.intents.replay import fold_log
from workspace.ports import Store
from workspace.reading import read_all

NAME = "undo@1"
NOW_CLIENT, TRIAL_CLIENT = 8, 32
YES, NO = "yes", "no"
SUMMARY_POINTS_SHOWN, WORDS_POINTS_SHOWN, STAYS_SHOWN, STAY_POINTS_MAX = 160, 80, 6, 110


async def plan_undo(store: Store, ws: str, task: Task) -> Proposal:
    """Return the plan that takes back the commit `task.undo`. Raises `PlannerFault` when the log cannot be read."""
    rows, journal = await read_all(store, ws)
    try:
        return await asyncio.to_thread(_plan, rows, journal, task)
    except LogCorrupt as fault:
        raise PlannerFault(f"the log does not verify: {fault.reason}") from fault


def _plan(rows: list[Row], journal: Sequence[JournalLike], task: Task) -> Proposal:
    whole = fold_log(rows, journal)
    found = whole.board.commits.get(task.undo)
    if found is None:
        return Refused("not_found", f"There is no commit {task.undo}.", planner=NAME)
    seq, commit = found
    lost_docs = refuse_lost(whole, commit.docs)
    if lost_docs is not None:
        return Refused(lost_docs.code, lost_docs.reason, lost_docs.remedy, NAME)
    undone_by = whole.board.entries[commit.intents[0]].undone_by
    if undone_by:
        reason = f"{task.undo} has been taken back already, by {undone_by}."
        return Refused("nothing_to_undo", reason, f"Take {undone_by} back to have it again.", NAME)
    before, after = fold_log(rows, journal, to=seq - 1), fold_log(rows, journal, to=seq)
    ops, lost, inside = _operations(task, commit, before, after, whole)
    if not ops:
        why = f": {'; '.join(lost)}" if lost else ": it has been taken back already, or nothing of it is left"
        return Refused("nothing_to_undo", f"There is nothing to take back of {task.undo}{why}.", planner=NAME)
    if len(ops) > OPS_MAX:
        return Refused("too_large", f"Taking {task.undo} back needs {len(ops)} operations.", planner=NAME)
    names = {op.doc for op in ops}
    documents = {name: document for name, document in whole.documents.items() if name in names}
    try:
        run(documents, ops, (), client=TRIAL_CLIENT)
    except CrdtError as error:
        return Refused("cannot_undo", f"{task.undo} cannot be taken back: {error.reason}", planner=NAME)
    asked = _asked(task, commit, [*inside, *lost])
    if asked is not None:
        return asked
    told = "; ".join(lost)
    summary = f"Took back “{commit.summary or task.undo}”." + (f" Not taken back: {told}." if told else "")
    return Planned(tuple(ops), summary=summary, planner=NAME)


def _asked(task: Task, commit: CommitBody, stays: Sequence[str]) -> Asked | Refused | None:
    """Return the question about what would stay; what a no leads to; None where nothing stays, or it was allowed."""
    if not stays:
        return None
    question = question_of(commit.summary or task.undo, stays)
    answers = [exchange.answer for exchange in task.exchanges if exchange.question == question]
    if not answers:
        options = (Option(YES, "Yes, take it back"), Option(NO, "No, leave everything as it is"))
        return Asked(question, options, NAME)
    if answers[-1] == YES:
        return None
    return Refused(
        "not_wanted", f"{task.undo} was not taken back: the answer was no.", "Undo it again to have it.", NAME
    )


def question_of(summary: str, stays: Sequence[str]) -> str:
    """Return in words what an undo would leave, short enough to be asked."""
    shown = [_short(stay, STAY_POINTS_MAX) for stay in stays[:STAYS_SHOWN]]
    more = [f"and {len(stays) - STAYS_SHOWN} more"] if len(stays) > STAYS_SHOWN else []
    text = (
        f"Takes back “{_short(summary.rstrip('.'), SUMMARY_POINTS_SHOWN)}”. Stays: {'; '.join([*shown, *more])}. Do it?"
    )
    assert len(text) <= QUESTION_POINTS_MAX, "a question that is cut could not be known again"
    return text


def _short(text: str, points: int) -> str:
    return text if len(text) <= points else text[: points - 1] + "…"


def _typed_inside(doc: str, now: Document, inside: Sequence[tuple[int, int]], whole: Fold) -> list[str]:
    """Return in words what stands inside what goes, and whose it is."""
    told, text = list[str](), now.text() if inside else ""
    for start, end in inside:
        ranges: dict[int, list[tuple[int, int]]] = {}
        for client, first, last in ids_of_range(now, start, min(end, start + WORDS_POINTS_SHOWN)):
            ranges.setdefault(client, []).append((first, last))
        entries = whole.board.entries
        names = {
            name
            for edit in whole.history.writers(doc, ranges)
            for name in ([entries[id].actor for id in edit.intents] or [edit.actor])
        }
        whose = f" by {' and '.join(sorted(names))}" if names else ""
        told.append(f"“{_short(text[start:end], WORDS_POINTS_SHOWN)}” in {doc}, typed inside it{whose}")
    return told


def _added_since(whole: Fold, commit: CommitBody, doc: str, *, until: int) -> dict[Path, float]:
    """Return what later commits have added to each number of a document."""
    added: dict[Path, float] = {}
    since, _ = whole.board.commits[commit.commit]
    for seq, other in whole.board.commits.values():
        plan = whole.board.entries[other.intents[0]].plan
        if since < seq <= until and plan is not None:
            for op in plan.ops:
                if isinstance(op, Increment) and op.doc == doc:
                    added[op.path] = added.get(op.path, 0) + op.by
    return added


def _operations(
    task: Task, commit: CommitBody, before: Fold, after: Fold, whole: Fold
) -> tuple[list[Op], list[str], list[str]]:
    """Return what takes a commit back on the task's own snapshot, what it cannot, and what was typed inside it."""
    entry = whole.board.entries[commit.intents[0]]
    planned = entry.plan.ops if entry.plan is not None else ()
    ops, inside = list[Op](), list[str]()
    lost = [f"the document {name} stays" for name in made_documents(planned)]
    for effect in commit.effects:
        fate = whole.effects.get((commit.commit, effect.i))
        if fate is None or fate.status != "failed":
            lost.append(f"{describe(effect, whole.receivers.get(effect.tool))} leaves the workspace all the same")
    for doc, part in commit.docs.items():
        image = task.snapshot.documents.get(doc)
        if image is None:
            lost.append(f"the document {doc} is gone")
            continue
        now = Document.of_state(image.kind, image.state, client=NOW_CLIENT)
        was = before.documents.get(doc) or Document(image.kind, client=NOW_CLIENT)
        if image.kind == "text":
            undo = undo_text(doc, was, after.documents[doc], now, inserted=part.inserted, deleted=part.deleted)
        else:
            added = _added_since(whole, commit, doc, until=task.snapshot.seq)
            undo = undo_values(doc, was, after.documents[doc], now, planned, inserted=part.inserted, added=added)
        ops += undo.ops
        lost += undo.lost
        inside += _typed_inside(doc, now, undo.inside, whole)
    return ops, lost, inside
