"""A conversation made fit to be sent to one model: the one place that knows what the Messages API refuses. Pure.

What was answered is kept as it came; what is sent back is made of it here, before the request is rendered, so that the
recorded hash is that of what was sent. The same conversation and model give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from agent.gateway.call import Block, Message
from crdt.digest import Json

SILENT = "(no words)"
EMPTY = "(nothing)"
LOST = "This call was not carried out."
NAME_POINTS_MAX = 64
_ODD = re.compile(r"[^a-zA-Z0-9_-]")


def sendable(messages: Sequence[Message], model: str) -> tuple[Message, ...]:
    """Return what a model may be sent of a conversation. A message of a model says in `model` who wrote it.

    Of an answer stay words that are not blank, tool calls, and thinking that this very model has signed; where nothing
    stays, or thinking would be the end of it, two words stand for the rest. Blocks of tools that run at the provider
    are left out: none is offered. Every call has one result, in the message behind it, before all words. Neighbours of
    one role become one message.
    """
    assert model, "a conversation is made fit for one model"
    sent: list[Message] = []
    known: set[str] = set()
    calls: list[tuple[str, str]] = []
    for message in _joined(messages):
        blocks = _blocks(message)
        if message["role"] == "assistant":
            is_own = message.get("model") == model
            kept = [part for block in blocks if (part := _answered(block, is_own=is_own)) is not None]
            calls = _number(kept, known)
            if not kept or kept[-1]["type"] in ("thinking", "redacted_thinking"):
                kept.append({"type": "text", "text": SILENT})
        else:
            kept = [*_results(blocks, calls), *(dict(block) for block in blocks if _is_said(block))]
            calls = []
            kept = kept or [{"type": "text", "text": EMPTY}]
        assert kept, "the API refuses a message without content"
        sent.append({"role": message["role"], "content": list[Json](kept)})
    assert not any(one["role"] == other["role"] for one, other in pairwise(sent)), "neighbours were joined"
    return tuple(sent)


def _joined(messages: Sequence[Message]) -> list[Message]:
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            last = joined[-1]
            author = last.get("model") if last.get("model") == message.get("model") else ""
            joined[-1] = {**last, "content": [*_blocks(last), *_blocks(message)], "model": author}
        else:
            joined.append(message)
    return joined


def _blocks(message: Message) -> list[Block]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _answered(block: Block, *, is_own: bool) -> Block | None:
    """Return what is sent back of a block that a model wrote."""
    match block.get("type"):
        case "text" if _is_said(block):
            return {"type": "text", "text": block["text"]}
        case "thinking" if is_own and block.get("signature"):
            return {"type": "thinking", "thinking": block["thinking"], "signature": block["signature"]}
        case "redacted_thinking" if is_own and block.get("data"):
            return {"type": "redacted_thinking", "data": block["data"]}
        case "tool_use":
            name = _ODD.sub("_", str(block["name"]))[:NAME_POINTS_MAX] or "_"
            return {"type": "tool_use", "id": str(block["id"]), "name": name, "input": block["input"]}
        case _:
            return None


def _is_said(block: Mapping[str, Json]) -> bool:
    return block.get("type") == "text" and bool(str(block.get("text") or "").strip())


def _number(blocks: Sequence[Block], known: set[str]) -> list[tuple[str, str]]:
    """Give each call an id that the API takes and that no other has; return the old and the new ones in order."""
    pairs = []
    for block in blocks:
        if block["type"] == "tool_use":
            old = str(block["id"])
            fit = new = _ODD.sub("_", old)[:NAME_POINTS_MAX] or "call"
            count = 1
            while new in known:
                count += 1
                new = f"{fit}_{count}"
            assert new not in known, "the API refuses an id that is there twice"
            known.add(new)
            block["id"] = new
            pairs.append((old, new))
    return pairs


def _results(blocks: Sequence[Block], calls: Sequence[tuple[str, str]]) -> list[Block]:
    """Return one result for each call, in their order; what answers no call is left out."""
    given = [block for block in blocks if block.get("type") == "tool_result"]
    results: list[Block] = []
    for old, new in calls:
        found = next((block for block in given if block.get("tool_use_id") == old), None)
        if found is None:
            words: Json = [{"type": "text", "text": LOST}]
            results.append({"type": "tool_result", "tool_use_id": new, "content": words, "is_error": True})
            continue
        given.remove(found)
        said = [dict(part) for part in _inner(found) if _is_said(part)]
        # An empty result is refused as well: decision 93.
        content: Json = said or [{"type": "text", "text": EMPTY}]
        results.append({**found, "tool_use_id": new, "content": content})
    return results


def _inner(result: Block) -> list[Block]:
    content = result.get("content") or []
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
