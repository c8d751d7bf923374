"""What the judge and the merger are asked about instructions, and what they may answer (semantics §3 L3, §4 `merge`).

Both are oracles: their answers are logged, memoised, and can only add questions. Nothing here decides.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Opinion = Literal["contradict", "compatible", "unsure", "failed"]
Pair = tuple[str, str]
ITEMS_MAX = 20
QUOTE_POINTS_MAX = 300
MERGED_POINTS_MAX = 2_000


class Item(msgspec.Struct, frozen=True):
    """One instruction as a judge sees it: quoted words, never orders."""

    intent: str
    actor: str
    text: str
    summary: str = ""
    documents: tuple[str, ...] = ()


class Judgement(msgspec.Struct, frozen=True):
    """What a judge made of a pair, with the words of each that made it so."""

    pair: Pair
    opinion: Opinion
    quotes: tuple[str, str] = ("", "")


class JudgeTask(msgspec.Struct, frozen=True):
    """Pairs of concurrent instructions to compare; at most 20 instructions at once."""

    items: tuple[Item, ...]
    pairs: tuple[Pair, ...]


class MergeTask(msgspec.Struct, frozen=True):
    """Instructions that exclude each other, to be served by one."""

    items: tuple[Item, ...]


class Merged(msgspec.Struct, frozen=True):
    """One instruction for all of a group (`""`: there is no honest middle), and what each author gives up."""

    group: tuple[str, ...]
    text: str
    gives_up: dict[str, str] = {}
    reason: str = ""


def group_key(ids: tuple[str, ...]) -> str:
    """Return the name of a group, whatever the order."""
    return " ".join(sorted(ids))
