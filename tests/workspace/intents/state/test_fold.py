"""A workspace is the fold of its log: each record changes what it names, and the same rows give the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from tests.workspace.intents.story import Story, StoryRow
from workspace.intents.model.bodies import CheckpointBody, ConfigBody, EffectBody, OracleBody, PolicyConfig
from workspace.intents.model.calls import Budget, CallClosed, CallOpened
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.intent import Forked
from workspace.intents.model.oracle import Judgement, Merged, group_key
from workspace.intents.model.record import check_bytes, read_row, sha_of
from workspace.intents.state.fold import MARKER, Break, WorkspaceState, unreadable, words_of
from workspace.intents.state.replay import JournalIndex

MAIL = Receiver("mail", "ana@example.org")


def test_a_set_up_changes_what_it_names_and_leaves_the_rest() -> None:
    story = Story.begun()
    policy = PolicyConfig(chain=("first",))
    story.append(
        ConfigBody(members={"Ana": "editor"}, policy=policy, budget=Budget(intent=1.0), receivers={"post": MAIL})
    )
    story.append(ConfigBody(name="other", documents={"notes": "text"}, members={"Ben": "owner"}, archived=("plan",)))
    fold = story.fold
    assert (fold.name, fold.policy, fold.budget, fold.receivers) == (
        "other",
        policy,
        Budget(intent=1.0),
        {"post": MAIL},
    )
    assert fold.members == {"Ana": "editor", "Ben": "owner"}
    assert fold.listed() == {"budget": "data", "notes": "text"}
    assert not fold.is_listed("plan")
    assert "plan" in fold.documents, "what is archived is still there"
    story.append(ConfigBody(receivers={}))
    assert fold.receivers == {}


def test_records_come_one_after_the_other() -> None:
    story = Story.begun()
    record = story.append(ConfigBody(name="x"))
    with pytest.raises(AssertionError, match="after"):
        story.fold.apply(record)


def test_who_first_wrote_under_an_id_owns_it() -> None:
    story = Story.begun()
    story.type("Ana", "plan", lambda document: document.insert_text(0, "a"))
    story.type("Ben", "plan", lambda document: document.insert_text(0, "b"))
    typed = sorted(actor for (doc, _), actor in story.fold.owners.items() if doc == "plan")
    assert typed == ["Ana", "Ben", "Owner"]


def sending(story: Story) -> Any:
    """A commit that declares one effect."""
    story.append(ConfigBody(receivers={"post": MAIL}))
    entry = story.intent()
    story.plan(entry, story.set("price", 1), effects=(Effect(0, "post", "irreversible", {"text": "hello"}),))
    return entry, story.commit(entry)


def test_an_effect_waits_until_somebody_says_what_became_of_it() -> None:
    story = Story.begun()
    entry, commit = sending(story)
    assert list(story.fold.outbox) == [(commit.commit, 0)]
    story.end(entry)
    assert story.fold.is_busy, "nobody may close a workspace that has something to send"
    story.append(EffectBody(commit.commit, 0, "sha256:k", "sent"))
    assert story.fold.outbox == {}
    assert story.fold.effects[(commit.commit, 0)].status == "sent"
    assert not story.fold.is_busy


def test_a_fork_sends_nothing_of_what_it_was_forked_from() -> None:
    story = Story.begun()
    sending(story)
    story.append(ConfigBody(forked=Forked("other", 3)))
    assert story.fold.outbox == {}


def test_a_document_that_was_put_aside_counts_as_a_marker() -> None:
    story = Story.begun()
    before = story.fold.digests()
    story.append(ConfigBody(quarantined={"plan": "row 3: unreadable"}))
    assert story.fold.digests() == {**before, "plan": MARKER}
    assert "plan" not in story.fold.listed()
    assert story.fold.unsettled == set()


def test_a_lost_document_is_unsettled_until_the_log_puts_it_aside() -> None:
    story = Story.begun()
    story.fold.lose(Break("plan", 2, 1, "spoilt"))
    story.fold.lose(Break("plan", 9, 9, "later"))
    assert story.fold.breaks["plan"].seq == 2, "where it began"
    assert story.fold.unsettled == {"plan"}
    story.append(ConfigBody(quarantined={"plan": story.fold.breaks["plan"].words}))
    assert story.fold.unsettled == set()
    assert story.fold.quarantined["plan"] == "journal row 1 (record 2): spoilt"


def refold(story: Story, journal: list[StoryRow] | None = None, *, is_lenient: bool = False) -> WorkspaceState:
    """Fold a story's rows again."""
    fold, index = WorkspaceState(client=4, is_lenient=is_lenient), JournalIndex.of(journal or story.journal)
    for row in story.rows:
        record = read_row(row)
        fold.feed(record, index.take(record))
        fold.apply(record)
    return fold


