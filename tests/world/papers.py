"""What may be in the log of documents as a whole: who may do what with them, and nothing written in what was put away.

Names and states are followed from the acts alone, by plain rules; the fold's catalog is what they are compared with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.world.facts import Known, Violation

BECOMES = {"archive": "archived", "delete": "deleted", "restore": "living"}
RANKS = {"owner": 3, "editor": 2, "commenter": 1}
# A variant of a document is one beside it, named after it and its instruction; those that nobody picked are archived.
VARIANT = re.compile(r"\.i\d+$")
LEAST = {"rename": "editor", "archive": "owner", "delete": "owner", "restore": "owner"}


@dataclass(slots=True)
class Papers:
    """Follows the acts on documents. `roles` are what people are in this world, by their names."""

    roles: Mapping[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    # By id, what a document that was put away held then.
    held: dict[str, Any] = field(default_factory=dict)
    # How often something was done, and by whom: a person over HTTP, or the agent.
    counts: dict[str, int] = field(default_factory=dict)

    def is_away(self, doc: str) -> bool:
        """Tell whether a document is archived or deleted."""
        return self.states.get(doc, "living") != "living"

    def name_of(self, doc: str) -> str:
        """Return what a document is called."""
        return self.names.get(doc, doc)

    def written(self, seq: int, docs: Iterable[str]) -> None:
        """Look at a record that writes in documents, before it counts (I43)."""
        for doc in docs:
            if self.is_away(doc):
                raise Violation("I43", f"record {seq} writes in {doc}, which was {self.states[doc]}")

    def acted(
        self,
        row: Any,
        body: dict[str, Any],
        intents: Mapping[str, Known],
        commits: Mapping[str, Known],
        role_in: Callable[[str, str, str], str],
    ) -> None:
        """Enter the acts of a `config` record: each was somebody's to do, and could be done.

        `role_in` says what somebody is in a document, by name, id and role in the workspace: to rename is to edit it,
        and an owner always may; all else is an owner's.
        """
        known = commits.get(body.get("commit", ""))
        for doc in body.get("archived", ()):
            if row.actor != "agent" or not VARIANT.search(doc):
                raise Violation("I43", f"{row.actor} takes {doc} off the list at {row.seq}, which is no variant")
            self.states[doc] = "archived"
        for act in body.get("acts", ()):
            doc, do = act["doc"], act["do"]
            role = known.body["role"] if known is not None else self.roles.get(row.actor, "")
            if do == "rename" and role != "owner":
                role = role_in(known.actor if known is not None else row.actor, doc, role)
            if RANKS.get(role, 0) < RANKS[LEAST[do]]:
                raise Violation("rights", f"{row.actor} ({role}) may not {do} {doc} at {row.seq}")
            if known is not None and not _asked_for(act, known, intents):
                raise Violation("I43", f"{known.id} was not told to {do} {doc}: {known.body['text']}")
            self.states[doc] = BECOMES.get(do, self.states.get(doc, "living"))
            if act.get("name"):
                self.names[doc] = act["name"]
            way = "by the agent" if known is not None else "by hand"
            self.counts[f"{do} {way}"] = self.counts.get(f"{do} {way}", 0) + 1

    def look(self, fold: Any, done: Iterable[str]) -> None:
        """Hold names and states against the fold's, and what documents hold against what they held when put away."""
        seen = dict[str, str]()
        for doc, document in fold.documents.items():
            catalog, name = fold.catalog, self.name_of(doc)
            if catalog.state_of(doc) != self.states.get(doc, "living"):
                raise Violation("I43", f"{doc} is {catalog.state_of(doc)}, by its acts {self.states.get(doc)}")
            if doc in self.names and catalog.name_of(doc) != name:
                raise Violation("I43", f"{doc} is called {catalog.name_of(doc)}, by its acts {name}")
            if self.states.get(doc) != "deleted" and (other := seen.setdefault(catalog.name_of(doc), doc)) != doc:
                raise Violation("I43", f"{doc} and {other} are both called {catalog.name_of(doc)}")
            if doc in done and (self.is_away(doc) or doc in self.held):
                now = document.digest()
                if self.held.setdefault(doc, now) != now:
                    raise Violation("I43", f"{doc} is not what it was when it was put away")
                if not self.is_away(doc):
                    del self.held[doc]


def _asked_for(act: dict[str, Any], known: Known, intents: Mapping[str, Known]) -> bool:
    """Tell whether the words of an instruction, or of what joined it, are to do just that with a document."""
    origin = known
    while origin.body["kind"] == "approve":
        origin = intents[origin.body["refs"][0]]
    texts = [one.body["text"] for one in (origin, *(intents[id] for id in {*origin.steers, *known.steers}))]
    wanted = (f'"act":"{act["do"]}"', f'"word":"{act["name"]}"' if act.get("name") else "")
    return any(all(word in text for word in wanted) for text in [*texts, known.carried, origin.carried])
