"""Is what stands there what was meant? A commit is read back before anybody is told of it, and again by an audit.

A plan means certain words and values (`crdt.operations.postcondition`, which writes nothing); what the documents hold
once its bytes came in must read just so, in everything that it touches and in everything that it does not. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crdt.documents.document import Document
from crdt.operations.ops import CreateDocument, Op
from crdt.operations.postcondition import Postcondition, find_difference, predict
from workspace.intents.model.bodies import CommitBody, PlanBody, VerdictBody
from workspace.intents.model.record import BLANK
from workspace.intents.rules.document_acts import done_by
from workspace.intents.state.board import VARIANT_PLANNER
from workspace.intents.state.catalog import Catalog

Documents = Mapping[str, Document]
SCRATCH_CLIENT = 6


def meanings(ops: Sequence[Op], before: Documents) -> dict[str, Postcondition]:
    """Return how each document that a plan writes to reads after it.

    Raises:
        CrdtError: the plan does not fit these documents.
    """
    made = {op.doc: Document(op.kind, client=SCRATCH_CLIENT) for op in ops if isinstance(op, CreateDocument)}
    by_doc: dict[str, list[Op]] = {}
    for op in ops:
        by_doc.setdefault(op.doc, []).append(op)
    return {doc: predict(made.get(doc) or before[doc], own) for doc, own in by_doc.items()}


def unlike(meanings: Mapping[str, Postcondition], after: Documents) -> str:
    """Return in words the first place that does not read as it was meant; "" where all do."""
    for doc, meaning in sorted(meanings.items()):
        document = after.get(doc)
        told = "it is not there" if document is None else find_difference(meaning, document)
        if told:
            return f"{doc}: {told}"
    return ""


@dataclass(slots=True)
class Readings:
    """Follows the commits of a log: how the documents must read after the one at hand, what verdicts may name."""

    meant: dict[str, Postcondition] = field(default_factory=dict)
    did: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def begin(self) -> None:
        """Expect nothing yet of the commit that comes."""
        self.meant = {}

    def expect(
        self,
        body: CommitBody,
        plan: PlanBody,
        before: Documents,
        after: Documents,
        *,
        is_strict: bool,
        catalog: Catalog | None = None,
    ) -> None:
        """Note what a commit must come to; the older part of a log was read otherwise, and is not read again.

        `after` are the documents that the plan writes to, with it.

        Raises:
            CrdtError: the plan does not fit these documents.
        """
        assert body.plan == plan.plan, "a commit comes to what its own plan meant"
        ops = plan.ops_on(before)
        self.meant = meanings(ops, before) if is_strict else {}
        if plan.planner != VARIANT_PLANNER:
            self.did.update(dict.fromkeys(body.intents, done_by(catalog or Catalog(), plan, ops, before, after)))

    def unlike(self, after: Documents) -> str:
        """Return in words what does not read as it was meant after the commit."""
        return unlike(self.meant, after)

    def is_named(self, body: VerdictBody, *, must_name: bool) -> bool:
        """Tell whether a verdict names what was done; an older one named nothing, and nobody reads a blanked one.

        Of a commit that cannot be carried out again here nothing is expected.
        """
        # Decision 84: a verdict names what came of the operations, as the documents stand, and is held to that.
        did = self.did.pop(body.intent, body.did)
        return body.did == did or (not body.did and not must_name) or any(BLANK in words for words in body.did)
