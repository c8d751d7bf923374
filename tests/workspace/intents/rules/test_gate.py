"""The causal gate over values, condition by condition: what is missing, what comes first, what holds (C1 to C5)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import msgspec
import pytest

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.errors import CrdtError
from crdt.operations.fork import Ran
from crdt.operations.item_readings import Reading
from crdt.operations.ops import CreateDocument, SetValue, hash_of_value
from tests.workspace.intents.story import Story
from workspace.errors import Refusal
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.intent import Expect, Need
from workspace.intents.rules.gate import (
    LOST_REMEDY,
    docs_of,
    lacks_updates,
    predecessors,
    read_need,
    refuse_lost,
    try_plan,
    unmet_expectation,
    value_at,
)


def vector_of(document: Document) -> str:
    return b64encode(document.encode_state_vector()).decode()


def test_a_need_names_how_far_each_writer_must_have_come() -> None:
    document = Document("text", client=77)
    with document.transaction():
        document.insert_text(0, "abc")
    assert read_need(Need(vector_of(document))) == {77: 3}
    assert read_need(Need()) == {}


@pytest.mark.parametrize("sv", ["*", "AQ", "////", b64encode(b"\xff" * 12).decode()])
def test_a_need_that_does_not_decode_is_an_error_of_its_sender(sv: str) -> None:
    with pytest.raises((CrdtError, ValueError)):
        read_need(Need(sv))


# Sent on the socket, when it was last in full sync (the intent came in turn 5), and whether something is missing.
ARRIVALS = [
    ("nothing was sent and nothing is needed", 0, 0, None, False),
    ("an update is on its way", 3, 2, None, True),
    ("as many came as were sent", 3, 3, None, False),
    ("a full sync after it settles the count", 3, 0, 6, False),
    ("a full sync before it does not", 3, 0, 5, True),
]


@pytest.mark.parametrize(
    "needed, came, synced, is_missing", [row[1:] for row in ARRIVALS], ids=[r[0] for r in ARRIVALS]
)
def test_deletions_are_counted_because_no_vector_shows_them(
    needed: int, came: int, synced: int | None, is_missing: bool
) -> None:
    story = Story.begun()
    entry = story.intent("Ana", needs={"plan": Need(vector_of(story.fold.documents["plan"]), needed)})
    missing = lacks_updates(
        entry,
        story.fold.documents,
        sent={("LAna", "plan"): came, ("LBen", "plan"): 9},
        synced={} if synced is None else {("LAna", "plan"): synced},
        since=5,
    )
    assert missing == (("plan",) if is_missing else ())


def test_words_that_have_not_arrived_are_missing_whatever_the_count_says() -> None:
    story, ahead = Story.begun(), Document("text", client=77)
    ahead.apply(story.fold.documents["plan"].encode())
    with ahead.transaction() as done:
        ahead.insert_text(0, "new ")
    entry = story.intent("Ana", needs={"plan": Need(vector_of(ahead)), "gone": Need("", 9)})
    counts: dict[str, Any] = {"sent": {}, "synced": {("LAna", "plan"): 9}, "since": 1}
    assert lacks_updates(entry, story.fold.documents, **counts) == ("plan",), "a document that is gone is not awaited"
    story.fold.documents["plan"].apply(done[0].update)
    assert lacks_updates(entry, story.fold.documents, **counts) == ()


def test_what_an_author_knew_of_comes_first_where_both_may_meet() -> None:
    story = Story.begun()
    before = story.fold.seq
    known, blind = story.intent("Ana"), story.intent("Ben", seen=before)
    answer = story.intent("Cem", "", kind="answer", refs=("q1",), value="x")
    entry = story.intent("Dee")
    later = story.intent("Eva")
    live = [known, blind, answer, entry, later]
    assert predecessors(entry, live, may_meet=lambda _: True) == [known, blind], "an answer changes no document"
    assert predecessors(entry, live, may_meet=lambda other: other is blind) == [blind]
    assert predecessors(blind, live, may_meet=lambda _: True) == []


def test_on_one_lane_the_earlier_comes_first_even_unseen() -> None:
    story = Story.begun()
    before = story.fold.seq
    first = story.intent("Ana", seen=before)
    second = story.intent("Ana", seen=before)
    assert predecessors(second, [first, second], may_meet=lambda _: True) == [first]


def test_who_is_parked_comes_first_for_its_lane_and_for_who_names_it_alone() -> None:
    story = Story.begun()
    parked = story.intent("Ana")
    mate, saw, names = story.intent("Ana"), story.intent("Ben"), story.intent("Cem", refs=(parked.id,))
    before = {
        entry.actor: predecessors(entry, [parked], may_meet=lambda _: True, is_parked=lambda _: True)
        for entry in (mate, saw, names)
    }
    assert before == {"Ana": [parked], "Ben": [], "Cem": [parked]}


def plan_of(story: Story, *ops: Any, reads: tuple[Reading, ...] = ()) -> Any:
    return story.plan(story.intent(), *ops, reads=reads)


def test_a_plan_is_tried_on_forks_and_says_what_no_longer_holds() -> None:
    story = Story.begun()
    plan = plan_of(story, story.set("price", 9))
    before = story.fold.state()
    ran = try_plan(plan, story.fold.documents, client=9)
    assert isinstance(ran, Ran)
    assert ran.documents["budget"].value() == {"price": 9}
    story.type("Ben", "budget", lambda document: set_path(document, ("price",), 5))
    assert story.fold.state() != before
    stale = try_plan(plan, story.fold.documents, client=9)
    assert isinstance(stale, Refusal)
    assert stale.code == "stale_read"


def test_a_plan_is_refused_for_what_it_read_and_does_not_write() -> None:
    story = Story.begun()
    list_ = hash_of_value(story.fold.documents["budget"], ("list",))
    plan = plan_of(story, story.set("price", 9))
    strong, weak = (
        msgspec.structs.replace(plan, reads=(Reading("budget", list_, ("list",), strong=strong),))
        for strong in (True, False)
    )
    assert isinstance(try_plan(strong, story.fold.documents, client=9), Ran)
    story.type("Ben", "budget", lambda document: set_path(document, ("list",), [2]))
    stale = try_plan(strong, story.fold.documents, client=9)
    assert isinstance(stale, Refusal)
    assert stale.code == "stale_read"
    assert isinstance(try_plan(weak, story.fold.documents, client=9), Ran)


def test_a_plan_that_cannot_be_carried_out_is_refused_by_name() -> None:
    story = Story.begun()
    for op, words in ((SetValue("nowhere", ("a",), 1, "absent"), "nowhere"), (CreateDocument("plan", "text"), "plan")):
        refusal = try_plan(plan_of(story, op), story.fold.documents, client=9)
        assert isinstance(refusal, Refusal)
        assert words in refusal.reason


@pytest.mark.parametrize(
    "path, value",
    [
        ((), {"price": 100, "list": [1, {"a": 2}]}),
        (("price",), 100),
        (("list", 0), 1),
        (("list", -1, "a"), 2),
        (("list", 2), None),
        (("list", -3), None),
        (("list", "a"), None),
        (("price", "deeper"), None),
        (("nothing",), None),
    ],
)
def test_an_expectation_speaks_of_one_value(path: tuple[str | int, ...], value: object) -> None:
    story = Story.begun()
    story.type("Ana", "budget", lambda document: set_path(document, ("list",), [1, {"a": 2}]))
    assert value_at(story.fold.documents["budget"], Expect("budget", path)) == value


def test_the_first_expectation_that_does_not_hold_is_named() -> None:
    documents = Story.begun().fold.documents
    held, unmet = Expect("budget", ("price",), 100), Expect("budget", ("price",), 100.5)
    assert unmet_expectation((), documents) is None
    assert unmet_expectation((held,), documents) is None
    assert unmet_expectation((held, unmet, Expect("nowhere")), documents) is unmet
    assert unmet_expectation((Expect("nowhere"),), documents) == Expect("nowhere"), (
        "a document that is gone holds nothing"
    )
    assert unmet_expectation((Expect("budget", ("price",), 100.0),), documents) is None, "numbers compare as values"


def test_nothing_is_done_with_a_document_that_was_put_aside() -> None:
    story = Story.begun()
    reads = (Reading("weakly", "sha256:0", strong=False), Reading("strongly", "sha256:0", strong=True))
    plan = plan_of(story, story.set("price", 1), reads=reads)
    assert docs_of(plan) == {"budget", "weakly", "strongly"}
    assert plan.docs == {"budget", "strongly"}, "what was only seen in outline is no place of it"
    assert refuse_lost(story.fold, docs_of(plan)) is None
    story.append(ConfigBody(quarantined={"plan": "row 3: unreadable"}))
    assert refuse_lost(story.fold, docs_of(plan)) is None
    refusal = refuse_lost(story.fold, ("budget", "plan"))
    assert refusal is not None
    assert (refusal.code, refusal.remedy) == ("document_broken", LOST_REMEDY)
    assert refusal.reason == "plan cannot be read any more: row 3: unreadable."
