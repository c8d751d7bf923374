"""Who was outrun? Two plans that cross, of authors who knew nothing of each other, must not both run (§8, I8).

The audit's watch over plans that are under way. When one is committed, it is held against every other that was ready
then; and against every plan that was still being made then, as soon as it is there, if it was to be waited for by the
log's own clocks. Who was outrun so is remembered until it is committed, too, or ends. Plans are looked up by document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.execute import Executed
from workspace.errors import Refusal
from workspace.intents.audit.crossings import SCRATCH_CLIENT, Place, are_near, do_cross, place_at, places_of
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.effects import refuse_effects
from workspace.intents.model.intent import RUNNING_KINDS, Kinds, Scope, States
from workspace.intents.model.policies import Fates
from workspace.intents.model.record import Record
from workspace.intents.model.times import unix_time
from workspace.intents.rules.gate import try_plan
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.history import Edit, History

# Times in the log are cut to milliseconds.
CLOCK_SECONDS = 0.002
WAITED_MAX = 64


def knew(later: Entry, earlier: Entry) -> bool:
    """Tell whether the author of one intent knew of the other when composing, by what both stamps say."""
    return earlier.seq <= later.body.seen or (earlier.body.lane == later.body.lane and earlier.body.n < later.body.n)


def are_decided(one: Entry, other: Entry) -> bool:
    """Tell whether a decision names both, and is one: a question decides nothing, nor does what leaves both open."""
    return any(
        other.id in decision.group
        and Fates.HELD not in decision.outcome.values()
        and not decision.outcome.get(one.id) == decision.outcome.get(other.id) == Fates.OPEN
        for decision in one.decisions
    )


@dataclass(frozen=True, slots=True)
class Overwritten:
    """What a commit overwrites without its author having seen it."""

    human: tuple[Edit, ...]
    rivals: tuple[Entry, ...]


def unseen_by(entry: Entry, executed: Mapping[str, Executed], board: Board, history: History) -> Overwritten:
    """Return whose work an executed plan deletes or overwrites, of what its author had not seen.

    Its own counting, beside the sequencer's in `conflict.py`: who wrote an id is a fact of the log, and so are stamps.
    """
    human, rivals = set[Edit](), dict[str, Entry]()
    for doc, part in executed.items():
        gone = part.absolute_deleted
        for edit in history.writers(doc, gone):
            if edit.intents:
                rivals.update(
                    (id, board.entries[id]) for id in edit.intents if _is_rival(entry, board.entries[id], board)
                )
            elif _is_unseen(entry, edit):
                human.add(edit)
        # A key that somebody had emptied: what is filled again is no deletion, and still overwrites their edit.
        emptied = [id for id in part.overwritten if not any(a <= id.clock < b for a, b in gone.get(id.client, ()))]
        spans: dict[int, list[tuple[int, int]]] = {}
        for id in emptied:
            spans.setdefault(id.client, []).append((id.clock, id.clock + 1))
        human |= {
            edit for edit in history.deleters(doc, spans, after=0) if not edit.intents and _is_unseen(entry, edit)
        }
    assert entry.id not in rivals, "nobody is a rival of itself"
    return Overwritten(tuple(sorted(human, key=lambda edit: edit.seq)), tuple(rivals.values()))


def _is_unseen(entry: Entry, edit: Edit) -> bool:
    return edit.seq > (entry.seq if edit.actor == entry.actor else entry.body.seen)


def _is_rival(entry: Entry, other: Entry, board: Board) -> bool:
    """Tell whether what `other` did is not what an author had asked for knowingly: neither this one nor who joined."""
    if other is entry or knew(entry, other):
        return False
    return not knew(other, entry) or not any(knew(board.entries[id], other) for id in entry.steers)


@dataclass(frozen=True, slots=True)
class Waited:
    """A commit that came before plans it should have waited for: the documents as they stood before it."""

    seq: int
    entry: Entry
    plan: PlanBody
    states: dict[str, tuple[DocumentKind, bytes]]
    awaited: set[str]


@dataclass(slots=True)
class Watch:
    """Follows a fold: `planned` before a plan is entered, `committed` before a commit is, `changed` after either."""

    fold: WorkspaceState
    # By document: the plans that were last made for intents under way and still held when it last changed.
    _holding: dict[str, dict[str, PlanBody]] = field(default_factory=dict)
    _docs: dict[str, set[str]] = field(default_factory=dict)
    _made_at: dict[str, float] = field(default_factory=dict)
    _near: set[str] | None = None
    _waited: list[Waited] = field(default_factory=list)
    # By intent: whose commits came before it though their order matters.
    _outrun: dict[str, list[str]] = field(default_factory=dict)
    # Plans that an undo passed while the agent was stopped, by intent, with the undo.
    _stopped: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    # ------------------------------------------------------------ plans come and go

    def planned(self, record: Record, plan: PlanBody) -> None:
        """Enter a plan that was just made: is it one that should have been waited for?"""
        for id in plan.intents:
            self._leave(id)
            self._made_at[id] = unix_time(record.at)
            for doc in plan.docs:
                self._holding.setdefault(doc, {})[id] = plan
                self._docs.setdefault(id, set()).add(doc)
            self._late(self.fold.board.entries[id], plan)

    def begun_again(self, *ids: str) -> None:
        """Forget the plans of intents whose words have changed: what they ask for now is another thing."""
        for id in ids:
            self._leave(id)
            self._outrun.pop(id, None)
            for waited in self._waited:
                waited.awaited.discard(id)

    def ended(self, id: str) -> list[str]:
        """Forget an intent; return whose commits came before it though their order matters."""
        own = self.fold.board.entries[id].plan
        # What was stopped while an undo passed it is made anew on what that has left; the same plan must not run.
        passed = [rival for plan, rival in self._stopped.pop(id, ()) if own is not None and own.plan == plan]
        found = [*self._outrun.get(id, ()), *passed]
        # What it had joined is made anew without it.
        self.begun_again(id, self.fold.board.entries[id].joins)
        self._made_at.pop(id, None)
        return found

    def changed(self, docs: set[str]) -> None:
        """Forget the plans that do not hold any more now that these documents have changed: they are made anew.

        After a commit that was held against them only those that it came near are looked at.
        """
        near, self._near = self._near, None
        for id, plan in {id: plan for doc in docs for id, plan in self._holding.get(doc, {}).items()}.items():
            entry = self.fold.board.entries[id]
            if near is not None and id not in near:
                continue
            if entry.state == States.READY and isinstance(
                try_plan(plan, self.fold.documents, client=SCRATCH_CLIENT), Refusal
            ):
                self._leave(id)

    def receivers_changed(self) -> None:
        """Forget the plans whose effects have no receiver any more."""
        for id, plan in {id: plan for plans in self._holding.values() for id, plan in plans.items()}.items():
            if refuse_effects(plan.effects, self.fold.receivers) is not None:
                self._leave(id)

    def _leave(self, id: str) -> None:
        for doc in self._docs.pop(id, ()):
            del self._holding[doc][id]

    # ------------------------------------------------------------ one is committed

    def committed(self, record: Record, entry: Entry, plan: PlanBody, joined: tuple[str, ...]) -> list[Entry]:
        """Compare a plan that is about to be committed with all that are under way.

        Returns those that its author knew of and that it should have come after.
        """
        assert entry.id in joined, "a commit names the intent it is for"
        overtaken, self._near = list[Entry](), set()
        places = list(places_of(self.fold.documents, plan))
        near = {id: kept for doc in plan.docs for id, kept in self._holding.get(doc, {}).items()}
        for id, theirs in near.items():
            other = self.fold.board.entries[id]
            if not are_near(places, list(places_of(self.fold.documents, theirs))):
                continue
            self._near.add(id)
            if id in joined or other.plan is not theirs or knew(other, entry) or are_decided(entry, other):
                continue
            if not do_cross(self.fold.documents, plan, theirs):
                continue
            if knew(entry, other):
                overtaken.append(other)
            elif self.fold.stops.is_on and other.body.kind != Kinds.UNDO:
                self._stopped.setdefault(id, []).append((theirs.plan, entry.id))
            else:
                self._outrun.setdefault(id, []).append(entry.id)
        self._remember(record, entry, plan, places, near.keys() | set(joined))
        return overtaken

    def _remember(self, record: Record, entry: Entry, plan: PlanBody, places: list[Place], compared: set[str]) -> None:
        """Keep what stood here for whoever is still being planned and was to be waited for."""
        awaited = {other.id for other in self._awaited(record, entry, places) if other.id not in compared}
        if awaited:
            documents = self.fold.documents
            states = {doc: (documents[doc].kind, documents[doc].encode()) for doc in plan.docs & documents.keys()}
            assert entry.id not in awaited, "nobody waits for itself"
            self._waited = [*self._waited, Waited(record.seq, entry, plan, states, awaited)][-WAITED_MAX:]

    def _awaited(self, record: Record, entry: Entry, places: list[Place]) -> Iterator[Entry]:
        """Yield the concurrent intents that came in time to be waited for and may work where this plan does.

        What the sequencer remembers begins anew when a workspace is opened, which only lets it wait longer.
        """
        policy, made_at, now = self.fold.policy, self._made_at.get(entry.id), unix_time(record.at)
        if made_at is None or now > made_at + policy.overlap_wait_ms / 1000 - CLOCK_SECONDS:
            return
        opened = max(made_at, unix_time(entry.at) + policy.window_ms / 1000) - CLOCK_SECONDS
        for other in self.fold.board.live.values():
            if other is entry or other.body.kind not in RUNNING_KINDS or other.joins or other.state == States.HELD:
                continue
            if knew(other, entry) or knew(entry, other) or are_decided(entry, other) or unix_time(other.at) > opened:
                continue
            if _may_meet(other, places, self.fold.documents):
                yield other

    def _late(self, entry: Entry, plan: PlanBody) -> None:
        """Compare a plan that was still being made when others were committed with those, as the documents were."""
        for waited in self._waited:
            if entry.id not in waited.awaited:
                continue
            waited.awaited.discard(entry.id)
            # Decision 87: who had to be waited for is derived from the log's times, not from what its writer kept.
            if plan.snapshot >= waited.seq:
                continue  # it was asked for with the commit in the documents
            then = {
                doc: Document.of_state(kind, state, client=SCRATCH_CLIENT)
                for doc, (kind, state) in waited.states.items()
            }
            if do_cross({**self.fold.documents, **then}, waited.plan, plan):
                self._outrun.setdefault(entry.id, []).append(waited.entry.id)
        self._waited = [waited for waited in self._waited if waited.awaited]


def _may_meet(other: Entry, places: list[Place], documents: Mapping[str, Document]) -> bool:
    """Tell whether an intent may work at one of these places, as far as was known of it: by its plan or its scope."""
    if other.plan is not None:
        return are_near(places, list(places_of(documents, other.plan)), by=0)
    if other.body.scope is None:
        return True
    scope = [place for part in other.body.scope for place in _scoped(part, documents)]
    return are_near(places, scope, by=0)


def _scoped(part: Scope, documents: Mapping[str, Document]) -> list[Place]:
    if part.keys:
        return [Place(part.doc, path=path) for path in part.keys]
    if part.from_ is None:
        return [Place(part.doc)]
    return [place_at(documents.get(part.doc), part.doc, (part.from_, part.to or part.from_), ())]
