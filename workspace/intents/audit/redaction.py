"""Take somebody's words out of the log without breaking its chain (semantics §6).

A record's hash covers its body only through the body's SHA-256. A blanked body keeps that hash beside what is left of
it, and a `config` record further down names the hash of what is left: so the chain still verifies, what is left is
itself sealed, and everybody sees that something was taken out, by whom, and when.

Blanked is by field: whatever is free text in a record that concerns the intent, quoted, cut short or told anew. What
the fold needs stays: ids, states, operations, hashes, outcomes, the names of policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from crdt.digest import canonical, sha256_of
from workspace.intents.audit.concern import Concern, ConcernPart, calls_of, concern_of
from workspace.intents.model.bodies import RecordKinds
from workspace.intents.model.ids import INTENT, is_id
from workspace.intents.model.record import BLANK, BLANKED, Row, body_parts

QUOTED_POINTS_MIN, EXCERPT_POINTS_MIN = 8, 79
KEPT_KINDS = frozenset({RecordKinds.UPDATE, RecordKinds.CONFIG, RecordKinds.CHECKPOINT})
FIXED_ANSWERS = frozenset({"none", "both", "merge", "whole", "yes", "no"})
LABELLED_BY_RULE = FIXED_ANSWERS - {"merge"}
KEPT_EVIDENCE = frozenset({"edges", "late", "digest", "edits"})
FREE_FIELDS = frozenset({"text", "summary", "reason", "remedy", "label", "detail", "quote", "arguments", "did"})
DOCUMENT_FIELDS = frozenset({"ops", "documents", "args"})
NOTE = " Look whether this fits: "
Body = dict[str, Any]  # a record's body as JSON: what blanking looks at are fields, whatever their record's type


class Redaction(msgspec.Struct, frozen=True):
    """What taking one intent's words out changes.

    `bodies` are the new bodies by `seq`. `calls` are manifests and responses of model calls that were told the words,
    `later` those of other calls since: the archive forgets the first, and of the second what quotes `words`.
    """

    bodies: dict[int, str]
    calls: tuple[str, ...]
    later: tuple[str, ...]
    words: tuple[str, ...]

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each new body by `seq`, as the `config` record names them."""
        return {str(seq): sha256_of(body.encode()) for seq, body in sorted(self.bodies.items())}


def redact(rows: Iterable[Row], intent: str) -> Redaction | None:
    """Return what takes the words of an intent out of a log; None when there is no such intent.

    Beside the fields of the records it concerns, quotations of the whole or its beginning (eight characters or more)
    are blanked wherever they stand. Documents, their journal and the operations on them are not touched: what the agent
    wrote is edited like any text.
    """
    parts, shas = list[ConcernPart](), dict[int, str]()
    for row in rows:
        if row.kind not in KEPT_KINDS or row.kind == RecordKinds.CONFIG:
            text, shas[row.seq] = body_parts(row)
            parts.append(ConcernPart(row.seq, row.kind, msgspec.json.decode(text)))
    concern = concern_of(parts, intent)
    if concern is None:
        return None
    words = words_of(concern.text, concern.value)
    bodies: dict[int, str] = {}
    for part in parts:
        if part.kind in KEPT_KINDS and "switch" not in part.body:
            continue
        blank = msgspec.json.decode(canonical(part.body))
        if part.kind == RecordKinds.CONFIG:  # of a set-up only why somebody has stopped the agent is told freely
            blank["switch"] = _swept(blank["switch"], words)
        else:
            BLANKERS[part.kind](concern, blank)
            blank = _swept(blank, words)
        if blank != part.body:
            bodies[part.seq] = f'{BLANKED}{shas[part.seq]}","body":{canonical(blank).decode()}}}'
    assert bodies.keys() <= shas.keys(), "what is blanked keeps the hash of what it was"
    calls, later = calls_of(parts, concern)
    return Redaction(bodies, calls, later, words)


def words_of(*texts: str) -> tuple[str, ...]:
    """Return which of these texts are long enough to be looked for, the longest first."""
    found = {text for text in texts if len(text) >= QUOTED_POINTS_MIN and text != BLANK}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def without(text: str, words: Sequence[str]) -> str:
    """Return a text with every quotation of these words blanked: whole, or any beginning of 79 characters and more."""
    for word in words:
        head, at = word[:EXCERPT_POINTS_MIN], 0
        while (at := text.find(head, at)) >= 0:
            end = at + len(head)
            while end < len(text) and end - at < len(word) and text[end] == word[end - at]:
                end += 1
            text, at = text[:at] + BLANK + text[end:], at + len(BLANK)
    return text


def _swept(value: Any, words: Sequence[str], *, is_free: bool = False) -> Any:
    """Return a body whose free text quotes none of these words."""
    match value:
        case str():
            return without(value, words) if is_free else value
        case list():
            return [_swept(part, words, is_free=is_free) for part in value]
        case dict():
            return {
                key: part if key in DOCUMENT_FIELDS else _swept(part, words, is_free=key in FREE_FIELDS)
                for key, part in value.items()
            }
        case _:
            return value


def _empty(body: Body, *fields: str) -> None:
    for field in fields:
        if body.get(field):
            body[field] = BLANK


