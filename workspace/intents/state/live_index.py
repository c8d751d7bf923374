"""Live intents, laid out so that an event touches those that it can move and passes a thousand others by.

Kept beside the board, by `LiveBoard`: by state, by the places that an intent may touch, by deadline. The sequencer
adds who sleeps: a queued intent behind others cannot move before one of those nearest to it does, or a document changes
in which a place is given by anchors; and whom a ready one awaits, so that it looks again when one of those moves.
Nothing here decides anything; who looks must come to the same answer over all live intents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic

from workspace.intents.model.intent import State, States
from workspace.intents.state.shelves import E, Shelf, Shelves, in_order


@dataclass(slots=True)
class LiveIndex(Generic[E]):
    """Live intents by what is asked about them. What is returned as a list is in log order."""

    by_state: dict[State, dict[str, E]] = field(default_factory=dict)
    # Made with the first intent: most workspaces have none most of the time.
    _shelves: Shelves[E] | None = None
    _unready: Shelves[E] | None = None
    timed: dict[str, E] = field(default_factory=dict)
    asleep: dict[str, E] = field(default_factory=dict)
    # Of the queued: nothing holds them back but that planners are short, as far as was found and nobody has moved them.
    short: dict[str, None] = field(default_factory=dict)
    # Whose state was set since somebody last asked.
    moved: dict[str, E] = field(default_factory=dict)
    # Counts what may make somebody wait who waited for nobody: an intent came, works elsewhere too, is not ready.
    unrest: int = 0
    _places: dict[str, set[Shelf]] = field(default_factory=dict)
    _reasons: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    _behind: dict[str, set[str]] = field(default_factory=dict)
    _tied: dict[str, set[str]] = field(default_factory=dict)
    _awaits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _awaited: dict[str, set[str]] = field(default_factory=dict)

    @property
    def shelves(self) -> Shelves[E]:
        """Live intents by where they may work."""
        if self._shelves is None:
            self._shelves = Shelves()
        return self._shelves

    @property
    def unready(self) -> Shelves[E]:
        """Of them those that have no plan to be committed yet."""
        if self._unready is None:
            self._unready = Shelves()
        return self._unready

    # ------------------------------------------------------------ the board lays out

    def add(self, entry: E, state: State, *, shelves: Iterable[Shelf] | None, has_deadline: bool) -> None:
        """Lay out a new intent that may work on `shelves`, or anywhere (None)."""
        assert entry.id not in self._places, "an intent is laid out once"
        self.by_state.setdefault(state, {})[entry.id] = entry
        self._places[entry.id] = set()
        if state != States.READY:
            self.unready.put(entry, None if shelves is None else ())
        if shelves is None:
            self.unrest += 1
            self.shelves.put(entry, None)
        else:
            self.reach(entry, shelves, state)
        if has_deadline:
            self.timed[entry.id] = entry

    def reach(self, entry: E, shelves: Iterable[Shelf], state: State) -> None:
        """Note that an intent in that state may work on these shelves, too; who waits for it looks again."""
        self.wake(entry.id)
        assert entry.id in self._places, "only what is laid out reaches further"
        self.unrest += 1
        known = self._places[entry.id]
        new = set(shelves) - known
        known |= new
        self.shelves.put(entry, new)
        if state != States.READY:
            self.unready.put(entry, new)

    def move(self, entry: E, old: State, new: State) -> None:
        """Lay an intent elsewhere: its state was set."""
        self.moved[entry.id] = entry
        self.short.pop(entry.id, None)
        if new != States.READY:
            self.unrest += 1
        if old != new:
            self.wake(entry.id)
            assert entry.id in self.by_state[old], "who is awake lies where its state says"
            del self.by_state[old][entry.id]
            self.by_state.setdefault(new, {})[entry.id] = entry
            if new == States.READY:
                self.unready.take(entry, self._places[entry.id])
            elif old == States.READY:
                everywhere = entry.seq in self.shelves.anywhere.by_seq
                self.unready.put(entry, self._places[entry.id])
                if everywhere:
                    self.unready.put(entry, None)

    def drop(self, entry: E, state: State) -> None:
        """Take away an intent that has its verdict."""
        self.wake(entry.id)
        assert entry.id in self.by_state[state], "who is awake lies where its state says"
        del self.by_state[state][entry.id]
        self.timed.pop(entry.id, None)
        self.short.pop(entry.id, None)
        self.moved.pop(entry.id, None)
        places = self._places.pop(entry.id)
        self.shelves.take(entry, places)
        if state != States.READY:
            self.unready.take(entry, places)

    # ------------------------------------------------------------ who looks

    def of(self, *states: State) -> list[E]:
        """Return the intents in one of these states that are awake."""
        found = [entry for state in states for entry in self.by_state.get(state, {}).values()]
        return sorted(found, key=in_order)

    def not_short(self) -> list[E]:
        """Return the queued of whom it is not known that they only wait for a planner."""
        queued = self.by_state.get(States.QUEUED, {})
        return sorted((entry for id, entry in queued.items() if id not in self.short), key=in_order)

    def count(self, state: State) -> int:
        """Return how many awake intents are in a state."""
        return len(self.by_state.get(state, ()))

    def near(self, shelves: Iterable[Shelf] | None) -> list[E]:
        """Return the intents that may work on one of these shelves, asleep or not; some may turn out not to."""
        # Decision 48: it may name too many, never too few; sleepers are named, because others wait for them.
        return self.shelves.near(shelves)

    # ------------------------------------------------------------ whom the ready await

    def hold_up(self, entry: E, others: tuple[str, ...]) -> None:
        """Note whom a ready intent awaits, as far as that is told: `awaits` says so until one of them moves."""
        assert entry.id not in others, "nobody awaits itself"
        self._look_again(entry.id)
        self._awaits[entry.id] = others
        for id in others:
            self._awaited.setdefault(id, set()).add(entry.id)

    def awaits(self, entry: E) -> tuple[str, ...]:
        """Return whom a ready intent was found to await and where nobody has moved since; () where it must look."""
        return self._awaits.get(entry.id, ())

    def look_again(self) -> None:
        """Have every ready intent look whom it awaits, whether or not somebody has moved."""
        self.unrest += 1
        self._awaits.clear()
        self._awaited.clear()

    def _look_again(self, id: str) -> None:
        for other in self._awaits.pop(id, ()):
            waiting = self._awaited[other]
            waiting.discard(id)
            if not waiting:
                del self._awaited[other]

    # ------------------------------------------------------------ who sleeps

    def sleep(self, entry: E, *, behind: tuple[str, ...], tied: tuple[str, ...]) -> None:
        """Let a queued intent sleep until one of `behind` moves or one of the documents `tied` changes."""
        assert entry.id in self.by_state["queued"], "only the queued sleep"
        assert entry.id not in behind, "nobody sleeps behind itself: nothing would wake it"
        del self.by_state["queued"][entry.id]
        self.short.pop(entry.id, None)
        self.asleep[entry.id] = entry
        self._reasons[entry.id] = behind, tied
        for id in behind:
            self._behind.setdefault(id, set()).add(entry.id)
        for doc in tied:
            self._tied.setdefault(doc, set()).add(entry.id)

    def wake(self, id: str) -> None:
        """Wake an intent and whoever sleeps behind it; who is ready and awaits it looks again."""
        self._look_again(id)
        for waiting in list(self._awaited.get(id, ())):
            self._look_again(waiting)
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
