"""One Yjs document: apply, read, export, fork. The only place that talks to pycrdt's documents.

Invariants: nothing is applied that leaves a gap (semantics F4); the state vector mirror equals pycrdt's; `version`
grows with every change; a pycrdt document that panicked is never used again (`crdt.documents.backing`). To unload a
document and to load it again changes nothing that anybody is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from crdt.documents.backing import EMPTY_UPDATE, Applied, Backup
from crdt.documents.canonical_form import DEAR_CLOCKS, CanonicalForm
from crdt.documents.crowds import NOTHING, Crowds
from crdt.documents.pycrdt_document import TEXT_ROOT, DocumentKind
from crdt.documents.shape import TEXT, Known, Shape
from crdt.errors import BrokenDocument, MalformedFrame, MissingDependencies
from crdt.updates.exact_numbers import ExactValues, find_exact_values, restore_exact_values, restore_whole_numbers
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_delete_set, scan_state_vector, scan_update
from crdt.updates.structs import StoredStruct, scan_stored_structs, sections_of, waits_for_itself
from crdt.updates.summary import CLOCK_MAX, DELETED, EXACT, STRING, DeleteSet, Id, Span, UpdateSummary
from crdt.updates.surrogates import (
    cut_strings,
    find_all_middles,
    find_cuts,
    find_edges,
    find_middles,
    move_before_pairs,
)

__all__ = ["EMPTY_UPDATE", "KINDS", "TEXT_ROOT", "Applied", "Document", "DocumentKind"]
KINDS: tuple[DocumentKind, ...] = ("text", "data", "rich")
HAS_NOTHING = b"\x00"  # the state vector of a peer that comes for the first time
NO_DELETIONS = b"\x00"
TYPED, PLAIN = 1 << STRING, 1 << STRING | 1 << DELETED  # the kinds of updates that leave a plain text plain
NO_MIDDLES: dict[int, set[int]] = {}
NO_EXACT: ExactValues = {}
EXACT_TAGS = (b"\x7a", b"\x7d\x40")  # a bigint and -0 begin so; much else has the same bytes


class Document(CanonicalForm):
    """A document of one kind, written under the Yjs client id `client`, built from `updates` in causal order.

    `is_strict` false reads as folkmoot 0.1 did: strings that a client cut between two UTF-16 halves as pycrdt has
    them, XML in the order that pycrdt happens to give. The older part of a log is digested that way.
    """

    __slots__ = ("_exact", "_middles", "_shape", "_unsearched", "crowds", "whole")

    def __init__(self, kind: DocumentKind, *, client: int, updates: Iterable[bytes] = ()) -> None:
        super().__init__(kind, client=client)
        # Where its items hang, and the surrogate pairs, by their middles: None until a caller needs it.
        self._shape: Shape | None = Shape(kind) if kind != "text" else None
        self._middles: dict[int, set[int]] | None = NO_MIDDLES
        # Numbers that pycrdt writes otherwise than they came; `_unsearched` is a state that may hold more of them.
        self._exact, self._unsearched = NO_EXACT, b""
        # None until an item is put where it does not go on: see `find_crowded`.
        self.crowds: Crowds | None = None
        # Whole numbers beyond 2**53 that a transaction writes, by the floats nearest to them.
        self.whole: dict[float, int] = {}
        for update in updates:
            self.apply(update, scan_update(update, INTERNAL))

    @classmethod
    def of_state(cls, kind: DocumentKind, state: bytes, *, client: int, exact: ExactValues | None = None) -> Document:
        """Return the document whose whole state is `state`, as this server's `encode` gave it; `exact` as it knew them.

        Only for bytes of our own: they are integrated without a pass over them, which costs Python forty times as much
        as it costs pycrdt. Raises `MalformedFrame` and `BrokenDocument`.
        """
        document = cls(kind, client=client)
        if state != EMPTY_UPDATE:
            document._integrate(state)
            # pycrdt is asked, not the bytes: what it did not integrate must not be taken for here.
            document._state = scan_state_vector(document._call_pycrdt(document._doc.get_state), INTERNAL)
            document._is_plain, document._shape, document._middles = False, None, None
            document._items = sum(document._state.values())
            # A look for two bytes spares most states the search; who only reads the document, or edits it, needs none.
            if exact is not None:
                document._exact = exact
            elif kind != "text" and any(tag in state for tag in EXACT_TAGS):
                document._unsearched = state
            document.version = 1
        return document

    # ------------------------------------------------------------ reading

    def state_vector(self) -> Mapping[int, int]:
        """Return client id to next clock: what this document holds without gaps."""
        return self._state

    def encode_state_vector(self) -> bytes:
        """Return the state vector in its Yjs form."""
        return encode_state_vector(self._state)

    def encode(self, since: bytes | None = None) -> bytes:
        """Return the whole state as one v1 update, or what a peer with state vector `since` lacks."""
        if since is None or since == HAS_NOTHING:
            return self._cached("encode", lambda: self._restore_exact(self._call_pycrdt(self._doc.get_update)))
        # Asked for the second half of a pair, pycrdt leaves the character out.
        middles = self._known_middles()
        if middles:
            since = move_before_pairs(since, middles)
        return self._restore_exact(self._call_pycrdt(lambda: self._doc.get_update(since)))

    def since(self, client: int, clock: int) -> bytes:
        """Return what the document holds of one client from a clock on, as an update; deletions of all come with it."""
        assert 0 <= clock <= self._state.get(client, 0), "what lies behind is not here"
        return self.encode(encode_state_vector({**self._state, client: clock}))

    def stored_structs(self) -> tuple[dict[int, list[StoredStruct]], dict[int, tuple[Span, ...]]]:
        """Return the stored structs by Yjs client, and which of their clocks are deleted."""
        return self._cached("stored_structs", lambda: scan_stored_structs(self.encode()))

    def shape(self) -> Shape:
        """Return where the items of this document hang."""
        if self._is_plain:
            return Shape.of_text(self._state)
        if self._shape is None:
            self._shape = Shape.of_state(self.kind, self.encode())
        return self._shape

    def is_apart(self) -> bool:
        """Tell whether no copy is like it: lines of items to their neighbours cross here, which no client makes.

        Decision 83: such bytes have no one meaning, and cost their document alone.
        """
        # Lines cross only where things stand in an order. Where a document is read from a copy, live and copy are one:
        # that a commit reads as it was meant is then what is left (decision 123).
        if sum(self._state.values()) >= DEAR_CLOCKS or (self.kind == "data" and not self.shape().has_sequences):
            return False
        return bool(self._cached("apart", lambda: self.fork(self.client ^ 1).value() != self.value()))

    def exact_values(self) -> ExactValues:
        """Return the values whose bytes pycrdt would write otherwise, for `of_state` of what `encode` gave."""
        self.encode()  # which looks for them
        return self._exact

    @property
    def has_pairs(self) -> bool:
        """Tell whether surrogate pairs were written into the document, so that an edit may have cut one."""
        return self._middles is not NO_MIDDLES

    def lacks_before(self, summary: UpdateSummary) -> bool:
        """Tell whether something that an update stands on is lacking: it leaves a gap, or refers to unknown ids."""
        state = self._state
        for client, (start, _) in summary.inserted.items():
            if start > state.get(client, 0):
                return True
        for client, clock in summary.needs.items():  # noqa: SIM110  # a generator costs as much as all of these
            if clock > state.get(client, 0):
                return True
        return False

    def is_in_text(self, id: Id) -> bool:
        """Tell whether an item that is here hangs from the text itself, or did before it was collected."""
        return self._is_plain or self.shape().is_in_root(id, TEXT)

    def find_crowded(self, summary: UpdateSummary, items_max: int) -> frozenset[Id]:
        """Count what an update brings to each place; return those of its items that come to where too many are.

        What is here already was counted, and what comes first into an empty document meets nobody.
        """
        state = self._state
        new = [branch for branch in summary.branches if branch.id.clock >= state.get(branch.id.client, 0)]
        if not new or (not state and len(new) == 1):
            return NOTHING
        if self.crowds is None:
            self.crowds = Crowds()
        refused = self.crowds.add(new, items_max)
        if not refused and self.crowds.is_urgent:
            self.crowds = Crowds.of_state(self.encode())
            refused = self.crowds.add(new, items_max)
        return refused

    # ------------------------------------------------------------ changing

    def apply(self, update: bytes, summary: UpdateSummary | None = None, *, known: Known = "") -> Applied | None:
        """Integrate an update; None when it holds nothing new. What a client brings passes the intake before.

        `known` is what `crdt.documents.intake` has found out, or done, already.

        Raises:
            MissingDependencies: there is a gap, or it waits for itself; nothing was applied.
            MalformedFrame, FrameTooLarge: the update does not scan, or pycrdt refuses it or trips over it; the
                document is as it was.
            BrokenDocument: pycrdt panicked, and the document cannot be built again; discard it.
        """
        summary = summary if summary is not None else scan_update(update, INTERNAL)
        # Decision 45: no event is made for a keystroke. The summary says already what pycrdt's event would.
        if known == "typing" or self.is_typing(update, summary):
            self._integrate(update)
            for client, (_, end) in summary.inserted.items():
                self._state[client] = end
            if summary.pairs:
                self._note_pairs(summary)
            if summary.structs > 1:
                self._note_items(summary)
            self.version += 1
            return Applied(update, summary.inserted, {})
        if not summary.structs and not summary.deleted:
            return None  # what a newcomer answers with
        if self.lacks_before(summary) or waits_for_itself(update, summary, self._state):
            raise MissingDependencies("the update leaves a gap or refers to edits that are not here")
        version = self.version
        self._make_ready(summary)
        whole = self._cut_pairs(update, summary)
        self._listener.event = None
        try:
            self._integrate(update, self._listener)
        except MalformedFrame:
            if whole is not None:  # what did not come in has cut nothing
                self._replace_state(whole)
                self._middles = None
            raise
        # Where all of it is new, the bytes that came are journaled and relayed, not those that pycrdt writes anew.
        state = self._state
        is_new = all(start == state.get(client, 0) for client, (start, _) in summary.inserted.items())
        # Before the state vector moves on, where the shape is kept.
        if self._shape is not None and summary.structs and not self._is_plain and known != "entered":
            self._shape.add_all(sections_of(update, summary), state)
        applied = self._conclude(summary, update, is_new=is_new)
        if applied is not None:
            # The image was told of all that has changed.
            if self._image_version == version == self.version - 1:
                self._image_version = self.version
            if summary.kinds >> EXACT & 1:
                self._exact = {**self._exact, **find_exact_values(applied.update)}
            self._extend_backup(applied.update)
            if summary.pairs:
                self._note_pairs(summary)
        return applied

    def _make_ready(self, summary: UpdateSummary) -> None:
        """Note that an update brings more than words, before it does."""
        if self._is_plain and summary.kinds & ~PLAIN:
            self._is_plain = False
            self._shape = Shape.of_text(self._state)
        # Before the first update of a kind over which pycrdt might panic: afterwards there is nothing to build from.
        if not self._is_plain and self._backup is None:
            self._backup = Backup(self.encode())

    def _cut_pairs(self, update: bytes, summary: UpdateSummary) -> bytes | None:
        """Put U+FFFD in place of characters that an update cuts in two; return the state before that, None without any.

        Yjs does so as it integrates (decision 72).
        """
        middles = self._known_middles()
        cut = find_cuts(middles, find_edges(update, summary)) if middles else {}
        if not cut:
            return None
        whole = self.encode()
        self._replace_state(cut_strings(whole, cut))
        for client, clocks in cut.items():
            assert clocks <= middles[client], "only what is a pair is cut"
            middles[client] -= clocks
        self.version += 1
        return whole

    @contextmanager
    def transaction(self) -> Iterator[list[Applied]]:
        """Write through the roots; the list holds what was integrated once the block is left.

        There is no rollback: an exception inside leaves what was written (trap 4), so write on forks only.
        """
        done: list[Applied] = []
        self._listener.event, self.whole, self.rest = None, {}, None
        # The outermost block hears of everything; pycrdt panics when asked to observe inside a transaction.
        subscription = self._doc._doc.observe(self._listener) if self._doc._txn is None else None
        try:
            with self._doc.transaction(origin="folkmoot"):
                yield done
        # A caller's own exception is the caller's; a panic of pycrdt is no `Exception`.
        except (KeyboardInterrupt, SystemExit, Exception):
            raise
        except BaseException as panic:
            self._broken = True
            raise BrokenDocument(f"pycrdt panicked: {panic}") from panic
        finally:
            if subscription is not None:
                subscription.drop()
        if self._listener.event is not None:
            update = self._write_rest() if self.rest else self._listener.event[0]
            if self.whole:
                update = restore_whole_numbers(update, self.whole)
            self._listener.event = update, self._listener.event[1]
            summary = scan_update(update, INTERNAL)
            self._is_plain = self._is_plain and not summary.kinds & ~PLAIN
            # Written here and not scanned before: what was worked out from updates is made anew when it is needed.
            self._backup = self._shape = None
            self._middles = None if summary.pairs else self._middles
            if summary.kinds >> EXACT & 1:
                self._exact = {**self._exact, **find_exact_values(update)}
            applied = self._conclude(summary, update, is_new=False)
            assert applied is not None, "an event means that something changed"
            done.append(applied)

    def fork(self, client: int) -> Document:
        """Return an independent copy that writes under `client`; its bytes must not come back under another id (F2)."""
        assert client >= 0, "Yjs ids are unsigned"
        copy = Document(self.kind, client=client)
        state = self.encode()
        if state != EMPTY_UPDATE:
            # The state is this document's own: it is integrated without another pass over it.
            copy._integrate(state)
            copy._state = dict(self._state)
            copy._is_plain, copy._shape, copy._middles = self._is_plain, None, None
            copy._exact, copy._unsearched = self._exact, self._unsearched
            copy.version, copy._items = self.version, self._items
        copy.is_strict = self.is_strict
        return copy

    def is_typing(self, update: bytes, summary: UpdateSummary) -> bool:
        """Tell whether an update is new strings of one client in a plain text: then pycrdt's event says nothing new.

        All of it integrates, because it starts where its client ends and both neighbours are here: `needs` leaves out
        its own ids, but one from its own clock on would be a bit of `kinds`. And it deletes nothing: Yjs deletes an
        item as it is integrated where its parent is deleted or collected, where it is not the last under its map key,
        and where its content is of kind `DELETED`. An item takes parent and key from its neighbours. Everything in a
        plain text is a string or a deleted one (which is kept as an item, not collected), under no key and in a root,
        and so on down: the new item is in a root, which is never deleted, and under no key. And nothing else comes
        with it: in a plain text nothing waits inside pycrdt. `_is_plain` is lost for good with the first struct of
        another kind, or one that does not integrate at once.
        """
        if summary.kinds != TYPED or len(summary.inserted) != 1 or summary.deleted or not self._is_plain:
            return False
        state = self._state
        for client, (start, end) in summary.inserted.items():
            if start != state.get(client, 0) or end > CLOCK_MAX:
                return False
        for client, clock in summary.needs.items():
            if clock > state.get(client, 0):
                return False
        middles = self._middles
        if middles is NO_MIDDLES:
            return True
        return middles is not None and not find_cuts(middles, find_edges(update, summary))

    # ------------------------------------------------------------ inside

    def _known_middles(self) -> dict[int, set[int]]:
        """Return the middles of the surrogate pairs by client; none where folkmoot 0.1 is read, which knew of none."""
        if not self.is_strict:
            return NO_MIDDLES
        if self._middles is None:
            self._middles = find_all_middles(self.encode()) or NO_MIDDLES
        return self._middles

    def _note_pairs(self, summary: UpdateSummary) -> None:
        """Add the surrogate pairs of an update that came in; nothing where they are looked for again anyway."""
        if self._middles is None:
            return
        if self._middles is NO_MIDDLES:
            self._middles = {}
        for client, middles in find_middles(summary.pairs).items():
            self._middles.setdefault(client, set()).update(middles)

    def _forget_derived(self) -> None:
        self._shape = None

    def _restore_exact(self, written: bytes) -> bytes:
        """Return what pycrdt wrote with the numbers that it writes otherwise than they came."""
        if self._unsearched:
            found, self._unsearched = find_exact_values(self._unsearched), b""
            self._exact = {**found, **self._exact} or NO_EXACT
        return restore_exact_values(written, self._exact) if self._exact else written

    def _conclude(self, summary: UpdateSummary, original: bytes, *, is_new: bool) -> Applied | None:
        """Return what the last transaction brought, by its event, and move the state vector on; None for nothing."""
        state = self._state
        inserted = {}
        for client, (start, end) in summary.inserted.items():
            known = state.get(client, 0)
            if end > known:
                inserted[client] = (max(start, known), end)
        if self._listener.event is None:
            if inserted:  # it waits inside pycrdt, where nobody would see it again
                self._rebuild("new structs were kept and not integrated")
                raise MalformedFrame("pycrdt does not integrate the update")
            return None
        update, delete_set = self._listener.event
        self._listener.event = None
        for client, (_, end) in inserted.items():
            state[client] = end
        deleted: DeleteSet
        if delete_set == NO_DELETIONS:
            deleted = {}
        # The same bytes mean the same ranges: a deletion is read once.
        elif summary.structs == 0 and delete_set == original[1:]:
            deleted = summary.deleted
        else:
            deleted = scan_delete_set(delete_set)
        if not inserted and not deleted:
            return None
        assert all(start < end for start, end in inserted.values()), "what is new has an extent"
        self._note_items(summary)
        self.version += 1
        return Applied(original if is_new else update, inserted, deleted)
