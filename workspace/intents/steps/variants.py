"""Policy `branch`: every variant as a document of its own, side by side; an approval picks one (semantics §4).

Where a group is branched, nothing of it runs on the document that all share. The agent writes each variant into a new
document `NAME.INTENT`, people look at both, and may edit them. Approving one runs its plan where it was meant to go;
the other variants leave the list and stay in the log.
"""

from __future__ import annotations

from collections.abc import Collection

from crdt.documents.anchor import Anchor
from crdt.documents.document import TEXT_ROOT, Document
from crdt.documents.values import for_people
from crdt.operations.excerpt import copy_text
from crdt.operations.fork import Ran, run
from crdt.operations.ops import CreateDocument, Op, SetValue, is_writable
from workspace.errors import Refusal
from workspace.intents.model.bodies import ConfigBody, DecisionBody, PlanBody, VerdictBody
from workspace.intents.model.events import DocumentsChanged
from workspace.intents.model.ids import plan_id
from workspace.intents.model.intent import Kinds
from workspace.intents.model.policies import Fates
from workspace.intents.rules.gate import try_plan
from workspace.intents.rules.places import refuse_agent_at, spot
from workspace.intents.state.board import VARIANT_PLANNER, Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.steps.commit import enter_commit
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn


def variant_name(doc: str, intent: str) -> str:
    """Return the name of the document that holds an intent's variant of another."""
    return f"{doc}.{intent}"


def branch(kernel: KernelState, turn: Turn, group: tuple[Entry, ...], decision: DecisionBody) -> None:
    """Write the variant of every member into documents of its own, and end them `branched`."""
    assert all(entry.commit is None for entry in group if entry.is_live), "what is done is no variant"
    names = {entry.id: _write(kernel, turn, entry) for entry in group if entry.is_live}
    for entry in group:
        if not entry.is_live:
            continue
        own = ", ".join(names[entry.id]) or "nothing to show"
        others = (other for other in group if other is not entry and names.get(other.id))
        shown = [f"{entry.actor}'s is {own}", *(f"{one.actor}'s is {', '.join(names[one.id])}" for one in others)]
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="branched",
                code="branch",
                reason=f"The variants stand side by side: {'; '.join(shown)}.",
                remedy="Look at them and approve the one to keep.",
                by=decision.decision,
                commit=entry.commit.commit if entry.commit is not None else "",
                can=("approve", "override"),
            )
        )
        for id in entry.steers if entry.commit is not None else ():
            turn.verdict(
                VerdictBody(
                    intent=id,
                    state="merged",
                    code="branch",
                    reason=f"Is part of {entry.actor}'s variant, {own}.",
                    winner=entry.id,
                    commit=entry.commit.commit if entry.commit is not None else "",
                    can=("override",),
                )
            )


def _write(kernel: KernelState, turn: Turn, entry: Entry) -> tuple[str, ...]:
    """Commit an intent's variant; return the documents it is in."""
    assert entry.plan is not None, "only planned intents are branched"
    kernel.subject = entry.id
    ran = try_plan(entry.plan, kernel.fold.documents, client=kernel.scratch_client)
    if not isinstance(ran, Ran) or not ran.documents:
        return ()
    ops: list[Op] = []
    free = {doc: it for doc, it in ran.documents.items() if _is_free(kernel.fold, variant_name(doc, entry.id))}
    if not free:
        return ()  # somebody has made documents of those names by hand, or a rule keeps the agent from there
    for doc, document in sorted(free.items()):
        name = variant_name(doc, entry.id)
        ops += [CreateDocument(name, document.kind), *_contents(name, document)]
    body = PlanBody(
        plan=plan_id(turn.fold.seq + 1),
        intents=(entry.id,),
        snapshot=turn.fold.seq,
        attempt=entry.plan.attempt,
        ops=tuple(ops),
        reads=(),
        summary=f"Variant: {entry.plan.summary}",
        planner=VARIANT_PLANNER,
    )
    assert all(name not in kernel.fold.kinds for name in {op.doc for op in ops}), "a variant overwrites nothing"
    turn.append(body, AGENT)
    written = enter_commit(kernel, turn, entry, run(kernel.fold.documents, body.ops, (), client=kernel.client))
    if isinstance(written, Refusal):
        return ()
    return tuple(variant_name(doc, entry.id) for doc in sorted(free))


def _is_free(fold: WorkspaceState, name: str) -> bool:
    is_open = refuse_agent_at(fold, spot(fold, name)) is None
    return name not in fold.kinds and fold.catalog.is_free(name) and is_open


def _contents(name: str, document: Document) -> list[Op]:
    """Return the operations that write a document's value into an empty one of its kind."""
    if document.kind == "text":
        end = Anchor(None, TEXT_ROOT, 0).encode()
        return [*copy_text(document, 0, len(document.text()), doc=name, at=end)[0]] if document.text() else []
    value = document.value()
    if not isinstance(value, dict):
        return []  # no plan writes into a rich document; it can only make an empty one
    # What only an editor can make, XML under a key, is not in the variant; the plan itself does not touch it.
    parts = ((key, for_people(part)) for key, part in sorted(value.items()))
    return [SetValue(name, (key,), part, "absent") for key, part in parts if is_writable(part)]


def approved_plan(kernel: KernelState, entry: Entry) -> PlanBody | None:
    """Return the plan that an approval of a variant stands for, while it holds; None when it must be made anew."""
    target = kernel.fold.board.entries[entry.body.refs[0]] if entry.body.kind == Kinds.APPROVE else None
    if target is None or target.branched is None:
        return None
    plan = target.branched
    assert plan.planner != VARIANT_PLANNER, "what is picked is the plan, not what was written to show it"
    return plan if isinstance(try_plan(plan, kernel.fold.documents, client=kernel.scratch_client), Ran) else None


def parts_of(kernel: KernelState, entry: Entry) -> tuple[str, ...]:
    """Return what the variant holds that an approval picks, beside the words it is called by: what had joined those."""
    subject = kernel.fold.board.subject_of(entry)
    is_picked = subject is not entry and subject.commit is not None
    return subject.steers if is_picked and not (entry.carried or subject.carried) else ()


def left_out(kernel: KernelState, entry: Entry, serves: Collection[str]) -> str:
    """Return what a plan for an approval leaves out of the variant, in words; "" where it leaves out nothing.

    What had joined it has its verdict, which says that it is part of it: it would be lost and nobody would hear of it.
    """
    actors = [kernel.fold.board.entries[id].actor for id in parts_of(kernel, entry) if id not in serves]
    return f"The plan leaves out what {', '.join(dict.fromkeys(actors))} had added to the variant." if actors else ""


def archive_variants(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    """Take the variants of a group off the list once one of them has been approved and is done."""
    target = kernel.fold.board.entries[entry.body.refs[0]] if entry.body.kind == Kinds.APPROVE else None
    if target is None or target.branched is None:
        return
    group = {id for decision in target.decisions if Fates.BRANCH in decision.outcome.values() for id in decision.group}
    names = tuple(
        name
        for name in kernel.fold.listed()
        if any(name.endswith(f".{id}") for id in group) and name.rsplit(".", 1)[0] in kernel.fold.documents
    )
    if names:
        turn.append(ConfigBody(archived=names), AGENT)
        turn.tell(DocumentsChanged((), names))
