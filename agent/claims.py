"""What a verdict says was done: the model's own words where the operations bear them out, else the operations. Pure.

A model may say "done" of what it has not done. What can be checked is checked: that anything was changed at all, and
that the documents, quotations and numbers it names are among what its operations touch. Where they are not, or where
something failed on the way, people read the operations first, and what the model said behind them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from crdt.anchor import Anchor, TextRange, resolve_range
from crdt.digest import canonical
from crdt.document import Document
from crdt.errors import CrdtError
from crdt.ops import Check, Delete, Insert, ListAdd, Op, Replace, SetValue
from crdt.paths import ABSENT, dotted, read_path
from workspace.intents.plan import SUMMARY_POINTS_MAX
from workspace.intents.wording import words_of

LISTED_MAX = 8
LINE_POINTS_MAX = 160
NOTHING = "Nothing was changed."
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»|`([^`]+)`|‘([^’]+)’|(?<!\w)'([^']+)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")


def account_of(
    summary: str,
    ops: Collection[Op],
    *,
    before: Mapping[str, Document],
    after: Mapping[str, Document],
    sent: Collection[str] = (),
    names: Iterable[str] = (),
    is_doubtful: bool = False,
) -> str:
    """Return what people are told of a plan.

    Args:
        before: the touched documents as they were; documents that the plan makes may be missing.
        after: data documents as the plan leaves them.
        sent: effects that the plan declares, in words.
        names: every document there is.
        is_doubtful: a call of this plan failed, was refused or was cut off.
    """
    words = summary.strip()
    done = [words_of(op, before.get(op.doc)) for op in ops if not isinstance(op, Check)]
    done += [f"will send {effect}" for effect in sent]
    if not done:
        is_said = words.casefold().startswith("nothing was changed")
        return words if is_said else _joined(NOTHING, words)
    facts = _plain(" ".join([*(part for op in ops for part in _facts(op, before, after)), *sent]))
    if words and not is_doubtful and _is_borne_out(words, facts, count=len(done), names=names):
        return words[:SUMMARY_POINTS_MAX]
    return _joined(f"What was done: {_listed(done)}.", words)


def _joined(first: str, words: str) -> str:
    text = f"{first} The agent said: {words}" if words else first
    return text if len(text) <= SUMMARY_POINTS_MAX else f"{text[: SUMMARY_POINTS_MAX - 1]}…"


def _listed(done: list[str]) -> str:
    shown = [line if len(line) <= LINE_POINTS_MAX else f"{line[: LINE_POINTS_MAX - 1]}…" for line in done[:LISTED_MAX]]
    more = len(done) - LISTED_MAX
    return "; ".join([" ".join(line.split()) for line in shown] + ([f"and {more} more"] if more > 0 else []))


def _is_borne_out(words: str, facts: str, *, count: int, names: Iterable[str]) -> bool:
    """Tell whether every quotation, number and document in some words is among the facts."""
    quoted = [next(filter(None, found.groups())) for found in _QUOTED.finditer(words)]
    rest = _QUOTED.sub(" ", words)
    numbers = [number for number in _NUMBER.findall(rest) if number != str(count)]
    named = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rest, re.IGNORECASE)]
    return all(_plain(claim).strip(".,;:!?… ") in facts for claim in (*quoted, *numbers, *named))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _facts(op: Op, before: Mapping[str, Document], after: Mapping[str, Document]) -> list[str]:
    """Return all that an operation touches, whole: the document, the place, what stood there and what stands there."""
    facts, old = [op.doc], before.get(op.doc)
    if isinstance(op, Insert | Replace):
        facts.append(op.text)
    if isinstance(op, Replace | Delete) and old is not None:
        try:
            start, end = resolve_range(old, TextRange(Anchor.decode(op.from_), Anchor.decode(op.to)))
            facts.append(old.text()[start:end])
        except CrdtError:
            pass
    if isinstance(op, SetValue | ListAdd):
        facts += [canonical(op.value).decode(), str(op.value)]
    path = getattr(op, "path", ())
    if path:
        facts += [dotted(path), *map(str, path)]
        for document in (old, after.get(op.doc)):
            value = read_path(document, path) if document is not None and document.kind == "data" else ABSENT
            facts += [] if value is ABSENT else [canonical(value).decode()]
        facts.append(str(getattr(op, "by", "")).lstrip("-"))
    return facts
