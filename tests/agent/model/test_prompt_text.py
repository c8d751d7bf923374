"""What a model is told: versioned prompts, canonical tasks, and a failed plan with its operations and the changes."""

from __future__ import annotations

import json

import pytest

from agent.editing.editor import Editor
from agent.model.prompt_text import load_prompt, render_task
from crdt.digest import digest_text
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.operations.ops import Increment, Replace
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Exchange, Image, Repair, Snapshot, Steer, Task

OLD = "# Plan\n\nWe meet at three.\nBring tea.\n"


def text_document(text: str) -> Document:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, text)
    return document


def told(task: Task) -> dict[str, object]:
    text = render_task(task, Editor(task))
    assert text == render_task(task, Editor(task)), "the same bytes"
    value: dict[str, object] = json.loads(text.removeprefix("<task>\n").removesuffix("\n</task>"))
    return value


def test_a_second_plan_is_told_its_own_operations_and_what_changed_since() -> None:
    before = text_document(OLD)
    base = Snapshot(3, {"plan": Image("text", before.encode())})
    with before.transaction():
        before.insert_text(OLD.index("three"), "half past ")
    now = Snapshot(7, {"plan": Image("text", before.encode())})
    document = text_document(OLD)
    start = OLD.index("We meet")
    place = place_range(document, start, start + 17)
    op = Replace("plan", place.start.encode(), place.end.encode(), digest_text("We meet at three."), "Noon it is.")
    repair = Repair("stale_read", "plan is not what it was", (op, Increment("budget", ("food",), 2)), "", base)
    task = Task("w", "i1", "ana", "editor", "make it noon", None, now, attempt=1, repair=repair)
    last = told(task)["last_attempt"]
    assert last["operations"] == [  # type: ignore[index]
        "plan: replaced “We meet at three.” by “Noon it is.”", "budget.food: added 2",
    ]  # fmt: skip
    (change,) = last["changes_since"]  # type: ignore[index]
    assert "+We meet at half past three." in change
    assert "-We meet at three." in change


def test_answers_steers_and_places_are_told() -> None:
    document = text_document(OLD)
    place = place_range(document, OLD.index("Bring"), len(OLD) - 1)
    scope = (Scope("plan", from_=place.start.encode(), to=place.end.encode(), quote="Bring tea."),)
    snapshot = Snapshot(3, {"plan": Image("text", document.encode())})
    task = Task(
        "w", "i1", "ana", "editor", "shorter", scope, snapshot, attempt=1, exchanges=(Exchange("How?", "very"),),
        steers=(Steer("i2", "Ben", "keep the tea"),), writers={"plan": ("Ana", "Ben")},
    )  # fmt: skip
    said = told(task)
    assert said["scope"] == [{"document": "plan", "lines": [4, 4], "quote": "Bring tea."}]
    assert said["added_while_you_worked"] == [{"number": 1, "by": "Ben", "instruction": "keep the tea"}]
    assert said["answers"] == [{"question": "How?", "answer": "very"}]
    assert said["documents"] == [{"name": "plan", "kind": "text", "written_by": ["Ana", "Ben"]}]


@pytest.mark.parametrize(
    ("name", "sha"),
    [
        ("plan", "sha256:64263ac53f266cda01eb86ae034ae894144dda32bdc0a3a21b0b1cd4fff7d9a1"),
        ("judge", "sha256:78ceb629fbf2e98582500d1234bf73e04eff0091001b3ca86b003bf86b9d2aff"),
        ("merge", "sha256:4f94122f9a79d63ce2266a57314e9a8070aac2d0eb0f4b66bdeaa2ef3d588238"),
    ],
)
def test_a_version_of_a_prompt_is_never_edited(name: str, sha: str) -> None:
    prompt = load_prompt(name, 1)
    assert prompt.label == f"{name}@1"
    assert prompt.sha == sha, "give a changed prompt a new version: logs name this one"
