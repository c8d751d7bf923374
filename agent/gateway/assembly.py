"""Put a streamed answer together from its events. Pure; knows what a broken one looks like.

A stream that ends without `message_stop` raises nothing in the SDK (its final message has stop_reason None); here it
is a failure of its own kind, because half an answer must never be taken for a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.gateway.call import Block, CallFailed, Reply
from agent.gateway.preflight import BYTES_PER_TOKEN
from crdt.digest import Json
from workspace.intents.calls import CallOutcome, CallUsage

BLOCKS_MAX = 64
BLOCK_BYTES_MAX = 1 << 20
STEP_POINTS = 24


@dataclass(slots=True)
class _Open:
    block: Block
    text: str = ""
    told: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What an event added that may be shown: words of a text, or of a tool's input so far (JSON, not yet whole)."""

    kind: str
    tool: str
    text: str


@dataclass(slots=True)
class Assembly:
    """One answer while it streams."""

    blocks: dict[int, _Open] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    model: str = ""
    stop_reason: str = ""
    is_whole: bool = False

    def feed(self, event: Mapping[str, Json]) -> Part | None:
        """Take one event; return what it added, at least 24 characters at a time.

        Raises:
            CallFailed: `malformed`, when blocks come out of order or pass a bound.
        """
        match event.get("type"):
            case "message_start":
                message = _mapping(event.get("message"))
                self.model = str(message.get("model") or "")
                self._count(message.get("usage"))
            case "content_block_start":
                self._start(event)
            case "content_block_delta":
                return self._delta(event)
            case "message_delta":
                self.stop_reason = str(_mapping(event.get("delta")).get("stop_reason") or "")
                self._count(event.get("usage"))
            case "message_stop":
                self.is_whole = True
        return None

    def _start(self, event: Mapping[str, Json]) -> None:
        index = event.get("index")
        if not isinstance(index, int) or len(self.blocks) >= BLOCKS_MAX:
            raise CallFailed("malformed", f"content block {index!r} cannot be placed")
        self.blocks[index] = _Open(dict(_mapping(event.get("content_block"))))

    def _delta(self, event: Mapping[str, Json]) -> Part | None:
        index, delta = event.get("index"), _mapping(event.get("delta"))
        opened = self.blocks.get(index) if isinstance(index, int) else None
        if opened is None:
            raise CallFailed("malformed", f"words for a block {index!r} that was not begun")
        more = delta.get("text") or delta.get("partial_json") or delta.get("thinking") or ""
        if delta.get("type") == "signature_delta":
            opened.block["signature"] = delta.get("signature")
        opened.text += str(more)
        if len(opened.text) > BLOCK_BYTES_MAX:
            raise CallFailed("malformed", "a content block is longer than 1 MiB")
        if len(opened.text) - opened.told < STEP_POINTS and opened.told:
            return None
        opened.told = len(opened.text)
        return Part(str(opened.block.get("type")), str(opened.block.get("name") or ""), opened.text)

    def _count(self, usage: Json) -> None:
        for name, value in _mapping(usage).items():
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                self.usage[name] = value

    @property
    def counted(self) -> CallUsage:
        """Return the tokens as far as the provider has counted them."""
        return CallUsage(
            read=self.usage.get("input_tokens", 0),
            written=self.usage.get("output_tokens", 0),
            cache_read=self.usage.get("cache_read_input_tokens", 0),
            cache_written=self.usage.get("cache_creation_input_tokens", 0),
        )

    def billable(self, size: int, outcome: CallOutcome) -> CallUsage:
        """Return what a provider will bill: its own count, or our estimate where it did not get to tell.

        `size` is the estimate of the input in tokens. A call that was answered by an error is not billed; one that
        was begun and broken off is, for what it had read and written until then.
        """
        counted, received = self.counted, sum(len(opened.text.encode()) for opened in self.blocks.values())
        if self.is_whole:
            return counted
        if not self.usage:
            return CallUsage(read=size) if outcome in ("cancelled", "timeout") else CallUsage()
        written = max(counted.written, int(received / BYTES_PER_TOKEN))
        return CallUsage(counted.read, written, counted.cache_read, counted.cache_written)

    def reply(self) -> Reply:
        """Return the whole answer.

        Raises:
            CallFailed: `cut` when it does not end, `refused`, `too_long`, or `malformed` when a tool's input is not
                a JSON object or the answer passed its token bound in the middle of one.
        """
        if not self.is_whole or not self.stop_reason:
            raise CallFailed("cut", "the answer broke off before its end")
        content = tuple(self._close(opened) for _, opened in sorted(self.blocks.items()))
        reply = Reply(content, self.stop_reason, self.counted, self.model)
        if self.stop_reason == "refusal":
            raise CallFailed("refused", "the model declined", reply=reply)
        if self.stop_reason == "model_context_window_exceeded":
            raise CallFailed("too_long", "the conversation is longer than the model's window")
        if not content:
            raise CallFailed("malformed", "the answer is empty", reply=reply)
        return reply

    def _close(self, opened: _Open) -> Block:
        block = opened.block
        if block.get("type") == "text":
            return {"type": "text", "text": str(block.get("text") or "") + opened.text}
        if block.get("type") == "thinking":
            return {**block, "thinking": str(block.get("thinking") or "") + opened.text}
        if block.get("type") != "tool_use":
            return block
        name = block.get("name")
        try:
            given = json.loads(opened.text) if opened.text.strip() else block.get("input") or {}
        except (ValueError, RecursionError) as error:
            raise CallFailed("malformed", f"the input of {name} is not JSON") from error
        if not isinstance(given, dict) or not isinstance(name, str) or not isinstance(block.get("id"), str):
            raise CallFailed("malformed", f"the call of {name!r} is not whole")
        return {"type": "tool_use", "id": block["id"], "name": name, "input": given}


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
