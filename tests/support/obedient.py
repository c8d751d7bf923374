"""A scripted model that understands a little of the command language: it looks, edits with tools, finishes.

It lets the stories of the built-in planner be acted by a model, over the real SDK, without writing each out.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agent.scripted.scenario import ReplyScript, ToolCall, words_of

SECONDS = re.compile(r" after ([\d.]+) seconds$")
REPLACE = re.compile(r'replace "(.*?)" with "(.*?)" in (\w+)')
APPEND = re.compile(r'append "(.*?)" to (\w+)')
INCREASE = re.compile(r"increase (\w+)\.(\w+) by (\d+)")
ADD = re.compile(r'add "(.*?)" to (\w+)\.(\w+)')
SET = re.compile(r'set (\w+)\.(\w+) to "(.*?)"')
UPPER = re.compile(r'make section "(.*?)" uppercase in (\w+)')


def task_of(request: dict[str, Any]) -> dict[str, Any]:
    """Return the task of a request's first message."""
    text = words_of(request["messages"][:1])
    task: dict[str, Any] = json.loads(text.removeprefix("<task>\n").removesuffix("\n</task>"))
    return task


def lines_shown(request: dict[str, Any]) -> list[str]:
    """Return the document lines that the newest message shows, without their numbers."""
    rows = words_of(request["messages"][-1:]).split("\n")
    return [found[1] for row in rows if (found := re.match(r"\d+\| (.*)", row))]


def obey(request: dict[str, Any]) -> ReplyScript:
    """Return the next step of a competent model."""
    turn = sum(message["role"] == "assistant" for message in request["messages"]) + 1
    words = task_of(request)["instruction"]
    seconds = SECONDS.search(words)
    wait = float(seconds[1]) * 1000 if seconds and turn == 2 else 0.0
    order = SECONDS.sub("", words)
    if turn >= 3:
        return ReplyScript(tools=(ToolCall("finish", {"summary": f"Did as asked: {order}"}),))
    for pattern, plan in PLANS.items():
        found = pattern.search(order)
        if found:
            return ReplyScript(tools=plan(found, turn, request), latency_ms=wait)
    return ReplyScript(tools=(ToolCall("finish", {"summary": "I do not know how."}),))


def _replace(found: re.Match[str], turn: int, _: dict[str, Any]) -> tuple[ToolCall, ...]:
    if turn == 1:
        return (ToolCall("search", {"query": found[1], "document": found[3]}),)
    return (ToolCall("str_replace", {"document": found[3], "old_str": found[1], "new_str": found[2]}),)


def _append(found: re.Match[str], turn: int, request: dict[str, Any]) -> tuple[ToolCall, ...]:
    if turn == 1:
        return (ToolCall("list_documents"),)
    documents = json.loads(words_of(request["messages"][-1:]))
    lines = next(row["lines"] for row in documents if row["name"] == found[2])
    return (ToolCall("insert", {"document": found[2], "insert_line": lines, "text": found[1]}),)


def _increase(found: re.Match[str], turn: int, _: dict[str, Any]) -> tuple[ToolCall, ...]:
    if turn == 1:
        return (ToolCall("list_documents"),)
    return (ToolCall("increment", {"document": found[1], "path": [found[2]], "by": int(found[3])}),)


def _add(found: re.Match[str], turn: int, _: dict[str, Any]) -> tuple[ToolCall, ...]:
    if turn == 1:
        return (ToolCall("list_documents"),)
    return (ToolCall("list_add", {"document": found[2], "path": [found[3]], "value": found[1]}),)


def _set(found: re.Match[str], turn: int, _: dict[str, Any]) -> tuple[ToolCall, ...]:
    if turn == 1:
        return (ToolCall("list_documents"),)
    return (ToolCall("set_value", {"document": found[1], "path": [found[2]], "value": found[3]}),)


def _upper(found: re.Match[str], turn: int, request: dict[str, Any]) -> tuple[ToolCall, ...]:
    if turn == 1:
        return (ToolCall("view", {"document": found[2]}),)
    calls, inside = [], False
    for line in lines_shown(request):
        if line.startswith("#"):
            inside = line.lstrip("# ") == found[1]
        elif inside and line.strip() and line != line.upper():
            calls.append(ToolCall("str_replace", {"document": found[2], "old_str": line, "new_str": line.upper()}))
    return tuple(calls) or (ToolCall("finish", {"summary": "It is uppercase already."}),)


PLANS = {REPLACE: _replace, APPEND: _append, INCREASE: _increase, ADD: _add, SET: _set, UPPER: _upper}
