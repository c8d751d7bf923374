"""A document that cannot be read any more is put aside alone: a fact of the log, and everything else goes on.

From the `config` record on that says so, the document is none of the workspace's: nobody reads, plans or writes there,
and in every state it counts as a fixed marker, so that the log after it verifies. Its rows stay in the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from workspace.intents.model.bodies import ConfigBody, VerdictBody
from workspace.intents.model.events import DocumentsChanged
from workspace.intents.rules.gate import refuse_lost
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import Break, unreadable
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn


def secure(
    kernel: KernelState,
    turn: Turn,
    *,
    besides: Collection[str] = (),
    encoded: Collection[str] = (),
    is_digested: bool = True,
) -> None:
    """Put aside every document whose state cannot be digested, or that cannot be encoded where that comes next.

    What is found to be well is kept by the document, so that it costs nothing to ask for it afterwards.
    """
    documents = {doc: document for doc, document in kernel.fold.documents.items() if doc not in besides}
    found = unreadable(documents, encoded=encoded, is_digested=is_digested)
    if found:
        kernel.runs.close(turn)
        seq, rows = kernel.fold.seq, kernel.fold.rows
        put_aside(
            turn, {doc: Break(doc, seq, rows.get(doc, 0), why, is_state=True).words for doc, why in found.items()}
        )


def put_aside(turn: Turn, found: dict[str, str]) -> None:
    """Enter that documents cannot be read, and have their sockets told; every open run must be closed."""
    turn.append(ConfigBody(quarantined=found), AGENT)
    turn.tell(DocumentsChanged((), (), broken=tuple(sorted(found))))


def reject_lost(kernel: KernelState, turn: Turn, entry: Entry, docs: Iterable[str]) -> bool:
    """End an intent that cannot do without a document that was put aside; tell whether it ended."""
    refusal = refuse_lost(kernel.fold, docs)
    if refusal is None:
        return False
    kernel.runs.close(turn)
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="rejected",
            code=refusal.code,
            reason=refusal.reason,
            remedy=refusal.remedy,
            can=("override",),
        )
    )
    return True
