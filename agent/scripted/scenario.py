"""Scenario files: which request gets which answer, and what goes wrong on the way. Pure.

A scenario is TOML or JSON with a list of `reply` entries, tried in order; the first whose `when` fits and that has
uses left answers. Groups of `when.text` may be used in its texts as `{{1}}`, `{{2}}`.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from crdt.digest import Json

REPLIES_MAX = 1_000
FILE_BYTES_MAX = 4 << 20
_GROUP = re.compile(r"\{\{(\d+)\}\}")


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which requests an entry answers; everything named must hold.

    `text`: a regular expression searched in the first user message; `last`: in the newest message; `turn`: how many
    answers this conversation has had, plus one; `model`: a regular expression on the model's name.
    """

    text: str = ""
    last: str = ""
    turn: int = 0
    model: str = ""


class ToolCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tool call of an answer. `raw` is sent as its JSON instead of `input`; `id` instead of one of our own."""

    name: str
    input: dict[str, Json] = {}
    raw: str = ""
    id: str | None = None


class ReplyScript(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"tools": "tool", "blocks": "block"}):
    """One answer. Times in milliseconds.

    `error` is an HTTP status instead of an answer (429, 500, 529 …), `error_after` events the same inside the stream;
    after `cut_after` events the stream ends too early but politely, after `drop_after` the connection breaks;
    `malformed` breaks the JSON of the tools' inputs; `stall_ms` waits in the middle of the stream. `times` is how often
    the entry may answer, 0 for ever.

    `blocks` are content blocks sent before text and tools, of any type and as they are; thinking without a signature is
    signed by the model that is asked. `cut_at` ends the last tool's JSON after so many characters, with `max_tokens`.
    `retry_after` is a header in seconds, `retry_after_date` the same as an HTTP date so many seconds from now,
    `retry_after_ms` in milliseconds; `no_usage` leaves out what was counted.
    """

    when: When = When()
    name: str = ""
    times: int = 0
    text: str = ""
    tools: tuple[ToolCall, ...] = ()
    stop_reason: str = ""
    latency_ms: float = 0.0
    token_ms: float = 0.0
    stall_ms: float = 0.0
    error: int = 0
    error_type: str = ""
    error_after: int = -1
    retry_after: float | None = None
    retry_after_date: float | None = None
    retry_after_ms: float | None = None
    cut_after: int = -1
    drop_after: int = -1
    malformed: bool = False
    cut_at: int = -1
    blocks: tuple[dict[str, Json], ...] = ()
    no_usage: bool = False
    usage: dict[str, int] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"replies": "reply"}):
    """All answers of a scripted model, tried in order."""

    replies: tuple[ReplyScript, ...] = ()


class BadScenario(ValueError):
    """A scenario file cannot be used; the text says where and why."""


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a `.toml` or `.json` file. Raises `BadScenario`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadScenario(f"{path}: {error.strerror}") from error
    if len(raw) > FILE_BYTES_MAX:
        raise BadScenario(f"{path}: larger than {FILE_BYTES_MAX} bytes")
    try:
        value = json.loads(raw) if path.suffix == ".json" else tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise BadScenario(f"{path}: {error}") from error
    return scenario_of(value, where=str(path))


def scenario_of(value: object, *, where: str = "scenario") -> Scenario:
    """Return a scenario from plain values. Raises `BadScenario`."""
    try:
        scenario = msgspec.convert(value, Scenario)
    except msgspec.ValidationError as error:
        raise BadScenario(f"{where}: {error}") from error
    if len(scenario.replies) > REPLIES_MAX:
        raise BadScenario(f"{where}: more than {REPLIES_MAX} replies")
    for at, reply in enumerate(scenario.replies, 1):
        for pattern in (reply.when.text, reply.when.last, reply.when.model):
            try:
                re.compile(pattern)
            except re.error as error:
                raise BadScenario(f"{where}: reply {at}: {pattern!r} is no regular expression: {error}") from error
    return scenario


@dataclass(slots=True)
class Script:
    """A scenario under way: which entries have answered how often."""

    scenario: Scenario
    used: dict[int, int] = field(default_factory=dict)

    def answer(self, request: dict[str, Any]) -> ReplyScript | None:
        """Return the reply to a request with its groups filled in, and count it; None when nothing fits."""
        for at, reply in enumerate(self.scenario.replies):
            if reply.times and self.used.get(at, 0) >= reply.times:
                continue
            groups = matches(reply.when, request)
            if groups is None:
                continue
            self.used[at] = self.used.get(at, 0) + 1
            assert not reply.times or self.used[at] <= reply.times, "an entry answers as often as it may"
            return filled(reply, groups)
        return None


def matches(when: When, request: dict[str, Any]) -> tuple[str, ...] | None:
    """Return the groups of `when.text` when a request fits, else None."""
    messages = request.get("messages") or []
    turn = sum(message.get("role") == "assistant" for message in messages) + 1
    if when.turn and when.turn != turn:
        return None
    if when.model and not re.search(when.model, str(request.get("model", ""))):
        return None
    if when.last and not re.search(when.last, words_of(messages[-1:]), re.S):
        return None
    if not when.text:
        return ()
    found = re.search(when.text, words_of(messages[:1]), re.S)
    return tuple(group or "" for group in found.groups()) if found else None


def words_of(messages: list[dict[str, Any]]) -> str:
    """Return all words of some messages, results of tools included."""
    parts: list[str] = []
    for message in messages:
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": str(content)}]
        for block in blocks:
            inner = block.get("content")
            if isinstance(inner, list):
                parts += [str(part.get("text", "")) for part in inner if isinstance(part, dict)]
            else:
                parts.append(str(block.get("text") or inner or ""))
    return "\n".join(parts)


def filled(reply: ReplyScript, groups: tuple[str, ...]) -> ReplyScript:
    """Return a reply with `{{1}}`, `{{2}}` replaced by what `when.text` found."""
    if not groups:
        return reply
    given = msgspec.to_builtins(reply)
    return msgspec.convert(_fill(given, groups), ReplyScript)


def _fill(value: Any, groups: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _GROUP.sub(lambda found: groups[int(found[1]) - 1] if int(found[1]) <= len(groups) else "", value)
    if isinstance(value, dict):
        return {key: _fill(part, groups) if key != "when" else part for key, part in value.items()}
    return [_fill(part, groups) for part in value] if isinstance(value, list | tuple) else value
