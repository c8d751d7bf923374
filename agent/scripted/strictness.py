"""What the Messages API refuses, in its words: a request that the real one answers with 400 gets 400 here, too. Pure.

The rules were gathered from the API's reference and from what users of other clients report. Where the real one differs
between models (an answer begun by the client, for one), the stricter is taken: what passes here passes everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from crdt.digest import sha256_of

TOKENS_MAX = 128_000
MARKS_MAX = 4
ROLES = ("user", "assistant")
ID = re.compile(r"[a-zA-Z0-9_-]+\Z")
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}\Z")
CHOICES = ("auto", "any", "none", "tool")
FIELDS: dict[str, set[str]] = {
    "text": {"text", "cache_control", "citations"},
    "thinking": {"thinking", "signature"},
    "redacted_thinking": {"data"},
    "tool_use": {"id", "name", "input", "cache_control"},
    "tool_result": {"tool_use_id", "content", "is_error", "cache_control"},
    "image": {"source", "cache_control"},
    "document": {"source", "title", "context", "citations", "cache_control"},
}
PLACES = {
    "thinking": "assistant",
    "redacted_thinking": "assistant",
    "tool_use": "assistant",
    "tool_result": "user",
    "image": "user",
    "document": "user",
}
SentBlock = Mapping[str, Any]


class ApiRefusal(Exception):
    """The request is not taken; the text says why, as the API says it."""


def problem(body: Mapping[str, Any], *, is_count: bool = False) -> str:
    """Return why the API would refuse a request, or "". A count of tokens needs no bound of its answer."""
    try:
        _check_settings(body, is_count=is_count)
        _check_tools(body)
        _check_messages(body)
        _check_marks(body)
    except ApiRefusal as refused:
        return str(refused)
    return ""


def signature_of(model: str, words: str) -> str:
    """Return what a model signs its thinking with: nobody else can, and no other words fit."""
    return f"sig-{sha256_of(f'{model}/{words}'.encode('utf-8', 'surrogatepass'))[7:39]}"


def redacted_by(model: str, words: str = "") -> str:
    """Return the data of a model's thinking that nobody may read."""
    return f"{words}.{signature_of(model, words)}"


def _check_settings(body: Mapping[str, Any], *, is_count: bool) -> None:
    model, most = body.get("model"), body.get("max_tokens")
    _must(isinstance(model, str) and bool(model), "model: Field required")
    if not is_count:
        _must(most is not None, "max_tokens: Field required")
        _must(type(most) is int, "max_tokens: Input should be a valid integer")
        _must(most >= 1, "max_tokens: Input should be greater than or equal to 1")  # type: ignore[operator]
        beyond = f"{most} > {TOKENS_MAX}, which is the maximum allowed number of output tokens for {model}"
        _must(most <= TOKENS_MAX, f"max_tokens: {beyond}")  # type: ignore[operator]
    warmth = body.get("temperature", 1)
    _must(type(warmth) in (int, float) and 0 <= warmth <= 1, "temperature: range: 0..1")
    system = body.get("system", "")
    _must(isinstance(system, str | list), "system: Input should be a valid list")
    for at, block in enumerate(system if isinstance(system, list) else []):
        _must(_is_text(block), f"system.{at}.type: Input should be 'text'")
        _check_text(block, f"system.{at}", where="system")


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools", [])
    _must(isinstance(tools, list), "tools: Input should be a valid list")
    names = []
    for at, tool in enumerate(tools):
        _must(isinstance(tool, dict), f"tools.{at}: Input should be a valid dictionary")
        pattern = f"tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        _must(_fits(NAME, tool.get("name")), pattern)
        schema = tool.get("input_schema")
        is_object = isinstance(schema, dict) and schema.get("type") == "object"
        _must(is_object, f"tools.{at}.custom.input_schema.type: Input should be 'object'")
        names.append(tool["name"])
    _must(len(set(names)) == len(names), "tools: Tool names must be unique.")
    assert len(names) == len(tools), "every tool has its name"
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = str(choice.get("type")) if isinstance(choice, dict) else None
    _must(
        kind in CHOICES, "tool_choice: Input tag does not match any of the expected tags: 'auto', 'any', 'none', 'tool'"
    )
    _must(bool(tools), "tool_choice: tool_choice may only be specified while providing tools")
    if kind == "tool":
        _must(choice.get("name") in names, f"Tool '{choice.get('name')}' not found in provided tools")


