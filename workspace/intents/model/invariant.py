"""L4: rules that a workspace declares over its documents, which no commit of the agent may break (semantics §3).

Rules are pure, versioned and bounded: a sum, unique entries, a required heading, a pattern, one owner each. People type
without a gate, so a rule may be broken already: then the agent may leave it so or mend it, and everybody is shown it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from crdt.digest import Json, canonical
from crdt.documents.document import Document
from workspace.errors import Refusal, malformed
from workspace.intents.model.intent import PATH_DEPTH_MAX, Path
from workspace.intents.model.pattern import NotLinear, compile_pattern

RuleName = Literal["sum_at_most", "unique", "heading", "pattern", "one_owner"]
INVARIANTS_MAX = 64
NAME_POINTS_MAX, TEXT_POINTS_MAX, MESSAGE_POINTS_MAX = 64, 200, 300
LOOKED_AT_POINTS_MAX = 20_000
REPEATS_MAX = 3
DEPTH_MAX = 16
_REPEATED_GROUP = re.compile(r"(?<!\\)\)\s*[*+{?]")
_BACKREFERENCE = re.compile(r"\\[1-9]|\(\?P=")


class Invariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. What `path`, `text`, `field` and `limit` mean depends on `rule`:

    `sum_at_most`: the numbers under `path` add up to at most `limit`. `unique`: the items of the list at `path` (their
    `field`, where given) are all different. `heading`: the text has a heading `text`. `pattern`: `text` is found in the
    document, or matches the whole value at `path`. `one_owner`: everything under `path` has one non-empty `field`.
    """

    rule: RuleName
    doc: str
    path: Path = ()
    text: str = ""
    field: str = ""
    limit: float = 0.0
    message: str = ""
    version: int = 1


Documents = Mapping[str, Document]


def check_invariants(invariants: Mapping[str, Invariant]) -> Refusal | None:
    """Return why rules from outside may not be, or None."""
    if len(invariants) > INVARIANTS_MAX:
        return malformed(f"At most {INVARIANTS_MAX} invariants.")
    for name, rule in invariants.items():
        if not 0 < len(name) <= NAME_POINTS_MAX or not name.isprintable():
            return malformed("An invariant's name has 1 to 64 printable characters.")
        sizes = ((rule.text, TEXT_POINTS_MAX), (rule.field, NAME_POINTS_MAX), (rule.message, MESSAGE_POINTS_MAX))
        if any(len(text) > limit for text, limit in sizes) or len(rule.path) > PATH_DEPTH_MAX:
            return malformed(f"{name}: a part of it is too long.")
        if not math.isfinite(rule.limit):
            return malformed(f"{name}: limit is no number.")
        problem = _check_rule(rule)
        if problem:
            return malformed(f"{name}: {problem}")
    return None


def _check_rule(rule: Invariant) -> str:
    if rule.rule in ("heading", "pattern") and not rule.text:
        return "text is empty."
    if rule.rule == "one_owner" and not rule.field:
        return "field is empty."
    if rule.rule != "pattern":
        return ""
    # An older version, which may read this log, matches by Python's engine, which cannot be stopped.
    if _REPEATED_GROUP.search(rule.text) or _BACKREFERENCE.search(rule.text):
        return "a pattern may not repeat a group or refer back to one."
    if len(re.findall(r"(?<!\\)[*+]|\{\d*,\d*\}", rule.text)) > REPEATS_MAX:
        return f"a pattern has at most {REPEATS_MAX} repetitions."
    try:
        compile_pattern(rule.text)
    except re.error as error:
        return f"{rule.text!r} is no regular expression: {error}."
    except NotLinear as error:
        return f"a pattern is matched in one pass over the text: {error} cannot be."
    return ""


def broken(invariants: Mapping[str, Invariant], documents: Documents) -> dict[str, str]:
    """Return the names of the rules that do not hold, with the reason."""
    found = {}
    for name, rule in invariants.items():
        reason = problem_of(rule, documents)
        if reason:
            found[name] = rule.message or reason
    return found


def problem_of(rule: Invariant, documents: Documents) -> str:
    """Return why a rule does not hold, or "". A document that is not there holds nothing that could break one."""
    document = documents.get(rule.doc)
    if document is None:
        return ""
    problem = RULES[rule.rule](rule, document)
    assert not problem or rule.doc in problem, "people are told where a rule is broken"
    return problem


def _value(rule: Invariant, document: Document) -> Json:
    value = document.value()
    for key in rule.path:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def _where(rule: Invariant) -> str:
    return ".".join(map(str, (rule.doc, *rule.path)))


def _numbers(value: Json, depth: int = 0) -> Iterator[float]:
    if isinstance(value, bool) or value is None or depth > DEPTH_MAX:
        return
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part, depth + 1)


def _sum_at_most(rule: Invariant, document: Document) -> str:
    try:
        total = math.fsum(_numbers(_value(rule, document)))
    except OverflowError:  # people may have written numbers whose sum is none
        total = math.inf
    return f"{_where(rule)} adds up to {total:g}, more than {rule.limit:g}" if total > rule.limit else ""


def _unique(rule: Invariant, document: Document) -> str:
    value = _value(rule, document)
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    keys = [item.get(rule.field) if rule.field and isinstance(item, dict) else item for item in items]
    seen: set[bytes] = set()
    for key in keys:
        name = canonical(key)  # 1 and 1.0 are one number to people, and one there
        if name in seen:
            return f"{name.decode()[:80]} is more than once in {_where(rule)}"
        seen.add(name)
    assert len(seen) == len(keys), "each was met once"
    return ""


def _heading(rule: Invariant, document: Document) -> str:
    text = document.text() if document.kind == "text" else ""
    wanted = rule.text.casefold().strip()
    heads = (line.lstrip("#").strip().casefold() for line in text.split("\n") if line.startswith("#"))
    return "" if wanted in heads else f"{rule.doc} has no heading “{rule.text}”"


def _pattern(rule: Invariant, document: Document) -> str:
    value: Json = document.text() if document.kind == "text" else _value(rule, document)
    text = value if isinstance(value, str) else canonical(value).decode()
    text = text[:LOOKED_AT_POINTS_MAX]
    return (
        ""
        if _matches(rule.text, text, is_whole=document.kind != "text")
        else f"{_where(rule)} does not match {rule.text}"
    )


def _matches(pattern: str, text: str, *, is_whole: bool) -> bool:
    try:
        compiled = compile_pattern(pattern)
    except NotLinear:
        # Decision 109: a log of an older version may hold look-around; it is decided as it was.
        return (re.fullmatch if is_whole else re.search)(pattern, text) is not None
    return compiled.is_whole(text) if is_whole else compiled.is_found(text)


def _one_owner(rule: Invariant, document: Document) -> str:
    value = _value(rule, document)
    parts: Sequence[tuple[object, Json]] = ()
    if isinstance(value, dict):
        parts = tuple(value.items())
    elif isinstance(value, list):
        parts = tuple(enumerate(value))
    for key, part in parts:
        owner = part.get(rule.field) if isinstance(part, dict) else None
        if not isinstance(owner, str) or not owner.strip():
            return f"{_where(rule)}.{key} has no {rule.field}"
    return ""


RULES: dict[RuleName, Callable[[Invariant, Document], str]] = {
    "sum_at_most": _sum_at_most,
    "unique": _unique,
    "heading": _heading,
    "pattern": _pattern,
    "one_owner": _one_owner,
}
