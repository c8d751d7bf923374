"""Plan an `undo`: stand in the log around the commit, compare with now, answer with operations like any planner.

The undo is then an ordinary plan and an ordinary commit with its own gate and verdict. Where something would stay
(another's value, words typed inside what goes or put in its place, what cannot come back), or comes back where nothing
stands for it any more, its author is shown that first, and asked; what then changes once more is asked about anew.
Reading the log happens beside the room's loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crdt.documents.document import Document
from crdt.documents.paths import Path
from crdt.errors import CrdtError
from crdt.operations.fork import run
from crdt.operations.ops import Check, Increment, Op
from crdt.undo.text_undo import undo_text
from crdt.undo.undo import list_made_documents, undo_values
from workspace.access import person_in
from workspace.errors import LogCorrupt, PlannerFault
from workspace.history.log_reads import LogReads
from workspace.history.read import read_rest
from workspace.intents.model.bodies import CommitBody
from workspace.intents.model.document_acts import Acts, DocumentAct, words_of_act
from workspace.intents.model.effects import EffectStatuses, describe
from workspace.intents.model.plan import (
    OPS_MAX,
    SUMMARY_POINTS_MAX,
    Asked,
    Option,
    Planned,
    PlanRefused,
    Proposal,
    Task,
)
from workspace.intents.model.record import Row
from workspace.intents.rules.document_acts import acts_of
from workspace.intents.rules.gate import refuse_lost
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import JournalLike, WorkspaceState
from workspace.threads import compute
from workspace.workers.undo_preview import UndoPreview, question_of, shortened
from workspace.workers.undo_surroundings import LogView, Surroundings, taken_back_by

NAME = "undo@1"
NOW_CLIENT, TRIAL_CLIENT = 8, 32
YES, NO = "yes", "no"
REASON_POINTS_MAX = 600


class UndoPlanner:
    """Plans what takes commits of one workspace back.

    While its author is asked, what was read of the log is kept: the answer costs no second look at all of it.
    """

    __slots__ = ("_asked", "_reads", "_ws")

    def __init__(self, reads: LogReads, ws: str) -> None:
        self._reads = reads
        self._ws = ws
        # The last undo that has asked, and the log as it saw it.
        self._asked: tuple[str, LogView] | None = None

    async def plan(self, task: Task) -> Proposal:
        """Return the plan that takes back the commit `task.undo`. Raises `PlannerFault` when the log cannot be read."""
        reads = self._reads
        async with reads.turn(person_in(self._ws, task.actor)):
            asked, self._asked = self._asked, None
            view = asked[1] if asked is not None and asked[0] == task.intent else LogView(task.undo)
            reads.folds += view.rows == 0
            rows, journal = await read_rest(reads.store, self._ws, rows=view.rows, journal=view.journal)
            try:
                proposal = await compute(_plan, view, rows, journal, task)
            except LogCorrupt as fault:
                raise PlannerFault(f"the log does not verify: {fault.reason}") from fault
            if isinstance(proposal, Asked):
                self._asked = task.intent, view
            return proposal


def _plan(view: LogView, rows: Sequence[Row], journal: Sequence[JournalLike], task: Task) -> Proposal:
    view.enter(rows, journal)
    return _planned(view.around, task)


def _planned(around: Surroundings, task: Task) -> Proposal:
    whole, commit = around.whole, around.commit
    if commit is None:
        return PlanRefused("not_found", f"There is no commit {task.undo}.", planner=NAME)
    lost_docs = refuse_lost(whole, commit.docs)
    if lost_docs is not None:
        return PlanRefused(lost_docs.code, lost_docs.reason, lost_docs.remedy, NAME)
    undone_by = taken_back_by(whole.board, task.undo)
    if undone_by:
        reason = f"{task.undo} has been taken back already, by {undone_by}."
        return PlanRefused("nothing_to_undo", reason, f"Take {undone_by} back to have it again.", NAME)
    ops, told = _operations(task, commit, around)
    if not any(not isinstance(op, Check) for op in ops):
        entry = whole.board.entries[commit.intents[0]]
        acts = acts_of(entry.plan) if entry.plan is not None else ()
        if acts:
            return _refused_acts(acts)
        why = (
            f": {'; '.join(told.stays)}" if told.stays else ": it has been taken back already, or nothing of it is left"
        )
        reason = f"There is nothing to take back of {task.undo}{why}."
        return PlanRefused("nothing_to_undo", shortened(reason, REASON_POINTS_MAX), told.remedy, NAME)
    if len(ops) > OPS_MAX:
        return PlanRefused("too_large", f"Taking {task.undo} back needs {len(ops)} operations.", planner=NAME)
    names = {op.doc for op in ops}
    documents = {name: document for name, document in whole.documents.items() if name in names}
    try:
        ran = run(documents, ops, (), client=TRIAL_CLIENT)
    except CrdtError as error:
        return PlanRefused("cannot_undo", f"{task.undo} cannot be taken back: {error.reason}", planner=NAME)
    asked = _asked(task, commit, told, ran.documents)
    if asked is not None:
        return asked
    left = "; ".join(told.lost)
    summary = f"Took back “{commit.summary or task.undo}”." + (f" Not taken back: {left}." if left else "")
    return Planned(tuple(ops), summary=shortened(summary, SUMMARY_POINTS_MAX), planner=NAME)


def _refused_acts(acts: Sequence[DocumentAct]) -> PlanRefused:
    """Return that an undo does not take back what became of documents as a whole, and what to ask for instead."""
    done = "; ".join(words_of_act(act) for act in acts)
    reason = f"Undo takes back what was written in documents, not what became of them as a whole: {done}."
    back = ", ".join(f"“{_words_back(act)}”" for act in acts)
    remedy = f"Ask the agent: {back}; or do it in the document's menu, where your role may."
    return PlanRefused("cannot_undo", shortened(reason, REASON_POINTS_MAX), shortened(remedy, REASON_POINTS_MAX), NAME)


def _words_back(act: DocumentAct) -> str:
    """Return what to ask for so that a document is again what it was before an act."""
    match act.do:
        case Acts.RENAME:
            return f"rename document {act.name} to {act.was}"
        case Acts.RESTORE:
            return f"archive document {act.name or act.was}"
        case _:
            return f"restore document {act.was}"


def _asked(
    task: Task, commit: CommitBody, told: UndoPreview, results: Mapping[str, Document]
) -> Asked | PlanRefused | None:
    """Return the question about what would stay; what a no leads to; None where nothing stays, or it was allowed."""
    if not told.stays and not told.backs:
        return None
    question = question_of(commit.summary or task.undo, told.stays, told.backs, told.reading(results))
    answers = [exchange.answer for exchange in task.exchanges if exchange.question == question]
    if not answers:
        options = (Option(YES, "Yes, take it back"), Option(NO, "No, leave everything as it is"))
        return Asked(question, options, NAME)
    if answers[-1] == YES:
        return None
    return PlanRefused(
        "not_wanted", f"{task.undo} was not taken back: the answer was no.", "Undo it again to have it.", NAME
    )


def _added_since(whole: WorkspaceState, commit: CommitBody, doc: str, *, until: int) -> dict[Path, float]:
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


def _numbered(entry: Entry, doc: str, was: Document) -> Sequence[Op]:
    """Return what a commit's plan did to a document, with the numbers that items had just before it."""
    assert entry.plan is not None, "what was committed was planned"
    try:
        return entry.plan.ops_on({doc: was})
    except CrdtError:  # it was committed on another state than can be read again
        return entry.plan.ops


