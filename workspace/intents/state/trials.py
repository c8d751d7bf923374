"""Which ready plans are known to hold on the documents as they are (C4): each is tried once, then what it stands on.

A plan that was carried out on forks holds until one of its preconditions fails. Those are laid out by document, each
with everybody who stands on it, so that a commit costs a look at what is read there, not a trial of each ready plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from crdt.documents.document import Document
from crdt.operations.preconditions import Precondition, holds, preconditions
from workspace.intents.model.bodies import PlanBody
from workspace.intents.state.board import Entry

Documents = Mapping[str, Document]
NO_DOCUMENT = -1


@dataclass(slots=True)
class Trials:
    """What the ready plans that were tried stand on. `jid` names the state of the documents that was looked at last."""

    _plans: dict[str, tuple[PlanBody, tuple[Precondition, ...]]] = field(default_factory=dict)
    _by_doc: dict[str, dict[Precondition, dict[str, None]]] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _jid: int = -1

    def passed(self, entry: Entry, documents: Documents) -> None:
        """Note that a plan was carried out on forks of these documents."""
        assert entry.plan is not None, "only plans are tried"
        self.forget(entry.id)
        stands_on = preconditions(documents, entry.plan.ops, entry.plan.reads)
        self._plans[entry.id] = (entry.plan, stands_on)
        for one in stands_on:
            self._by_doc.setdefault(one.doc, {}).setdefault(one, {})[entry.id] = None
            self._versions.setdefault(one.doc, _version(documents, one.doc))

    def forget(self, id: str) -> None:
        """Let go of what an intent's plan stood on."""
        _, stands_on = self._plans.pop(id, (None, ()))
        for one in stands_on:
            here = self._by_doc[one.doc]
            del here[one][id]
            if not here[one]:
                del here[one]
            if not here:
                del self._by_doc[one.doc], self._versions[one.doc]

    def forget_but(self, ids: Collection[str]) -> None:
        """Let go of all but these intents."""
        for id in [id for id in self._plans if id not in ids]:
            self.forget(id)

    def due(self, ready: Iterable[Entry], documents: Documents, *, jid: int) -> list[Entry]:
        """Return those of the ready whose plans have to be tried on the documents as they are, in their order."""
        if jid != self._jid:
            self._jid = jid
            for doc in [doc for doc, version in self._versions.items() if _version(documents, doc) != version]:
                self._look_at(doc, documents)
        kept = self._plans
        return [entry for entry in ready if (known := kept.get(entry.id)) is None or known[0] is not entry.plan]

    def spoilt_by(self, writer: str, before: Documents, after: Mapping[str, Document]) -> list[str]:
        """Return the other intents whose preconditions fail where `after` is what has become of some documents."""
        found = dict[str, None]()
        now = {**before, **after}
        for doc in after:
            for one, ids in self._by_doc.get(doc, {}).items():
                if (len(ids) > 1 or writer not in ids) and not holds(now, one):
                    found.update(ids)
        found.pop(writer, None)
        return list(found)

    def _look_at(self, doc: str, documents: Documents) -> None:
        """Let go of every plan of which something in a document does not hold any more."""
        self._versions[doc] = _version(documents, doc)
        failed = [ids for one, ids in self._by_doc[doc].items() if not holds(documents, one)]
        for id in {id for ids in failed for id in ids}:
            self.forget(id)


def _version(documents: Documents, doc: str) -> int:
    document = documents.get(doc)
    return NO_DOCUMENT if document is None else document.version
