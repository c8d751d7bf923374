"""Live intents, laid out so that an event touches those that it can move and passes a thousand others by.

Kept beside the board, by `LiveBoard`: by state, by the documents that an intent may touch, by deadline. The sequencer
adds who sleeps: a queued intent behind others cannot move before one of those nearest to it does, or a document changes
in which a place is given by anchors. Nothing here decides anything; who looks must come to the same answer over all
live intents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from workspace.intents.model.intent import State


class Indexed(Protocol):
    """What is laid out: a live intent."""

    id: str
    seq: int


E = TypeVar("E", bound=Indexed)
in_order = attrgetter("seq")


@dataclass(slots=True)
class LiveIndex(Generic[E]):
    """Live intents by what is asked about them. What is returned as a list is in log order."""

    by_state: dict[State, dict[str, E]] = field(default_factory=dict)
    by_doc: dict[str, dict[str, E]] = field(default_factory=dict)
    anywhere: dict[str, E] = field(default_factory=dict)
    timed: dict[str, E] = field(default_factory=dict)
    asleep: dict[str, E] = field(default_factory=dict)
    # Whose state was set since somebody last asked.
    moved: dict[str, E] = field(default_factory=dict)
    _docs: dict[str, set[str]] = field(default_factory=dict)
    _reasons: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    _behind: dict[str, set[str]] = field(default_factory=dict)
    _tied: dict[str, set[str]] = field(default_factory=dict)

    # ------------------------------------------------------------ the board lays out

    def add(self, entry: E, state: State, *, docs: Iterable[str] | None, has_deadline: bool) -> None:
        """Lay out a new intent that may touch `docs`, or anything (None)."""
        assert entry.id not in self._docs, "an intent is laid out once"
        self.by_state.setdefault(state, {})[entry.id] = entry
        self._docs[entry.id] = set()
        if docs is None:
            self.anywhere[entry.id] = entry
        else:
            self.reach(entry, docs)
        if has_deadline:
            self.timed[entry.id] = entry

    def reach(self, entry: E, docs: Iterable[str]) -> None:
        """Note that an intent may touch these documents, too; who sleeps behind it looks again."""
        self.wake(entry.id)
        assert entry.id in self._docs, "only what is laid out reaches further"
        known = self._docs[entry.id]
        for doc in docs:
            if doc not in known:
                known.add(doc)
                self.by_doc.setdefault(doc, {})[entry.id] = entry

    def move(self, entry: E, old: State, new: State) -> None:
        """Lay an intent elsewhere: its state was set."""
        self.moved[entry.id] = entry
        if old != new:
            self.wake(entry.id)
            assert entry.id in self.by_state[old], "who is awake lies where its state says"
            del self.by_state[old][entry.id]
            self.by_state.setdefault(new, {})[entry.id] = entry

    def drop(self, entry: E, state: State) -> None:
        """Take away an intent that has its verdict."""
        self.wake(entry.id)
        assert entry.id in self.by_state[state], "who is awake lies where its state says"
        del self.by_state[state][entry.id]
        self.anywhere.pop(entry.id, None)
        self.timed.pop(entry.id, None)
        self.moved.pop(entry.id, None)
        for doc in self._docs.pop(entry.id):
            here = self.by_doc[doc]
            del here[entry.id]
            if not here:
                del self.by_doc[doc]

    # ------------------------------------------------------------ who looks

    def of(self, *states: State) -> list[E]:
        """Return the intents in one of these states that are awake."""
        found = [entry for state in states for entry in self.by_state.get(state, {}).values()]
        return sorted(found, key=in_order)

    def count(self, state: State) -> int:
        """Return how many awake intents are in a state."""
        return len(self.by_state.get(state, ()))

    def near(self, docs: Iterable[str]) -> list[E]:
        """Return the intents that may touch one of these documents, asleep or not; some may turn out not to."""
        # Decision 48: it may name too many, never too few; sleepers are named, because others wait for them.
        found = dict(self.anywhere)
        for doc in docs:
            found |= self.by_doc.get(doc, {})
        return sorted(found.values(), key=in_order)

    # ------------------------------------------------------------ who sleeps

    def sleep(self, entry: E, *, behind: tuple[str, ...], tied: tuple[str, ...]) -> None:
        """Let a queued intent sleep until one of `behind` moves or one of the documents `tied` changes."""
        assert entry.id in self.by_state["queued"], "only the queued sleep"
        assert entry.id not in behind, "nobody sleeps behind itself: nothing would wake it"
        del self.by_state["queued"][entry.id]
        self.asleep[entry.id] = entry
        self._reasons[entry.id] = behind, tied
        for id in behind:
            self._behind.setdefault(id, set()).add(entry.id)
        for doc in tied:
            self._tied.setdefault(doc, set()).add(entry.id)

    def wake(self, id: str) -> None:
        """Wake an intent and whoever sleeps behind it."""
        self._rouse(id)
        for sleeper in list(self._behind.get(id, ())):
            self._rouse(sleeper)

    def wake_tied(self, docs: Iterable[str]) -> None:
        """Wake whom a change of these documents may free."""
        for doc in docs:
            for id in list(self._tied.get(doc, ())):
                self._rouse(id)

    def wake_where(self, claim: Callable[[E], bool]) -> None:
        """Wake every sleeper of whom the claim holds."""
        for id in [id for id, entry in self.asleep.items() if claim(entry)]:
            self._rouse(id)

    def _rouse(self, id: str) -> None:
        """Lay a sleeper back among the queued: only those sleep."""
        entry = self.asleep.pop(id, None)
        if entry is None:
            return
        self.by_state.setdefault("queued", {})[id] = entry
        behind, tied = self._reasons.pop(id)
        for index, names in ((self._behind, behind), (self._tied, tied)):
            for name in names:
                index[name].remove(id)
                if not index[name]:
                    del index[name]