def _operations(task: Task, commit: CommitBody, around: Surroundings) -> tuple[list[Op], UndoPreview]:
    """Return what takes a commit back on the task's own snapshot, and what people are told of it."""
    whole = around.whole
    entry = whole.board.entries[commit.intents[0]]
    planned = entry.plan.ops if entry.plan is not None else ()
    ops, told = list[Op](), UndoPreview(around)
    told.lost += [f"the document {name} stays" for name in list_made_documents(planned)]
    told.lost += [
        f"{words_of_act(act)}, and stays so" for act in (acts_of(entry.plan) if entry.plan is not None else ())
    ]
    for effect in commit.effects:
        fate = whole.effects.get((commit.commit, effect.i))
        if fate is None or fate.status != EffectStatuses.FAILED:
            told.lost.append(f"{describe(effect, whole.receivers.get(effect.tool))} leaves the workspace all the same")
    for doc, part in commit.docs.items():
        image = task.snapshot.documents.get(doc)
        if image is None:
            told.lost.append(f"the document {doc} is gone")
            continue
        now = Document.of_state(image.kind, image.state, client=NOW_CLIENT, exact=image.exact)
        was = around.before.get(doc) or Document(image.kind, client=NOW_CLIENT)
        then, past = around.after[doc], around.past(doc)
        if image.kind == "text":
            undo = undo_text(doc, was, then, now, inserted=part.inserted, deleted=part.deleted, past=past)
        else:
            added = _added_since(whole, commit, doc, until=task.snapshot.seq)
            undo = undo_values(
                doc, was, then, now, _numbered(entry, doc, was),
                inserted=part.inserted, added=added, past=past, agents=whole.history.agents,
            )  # fmt: skip
        ops += undo.ops
        told.take(doc, now, undo)
    return ops, told
