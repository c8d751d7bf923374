"""Stand in a log around one commit: its documents before and after it, all as it is now, and what came of its ids.

One pass over the log. What undos have put back is followed from their plans: each says which ids it stands for
(`Insert.of`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crdt.breath import take_breath
from crdt.documents.anchor import Anchor
from crdt.documents.document import Document
from crdt.documents.item_numbers import list_item_ids
from crdt.operations.ops import Insert, ListAdd, Op, Replace
from crdt.text import utf16_length
from crdt.undo.lineage import Dated, Lineage, Past
from crdt.updates.summary import EMBED, STRING, Id
from workspace.intents.model.bodies import CommitBody, CommitDoc, RecordKinds
from workspace.intents.model.intent import Kinds
from workspace.intents.model.record import Record, Row, read_row
from workspace.intents.state.board import Board
from workspace.intents.state.fold import JournalLike, WorkspaceState
from workspace.intents.state.history import Edit
from workspace.intents.state.replay import NEVER, Replay, start_replay

COPY_CLIENT = 10


@dataclass(slots=True)
class Surroundings:
    """What a log says around one commit; `commit` is None where there is none of that name."""

    whole: WorkspaceState
    seq: int = 0
    commit: CommitBody | None = None
    before: dict[str, Document] = field(default_factory=dict)
    after: dict[str, Document] = field(default_factory=dict)
    lineages: dict[str, Lineage] = field(default_factory=dict)

    def past(self, doc: str) -> Past:
        """Return what the log knows of the ids in one document."""
        history, commits = self.whole.history, dict(self.whole.board.commits.values())
        brought = [
            (client, start, end, edit.seq)
            for (name, client), column in history.inserted.items()
            if name == doc
            for start, end, edit in zip(column.starts, column.ends, column.edits, strict=True)
        ]
        taken = [
            (client, start, end, edit.seq)
            for (name, client), spans in history.deleted.items()
            if name == doc
            for start, end, edit in spans
        ]
        undos = {seq for seq, body in commits.items() if _is_undo(self.whole.board, body)}
        writers = {seq for seq, body in commits.items() if doc in body.docs and body.docs[doc].inserted}
        return Past(
            self.seq,
            Dated(brought),
            Dated(taken),
            frozenset(undos),
            frozenset(writers),
            frozenset(self._undone()),
            self._origin(),
            self.lineages.get(doc) or Lineage(),
        )

    def _origin(self) -> int:
        """Return the record of the commit behind an undo, an undo of that and so on; the commit's own if it is none."""
        board, commit, seq = self.whole.board, self.commit, self.seq
        while commit is not None and _is_undo(board, commit):
            seq, commit = board.commits[board.entries[commit.intents[0]].body.refs[0]]
        return seq

    def _undone(self) -> Iterator[int]:
        """Yield the records of commits that are taken back now, as if this one were so already."""
        board, own = self.whole.board, self.commit.commit if self.commit is not None else ""
        for name, by in _find_holders(board, own).items():
            if by:
                yield board.commits[name][0]

    def name(self, seq: int) -> str:
        """Return the commit that a record holds; nothing where it holds none."""
        return next((name for name, (at, _) in self.whole.board.commits.items() if at == seq), "")

    def edit(self, doc: str, seq: int) -> Edit | None:
        """Return the edit of a document that a record holds."""
        for (name, _), column in self.whole.history.inserted.items():
            if name == doc:
                for edit in column.edits:
                    if edit.seq == seq:
                        return edit
        for (name, _), spans in self.whole.history.deleted.items():
            if name == doc:
                for _, _, edit in spans:
                    if edit.seq == seq:
                        return edit
        return None


def surroundings(rows: Sequence[Row], journal: Sequence[JournalLike], commit: str) -> Surroundings:
    """Return what a log says around a commit. Raises `LogCorrupt`."""
    view = LogView(commit)
    view.enter(rows, journal)
    return view.around


class LogView:
    """A log as seen around one commit, which goes on as the log does: what was read once is not read again."""

    def __init__(self, commit: str) -> None:
        self._name = commit
        self._replay: Replay = start_replay((), states_from=NEVER)
        self.around = Surroundings(self._replay.fold)
        # How much of log and journal is in it.
        self.rows, self.journal = 0, 0

    def enter(self, rows: Sequence[Row], journal: Sequence[JournalLike]) -> None:
        """Enter what follows in log and journal. Raises `LogCorrupt`, after which it is of no use."""
        around, replay = self.around, self._replay
        if around.commit is None:
            found = _find(rows, self._name)
            around.seq, around.commit = found if found is not None else (0, None)
        docs = around.commit.docs if around.commit is not None else {}
        replay.index.add(journal)
        for row in rows:
            if row.seq == around.seq:
                around.before = _copies(replay.fold, docs)
            record = replay.step(row)
            if row.seq == around.seq:
                around.after = _copies(replay.fold, docs)
            _follow(around, record, docs)
            take_breath()
        self.rows, self.journal = self.rows + len(rows), self.journal + len(journal)