def _hollow(value: Any) -> Any:
    """Return a JSON value with every text in it blanked; keys stay."""
    match value:
        case str():
            return BLANK if value else value
        case list():
            return [_hollow(part) for part in value]
        case dict():
            return {key: _hollow(part) for key, part in value.items()}
        case _:
            return value


def _is_fixed(value: str) -> bool:
    """Tell whether an answer is one of the few that the rules give, or an intent's id: then it says nothing."""
    return value in FIXED_ANSWERS or is_id(value, INTENT)


def _intent(concern: Concern, body: Body) -> None:
    is_answer = body["id"] in concern.answers
    value = body.get("value") or ""
    if (body["id"] == concern.intent or is_answer) and not _is_fixed(value):
        at = concern.choices.get((body.get("refs") or [""])[0], {}).get(value)
        _empty(body, "value")
        body.update({"value": f"{BLANK} {at}"} if at is not None else {})
    if body["id"] != concern.intent:
        return
    _empty(body, "text")
    for scope in body.get("scope") or ():
        _empty(scope, "quote")
    for expect in body.get("expects") or ():
        expect["equals"] = _hollow(expect.get("equals"))


def _plan(concern: Concern, body: Body) -> None:
    if concern.is_near(body["intents"]):
        _empty(body, "summary")
        _effects(concern, body["intents"], body.get("effects"))


def _effects(concern: Concern, intents: Iterable[str], effects: Any) -> None:
    """Blank what was sent. What still waits stays: it has to leave as it was approved."""
    if not concern.waiting.intersection(intents):
        for effect in effects or ():
            effect["args"] = _hollow(effect["args"])


def _oracle(concern: Concern, body: Body) -> None:
    question, merged, closed = body.get("question"), body.get("merged"), body.get("closed")
    judged = [pair for judgement in body.get("judgements") or () for pair in judgement["pair"]]
    ids = [body.get("intent", ""), body.get("source", ""), *judged, *(merged["group"] if merged else ())]
    for judgement in body.get("judgements") or ():
        _judgement(concern, judgement)
    if closed and closed["call"] in concern.calls:
        _empty(closed, "detail")
    if not concern.is_near(ids):
        return
    _empty(body, "reason", "remedy", "arguments")
    if question:
        _question(concern, question, is_agents=True)
    if merged:
        _merged(merged)
    if body.get("compared"):
        _empty(body["compared"], "detail")


def _judgement(concern: Concern, judgement: Body) -> None:
    for at, id in enumerate(judgement["pair"]):
        if id == concern.intent and judgement.get("quotes", ["", ""])[at]:
            judgement["quotes"][at] = BLANK


def _merged(merged: Body) -> None:
    _empty(merged, "text", "reason")
    merged["gives_up"] = _hollow(merged.get("gives_up", {}))


def _question(concern: Concern, question: Body, *, is_agents: bool = False) -> None:
    """Blank a question. What others asked for keeps its own words: its label is theirs."""
    _empty(question, "text")
    for at, option in enumerate(question["options"], 1):
        value = option["value"]
        is_theirs = _is_fixed(value) and value not in FIXED_ANSWERS and value != concern.intent
        if not is_theirs and value not in LABELLED_BY_RULE:
            _empty(option, "label")
        if is_agents and not _is_fixed(value):
            option["value"] = f"{BLANK} {at}"
    _evidence(concern, question["group"], question.get("evidence") or {})


def _evidence(concern: Concern, group: Sequence[str], evidence: Body) -> None:
    for key, shown in evidence.items():
        if key in KEPT_EVIDENCE:
            continue
        if key == "intents":
            for one in shown:
                _empty(one, *(("text",) if one["id"] == concern.intent else ()))
        elif key == "judgements":
            for judgement in shown:
                _judgement(concern, judgement)
        elif key == "merged":
            _merged(shown)
        elif key == "effects":
            _effects(concern, group, shown)
        else:
            evidence[key] = _hollow(shown)


def _decision(concern: Concern, body: Body) -> None:
    if not concern.is_near(body["group"]):
        return
    _empty(body, "reason")
    _evidence(concern, body["group"], body.get("evidence") or {})
    if body.get("question"):
        _question(concern, body["question"])


def _commit(concern: Concern, body: Body) -> None:
    if concern.is_near(body["intents"]):
        _empty(body, "summary")
        _effects(concern, body["intents"], body.get("effects"))


def _verdict(concern: Concern, body: Body) -> None:
    names = [body["intent"], body.get("by", ""), body.get("winner", "")]
    is_of = body["intent"] in concern.answers or body.get("by") in concern.decisions
    if is_of or concern.is_near(names) or body.get("commit") in concern.commits:
        _empty(body, "reason", "remedy")
        body.update({"did": _hollow(body["did"])} if body.get("did") else {})
    elif body["intent"] in concern.noted:
        told, mark, note = body["reason"].partition(NOTE)
        body["reason"] = told + mark + (BLANK if note else "")


def _effect(concern: Concern, body: Body) -> None:
    if body["commit"] in concern.commits:
        _empty(body, "detail")


BLANKERS: dict[str, Callable[[Concern, Body], None]] = {
    RecordKinds.INTENT: _intent,
    RecordKinds.PLAN: _plan,
    RecordKinds.ORACLE: _oracle,
    RecordKinds.DECISION: _decision,
    RecordKinds.COMMIT: _commit,
    RecordKinds.VERDICT: _verdict,
    RecordKinds.EFFECT: _effect,
}
