"""Streams are whole, or failures of a known kind; half an answer is never taken for a whole one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.assembly import Assembly
from agent.gateway.call import CallFailed, Reply
from agent.scripted.scenario import ReplyScript, ToolCall
from agent.scripted.server import ScriptedModel

POINTS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")  # what is mended is tried elsewhere
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(POINTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(POINTS, max_size=4), inner, max_size=3),
    max_leaves=6,
)
INPUTS = st.dictionaries(st.text(POINTS, min_size=1, max_size=6), JSON, max_size=3)


def events(*inputs: dict[str, Any], text: str = "") -> list[dict[str, Any]]:
    reply = ReplyScript(text=text, tools=tuple(ToolCall("view", given) for given in inputs))
    return ScriptedModel()._events({"model": "m", "messages": []}, reply)


def assembled(parts: list[dict[str, Any]]) -> Reply:
    assembly = Assembly()
    for event in parts:
        assembly.feed(event)
    return assembly.reply()


@given(inputs=st.lists(INPUTS, min_size=1, max_size=3), text=st.text(POINTS, max_size=40))
def test_what_was_streamed_in_pieces_comes_out_whole(inputs: list[dict[str, Any]], text: str) -> None:
    reply = assembled(events(*inputs, text=text))
    assert [block["input"] for block in reply.content if block["type"] == "tool_use"] == inputs
    assert "".join(str(block.get("text", "")) for block in reply.content) == text
    assert reply.usage.written > 0


@given(inputs=st.lists(INPUTS, min_size=1, max_size=2), cut=st.integers(0, 60))
def test_a_prefix_of_a_stream_is_never_an_answer(inputs: list[dict[str, Any]], cut: int) -> None:
    whole = events(*inputs)
    if cut >= len(whole):
        return
    with pytest.raises(CallFailed) as failed:
        assembled(whole[:cut])
    assert failed.value.kind == "cut"


NAMES = st.sampled_from(["type", "index", "delta", "message", "content_block", "usage"])
TYPES = ["message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop"]


@given(junk=st.lists(st.dictionaries(NAMES, JSON | st.sampled_from(TYPES)), max_size=8))
def test_any_events_are_an_answer_or_a_failure(junk: list[dict[str, Any]]) -> None:
    kinds = set()
    try:
        assembled(junk)
    except CallFailed as failed:
        kinds.add(failed.kind)
    assert kinds <= {"cut", "malformed", "refused", "too_long"}


def test_broken_tool_input_and_blocks_out_of_order_are_malformed() -> None:
    broken = [e for e in events({"document": "plan"}) if "delta" not in e or "partial_json" not in e.get("delta", {})]
    broken.insert(
        2, {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{"}}
    )
    for parts in (broken, [{"type": "content_block_delta", "index": 7, "delta": {"text": "x"}}]):
        with pytest.raises(CallFailed) as failed:
            assembled(parts)
        assert failed.value.kind == "malformed"


def test_what_a_provider_will_bill_is_its_count_or_our_estimate() -> None:
    assembly, whole = Assembly(), events({"document": "plan " * 100})
    assert assembly.billable(500, "overloaded").read == 0, "an error before the first word costs nothing"
    assert assembly.billable(500, "cancelled").read == 500, "nobody told: the estimate counts"
    for event in whole[:20]:
        assembly.feed(event)
    begun = assembly.billable(500, "cut")
    assert begun.read > 0
    assert begun.written > 20
    for event in whole[20:]:
        assembly.feed(event)
    assert assembly.billable(500, "ok") == assembly.counted
    assert json.loads(assembly.reply().encode())["content"][0]["input"]["document"].startswith("plan")


def test_each_delta_has_its_place() -> None:
    whole = events(text="words")
    thought = {"type": "thinking", "thinking": "", "signature": ""}
    more = [
        {"type": "content_block_start", "index": 7, "content_block": thought},
        *(
            {"type": "content_block_delta", "index": 7, "delta": delta}
            for delta in (
                {"type": "thinking_delta", "thinking": "h"}, {"type": "thinking_delta", "thinking": "m"},
                {"type": "signature_delta", "signature": "sig"}, {"type": "odd_delta", "text": "x", "thinking": "x"},
            )
        ),
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"text": "x"}}},
    ]  # fmt: skip
    reply = assembled([whole[0], *whole[1:-2], *more, *whole[-2:]])
    assert reply.content == (
        {"type": "text", "text": "words"}, {"type": "thinking", "thinking": "hm", "signature": "sig"},
    )  # fmt: skip


def test_events_that_nobody_knows_are_passed_over() -> None:
    whole = events({"a": 1})
    odd = [{"type": "ping"}, {"type": "something_new", "index": 0, "delta": {"text": "x"}}, {}]
    assert assembled([odd[0], whole[0], *odd, *whole[1:], *odd]) == assembled(whole)


def test_a_block_that_begins_twice_is_malformed() -> None:
    whole = events({"a": 1})
    with pytest.raises(CallFailed) as failed:
        assembled([*whole[:2], whole[1]])
    assert failed.value.kind == "malformed"


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "model_context_window_exceeded", "tool_use"])
@pytest.mark.parametrize("cut", [0, 1, 5, 12])
def test_only_an_answer_that_passed_its_bound_may_be_short(stop: str, cut: int) -> None:
    reply = ReplyScript(
        tools=(ToolCall("view", {"a": 1}), ToolCall("insert", {"text": "long " * 9})), stop_reason=stop, cut_at=cut
    )
    parts = ScriptedModel()._events({"model": "m", "messages": []}, reply)
    if stop == "max_tokens":
        found = assembled(parts)
        assert [block["name"] for block in found.content] == ["view"]
        assert (found.cut, found.is_cut) == ("insert", True)
        return
    if stop == "tool_use" and cut == 0:
        assert [block["input"] for block in assembled(parts).content] == [{"a": 1}, {}]
        return
    with pytest.raises(CallFailed) as failed:
        assembled(parts)
    kept = failed.value.reply
    kind = {"refusal": "refused", "model_context_window_exceeded": "too_long"}.get(stop, "malformed")
    assert failed.value.kind == kind
    assert kind == "malformed" or (kept is not None and [block["name"] for block in kept.content] == ["view"])


def test_an_answer_that_nobody_counted_is_billed_by_estimate() -> None:
    reply = ReplyScript(tools=(ToolCall("view", {"document": "plan " * 100}),), no_usage=True)
    assembly = Assembly()
    for event in ScriptedModel()._events({"model": "m", "messages": []}, reply):
        assembly.feed(event)
    assert assembly.counted.read == 0
    assert assembly.billable(500, "ok").read == 500
    assert assembly.billable(500, "ok").written > 100


@given(count=st.integers() | st.floats() | st.text() | st.none())
def test_what_was_counted_has_a_bound(count: Any) -> None:
    assembly = Assembly()
    assembly.feed({"type": "message_start", "message": {"usage": {"input_tokens": count}}})
    assert 0 <= assembly.counted.read <= 100_000_000
