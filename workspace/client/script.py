"""A workspace and its documents for scripts without asyncio: the same client, in a thread that ends with its block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.paths import Path
from crdt.documents.pycrdt_document import DocumentKind
from workspace.client.document import SAVE_SECONDS, DocumentClient, connect_document
from workspace.client.intent import Intent, IntentState, Message
from workspace.client.line import AWAY_SECONDS, OPEN_SECONDS
from workspace.client.loop_thread import LoopThread
from workspace.client.room import ANSWER_SECONDS, RoomClient, connect


@dataclass(frozen=True, slots=True)
class SyncIntent:
    """One intent of ours: what `Intent` is, for scripts."""

    id: str
    seq: int
    n: int
    _intent: Intent
    _thread: LoopThread

    @property
    def last(self) -> IntentState:
        """Where it stands."""
        return self._thread.look(lambda: self._intent.last)

    def states(self) -> Iterator[IntentState]:
        """Yield every state up to the verdict. Raises `Disconnected`."""
        return self._thread.each(self._intent.states())

    def verdict(self, seconds: float = 60.0) -> Message:
        """Return the verdict's body. Raises `Overdue` and `Disconnected`."""
        return self._thread.call(self._intent.verdict(seconds))


class SyncRoom:
    """A workspace for scripts, made by `connect_sync`. Raises what `RoomClient` raises."""

    def __init__(self, room: RoomClient, thread: LoopThread) -> None:
        self._room, self._thread = room, thread

    @property
    def actor(self) -> str:
        """Who this is."""
        return self._thread.look(lambda: self._room.actor)

    @property
    def role(self) -> str:
        """With which role."""
        return self._thread.look(lambda: self._room.role)

    @property
    def seen(self) -> int:
        """The last record that was received."""
        return self._thread.look(lambda: self._room.seen)

    @property
    def head(self) -> int:
        """The log's last record when the connection was opened."""
        return self._thread.look(lambda: self._room.head)

    @property
    def records(self) -> list[Message]:
        """The newest records, as they are now."""
        return self._thread.look(lambda: list(self._room.records))

    @property
    def open_questions(self) -> dict[str, Message]:
        """The open questions, as they are now."""
        return self._thread.look(lambda: dict(self._room.open_questions))

    @property
    def inbox(self) -> dict[str, Message]:
        """One's own verdicts that wait to be acknowledged, as they are now."""
        return self._thread.look(lambda: dict(self._room.inbox))

    def compose(self) -> int:
        """Begin to write an instruction; returns the stamp."""
        return self._thread.look(self._room.compose)

    def intent(
        self,
        text: str,
        *,
        kind: str = "do",
        doc: str | None = None,
        keys: list[Path] | None = None,
        scope: list[Message] | None = None,
        refs: list[str] | None = None,
        value: str | None = None,
        seen: int | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> SyncIntent:
        """Send an intent and return it once it is in the log."""
        sent = self._room.intent(
            text, kind=kind, doc=doc, keys=keys, scope=scope, refs=refs, value=value, seen=seen, seconds=seconds
        )
        intent = self._thread.call(sent)
        return SyncIntent(intent.id, intent.seq, intent.n, intent, self._thread)

    def answer(self, question: str, value: str) -> SyncIntent:
        """Answer a question."""
        return self.intent("", kind="answer", refs=[question], value=value)

    def cancel(self, intent: str) -> SyncIntent:
        """Cancel a live intent."""
        return self.intent("", kind="cancel", refs=[intent])

    def stop(self, scope: Literal["mine", "all"] = "mine") -> SyncIntent:
        """Cancel everything of one's own that is under way, or everything one may."""
        return self.intent("", kind="cancel", value=scope)

    def approve(self, intent: str) -> SyncIntent:
        """Run a suggestion."""
        return self.intent("", kind="approve", refs=[intent])

    def override(self, intent: str, text: str) -> SyncIntent:
        """Replace an intent by another, knowingly."""
        return self.intent(text, kind="override", refs=[intent])

    def undo(self, commit: str) -> SyncIntent:
        """Take back a commit: what others have typed since stays."""
        return self.intent("", kind="undo", refs=[commit])

    def acknowledge(self, ids: Iterable[str]) -> None:
        """Take own verdicts out of the inbox, on every device."""
        self._thread.call(self._room.acknowledge(ids))

    def log(self, after: int = 0) -> Iterator[Message]:
        """Yield every log record after `after`, the past ones and then as they come."""
        return self._thread.each(self._room.log(after))

    def messages(self) -> Iterator[Message]:
        """Yield every message of the server from now on."""
        return self._thread.each(self._thread.look(self._room.messages))

    def question(self, seconds: float = 30.0) -> Message:
        """Return an open question, waiting for one to come."""
        return self._thread.call(self._room.question(seconds))

    def until(self, predicate: Callable[[RoomClient], bool], seconds: float = 30.0) -> None:
        """Wait until something holds; `predicate` is called in the client's own thread."""
        self._thread.call(self._room.until(predicate, seconds))


class SyncDocument:
    """A document for scripts, made by `connect_document_sync`. Raises what `DocumentClient` raises."""

    def __init__(self, document: DocumentClient, thread: LoopThread) -> None:
        self._document, self._thread = document, thread

    def text(self) -> str:
        """Return the text of a text document."""
        return self._thread.look(self._document.text)

    def value(self) -> Json:
        """Return the document's value."""
        return self._thread.look(self._document.value)

    def insert(self, point: int, text: str) -> None:
        """Type `text` at code point `point`."""
        self._thread.call(self._document.insert(point, text))

    def delete(self, start: int, end: int) -> None:
        """Delete code points `start` to `end`."""
        self._thread.call(self._document.delete(start, end))

    def set(self, path: Path, value: Json) -> None:
        """Set a value of a data document."""
        self._thread.call(self._document.set(path, value))

    def edit(self, change: Callable[[Document], None]) -> None:
        """Make one transaction of changes; `change` is called in the client's own thread."""
        self._thread.call(self._document.edit(change))

    def saved(self, seconds: float = SAVE_SECONDS) -> None:
        """Wait until all edits made so far are on the server's disk."""
        self._thread.call(self._document.saved(seconds))

    def until(self, predicate: Callable[[DocumentClient], bool], seconds: float = 30.0) -> None:
        """Wait until something holds; `predicate` is called in the client's own thread."""
        self._thread.call(self._document.until(predicate, seconds))


@contextmanager
def connect_sync(
    url: str,
    *,
    token: str | None = None,
    origin: str | None = None,
    seen: int = 0,
    open_seconds: float = OPEN_SECONDS,
    away_seconds: float = AWAY_SECONDS,
) -> Iterator[SyncRoom]:
    """Open a workspace for a script and yield it; all is as for `connect`. Its thread ends with the block."""
    opened = connect(url, token=token, origin=origin, seen=seen, open_seconds=open_seconds, away_seconds=away_seconds)
    thread = LoopThread("folkmoot room")
    try:
        with thread.entered(opened) as room:
            yield SyncRoom(room, thread)
    finally:
        thread.close()


@contextmanager
def connect_document_sync(
    url: str,
    doc: str,
    *,
    token: str | None = None,
    kind: DocumentKind = "text",
    origin: str | None = None,
    open_seconds: float = OPEN_SECONDS,
    away_seconds: float = AWAY_SECONDS,
) -> Iterator[SyncDocument]:
    """Open a document for a script and yield it; all is as for `connect_document`. Its thread ends with the block."""
    opened = connect_document(
        url, doc, token=token, kind=kind, origin=origin, open_seconds=open_seconds, away_seconds=away_seconds
    )
    thread = LoopThread("folkmoot document")
    try:
        with thread.entered(opened) as document:
            yield SyncDocument(document, thread)
    finally:
        thread.close()
