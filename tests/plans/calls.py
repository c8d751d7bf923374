"""What a plan may do, drawn by lot on what a stock Yjs has read, and what it then comes to: plain strings and JSON.

Nothing of the product is used here but its words: a call is a tool's name and input, or a sentence for the built-in
planner. `carry_out` says what a call comes to, or raises `CannotBe` where it must fail.
"""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass
from typing import Any

EMBED = "\ufffc"
WORDS = ("boots", "a 😀", "é", "two\nlines", "漢字", "x", "the long way round")
VALUES = (1, 0, True, None, "noon", [1, 2], {"a": {"b": 1}}, 0.5, "ü")
HALF, NAN, HUGE = '"four \\ud83d"', "NaN", "1e400"


class CannotBe(Exception):
    """The call cannot be carried out on these documents."""


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call, and the same as a sentence; `raw` is JSON that no encoder gives. `is_planted` must fail."""

    name: str
    given: dict[str, Any]
    sentence: str = ""
    raw: str = ""
    is_planted: bool = False


@dataclass(slots=True)
class Documents:
    """A text and values as a stock Yjs reads them."""

    text: str
    values: dict[str, Any]

    def copy(self) -> Documents:
        return Documents(self.text, copy.deepcopy(self.values))


def carry_out(documents: Documents, call: Call) -> None:
    """Do what a call says. Raises `CannotBe`, with the documents as they were."""
    given = call.given
    if call.is_planted:
        raise CannotBe
    match call.name:
        case "str_replace":
            if documents.text.count(given["old_str"]) != 1:
                raise CannotBe
            documents.text = documents.text.replace(given["old_str"], given["new_str"])
        case "insert":
            lines = documents.text.split("\n")
            ends = [0]
            for line in lines:
                ends.append(ends[-1] + len(line) + 1)
            at = ends[given["insert_line"]]
            if at > len(documents.text) > 0:  # the last line does not end yet
                documents.text += f"\n{given['text']}"
            else:
                documents.text = f"{documents.text[:at]}{given['text']}\n{documents.text[at:]}"
        case "set_value":
            _put(documents.values, given["path"], given["value"])
        case "increment":
            holder, key = _holder(documents.values, given["path"])
            now = holder.get(key, 0) if isinstance(holder, dict) else holder[key]
            if isinstance(now, bool) or not isinstance(now, int | float):
                raise CannotBe
            holder[key] = round(now + given["by"], 9)
        case "delete_value":
            holder, key = _holder(documents.values, given["path"])
            if isinstance(holder, dict) and key not in holder:
                raise CannotBe
            del holder[key]
        case "list_add":
            holder, key = _holder(documents.values, given["path"])
            items = holder.get(key) if isinstance(holder, dict) else holder[key]
            if items is None and not (isinstance(holder, dict) and key not in holder):
                raise CannotBe
            if items is not None and not isinstance(items, list):
                raise CannotBe
            holder[key] = [*(items or []), given["value"]]
        case "list_documents" | "view" | "search":
            pass
        case _:
            raise CannotBe


def _holder(values: Any, path: list[Any]) -> tuple[Any, Any]:
    for key in path[:-1]:
        if isinstance(values, dict) and isinstance(key, str):
            values = values.setdefault(key, {})
        elif isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            raise CannotBe
    key = path[-1]
    is_fit = isinstance(values, dict) and isinstance(key, str)
    if not is_fit and not (isinstance(values, list) and isinstance(key, int) and key < len(values)):
        raise CannotBe
    return values, key


def _put(values: Any, path: list[Any], value: Any) -> None:
    holder, key = _holder(values, path)
    holder[key] = copy.deepcopy(value)


# ---------------------------------------------------------------- drawing


def good_call(now: Documents, chance: random.Random, names: tuple[str, str]) -> Call | None:
    """Draw a call that can be carried out on what stands there now; None where the lot finds none."""
    text, data = names
    match chance.randrange(7):
        case 0 | 1:
            return _replacement(now, chance, text)
        case 2:
            count = now.text.count("\n") + (not now.text.endswith("\n"))
            line, words = chance.randint(0, count), chance.choice(WORDS)
            return Call("insert", {"document": text, "insert_line": line, "text": words})
        case 3 | 4:
            path = _path(now.values, chance)
            value = chance.choice(VALUES)
            sentence = f"set {data}.{'.'.join(path)} to {json.dumps(value, ensure_ascii=False)}" if _plain(path) else ""
            return Call("set_value", {"document": data, "path": path, "value": value}, sentence)
        case 5:
            numbers = [key for key, value in now.values.items() if _is_number(value)]
            key, by = chance.choice(numbers or ["fresh"]), chance.choice((1, -2, 0.5))
            said = f"increase {data}.{key} by {by}" if by > 0 and numbers and _plain([key]) else ""
            return Call("increment", {"document": data, "path": [key], "by": by}, said)
        case _:
            kept = [key for key in now.values if not key.startswith("~")]
            if not kept:
                return None
            key = chance.choice(kept)
            return Call(
                "delete_value", {"document": data, "path": [key]}, f"remove {data}.{key}" if _plain([key]) else ""
            )


def _replacement(now: Documents, chance: random.Random, text: str) -> Call | None:
    for _ in range(8):
        if not now.text:
            return None
        start = chance.randrange(len(now.text))
        old = now.text[start : start + chance.randint(1, 6)]
        if now.text.count(old) == 1 and old.strip() and "\r" not in old:
            new = chance.choice(WORDS)
            said = ""
            # In a sentence a line end is any line end.
            is_plain = "\n" not in old or "\r" not in now.text
            if (
                is_plain
                and '"' not in old
                and "\\" not in old
                and EMBED not in old
                and now.text.lower().count(old.lower()) == 1
            ):
                said = f'replace "{_escaped(old)}" with "{_escaped(new)}" in {text}'
            return Call("str_replace", {"document": text, "old_str": old, "new_str": new}, said)
    return None


def _escaped(words: str) -> str:
    return words.replace("\n", "\\n").replace("\t", "\\t")


def _plain(path: list[str]) -> bool:
    return all(part.isascii() and part.isalpha() for part in path)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**40


def _path(values: dict[str, Any], chance: random.Random) -> list[str]:
    path, here = list[str](), values
    while True:
        keys = [key for key in here if not key.startswith("~")]
        key = chance.choice([*keys, "fresh"]) if keys else "fresh"
        path.append(key)
        inner = here.get(key)
        is_map = isinstance(inner, dict) and not any(name.startswith("~") for name in inner)
        if not is_map or chance.random() < 0.5:
            return path
        assert isinstance(inner, dict)
        here = inner


def planted(chance: random.Random, names: tuple[str, str]) -> Call:
    """Draw a call that must fail: at the tool, at its input, or at the document."""
    text, data = names
    absent = "☃ does not stand there ☃"
    return chance.choice(
        (
            Call(
                "str_replace",
                {"document": text, "old_str": absent, "new_str": "x"},
                f'replace "{absent}" with "x" in {text}',
            ),
            Call(
                "str_replace",
                {"document": "nowhere", "old_str": "a", "new_str": "x"},
                'replace "a" with "x" in nowhere',
            ),
            Call("str_replace", {"document": data, "old_str": "a", "new_str": "x"}, f'replace "a" with "x" in {data}'),
            Call("str_replace", {}, raw=f'{{"document":"{text}","old_str":"a","new_str":{HALF}}}'),
            Call("set_value", {}, raw=f'{{"document":"{data}","path":["x"],"value":{NAN}}}'),
            Call("set_value", {}, raw=f'{{"document":"{data}","path":["x"],"value":{HUGE}}}'),
            Call("set_value", {"document": data, "path": ["x"], "value": 10**22}, f"set {data}.x to 1{'0' * 22}"),
            Call("set_value", {"document": text, "path": ["x"], "value": 1}, f"set {text}.x to 1"),
            Call("set_value", {"document": data, "path": [], "value": 1}),
            Call("delete_value", {"document": data, "path": ["absent", "too"]}, f"remove {data}.absent.too"),
            Call(
                "insert",
                {"document": text, "insert_line": 99_999, "text": "x"},
                f"delete lines 90001 to 90002 in {text}",
            ),
            Call("delete_lines", {"document": text, "first_line": 9_001, "last_line": 9_002}),
            Call("send_money", {"to": "me"}, "send money to me"),
            Call("view", {"document": "../other"}),
            Call("str_replace", {"document": text}),
        )
    )
