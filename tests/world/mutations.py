"""Guards switched off one at a time: the world must notice each within the stated number of seeds.

A check that nothing can fail proves nothing; this list is the proof that the monitor looks.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import msgspec

import crdt.operations.execute
import crdt.operations.fork
import crdt.undo.undo
from crdt.documents.backing import EMPTY_UPDATE
from crdt.documents.document import Document
from tests.world import brake, disk, law, librarian, people
from tests.world.person import Person
from workspace.intents import sequencer
from workspace.intents.model import bodies
from workspace.intents.model.bounds import RESERVED_IDS
from workspace.intents.model.causality import LaneClock, Lanes
from workspace.intents.rules import comparisons, conflict
from workspace.intents.rules.comparisons import Comparisons
from workspace.intents.rules.conflict import Unseen, unseen_by
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.catalog import Catalog
from workspace.intents.state.live_board import LiveBoard
from workspace.intents.steps import admission, planning, quarantine, waiting
from workspace.intents.steps import commit as entering
from workspace.intents.steps import commit_round as committing
from workspace.intents.steps import kernel_state as core
from workspace.intents.steps import resolution as settling
from workspace.room.hub import Hub
from workspace.room.output_gate import OutputGate
from workspace.room.room import Room
from workspace.store import memory
from workspace.store.checks import Head, check_head
from workspace.store.memory import MemoryStore
from workspace.workers import effect_delivery as sending
from workspace.workers.effect_delivery import EffectDelivery

Patches = Callable[[], list[Any]]


def nobody(person: Person) -> None:
    """Leave a person as they are."""


def _unread() -> list[Any]:
    real = Document.insert_text

    def misplaced(document: Document, point: int, text: str, marks: Any = None) -> None:
        real(document, max(0, point - 1) if document.client < RESERVED_IDS else point, text, marks)

    return [patch.object(Document, "insert_text", misplaced), patch.object(entering, "unlike", lambda *args: "")]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One guard switched off: how, which invariants should then break, and within how many seeds."""

    name: str
    what: str
    invariants: frozenset[str]
    seeds: int
    patches: Patches = field(default=list)
    tweak: Callable[[Person], None] = nobody

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Switch the guard off for a while."""
        with contextlib.ExitStack() as stack:
            for one in self.patches():
                stack.enter_context(one)
            yield


def _dedup() -> list[Any]:
    original = Lanes.refuse_stamp

    def accept(self: Lanes, stamp: Any) -> None:
        places = self.places.setdefault(stamp.lane, [])
        if stamp.n == len(places) + 1:
            places.append(stamp.seq)
        self.clocks[stamp.lane] = LaneClock(max(stamp.n, self.clock(stamp.lane).n), stamp.seen)

    def refuse(self: Lanes, lane: str, *, n: int, seen: int, delivered: int) -> Any:
        return None if n <= self.clock(lane).n else original(self, lane, n=n, seen=seen, delivered=delivered)

    return [
        patch.object(Lanes, "seq_of", lambda self, lane, n: None),
        patch.object(Lanes, "refuse_stamp", refuse),
        patch.object(Lanes, "accept", accept),
    ]


def _fence() -> list[Any]:
    original = MemoryStore._append

    def append(self: MemoryStore, batch: Any) -> None:
        original(self, msgspec.structs.replace(batch, epoch=self._workspaces[batch.ws].row.epoch))

    return [patch.object(MemoryStore, "_append", append)]


def _values() -> list[Any]:
    return [
        patch.object(crdt.operations.fork, "hash_reading", lambda documents, reading: reading.hash),
        patch.object(crdt.operations.execute, "_verify", lambda document, op: None),
    ]


def _gate() -> list[Any]:
    def humans_only(*args: Any) -> Unseen:
        return Unseen(human=unseen_by(*args).human)

    return [
        patch.object(Comparisons, "collides", lambda *args, **named: False),
        patch.object(committing, "unseen_by", humans_only),
        patch.object(committing, "late_rivals", lambda *args, **named: ()),
    ]


def _comparison() -> list[Any]:
    """Everything that the sequencer compares plans by, itself, and not where it is called."""
    return [
        patch.object(crdt.operations.fork, "commute", lambda *args, **named: True),
        patch.object(comparisons, "collide_at", lambda *args: False),
        patch.object(conflict, "is_rival", lambda *args: False),
    ]


def _edits() -> list[Any]:
    def rivals_only(*args: Any) -> Unseen:
        return Unseen(rivals=unseen_by(*args).rivals)

    return [patch.object(committing, "unseen_by", rivals_only)]


def _judge() -> list[Any]:
    return [patch.object(module, "contradictions", lambda *args: []) for module in (settling, committing)]


def _output_gate() -> list[Any]:
    original = OutputGate.flush

    def flush(self: OutputGate) -> None:
        # Nothing is on disk yet; people are told as if all of it were.
        jobs, self._pending.jobs = self._pending.jobs, []
        self.durable_seq = self._kernel.fold.seq
        for job in jobs:
            job()
        original(self)

    return [patch.object(OutputGate, "flush", flush)]


def _kept_empty() -> list[Any]:
    original = Room._snapshots

    def snapshots(self: Room) -> Any:
        return tuple(msgspec.structs.replace(row, state=EMPTY_UPDATE) for row in original(self))

    return [patch.object(Room, "_snapshots", snapshots)]


def _kept_once() -> list[Any]:
    original = Sequencer.changed_documents
    return [patch.object(Sequencer, "changed_documents", lambda self: original(self)[:1])]


def _packed_early() -> list[Any]:
    def pack_job(self: Room) -> Any:
        segments = self.sequencer.fold.segments
        found = (*segments.sealed, *segments.waiting)
        return lambda: self._tasks.start(self._packing.run(found), name="pack") if found else None

    def handle(self: Room, event: Any, by: Any = None) -> Any:
        outcome = original(self, event, by)
        if self.sequencer.fold.segments.waiting:
            pack_job(self)()
        return outcome

    original = Room._handle
    return [patch.object(Room, "_pack_job", pack_job), patch.object(Room, "_handle", handle)]


def _new_keys() -> list[Any]:
    counter = itertools.count()
    return [patch.object(sending, "effect_key", lambda seal, i: f"sha256:{next(counter)}")]


def _begun_anew() -> list[Any]:
    original = EffectDelivery.start

    def start(self: EffectDelivery, wish: Any) -> None:
        original(self, msgspec.structs.replace(wish, openings=0))

    return [patch.object(EffectDelivery, "start", start)]


def _torn() -> list[Any]:
    original = disk.Handle.die

    def die(self: disk.Handle) -> None:
        original(self)
        for kept in self._disk._workspaces.values():
            del kept.journal[-1:]

    return [patch.object(disk.Handle, "die", die)]


def _deaf() -> list[Any]:
    original, counter = Hub._relay, itertools.count(1)

    def relay(self: Hub, *more: Any) -> None:
        if next(counter) % 20:
            original(self, *more)

    return [patch.object(Hub, "_relay", relay)]


def _stale_unload() -> list[Any]:
    original = Document.unload

    def unload(self: Document) -> bool:
        kept = self._cache.get("encode")
        was_loaded, does = self.is_loaded, original(self)
        if was_loaded and does and kept is not None:
            self._unloaded_state, self._cache["encode"] = kept[1], (self.version, kept[1])  # type: ignore[assignment]
        return does

    return [patch.object(Document, "unload", unload)]


def _running_clocks() -> list[Any]:
    original, deadline = sequencer.expire_questions, Sequencer.next_deadline

    def expire(one: Any, turn: Any) -> bool:
        kept, one.fold.stops.by_scope = one.fold.stops.by_scope, {}
        try:
            return original(one, turn)
        finally:
            one.fold.stops.by_scope = kept

    def next_deadline(self: Sequencer) -> float | None:
        times = [deadline(self), *(question.deadline for question in self.fold.board.questions.values())]
        return min((at for at in times if at is not None), default=None)

    return [
        patch.object(sequencer, "expire_questions", expire),
        patch.object(Sequencer, "next_deadline", next_deadline),
    ]


def _rows_only(head: Head, batch: Any) -> None:
    check_head(head, msgspec.structs.replace(batch, head=None))


def _shown_on_entry() -> list[Any]:
    move = LiveBoard.move

    def moved(self: LiveBoard, entry: Entry, state: Any, *, waits_for: tuple[str, ...], reason: str) -> None:
        move(self, entry, state, waits_for=waits_for, reason=reason)
        entry.state, entry.reason = state, reason

    return [patch.object(LiveBoard, "move", moved)]


def _at_send(person: Person) -> None:
    person.stamps_at_send = True


def _at_once(person: Person) -> None:
    person.notices = 0.0


def _librarians() -> list[Any]:
    """Let somebody do something with documents in every world, and often."""
    return [patch.object(librarian, "PRESENT_SHARE", 1.0), patch.object(librarian, "ACT_SHARE", 0.3)]


def _written_on() -> list[Any]:
    return [
        *_librarians(),
        *(patch.object(at, "refuse_put_away", lambda fold, docs: None) for at in (sequencer, quarantine, admission)),
    ]


def _only_names(catalog: Catalog, act: Any, **more: Any) -> None:
    if act.name:
        catalog._rename(act.doc, act.name)


MUTATIONS = (
    Mutation("dedup", "an intent sent again is a new one", frozenset({"I2", "I3", "I4", "I5", "I12"}), 60, _dedup),
    Mutation("fence", "a deposed server goes on writing", frozenset({"I14"}), 150, _fence),
    Mutation("values", "what a plan read and replaces is not looked at again", frozenset({"I7", "I9"}), 60, _values),
    Mutation("gate", "colliding plans are not found", frozenset({"I8", "I12"}), 60, _gate),
    Mutation("comparison", "both orders count as one", frozenset({"I8", "I12"}), 60, _comparison),
    Mutation("edits", "people's unseen edits are overwritten", frozenset({"I9"}), 60, _edits),
    Mutation("judge", "opposite goals are not settled", frozenset({"I8"}), 60, _judge),
    Mutation(
        "rules",
        "declared rules are not looked at",
        frozenset({"I10"}),
        60,
        lambda: [patch.object(committing, "guard_rules", lambda *args: "clear")],
    ),
    Mutation(
        "barrier",
        "an intent does not wait for its author's own edits",
        frozenset({"I6"}),
        400,
        lambda: [patch.object(waiting, "lacks_updates", lambda *_, **more: ())],
    ),
    Mutation(
        "output gate",
        "people are told before it is durable",
        frozenset({"I2", "I4", "I5", "I11", "I13"}),
        150,
        _output_gate,
    ),
    Mutation(
        "lost batch",
        "a batch is written though one before it was not",
        frozenset({"I1", "I12"}),
        600,
        lambda: [patch.object(memory, "check_head", _rows_only), patch.object(disk, "FAULT_SHARE", 0.05)],
    ),
    Mutation(
        "undo",
        "a number is put back whoever has set it since",
        frozenset({"I15"}),
        200,
        lambda: [
            patch.object(crdt.undo.undo.math, "isclose", lambda *args: True),
            patch.object(crdt.undo.undo, "_is_of_hand", lambda *args: False),
        ],
    ),
    Mutation(
        "effect key",
        "an effect goes out under another key each time",
        frozenset({"effects"}),
        40,
        _new_keys,
    ),
    Mutation(
        "effect again",
        "what may have left already is sent again to who cannot tell",
        frozenset({"effects"}),
        400,
        _begun_anew,
    ),
    Mutation(
        "approval",
        "what is final leaves without anybody's word",
        frozenset({"effects"}),
        40,
        lambda: [patch.object(committing, "to_approve", lambda *args: ())],
    ),
    Mutation(
        "scope",
        "what a plan writes outside of where its author points is not asked about",
        frozenset({"scope"}),
        40,
        lambda: [
            patch.object(planning, "asks_beyond", lambda *args: False),
            patch.object(committing, "asks_beyond", lambda *args: False),
        ],
    ),
    Mutation(
        "served",
        "what joined an instruction is done with it, whether its plan carries it out or not",
        frozenset({"served"}),
        600,
        lambda: [patch.object(Board, "_serve", lambda *args: None)],
    ),
    Mutation(
        "read-back",
        "words come to stand one place off, and nobody reads what stands there",
        frozenset({"I7", "I13", "I8", "I9", "effect", "text"}),
        40,
        _unread,
    ),
    Mutation(
        "expectation",
        "what an author counts on is not looked at",
        frozenset({"expects"}),
        40,
        lambda: [patch.object(committing, "unmet_expectation", lambda *args: None)],
    ),
    Mutation(
        "rights",
        "anybody may end anybody's instruction",
        frozenset({"rights", "I4", "I12"}),
        100,
        lambda: [patch.object(admission, "refuse", lambda *args: None)],
    ),
    Mutation(
        "other words",
        "other words under a taken number get the old answer",
        frozenset({"I5"}),
        60,
        lambda: [patch.object(at, "frame_sha", lambda frame: "sha256:0") for at in (admission, bodies)],
    ),
    Mutation(
        "approved twice",
        "a suggestion runs for everybody who approves it",
        frozenset({"I5"}),
        150,
        lambda: [patch.object(planning, "is_free", lambda *args: True)],
    ),
    Mutation("checkpoint state", "a kept state is not the document's", frozenset({"I12"}), 20, _kept_empty),
    Mutation("checkpoint whole", "a checkpoint keeps one document only", frozenset({"I12"}), 20, _kept_once),
    Mutation(
        "packing",
        "segments are packed before a checkpoint that holds them is durable",
        frozenset({"I11"}),
        40,
        _packed_early,
    ),
    Mutation("torn disk", "a crash takes an edit that a record names", frozenset({"I11"}), 40, _torn),
    Mutation("spread", "now and then an edit is told to nobody", frozenset({"I13"}), 40, _deaf),
    Mutation(
        "board", "what is shown of an intent is written on its entry, too", frozenset({"I42"}), 40, _shown_on_entry
    ),
    Mutation("resting", "a document rests as it was when last read", frozenset({"I12", "I13"}), 40, _stale_unload),
    Mutation(
        "stop",
        "the agent is planned for and commits though it is stopped",
        frozenset({"stop"}),
        40,
        lambda: [patch.object(core.KernelState, "is_halted", lambda self, entry: False)],
    ),
    Mutation(
        "stop outside",
        "effects leave though the agent is stopped",
        frozenset({"stop"}),
        200,
        lambda: [
            patch.object(EffectDelivery, "hold", lambda self: None),
            patch.object(brake, "BRAKED_SHARE", 1.0),
            patch.object(people, "SEND_SHARE", 0.6),
        ],
    ),
    Mutation(
        "stop clocks",
        "questions are decided by their clocks though the agent is stopped",
        frozenset({"stop"}),
        200,
        _running_clocks,
    ),
    Mutation(
        "put away",
        "what was archived or deleted is written in all the same",
        frozenset({"I43", "I12"}),
        60,
        _written_on,
    ),
    Mutation(
        "catalog",
        "of what an act does to a document the name alone is entered",
        frozenset({"I43"}),
        40,
        lambda: [*_librarians(), patch.object(Catalog, "enter", _only_names)],
    ),
    Mutation(
        "acts",
        "whoever asks for it has documents renamed and put away",
        frozenset({"rights"}),
        60,
        lambda: [*_librarians(), patch.object(committing, "stops_acts", lambda *args: False)],
    ),
    Mutation(
        "rules, typing",
        "what a rule of rights forbids is typed all the same",
        frozenset({"I44", "I12"}),
        40,
        lambda: [patch.object(sequencer, "is_barred", lambda *args: False), patch.object(law, "LAWFUL_SHARE", 1.0)],
    ),
    Mutation(
        "rules, agent",
        "the agent writes where a rule of rights keeps it, or its author, out",
        frozenset({"I44", "I12"}),
        40,
        lambda: [
            *(patch.object(at, "ends_for_rights", lambda *args: False) for at in (committing, planning)),
            patch.object(law, "LAWFUL_SHARE", 1.0),
        ],
    ),
    Mutation(
        "rules, suggestions",
        "who may suggest in a document has it written there",
        frozenset({"I44", "I12", "C5"}),
        60,
        lambda: [patch.object(committing, "is_suggested", lambda *args: False), patch.object(law, "LAWFUL_SHARE", 1.0)],
    ),
    Mutation("compose stamp", "the stamp is read at send", frozenset({"I8", "I9"}), 60, tweak=_at_send),
    Mutation("notice time", "what has just popped up counts as read", frozenset({"I8", "I9"}), 100, tweak=_at_once),
)
