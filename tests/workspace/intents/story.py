"""A log written by hand: records sealed one after the other and entered into a fold, with nobody who decides.

What a rule, a fold or an audit looks at is told here in a few lines. The documents hold what the records say.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crdt.digest import digest_text
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.fork import run
from crdt.operations.ops import Op, Replace, SetValue, hash_of_value
from workspace.intents.model.bodies import (
    Answer,
    Body,
    CommitBody,
    CommitDoc,
    ConfigBody,
    DecisionBody,
    IntentBody,
    PlanBody,
    Question,
    UpdateBody,
    VerdictBody,
)
from workspace.intents.model.plan import Option
from workspace.intents.model.record import Record, Row, seal, sha_of
from workspace.intents.model.times import timestamp
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.history import spans_of, spans_of_ranges

DOCUMENTS: dict[str, DocumentKind] = {"plan": "text", "budget": "data"}
TEXT, PRICE = "One line.\nAnother line.\n", 100
HAND, AGENT = 1_000_000, 2


@dataclass(frozen=True)
class StoryRow:
    """One journal row."""

    jid: int
    doc: str
    lane: str
    actor: str
    update: bytes


@dataclass
class Story:
    """Tells a log record by record. `now` is the time of the next one."""

    fold: WorkspaceState = field(default_factory=lambda: WorkspaceState(client=AGENT))
    rows: list[Row] = field(default_factory=list)
    journal: list[StoryRow] = field(default_factory=list)
    now: float = 1_000.0
    # What records have moved, for whoever follows; it may be emptied.
    moved: list[Entry] = field(default_factory=list)
    _hands: dict[tuple[str, str], Document] = field(default_factory=dict)

    @staticmethod
    def begun() -> Story:
        """Return a story with a text and a data document that hold something."""
        story = Story()
        story.append(ConfigBody(name="w", documents=DOCUMENTS), "Owner")
        story.type("Owner", "plan", lambda document: document.insert_text(0, TEXT))
        story.type("Owner", "budget", lambda document: set_path(document, ("price",), PRICE))
        return story

    @property
    def board(self) -> Board:
        """The board so far."""
        return self.fold.board

    def append(self, body: Body, actor: str = "agent") -> Record:
        """Seal a record and enter it."""
        fold = self.fold
        record = seal(body, seq=fold.seq + 1, epoch=1, at=timestamp(self.now), actor=actor, prev=fold.hash)
        self.moved += fold.apply(record)
        self.rows.append(record.row)
        return record

    def type(self, actor: str, doc: str, change: Callable[[Document], object]) -> int:
        """Let somebody edit by hand; return the record's number."""
        live, key = self.fold.documents[doc], (actor, doc)
        hand = self._hands.setdefault(key, Document(live.kind, client=HAND + len(self._hands)))
        hand.apply(live.encode(hand.encode_state_vector()))
        with hand.transaction() as done:
            change(hand)
        (edit,) = done
        applied = live.apply(edit.update)
        assert applied is not None
        jid = self._journal(doc, f"S{actor}", actor, edit.update)
        body = UpdateBody(
            doc, f"S{actor}", jid, jid, 1, len(edit.update), sha_of((edit.update,)),
            spans_of(applied.inserted), spans_of_ranges(applied.deleted),
        )  # fmt: skip
        return self.append(body, actor).seq

    def _journal(self, doc: str, lane: str, actor: str, update: bytes) -> int:
        self.fold.jid += 1
        self.journal.append(StoryRow(self.fold.jid, doc, lane, actor, update))
        return self.fold.jid

    # ------------------------------------------------------------ intents

    def intent(
        self, actor: str = "Ana", text: str = "do it", *, role: str = "editor", seen: int | None = None, **more: Any
    ) -> Entry:
        """Accept an intent whose author has seen everything, or the log up to `seen`."""
        lane = more.pop("lane", f"L{actor}")
        n = self.board.lanes.clock(lane).n + 1
        seen = self.fold.seq if seen is None else seen
        body = IntentBody(
            id=f"i{self.fold.seq + 1}", lane=lane, n=n, kind=more.pop("kind", "do"), text=text, seen=seen,
            vc=self.board.lanes.vector_clock(lane, n=n, seen=seen), role=role, sha="sha256:0", **more,
        )  # type: ignore[arg-type]  # fmt: skip
        self.append(body, actor)
        return self.board.entries[body.id]

    def plan(self, entry: Entry, *ops: Op, **more: Any) -> PlanBody:
        """Enter a plan for an intent, made on the documents as they are."""
        seq = self.fold.seq
        body = PlanBody(
            plan=f"p{seq + 1}", intents=(entry.id,), snapshot=seq, attempt=0, ops=ops, reads=more.pop("reads", ()),
            summary=more.pop("summary", "planned"), **more,
        )  # fmt: skip
        self.append(body)
        return body

    def planned(self, actor: str = "Ana", price: int = 7, **more: Any) -> Entry:
        """Accept an intent that is to set the price, with its plan."""
        entry = self.intent(actor, f"set {price}", **more)
        self.plan(entry, self.set("price", price))
        return entry

    def commit(self, entry: Entry) -> CommitBody:
        """Carry an intent's plan out; its verdict is to follow."""
        assert entry.plan is not None
        fold, seq = self.fold, self.fold.seq
        ran = run(fold.documents, entry.plan.ops, (), client=fold.client)
        docs = {}
        for doc, done in ran.executed.items():
            if doc not in fold.documents:
                fold.create(doc, ran.documents[doc].kind)
            before = fold.documents[doc].encode_state_vector()
            applied = fold.documents[doc].apply(done.update)
            assert applied is not None
            jid = self._journal(doc, "agent", "agent", done.update)
            docs[doc] = CommitDoc(
                jid, sha_of((done.update,)), b64encode(before).decode(),
                b64encode(fold.documents[doc].encode_state_vector()).decode(),
                spans_of(applied.inserted), spans_of_ranges(applied.deleted),
            )  # fmt: skip
        body = CommitBody(
            commit=f"c{seq + 1}", plan=entry.plan.plan, intents=(entry.id, *entry.steers), base=entry.plan.snapshot,
            decisions=tuple(decision.decision for decision in entry.decisions), docs=docs, created={},
            state=fold.state(), origin=f"commit:c{seq + 1}", summary=entry.plan.summary, effects=entry.plan.effects,
        )  # fmt: skip
        self.append(body)
        return body

    def end(self, entry: Entry, state: str = "done", *, code: str = "", by: str = "", **more: Any) -> VerdictBody:
        """End an intent."""
        commit = entry.commit.commit if entry.commit is not None else ""
        body = VerdictBody(
            entry.id, state, code or state, more.pop("reason", f"It is {state}."), by=by, commit=commit, **more  # type: ignore[arg-type]
        )  # fmt: skip
        self.append(body)
        return body

    def done(self, actor: str = "Ana", price: int = 7, **more: Any) -> Entry:
        """Accept an intent that sets the price, and carry it out."""
        entry = self.planned(actor, price, **more)
        self.commit(entry)
        self.end(entry)
        return entry

    # ------------------------------------------------------------ questions

    def decide(
        self, outcome: dict[str, str], *, layer: str = "L2", policy: str = "first@1", **more: Any
    ) -> DecisionBody:
        """Enter a decision about a group."""
        body = DecisionBody(
            f"d{self.fold.seq + 1}", more.pop("group", tuple(outcome)), layer, policy, more.pop("by", "policy"),
            outcome, more.pop("reason", "so it was decided"), **more,
        )  # type: ignore[arg-type]  # fmt: skip
        self.append(body)
        return body

    def question(
        self, *group: Entry, policy: str = "ask@1", default: str = "", because: str = "", **more: Any
    ) -> DecisionBody:
        """Ask about a group: a decision that holds who is live."""
        asked = Question(
            id=f"q{self.fold.seq + 1}", group=tuple(entry.id for entry in group), text="Which?",
            options=tuple(Option(entry.id, f"{entry.actor}: {entry.body.text}") for entry in group),
            deadline=self.now + 60, default=default, evidence=more.pop("evidence", {}), because=because,
        )  # fmt: skip
        held = {entry.id: "held" for entry in more.pop("held", group) if entry.is_live}
        return self.decide(held, group=asked.group, policy=policy, question=asked, **more)

    def answer(self, actor: str, opened: DecisionBody, value: str, *, role: str = "editor") -> Entry:
        """Take an answer to a question, and end it."""
        assert opened.question is not None
        entry = self.intent(actor, "", role=role, kind="answer", refs=(opened.question.id,), value=value)
        self.end(entry, "done", code="answered")
        return entry

    def votes(self, opened: DecisionBody) -> list[Answer]:
        """Return the answers to a question so far."""
        assert opened.question is not None
        return self.board.votes.get(opened.question.id, [])

    # ------------------------------------------------------------ operations

    def set(self, key: str, value: Any) -> SetValue:
        """Return the operation that sets a value, based on what stands there."""
        return SetValue("budget", (key,), value, hash_of_value(self.fold.documents["budget"], (key,)))

    def rewrite(self, old: str, new: str) -> Replace:
        """Return the operation that puts words in place of others."""
        document = self.fold.documents["plan"]
        at = document.text().index(old)
        place = place_range(document, at, at + len(old))
        return Replace("plan", place.start.encode(), place.end.encode(), digest_text(old), new)
