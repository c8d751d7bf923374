"""A scripted answer as the events that the Messages API streams, odd ones included. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from agent.scripted.scenario import ReplyScript
from agent.scripted.strictness import redacted_by, signature_of
from crdt.digest import canonical

CHUNK_POINTS = 12
STARTS: dict[str, dict[str, str]] = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}}


def events_of(message: dict[str, Any], reply: ReplyScript, next_id: Callable[[], str]) -> list[dict[str, Any]]:
    """Return the events of an answer; `message` is its head with what was read, `next_id` names its tool calls."""
    blocks = blocks_of(reply, str(message["model"]), next_id)
    written = reply.usage.get("output_tokens", sum(map(_size, blocks)) // 4 + 8)
    head = {**message, "usage": {**message["usage"], "output_tokens": 1} if message["usage"] else {}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": head}]
    for at, block in enumerate(blocks):
        events += _block_events(at, block)
    assert events[0]["type"] == "message_start", "a stream begins with its head"
    stop = reply.stop_reason or ("max_tokens" if reply.cut_at >= 0 else "tool_use" if reply.tools else "end_turn")
    end = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}}
    events.append({**end, **({} if reply.no_usage else {"usage": {"output_tokens": written}})})
    return [*events, {"type": "message_stop"}]


def blocks_of(reply: ReplyScript, model: str, next_id: Callable[[], str]) -> list[dict[str, Any]]:
    """Return the content blocks of an answer; a tool's JSON stands under `raw`."""
    blocks: list[dict[str, Any]] = [_signed(block, model) for block in reply.blocks]
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    for call in reply.tools:
        words = call.raw or json.dumps(call.input, ensure_ascii=False)
        words = words[: max(1, len(words) // 2)] if reply.malformed else words
        id = next_id() if call.id is None else call.id
        blocks.append({"type": "tool_use", "id": id, "name": call.name, "raw": words})
    if reply.cut_at >= 0 and blocks and "raw" in blocks[-1]:
        blocks[-1]["raw"] = blocks[-1]["raw"][: reply.cut_at]
    return blocks


def _signed(block: dict[str, Any], model: str) -> dict[str, Any]:
    if block.get("type") == "thinking":
        return {"signature": signature_of(model, str(block.get("thinking", ""))), **block}
    if block.get("type") == "redacted_thinking":
        return {"data": redacted_by(model), **block}
    return dict(block)


def _size(block: dict[str, Any]) -> int:
    return len(canonical(block))


def _block_events(at: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    start, deltas = {**block, **STARTS.get(str(block.get("type")), {})}, []
    match block.get("type"):
        case "text":
            deltas = [{"type": "text_delta", "text": part} for part in _chunks(block["text"])]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": part} for part in _chunks(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        case _ if "raw" in block:
            start = {**{key: part for key, part in block.items() if key != "raw"}, "input": {}}
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in _chunks(block["raw"])]
    return [
        {"type": "content_block_start", "index": at, "content_block": start},
        *({"type": "content_block_delta", "index": at, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": at},
    ]


def _chunks(words: str) -> list[str]:
    return [words[at : at + CHUNK_POINTS] for at in range(0, len(words), CHUNK_POINTS)]


def message_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the events as one whole message, for requests that do not stream."""
    assert events[-1]["type"] == "message_stop", "only a whole stream is a message"
    message = dict(events[0]["message"])
    for event in events[1:]:
        if event["type"] == "content_block_start":
            message["content"] = [*message["content"], {**event["content_block"]}]
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            for name, part in delta.items():
                if name != "type":
                    name = "_json" if name == "partial_json" else name
                    block[name] = (block.get(name) or "") + part
        elif event["type"] == "message_delta":
            message["stop_reason"] = event["delta"]["stop_reason"]
            message["usage"] = {**message["usage"], **event.get("usage", {})}
    for block in message["content"]:
        if "_json" in block:
            block["input"] = json.loads(block.pop("_json"))
    return message


def sse(event: dict[str, Any]) -> bytes:
    """Return an event as a line of the stream; escaped, so that halves of characters can be acted."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