def _check_messages(body: Mapping[str, Any]) -> None:
    messages = body.get("messages")
    _must(messages is not None, "messages: Field required")
    _must(isinstance(messages, list), "messages: Input should be a valid list")
    assert isinstance(messages, list)
    _must(bool(messages), "messages: at least one message is required")
    known: set[str] = set()
    waiting: list[str] = []
    for at, message in enumerate(messages):
        _must(isinstance(message, dict), f"messages.{at}: Input should be a valid dictionary")
        role, odd = message.get("role"), set(message) - {"role", "content"}
        _must(not odd, f"messages.{at}.{min(odd, default='')}: Extra inputs are not permitted")
        _must(role in ROLES, f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant"')
        _must(at > 0 or role == "user", 'messages: first message must use the "user" role')
        blocks = blocks_of(message)
        _must(
            bool(blocks),
            f"messages.{at}: all messages must have non-empty content except for the optional final assistant message",
        )
        for place, block in enumerate(blocks):
            _check_block(block, f"messages.{at}.content.{place}", role=str(role), model=str(body["model"]))
        _check_results(blocks, waiting, f"messages.{at}")
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        _must(not known & set(waiting), "messages: `tool_use` ids must be unique")
        _must(len(set(waiting)) == len(waiting), "messages: `tool_use` ids must be unique")
        known |= set(waiting)
        is_thought = role == "assistant" and blocks[-1]["type"] in ("thinking", "redacted_thinking")
        _must(not is_thought, f"messages.{at}: The final block in an assistant message cannot be `thinking`.")
    _must(
        bool(body.get("tools")) or not known,
        "Requests which include `tool_use` or `tool_result` blocks must define tools.",
    )
    _must(messages[-1]["role"] == "user", "This model does not support assistant message prefill. "
          "The conversation must end with a user message.")  # fmt: skip


def blocks_of(message: Mapping[str, Any]) -> list[SentBlock]:
    """Return a message's blocks; a plain text is one."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    _must(isinstance(content, list), "messages: content: Input should be a valid list")
    return list(content or [])


def _check_block(block: Any, where: str, *, role: str, model: str) -> None:
    kind = str(block.get("type")) if isinstance(block, dict) else None
    tags = ", ".join(f"'{name}'" for name in FIELDS)
    _must(
        kind in FIELDS,
        f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}",
    )
    place = PLACES.get(str(kind), role)
    _must(role == place, f"{where}: `{kind}` blocks may only be in `{place}` messages")
    odd = set(block) - FIELDS[str(kind)] - {"type"}
    _must(not odd, f"{where}.{kind}.{min(odd, default='')}: Extra inputs are not permitted")
    match kind:
        case "text":
            _check_text(block, where, where="messages")
        case "thinking":
            _must(isinstance(block.get("thinking"), str), f"{where}.thinking.thinking: Field required")
            _must(bool(block.get("signature")), f"{where}.thinking.signature: Field required")
            is_own = block["signature"] == signature_of(model, block["thinking"])
            _must(is_own, f"{where}: Invalid `signature` in `thinking` block")
        case "redacted_thinking":
            words = str(block.get("data") or "").rpartition(".")[0]
            _must(
                block.get("data") == redacted_by(model, words), f"{where}: Invalid `data` in `redacted_thinking` block"
            )
        case "tool_use":
            _must(_fits(ID, block.get("id")), f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
            pattern = f"{where}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            _must(_fits(NAME, block.get("name")), pattern)
            _must(isinstance(block.get("input"), dict), f"{where}.tool_use.input: Input should be a valid dictionary")
        case "tool_result":
            inner = block.get("content", [])
            _must(isinstance(inner, str | list), f"{where}.tool_result.content: Input should be a valid list")
            for at, part in enumerate(inner if isinstance(inner, list) else []):
                _must(_is_text(part), f"{where}.tool_result.content.{at}: Input tag does not match")
                _check_text(part, f"{where}.content.{at}", where="messages")


def _check_results(blocks: list[SentBlock], waiting: list[str], where: str) -> None:
    """Each use has one result, in the next message, before anything else."""
    results = [str(block.get("tool_use_id")) for block in blocks if block["type"] == "tool_result"]
    for at, id in enumerate(results):
        _must(
            id in waiting,
            f"{where}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` "
            "block must have a corresponding `tool_use` block in the previous message.",
        )
        many = f"each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}"
        _must(results.count(id) == 1, f"{where}.content.{at}: {many}")
    first = [str(block.get("tool_use_id")) for block in blocks[: len(results)] if block["type"] == "tool_result"]
    missing = [id for id in waiting if id not in first]
    _must(
        not missing,
        f"{where}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. "
        "Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
    )


def _check_text(block: SentBlock, at: str, *, where: str) -> None:
    text = block.get("text")
    _must(isinstance(text, str), f"{at}.text.text: Input should be a valid string")
    assert isinstance(text, str)
    _must(bool(text) or "cache_control" not in block, f"{at}.text: cache_control cannot be set for empty text blocks")
    _must(bool(text), f"{where}: text content blocks must be non-empty")
    _must(bool(text.strip()), f"{where}: text content blocks must contain non-whitespace text")


def _check_marks(body: Mapping[str, Any]) -> None:
    assert body.get("messages"), "messages were checked before"
    found = sum("cache_control" in part for part in _markable(body))
    _must(found <= MARKS_MAX, f"A maximum of {MARKS_MAX} blocks with cache_control may be provided. Found {found}.")


def _markable(body: Mapping[str, Any]) -> Iterator[SentBlock]:
    yield from (body["system"] if isinstance(body.get("system"), list) else [])
    yield from body.get("tools", [])
    for message in body["messages"]:
        yield from blocks_of(message)


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "text"


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ApiRefusal(otherwise)
