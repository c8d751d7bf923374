"""Stand in a log around one commit: its documents before and after it, all as it is now, and what came of its ids.

One pass over the log. What undos have put back is followed from their plans: each says which ids it stands for
(`Insert.of`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
from workspace.intents.state.replay import NEVER, start_replay

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
            self.lineages.get(doc) or Lineage(),
        )

    def _undone(self) -> Iterator[int]:
        """Yield the records of commits that are taken back now, as if this one were so already."""
        board, own = self.whole.board, self.commit.commit if self.commit is not None else ""
        for name, (seq, _) in board.commits.items():
            chain = _undoing(board, name)
            if own in chain[1:]:
                chain = chain[: chain.index(own)]
            if len(chain) % 2 == 0:
                yield seq

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
    found = _find(rows, commit)
    replay = start_replay(journal, states_from=NEVER)
    around = Surroundings(replay.fold)
    around.seq, around.commit = found if found is not None else (0, None)
    docs = around.commit.docs if around.commit is not None else {}
    for row in rows:
        if row.seq == around.seq:
            around.before = _copies(replay.fold, docs)
        record = replay.step(row)
        if row.seq == around.seq:
            around.after = _copies(replay.fold, docs)
        _follow(around, record, docs)
    return around


def taken_back_by(board: Board, commit: str) -> str:
    """Return the undo that holds a commit back now; nothing where there is none, or it was taken back itself."""
    chain = _undoing(board, commit)
    return chain[1] if len(chain) % 2 == 0 else ""


def _undoing(board: Board, commit: str) -> list[str]:
    """Return a commit, the last undo of it, the last undo of that, and so on."""
    chain = [commit]
    while by := board.entries[board.commits[chain[-1]][1].intents[0]].undone_by:
        chain.append(by)
    return chain


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
