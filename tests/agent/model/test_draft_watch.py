"""People read what a document will get while it streams, from any prefix of a tool's JSON that can be read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.assembly import StreamPart
from agent.model.draft_watch import DRAFT_POINTS_MAX, DraftWatch
from tests.agent.model.test_planner import task
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.plan import Draft


def heard(*parts: StreamPart) -> FakePlanContext:
    context = FakePlanContext()
    watch = DraftWatch(context, task())
    for part in parts:
        watch.hear(part)
    return context


@given(words=st.text(max_size=60))
def test_a_draft_only_grows_and_is_in_the_end_what_will_be_written(words: str) -> None:
    whole = json.dumps({"document": "plan", "insert_line": 0, "text": words})
    context = heard(*(StreamPart("tool_use", "insert", whole[:end]) for end in range(1, len(whole) + 1)))
    clean = words.encode("utf-8", "replace").decode()
    texts = [draft.text for draft in context.drafts]
    assert [len(text) for text in texts] == sorted(map(len, texts))
    assert all(draft.doc == "plan" for draft in context.drafts)
    if clean == words:
        assert texts[-1:] == ([words] if words else [])
        assert context.steps == (["Writes in plan."] if words else []), "it is said once"


@pytest.mark.parametrize(
    ("kind", "tool", "text"),
    [
        ("text", "insert", '{"document": "plan", "text": "x"}'),
        ("tool_use", "view", '{"document": "plan", "text": "x"}'),
        ("tool_use", "insert", '{"document": "nowhere", "text": "x"}'),
        ("tool_use", "insert", '{"document": 5, "text": "x"}'),
        ("tool_use", "insert", '["plan", "x"]'),
        ("tool_use", "insert", "not json"),
        ("tool_use", "insert", '{"text": "x"}'),
        ("tool_use", "str_replace", '{"document": "plan", "new_str": ""}'),
    ],
)
def test_what_is_no_draft_is_not_shown(kind: str, tool: str, text: str) -> None:
    context = heard(StreamPart(kind, tool, text))
    assert context.drafts == []
    assert context.steps == []


def test_a_document_that_is_being_made_has_a_draft_too_and_all_are_bounded() -> None:
    text = json.dumps({"document": "new", "kind": "text", "content": "x" * (DRAFT_POINTS_MAX + 9)})
    assert heard(StreamPart("tool_use", "create_document", text)).drafts == [Draft("new", "x" * DRAFT_POINTS_MAX)]
