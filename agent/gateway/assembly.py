"""Put a streamed answer together from its events. Pure; knows what a broken one looks like.

A stream that ends without `message_stop` raises nothing in the SDK (its final message has stop_reason None); here it
is a failure of its own kind, because half an answer must never be taken for a whole one. What nothing can hold of a
model's words is mended here (`agent.gateway.repair`), before anything is logged, kept or carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.gateway.call import Block, CallFailed, Reply
from agent.gateway.preflight import BYTES_PER_TOKEN
from agent.gateway.repair import clean, mended, read_input
from crdt.digest import Json
from workspace.intents.model.calls import CallOutcome, CallOutcomes, CallUsage

BLOCKS_MAX = 64
BLOCK_BYTES_MAX = 1 << 20
STEP_POINTS = 24
USAGE_TOKENS_MAX = 100_000_000
NAME_POINTS_MAX = 200
# Where each kind of delta has its words; `signature_delta` has none, and of `citations_delta` nothing is used.
DELTAS = {"text_delta": "text", "input_json_delta": "partial_json", "thinking_delta": "thinking"}


@dataclass(slots=True)
class _Open:
    block: Block
    text: str = ""
    told: int = 0


@dataclass(frozen=True, slots=True)
class StreamPart:
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

    def feed(self, event: Mapping[str, Json]) -> StreamPart | None:
        """Take one event; return what it added, at least 24 characters at a time.

        Raises:
            CallFailed: `malformed`, when blocks come out of order or pass a bound.
        """
        match event.get("type"):
            case "message_start":
                message = _mapping(event.get("message"))
                self.model = str(clean(message.get("model")) or "")[:NAME_POINTS_MAX]
                self._count(message.get("usage"))
            case "content_block_start":
                self._start(event)
            case "content_block_delta":
                return self._delta(event)
            case "message_delta":
                reason = clean(_mapping(event.get("delta")).get("stop_reason"))
                self.stop_reason = str(reason or "")[:NAME_POINTS_MAX]
                self._count(event.get("usage"))
            case "message_stop":
                self.is_whole = True
        return None

    def _start(self, event: Mapping[str, Json]) -> None:
        index = event.get("index")
        if not isinstance(index, int) or index in self.blocks or len(self.blocks) >= BLOCKS_MAX:
            raise CallFailed("malformed", f"content block {index!r} cannot be placed")
        self.blocks[index] = _Open(dict(_mapping(event.get("content_block"))))

    def _delta(self, event: Mapping[str, Json]) -> StreamPart | None:
        index, delta = event.get("index"), _mapping(event.get("delta"))
        opened = self.blocks.get(index) if isinstance(index, int) else None
        if opened is None:
            raise CallFailed("malformed", f"words for a block {index!r} that was not begun")
        if delta.get("type") == "signature_delta":
            opened.block["signature"] = delta.get("signature")
        opened.text += str(delta.get(DELTAS.get(str(delta.get("type")), "")) or "")
        if len(opened.text) > BLOCK_BYTES_MAX:
            raise CallFailed("malformed", "a content block is longer than 1 MiB")
        assert opened.told <= len(opened.text), "a block only grows"
        if len(opened.text) - opened.told < STEP_POINTS and opened.told:
            return None
        opened.told = len(opened.text)
        return StreamPart(str(opened.block.get("type")), str(opened.block.get("name") or ""), opened.text)

    def _count(self, usage: Json) -> None:
        for name, value in _mapping(usage).items():
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                self.usage[name] = min(value, USAGE_TOKENS_MAX)

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
        was begun and broken off is, for what it had read and written until then, and so is one that nobody counted.
        """
        # Decision 17: where nobody knows what will be billed, the account may be too high, never too low.
        assert size >= 0, "an estimate of what was sent"
        counted = self.counted
        received = sum(len(opened.text.encode("utf-8", "surrogatepass")) for opened in self.blocks.values())
        if self.is_whole and self.usage:
            return counted
        if self.is_whole:  # some servers do not count; the account may not be low for that
            return CallUsage(read=size, written=int(received / BYTES_PER_TOKEN))
        if not self.usage:
            return CallUsage(read=size) if outcome in (CallOutcomes.CANCELLED, CallOutcomes.TIMEOUT) else CallUsage()
        written = max(counted.written, int(received / BYTES_PER_TOKEN))
        return CallUsage(counted.read, written, counted.cache_read, counted.cache_written)

    def reply(self) -> Reply:
        """Return the whole answer. One that ended at its bound is without the call in which it broke off.

        Raises:
            CallFailed: `cut` when it does not end, `refused`, `too_long`, or `malformed` when it is empty, or a tool's
                input is not a JSON object.
        """
        if not self.is_whole or not self.stop_reason:
            raise CallFailed("cut", "the answer broke off before its end")
        content, cut = self._content()
        assert len(content) <= len(self.blocks), "a block is kept once, or not"
        reply = Reply(tuple(content), self.stop_reason, self.counted, self.model, cut)
        if self.stop_reason == "refusal":
            raise CallFailed("refused", "the model declined", reply=reply)
        if self.stop_reason == "model_context_window_exceeded":
            raise CallFailed("too_long", "the conversation is longer than the model's window", reply=reply)
        if not content and not cut:
            raise CallFailed("malformed", "the answer is empty", reply=reply)
        return reply

    def _content(self) -> tuple[list[Block], str]:
        """Return the blocks that are whole, and the tool whose call is not, where the answer passed its bound."""
        content, cut = [], ""
        is_short = self.stop_reason in ("max_tokens", "model_context_window_exceeded", "refusal")
        for index, opened in sorted(self.blocks.items()):
            # A call without any input yet would read like one that needs none.
            is_bare = index == max(self.blocks) and is_short and not opened.text.strip()
            if opened.block.get("type") == "tool_use" and is_bare:
                cut = _name_of(opened)
                continue
            try:
                content.append(self._close(index, opened))
            except CallFailed:
                if not is_short:
                    raise
                cut = _name_of(opened)
        return content, cut

    def _close(self, index: int, opened: _Open) -> Block:
        """Return a block as it is kept: encodable, and a tool call with what was wrong in its input under `unfit`."""
        block = opened.block
        match block.get("type"):
            case "text":
                return {"type": "text", "text": clean(str(block.get("text") or "") + opened.text)}
            case "thinking":
                return _mapped({**block, "thinking": str(block.get("thinking") or "") + opened.text})
            case "tool_use":
                return _tool_use(index, block, opened.text)
        return _mapped(block)


def _name_of(opened: _Open) -> str:
    return str(clean(opened.block.get("name")) or "a tool")[:NAME_POINTS_MAX]


def _tool_use(index: int, block: Mapping[str, Json], text: str) -> Block:
    name, id = clean(block.get("name")), clean(block.get("id"))
    try:
        given, unfit = read_input(text) if text.strip() else mended(block.get("input") or {})
    except ValueError as error:
        raise CallFailed("malformed", f"the input of {name} is not JSON") from error
    if not isinstance(given, dict) or not isinstance(name, str):
        raise CallFailed("malformed", f"the call of {name!r} is not whole")
    id, name = str(id or f"call_{index}")[:NAME_POINTS_MAX], name[:NAME_POINTS_MAX]
    assert id, "a result must name the call that it answers"
    used: Block = {"type": "tool_use", "id": id, "name": name, "input": given}
    return {**used, "unfit": list(unfit)} if unfit else used


def _mapped(block: Mapping[str, Json]) -> Block:
    return dict(_mapping(clean(dict(block))))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
