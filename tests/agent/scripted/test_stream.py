"""A scripted answer as events: put together again they are the answer, streamed or whole."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.assembly import Assembly
from agent.gateway.call import CallFailed
from agent.scripted.scenario import ReplyScript, ToolCall
from agent.scripted.stream import events_of, message_of, sse
from crdt.digest import Json

INPUTS = st.dictionaries(
    st.sampled_from("abc"), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30), max_size=3
)


def events(reply: ReplyScript) -> list[dict[str, Any]]:
    counter = itertools.count(1)
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
            "usage": {"input_tokens": 7}}  # fmt: skip
    return events_of(head, reply, lambda: f"toolu_{next(counter)}")


@given(inputs=st.lists(INPUTS, max_size=3), text=st.text("ab 😀", max_size=50))
def test_streamed_and_whole_are_the_same_answer(inputs: list[dict[str, Json]], text: str) -> None:
    reply = ReplyScript(text=text, tools=tuple(ToolCall("insert", given) for given in inputs))
    assembly = Assembly()
    for event in events(reply):
        assembly.feed(json.loads(json.dumps(event)))
    whole = message_of(events(reply))
    if not text and not inputs:
        with pytest.raises(CallFailed, match="empty"):
            assembly.reply()
        return
    streamed = assembly.reply()
    assert [block.get("input") for block in streamed.content] == [block.get("input") for block in whole["content"]]
    assert [block.get("text") for block in streamed.content] == [block.get("text") for block in whole["content"]]
    assert streamed.stop_reason == whole["stop_reason"] == ("tool_use" if inputs else "end_turn")
    assert (streamed.usage.read, streamed.usage.written) == (7, whole["usage"]["output_tokens"])


def test_an_answer_that_is_cut_says_so_and_breaks_off_in_its_last_tool() -> None:
    found = events(ReplyScript(tools=(ToolCall("insert", {"text": "x" * 50}),), cut_at=20))
    sent = "".join(event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta")
    assert len(sent) == 20
    assert found[-2]["delta"]["stop_reason"] == "max_tokens"


def test_thinking_is_signed_by_the_model_that_is_asked_unless_it_is_signed_already() -> None:
    blocks: tuple[dict[str, Json], ...] = ({"type": "thinking", "thinking": "hm"},)
    (own, *_) = message_of(events(ReplyScript(blocks=blocks, text="x")))["content"]
    assert own["signature"].startswith("sig-")
    forged: tuple[dict[str, Json], ...] = ({"type": "thinking", "thinking": "hm", "signature": "mine"},)
    (kept, *_) = message_of(events(ReplyScript(blocks=forged, text="x")))["content"]
    assert kept["signature"] == "mine"


def test_what_was_not_counted_is_left_out() -> None:
    found = events(ReplyScript(text="x", no_usage=True))
    assert all("usage" not in event for event in found if event["type"] == "message_delta")


@given(text=st.text(max_size=20))
def test_an_event_is_one_line_of_the_stream_whatever_it_holds(text: str) -> None:
    line = sse({"type": "ping", "text": text})
    assert line.count(b"\n") == 3
    head, data = line.split(b"\n")[:2]
    assert head == b"event: ping"
    assert json.loads(data.removeprefix(b"data: "))["text"] == text
