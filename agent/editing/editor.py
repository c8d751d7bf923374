"""The documents of one snapshot under edit by one plan: opened once, edited on copies, given back as operations.

The built-in planner and a model work on the same copies under the same rules: anchors and hashes refer to the
snapshot, and nothing here can reach a live document.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.editing.pieces import PieceTable
from agent.editing.text import CannotDo, TextEditor
from agent.editing.values import DataEditor
from crdt.digest import digest_text
from crdt.documents.anchor import Anchor, TextRange, place_anchors, place_range, resolve_range
from crdt.documents.backing import EMPTY_UPDATE
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.item_readings import Reading
from crdt.operations.ops import CreateDocument, Delete, Insert, Op, Replace
from workspace.intents.model.document_acts import ActName, Acts, DocumentAct, words_of_act
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Task
from workspace.names import compose, refuse_document_name

SNAPSHOT_CLIENT, WORKING_CLIENT = 8, 16


@dataclass(slots=True)
class Editor:
    """All copies of one plan. `created` are documents that the plan makes; `scope` is where the words at hand point."""

    task: Task
    scope: tuple[Scope, ...] | None = None
    texts: dict[str, TextEditor] = field(default_factory=dict)
    values: dict[str, DataEditor] = field(default_factory=dict)
    created: dict[str, DocumentKind] = field(default_factory=dict)
    opened: dict[str, Document] = field(default_factory=dict)
    acts: list[DocumentAct] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scope = self.task.scope
        assert not self.texts, "a plan begins with no copy"

    def point(self, scope: tuple[Scope, ...] | None) -> None:
        """Go on with words that point elsewhere. Raises `CannotDo` where that place is gone."""
        self.scope = scope
        for name, editor in self.texts.items():
            editor.selected = self.window(name)

    @property
    def kinds(self) -> dict[str, DocumentKind]:
        """Every document there is, with those this plan makes."""
        return {**{name: image.kind for name, image in self.task.snapshot.documents.items()}, **self.created}

    def open(self, name: str) -> Document:
        """Return a document as it was in the snapshot; an empty one when this plan makes it."""
        if name not in self.opened:
            image = self.task.snapshot.documents.get(name)
            assert image is not None or name in self.created, "only documents that there are, or will be, are opened"
            kind = image.kind if image is not None else self.created[name]
            state = image.state if image is not None else EMPTY_UPDATE
            exact = image.exact if image is not None else None
            self.opened[name] = Document.of_state(kind, state, client=SNAPSHOT_CLIENT, exact=exact)
        return self.opened[name]

    def text(self, name: str) -> TextEditor:
        """Return a text document under edit."""
        if name not in self.texts:
            snapshot = self.open(name)
            assert snapshot.kind == "text", "words are edited in text documents"
            self.texts[name] = TextEditor(name, PieceTable(snapshot.text()), self.window(name), set())
        return self.texts[name]

    def data(self, name: str) -> DataEditor:
        """Return a data document under edit."""
        if name not in self.values:
            snapshot = self.open(name)
            assert snapshot.kind == "data", "values are edited in data documents"
            self.values[name] = DataEditor(name, snapshot, snapshot.fork(WORKING_CLIENT))
        return self.values[name]

    def window(self, name: str) -> tuple[int, int] | None:
        """Return the stretch of a text that the author selected, as it stands in the snapshot.

        Raises:
            CannotDo: nothing of it is left.
        """
        for part in self.scope or ():
            if part.doc == name and part.from_ is not None and part.to is not None:
                place = TextRange(Anchor.decode(part.from_), Anchor.decode(part.to))
                start, end = resolve_range(self.open(name), place)
                if end == start:
                    raise CannotDo("empty_scope", "What you selected is gone.", "Select the place again.")
                assert start < end, "a selection has some words"
                return start, end
        return None

    def act(self, do: ActName, document: str, name: str = "") -> str:
        """Plan to rename, archive, delete or restore a document; return it in words.

        Whether there is one of that name the snapshot does not know: what was put away is not in it.

        Raises:
            CannotDo: no document may have the new name, or a rename names none.
        """
        found = [known for known in self.kinds if known.casefold() == document.casefold()]
        document, name = found[0] if document not in self.kinds and len(found) == 1 else document, compose(name)
        refusal = refuse_document_name(name) if name or do == Acts.RENAME else None
        if refusal is not None:
            raise CannotDo(refusal.code, refusal.reason, refusal.remedy)
        act = DocumentAct(do, compose(document), name)
        self.acts.append(act)
        return words_of_act(act)

    def result(self) -> tuple[list[Op], list[Reading]]:
        """Return the operations of everything edited, and what they were based on."""
        assert not set(self.created) & set(self.task.snapshot.documents), "nothing is made that is there"
        ops: list[Op] = [CreateDocument(name, kind) for name, kind in self.created.items()]
        reads: list[Reading] = []
        for name, editor in self.texts.items():
            ops += text_ops(name, self.open(name), editor)
            reads += text_reads(name, self.open(name), editor)
        for values in self.values.values():
            ops += values.ops
        return ops, reads


def text_ops(name: str, document: Document, editor: TextEditor) -> list[Op]:
    """Return the operations of a text: an insert where nothing goes, a delete where nothing comes, else a replace."""
    ops: list[Op] = []
    snapshot = editor.table.snapshot
    for part in editor.table.replacements():
        assert part.text or part.end > part.start, "a replacement changes something"
        if part.start == part.end:
            # It stays with the character before it, unless it belongs to what follows: others may write in between.
            assoc = 0 if part.sticks_right else -1
            (anchor,) = place_anchors(document, [(part.start, assoc)])
            ops.append(Insert(name, anchor.encode(), part.text))
            continue
        place = place_range(document, part.start, part.end)
        from_, to = place.start.encode(), place.end.encode()
        old = digest_text(snapshot[part.start : part.end])
        ops.append(Replace(name, from_, to, old, part.text) if part.text else Delete(name, from_, to, old))
    return ops


def text_reads(name: str, document: Document, editor: TextEditor) -> list[Reading]:
    """Return strong readings of the stretches that a plan looked at, overlapping ones as one."""
    reads = []
    for start, end in merged(editor.reads):
        place = place_range(document, start, end)
        hash = digest_text(editor.table.snapshot[start:end])
        reads.append(Reading(name, hash, from_=place.start.encode(), to=place.end.encode()))
    return reads


def merged(spans: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, with those that overlap joined."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        assert start <= end, "a stretch has its start in front"
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