def taken_back_by(board: Board, commit: str) -> str:
    """Return the undo that holds a commit back now, the last of several; nothing where none is in force."""
    return _find_holders(board).get(commit, "")


def _find_holders(board: Board, without: str = "") -> dict[str, str]:
    """Return, of each commit, the last undo in force that takes it back, or nothing; `without` is in force no more.

    One commit may have several: an undo that was itself taken back is in force again once that is taken back.
    """
    undos: dict[str, list[str]] = {}
    holders: dict[str, str] = {}
    # An undo stands behind what it takes back: from the end of the log, whether it is in force is known by then.
    for name, (_, body) in reversed(board.commits.items()):
        holders[name] = next((undo for undo in undos.get(name, ()) if undo != without and not holders[undo]), "")
        if _is_undo(board, body):
            undos.setdefault(board.entries[body.intents[0]].body.refs[0], []).append(name)
    return holders


def _find(rows: Sequence[Row], commit: str) -> tuple[int, CommitBody] | None:
    for row in rows:
        if row.kind == RecordKinds.COMMIT:
            body = read_row(row).body
            if isinstance(body, CommitBody) and body.commit == commit:
                return row.seq, body
    return None


def _copies(fold: WorkspaceState, docs: Mapping[str, CommitDoc]) -> dict[str, Document]:
    return {doc: fold.documents[doc].fork(COPY_CLIENT) for doc in docs if doc in fold.documents}


def _is_undo(board: Board, body: CommitBody) -> bool:
    return board.entries[body.intents[0]].body.kind == Kinds.UNDO


def _follow(around: Surroundings, record: Record, docs: Mapping[str, CommitDoc]) -> None:
    """Note what an undo has put back, in the documents that matter."""
    body = record.body
    if not isinstance(body, CommitBody) or not _is_undo(around.whole.board, body):
        return
    plan = around.whole.board.entries[body.intents[0]].plan
    for doc, part in body.docs.items():
        document = around.whole.documents.get(doc)
        if doc not in docs or document is None or plan is None:
            continue
        lineage, ops = around.lineages.setdefault(doc, Lineage()), [op for op in plan.ops if op.doc == doc]
        if document.kind == "text":
            _follow_words(lineage, document, part, ops)
        elif document.kind == "data":
            _follow_items(lineage, document, part, ops)


def _follow_items(lineage: Lineage, document: Document, part: CommitDoc, ops: Sequence[Op]) -> None:
    for path in {op.path for op in ops if isinstance(op, ListAdd)}:
        added = [op for op in ops if isinstance(op, ListAdd) and op.path == path]
        made = sorted(id for id in list_item_ids(document, path) if _is_of(part, id))
        if len(made) == len(added):
            for op, id in zip(added, made, strict=True):
                old = Anchor.decode(op.of).item if op.of else None
                if old is not None:
                    lineage.enter([(id.client, id.clock, id.clock + 1)], [(old.client, old.clock, old.clock + 1)])


def _is_of(part: CommitDoc, id: Id) -> bool:
    return any(client == id.client and low <= id.clock < high for client, low, high in part.inserted)


def _follow_words(lineage: Lineage, document: Document, part: CommitDoc, ops: Sequence[Op]) -> None:
    units, at = _written(document, part), 0
    if any(isinstance(op, Replace) for op in ops):
        return
    for op in ops:
        if isinstance(op, Insert):
            size = utf16_length(op.text)
            if op.of:
                lineage.enter(_cut(units, at, at + size), op.of)
            at += size


def _cut(spans: Sequence[tuple[int, int, int]], low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """Yield the ids from the `low`-th to the `high`-th of spans."""
    passed = 0
    for client, start, end in spans:
        first, last = start + max(0, low - passed), min(end, start + high - passed)
        if first < last:
            yield client, first, last
        passed += end - start


def _written(document: Document, part: CommitDoc) -> list[tuple[int, int, int]]:
    """Return the ids of words and embeds that a commit has written, as they were written, without marks."""
    blocks, _ = document.stored_structs()
    return [
        (client, max(low, block.start), min(high, block.start + block.length))
        for client, low, high in part.inserted
        for block in blocks.get(client, [])
        if block.kind in (STRING, EMBED)
        and block.start < high
        and low < block.start + block.length
        and document.is_in_text(Id(client, block.start))
    ]