def test_the_same_rows_give_the_same_state() -> None:
    story = Story.begun()
    story.done("Ana", 5)
    story.type("Ben", "budget", lambda document: set_path(document, ("fee",), 3))
    again = refold(story)
    assert (again.state(), again.seq, again.hash, again.jid) == (
        story.fold.state(), story.fold.seq, story.fold.hash, story.fold.jid,
    )  # fmt: skip
    assert again.board.entries.keys() == story.board.entries.keys()
    assert again.owners == story.fold.owners
    assert again.rows == story.fold.rows


@pytest.mark.parametrize("damage", ["changed", "missing", "elsewhere"])
def test_bytes_that_are_not_the_logged_ones_cost_their_document_where_that_is_allowed(damage: str) -> None:
    story = Story.begun()
    first = story.journal[0]
    spoilt = {
        "changed": [replace(first, update=first.update[:-1] + b"x"), *story.journal[1:]],
        "missing": story.journal[1:],
        "elsewhere": [replace(first, doc="budget"), *story.journal[1:]],
    }[damage]
    with pytest.raises(ValueError, match="record 2"):
        refold(story, spoilt)
    fold = refold(story, spoilt, is_lenient=True)
    assert list(fold.breaks) == ["plan"]
    assert fold.breaks["plan"].seq == 2
    assert fold.documents["budget"].value() == story.fold.documents["budget"].value(), "all others go on"


def test_oracles_are_entered_once() -> None:
    story = Story.begun()
    story.intent()
    for opinion in ("contradict", "compatible"):
        story.append(OracleBody(oracle="judged", intent="i4", judgements=(Judgement(("i4", "i5"), opinion),)))  # type: ignore[arg-type]
    assert story.fold.judged[("i4", "i5")].opinion == "contradict", "the first word counts"
    story.append(OracleBody(oracle="merged", intent="i4", merged=Merged(("i5", "i4"), "both")))
    assert story.fold.merges[group_key(("i4", "i5"))].text == "both"


def test_a_call_that_comes_through_clears_what_was_lost_before() -> None:
    story = Story.begun()
    entry = story.intent()
    for outcome, lost in (("lost", 1), ("ok", 0)):
        story.append(OracleBody(oracle="turn_failed", intent=entry.id, code="lost"))
        call = CallOpened((entry.id,), "Ana", "plan", "plan@1", "s", "r", "small", "m", 10)
        seq = story.append(OracleBody(oracle="call_opened", intent=entry.id, opened=call)).seq
        story.append(OracleBody(oracle="call_closed", intent=entry.id, closed=CallClosed(f"k{seq}", outcome)))  # type: ignore[arg-type]
        assert bool(entry.lost) == bool(lost)
    assert story.fold.usage.opened == {}


def test_a_checkpoint_is_where_what_was_touched_begins_anew() -> None:
    story = Story.begun()
    assert story.fold.touched == {"plan", "budget"}
    fold = story.fold
    story.append(CheckpointBody(head=fold.seq, state=fold.state(), documents=fold.digests(), jid=fold.jid))
    assert (fold.touched, fold.checkpoint) == (set(), fold.seq)
    story.type("Ana", "plan", lambda document: document.insert_text(0, "a"))
    assert fold.touched == {"plan"}


def test_documents_are_made_and_taken_back() -> None:
    fold = Story.begun().fold
    fold.create("notes", "text")
    first = fold.documents["notes"]
    fold.create("notes", "data")
    assert fold.documents["notes"] is first, "one of that name exists"
    held = fold.documents["plan"].encode()
    with fold.documents["plan"].transaction():
        fold.documents["plan"].insert_text(0, "x")
    fold.put_back("plan", held)
    assert fold.documents["plan"].encode() == held
    fold.uncreate("notes")
    assert "notes" not in fold.kinds


def test_what_cannot_be_read_is_named_and_the_rest_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    fold, digest = Story.begun().fold, Document.digest
    assert unreadable(fold.documents, encoded=("plan",)) == {}

    def spoilt(document: Document) -> str:
        if document is fold.documents["plan"]:
            raise ValueError("spoilt")
        return digest(document)

    monkeypatch.setattr(Document, "digest", spoilt)
    assert unreadable(fold.documents) == {"plan": "spoilt"}
    assert unreadable(fold.documents, is_digested=False) == {}


def test_an_error_is_told_in_few_words_and_quotes_no_content() -> None:
    assert words_of(ValueError("x" * 999)) == "x" * 300
    assert words_of(AssertionError("somebody's words")) == "AssertionError"
    assert words_of(UnicodeDecodeError("utf-8", b"secret", 0, 1, "bad")) == "UnicodeDecodeError"


def test_bytes_are_those_that_were_sealed_over() -> None:
    check_bytes((b"a", b"b"), sha_of((b"ab",)), 3)
    with pytest.raises(ValueError, match="record 3"):
        check_bytes((b"a",), sha_of((b"ab",)), 3)
