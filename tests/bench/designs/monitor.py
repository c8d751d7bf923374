"""The judge of the designs: counts what was damaged silently (semantics §9), from outside.

It shares no code with the server's guards. It knows what clients saw on their sockets and the ground truth of the
workload, walks the observer's replica change by change, and asks of each: who wrote over whose work, and had the author
seen it? It is the same for every design.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from crdt.digest import Json
from tests.bench.designs.past import Change, Effect, Past, Sent, Told, Typed
from tests.bench.designs.workload import ALL_CELLS, BUDGET, BUDGET_CELLS

GUARDED = ALL_CELLS[:BUDGET_CELLS]
KINDS = ("lost", "overwritten", "contradicted", "broken", "clobbered", "stale", "vanished")


@dataclass(slots=True)
class Findings:
    """What the monitor found: each kind of damage with a line of evidence an event, and the counts beside it."""

    lost: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    clobbered: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    sent: int = 0
    typed: int = 0
    pairs: int = 0
    derived: int = 0
    added: int = 0
    done: int = 0
    refused: int = 0
    questions: int = 0
    suggested_by_edit: int = 0
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0
    wasted: float = 0.0
    delays: list[float] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)

    @property
    def damage(self) -> int:
        """The number of damaging events of all kinds."""
        return sum(len(getattr(self, kind)) for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a cell last: a person by hand, or an agent for an instruction."""

    typed: Typed | None = None
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a cell, in the order of arrival, by the Yjs id with which its change began."""

    client: int
    clock: int
    is_human: bool


@dataclass(slots=True)
class Walk:
    """The observer's replica on the way through a run."""

    past: Past
    found: Findings
    state: dict[str, Json] = field(default_factory=dict)
    last: dict[str, Writer] = field(default_factory=dict)
    writes: dict[str, list[Write]] = field(default_factory=dict)
    fulfilled: dict[str, float] = field(default_factory=dict)
    blamed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sent = {sent.instruction.id: sent for sent in self.past.sent}
        self.effects = {(e.client, e.clock): e for e in self.past.effects if e.client is not None}
        self.typed = {(t.client, t.clock): t for t in self.past.typed}

    sent: dict[str, Sent] = field(init=False)
    effects: dict[tuple[int | None, int], Effect] = field(init=False)
    typed: dict[tuple[int, int], Typed] = field(init=False)

    def step(self, change: Change) -> None:
        """Enter one change and judge it."""
        before = dict(self.state)
        self.state.update(change.changed)
        for client, start, end in change.spans:
            for clock in range(start, end):
                typed = self.typed.get((client, clock))
                if typed is not None:
                    self.found.delays.append(change.at - typed.at)
                    self._by_hand(typed)
                effect = self.effects.get((client, clock))
                if effect is not None:
                    self._by_agent(effect, change.at, before, change.changed)

    def still(self, effect: Effect) -> None:
        """Judge an effect that had nothing to change."""
        self._by_agent(effect, effect.at, dict(self.state), {})

    def _by_hand(self, typed: Typed) -> None:
        """A person's edit arrives; where an agent's concurrent write has the last word over it, it is clobbered.

        Of concurrent writes of one key Yjs lets the later sibling win, with all that was built on it: so an edit loses
        to the first write that its author did not have. Where that is another person's, no agent is to blame.
        """
        before = self.writes.setdefault(typed.cell, [])
        if self.state.get(typed.cell) == typed.value:
            self.last[typed.cell] = Writer(typed=typed)
        else:
            crossed = next((write for write in before if write.clock >= typed.base.get(write.client, 0)), None)
            if crossed is not None and not crossed.is_human:
                self._note("clobbered", f"{typed} lost on arrival to an agent's write")
        before.append(Write(typed.client, typed.clock, True))

    def _by_agent(self, effect: Effect, at: float, before: Mapping[str, Json], changed: Mapping[str, Json]) -> None:
        sent = self.sent[effect.instruction]
        for cell in changed:
            self._written_over(sent, cell, before, changed[cell])
            self.last[cell] = Writer(sent=sent)
            self.writes.setdefault(cell, []).append(Write(effect.client or 0, effect.clock, False))
        if _spent(before) <= BUDGET < _spent(self.state):
            self._note("broken", f"{sent.instruction.text!r}: {_spent(before):g} became {_spent(self.state):g}")
        if effect.is_part:
            return
        if sent.instruction.id not in self.fulfilled:
            self.fulfilled[sent.instruction.id] = at
        self._as_wished(sent, before)

    def _written_over(self, sent: Sent, cell: str, before: Mapping[str, Json], after: Json) -> None:
        """Judge that an agent changed a cell that somebody else had written."""
        writer, wish = self.last.get(cell), sent.instruction
        if writer is None:
            return
        if writer.typed is not None and wish.kind in ("set", "derive") and not _saw(sent, writer.typed):
            self._note("clobbered", f"{writer.typed} by {wish.text!r} of {wish.author}, begun {wish.begun:.1f}")
        other = writer.sent
        if other is None or other is sent or not are_concurrent(sent, other):
            return
        is_built_on = wish.kind == "add" and after == _number(before, cell) + wish.amount
        if is_built_on or self._is_flagged(sent, other):
            return
        if other.instruction.id not in self.blamed:
            self.blamed.add(other.instruction.id)
            self._note("overwritten", f"{other.instruction.text!r} by {wish.text!r} at {cell}")

    def _as_wished(self, sent: Sent, before: Mapping[str, Json]) -> None:
        """Judge whether what stands now is what was asked, on what stood just before."""
        wish, state = sent.instruction, self.state
        self.found.derived += wish.kind == "derive"
        self.found.added += wish.kind == "add"
        wanted: dict[str, float] = dict.fromkeys(wish.cells, wish.amount)
        if wish.kind == "derive":
            wanted = {wish.cells[2]: _number(before, wish.cells[0]) + _number(before, wish.cells[1])}
        elif wish.kind == "add":
            wanted = {wish.cells[0]: _number(before, wish.cells[0]) + wish.amount}
        kind = {"derive": "stale", "add": "vanished"}.get(wish.kind, "lost")
        for cell, value in wanted.items():
            if state.get(cell) != value and not self._had_last_word(cell, before):
                self._note(kind, f"{wish.text!r} is done; {cell} is {state.get(cell)}, not {value:g}")
                return

    def _had_last_word(self, cell: str, before: Mapping[str, Json]) -> bool:
        """Tell whether a person's concurrent edit outlived the agent's write, which people's edits may."""
        writer = self.last.get(cell)
        return writer is not None and writer.typed is not None and self.state.get(cell) == before.get(cell)

    def _is_flagged(self, one: Sent, other: Sent) -> bool:
        pair = {one.instruction.id, other.instruction.id}
        return any(pair <= settled.group for settled in self.past.settled)

    def contradictions(self) -> None:
        """Count concurrent pairs with opposite goals that are both in effect though nobody was asked or told."""
        topics = [sent for sent in self.past.sent if sent.instruction.kind == "topic"]
        for one, other in combinations(topics, 2):
            a, b = one.instruction, other.instruction
            if a.topic != b.topic or a.stance == b.stance or not are_concurrent(one, other):
                continue
            self.found.pairs += 1
            are_both = a.id in self.fulfilled and b.id in self.fulfilled
            if are_both and not self._is_flagged(one, other):
                self._note("contradicted", f"{a.text!r} and {b.text!r}")

    def _note(self, kind: str, evidence: str) -> None:
        getattr(self.found, kind).append(evidence)


