"""Which documents there are, what they are called, and which were put away: a fold of the log (semantics §6).

A document never leaves it: what was deleted keeps its content, and the log after it its state. Two documents that live
or are archived never have one name; a name that a document has given up, or a deleted one had, is free.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workspace.intents.model.document_acts import BECOMES, BY_ID, Acts, DocumentAct, DocumentState, made_as


@dataclass(frozen=True, slots=True)
class PutAway:
    """A document that was put away: how, by which record, when and by whom."""

    state: DocumentState
    seq: int
    at: str
    actor: str


@dataclass(slots=True)
class Catalog:
    """The documents of one workspace by id and by name."""

    # By id, of those that are called otherwise than they were made.
    names: dict[str, str] = field(default_factory=dict)
    # By name, the last document that was called so: it may be called otherwise by now.
    holders: dict[str, str] = field(default_factory=dict)
    put_away: dict[str, PutAway] = field(default_factory=dict)
    # Those that were put away once and live again.
    returned: dict[str, None] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    # Who made a document, or told the agent to.
    makers: dict[str, str] = field(default_factory=dict)

    def make(self, doc: str) -> None:
        """Enter a new document under the name that its id tells."""
        assert doc not in self.ids, "a document is made once"
        self.ids.add(doc)
        self.holders[made_as(doc)] = doc

    def unmake(self, doc: str) -> None:
        """Take back a `make` that no record holds."""
        self.ids.discard(doc)
        if self.holders.get(made_as(doc)) == doc:
            del self.holders[made_as(doc)]

    def name_of(self, doc: str) -> str:
        """Return what a document is called now."""
        return self.names.get(doc) or made_as(doc)

    def find(self, name: str) -> str | None:
        """Return the id of the document that is called so, or was the last to be; of `_id/ID` the very one."""
        if name.startswith(BY_ID):
            id = name.removeprefix(BY_ID)
            return id if id in self.ids else None
        return self.holders.get(name)

    def is_called(self, doc: str, name: str) -> bool:
        """Tell whether a name is a document's own now, or its id is meant, and not what it was called before."""
        return name.startswith(BY_ID) or self.name_of(doc) == name

    def called(self) -> dict[str, str]:
        """Return the ids of documents by what each is called, put away or not; of one name the last that had it."""
        return {name: doc for name, doc in self.holders.items() if self.name_of(doc) == name}

    def is_free(self, name: str) -> bool:
        """Tell whether a document may be called so: nobody is, or only deleted ones."""
        doc = self.holders.get(name)
        return doc is None or self.name_of(doc) != name or self.state_of(doc) == "deleted"

    def away_as(self, name: str) -> tuple[str, ...]:
        """Return the ids of the documents that were called so when they were put away, the last one first."""
        found = [doc for doc in self.put_away if self.name_of(doc) == name]
        return tuple(sorted(found, key=lambda doc: (-self.put_away[doc].seq, doc)))

    def state_of(self, doc: str) -> DocumentState:
        """Return whether a document lives, is archived or was deleted."""
        return self.put_away[doc].state if doc in self.put_away else "living"

    def is_living(self, doc: str) -> bool:
        """Tell whether a document is there to be read and written."""
        return doc in self.ids and doc not in self.put_away

    @property
    def living(self) -> int:
        """How many documents live."""
        return len(self.ids) - len(self.put_away)

    @property
    def is_plain(self) -> bool:
        """Tell whether every document is called by its id."""
        return not self.names and all(made_as(doc) == doc for doc in self.ids)

    def enter(self, act: DocumentAct, *, seq: int, at: str, actor: str) -> None:
        """Enter what record `seq` did to a document."""
        assert act.doc in self.ids, "only what is there is renamed or put away"
        if act.name:
            self._rename(act.doc, act.name)
        match act.do:
            case Acts.RESTORE:
                if self.put_away.pop(act.doc, None) is not None:
                    self.returned[act.doc] = None
                self.holders[self.name_of(act.doc)] = act.doc
            case Acts.ARCHIVE | Acts.DELETE:
                self.put_away[act.doc] = PutAway(BECOMES[act.do], seq, at, actor)
            case _:
                pass

    def _rename(self, doc: str, name: str) -> None:
        self.holders[name] = doc
        if made_as(doc) == name:
            self.names.pop(doc, None)
        else:
            self.names[doc] = name