def examine(past: Past) -> Findings:
    """Return what a run damaged, and what it cost its people."""
    found = Findings(sent=len(past.sent), typed=len(past.typed))
    walk = Walk(past, found)
    waiting = sorted((effect for effect in past.effects if effect.client is None), key=lambda effect: effect.at)
    for change in past.changes:
        while waiting and waiting[0].at < change.at:
            walk.still(waiting.pop(0))
        walk.step(change)
    for effect in waiting:
        walk.still(effect)
    walk.contradictions()
    _ends(walk)
    found.questions = sum(settled.is_question for settled in past.settled)
    found.seconds = sum(effort.seconds for effort in past.efforts)
    found.wasted = sum(effort.seconds for effort in past.efforts if not effort.is_used)
    return found


def _ends(walk: Walk) -> None:
    """Count how the instructions ended: in effect, with a verdict instead, or lost."""
    told = {verdict.instruction: verdict for verdict in walk.past.told}
    for sent in walk.past.sent:
        id = sent.instruction.id
        verdict, at = told.get(id), walk.fulfilled.get(id)
        if at is not None:
            walk.found.done += 1
            walk.found.waits.append((verdict.at if verdict is not None else at) - sent.at)
        elif verdict is None or verdict.state in ("done", "merged"):
            walk.found.lost.append(f"{sent.instruction.text!r} of {sent.instruction.author}: {verdict}")
        else:
            walk.found.refused += 1
            walk.found.waits.append(verdict.at - sent.at)
            _count(walk.found, verdict)
    walk.found.states["done"] = walk.found.done


def _count(found: Findings, verdict: Told) -> None:
    name = f"{verdict.state}:{verdict.code}"
    found.states[name] = found.states.get(name, 0) + 1
    found.suggested_by_edit += verdict.code == "human_edit"


def are_concurrent(one: Sent, other: Sent) -> bool:
    """Tell whether neither author had noticed the other's instruction when beginning to write the own."""
    return not _knew(one, other) and not _knew(other, one)


def _knew(later: Sent, earlier: Sent) -> bool:
    if later.instruction.author == earlier.instruction.author:
        return earlier.at < later.at
    return earlier.instruction.id in later.known


def _saw(sent: Sent, typed: Typed) -> bool:
    """Tell whether an author knew of a hand edit: the own ones up to sending, others' when beginning to write."""
    if typed.author == sent.instruction.author:
        return typed.at <= sent.at
    return typed.clock < sent.shown.get(typed.client, 0)


def _number(state: Mapping[str, Json], cell: str) -> float:
    value = state.get(cell)
    return float(value) if isinstance(value, int | float) else 0.0


def _spent(state: Mapping[str, Json]) -> float:
    return sum(_number(state, cell) for cell in GUARDED)
