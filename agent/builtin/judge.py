"""The judge that needs no model: two instructions contradict when they pull one thing in opposite directions.

Deterministic and modest. It looks for opposing words of a small lexicon (`docs/judge.md` prints it) about a shared
thing: a content word both name, or, for words of style, the document itself; and for different values of one thing
(`agent.builtin.clauses`). It does not understand sentences; what it misses L2 and the rules may still find, and what it
flags is only ever asked.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from agent.builtin.clauses import clash
from workspace.intents.model.oracle import Item, Judgement, JudgeTask, Merged, MergeTask
from workspace.ports import PlanContext

NAME = "builtin-judge@2"
# Each line: one direction against the other. Words are compared by their stems.
DIRECTIONS: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        ("keep preserve retain leave restore", "delete remove drop cut erase strike discard"),
        ("add include insert introduce", "delete remove drop exclude omit erase"),
        ("increase raise grow expand extend lengthen enlarge", "decrease reduce lower cut shrink shorten trim"),
        ("more longer bigger higher", "less fewer shorter smaller lower"),
        ("split separate", "merge combine join"),
        ("enable allow open start", "disable forbid close stop"),
        ("accept approve confirm", "reject refuse cancel"),
        ("before earlier", "after later"),
        ("ascending", "descending"),
        ("public publish", "private hide"),
    )
)
STYLES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(one.split()), frozenset(other.split()))
    for one, other in (
        ("formal serious official solemn", "casual informal playful funny relaxed"),
        ("short brief concise terse", "long detailed elaborate verbose exhaustive"),
        ("simple plain", "complex technical sophisticated"),
        ("polite friendly warm", "rude harsh cold blunt"),
        ("uppercase capitals", "lowercase"),
        ("british", "american"),
        ("cheap frugal", "luxurious expensive"),
        ("optimistic positive", "pessimistic negative"),
    )
)
TOPS = frozenset({"best", "top", "first", "main", "most", "highest", "only"})
STOP = frozenset(
    re.findall(
        r"\w+",
        "the and for with that this from into make them their there then have has was were will would should could "
        "please very just also when where what which while section paragraph line text document plan list word words",
    )
)
_WORD = re.compile(r"[^\W\d_]+")


class BuiltinJudge:
    """`workspace.ports.Judge` on a lexicon."""

    @property
    def name(self) -> str:
        """Name and version, recorded with every judgement."""
        return NAME

    def quick(self, one: Item, other: Item) -> Judgement | None:
        """Return what lexicon and values say."""
        # Decision 25: asked at once and as a pure function, a round trip for every pair would stall a thousand intents.
        return compare(one, other)

    async def judge(self, task: JudgeTask, context: PlanContext) -> tuple[Judgement, ...]:
        """Return an opinion on every pair; the same whichever is named first."""
        items = {item.intent: item for item in task.items}
        assert {id for pair in task.pairs for id in pair} <= set(items), "pairs are of items of the task"
        return tuple(compare(items[a], items[b]) for a, b in task.pairs)

    async def merge(self, task: MergeTask, context: PlanContext) -> Merged:
        """Say that it cannot write."""
        group = tuple(item.intent for item in task.items)
        assert group, "a merge is of somebody's instructions"
        return Merged(group, "", reason="The built-in judge cannot write; a model could.")


def compare(one: Item, other: Item) -> Judgement:
    """Return what lexicon and values say of two instructions. Symmetric."""
    pair = (one.intent, other.intent)
    mine, theirs = words_of(one.text), words_of(other.text)
    lexicon = _lexicon()
    # A word of style is about the whole document; any other must be about a thing that both name.
    shared = {word for word in mine & theirs if word not in lexicon and word not in STOP and len(word) > 2}
    style = _opposed(mine, theirs, STYLES)
    if style is not None and (shared or not (_things(mine, lexicon) and _things(theirs, lexicon))):
        return Judgement(pair, "contradict", style)
    turn = _opposed(mine, theirs, DIRECTIONS)
    if turn is not None and shared:
        return Judgement(pair, "contradict", turn)
    apart = one.documents and other.documents and not set(one.documents) & set(other.documents)
    values = None if apart else clash(one.text, other.text)
    if values is not None:
        return Judgement(pair, "contradict", values)
    if mine & TOPS and theirs & TOPS and mine & theirs & TOPS and _things(mine, lexicon) != _things(theirs, lexicon):
        top = sorted(mine & theirs & TOPS)[0]
        return Judgement(pair, "unsure", (top, top))
    return Judgement(pair, "compatible")


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """Return the stems of the words outside quotation marks: quoted words are content, not requests."""
    bare = re.sub(r"\"[^\"]*\"|“[^”]*”|«[^»]*»", " ", text)
    return frozenset(stem(found.group().lower()) for found in _WORD.finditer(bare))


def stem(word: str) -> str:
    """Return a word without the endings that make no difference here."""
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@cache
def _lexicon() -> frozenset[str]:
    return TOPS.union(*(_stems(side) for pair in (*DIRECTIONS, *STYLES) for side in pair))


@cache
def _stems(side: frozenset[str]) -> frozenset[str]:
    """Return the stems of one side of the lexicon; there are only those sides, and every pair asks for all."""
    return frozenset(map(stem, side))


def _things(words: frozenset[str], lexicon: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in lexicon and word not in STOP and len(word) > 3)


def _opposed(
    mine: frozenset[str], theirs: frozenset[str], lexicon: tuple[tuple[frozenset[str], frozenset[str]], ...]
) -> tuple[str, str] | None:
    """Return the words that pull in opposite directions, mine first; None when both pull both ways or none does."""
    for left, right in lexicon:
        ups, downs = _stems(left), _stems(right)
        assert ups, "a line of the lexicon has two sides"
        assert downs, "a line of the lexicon has two sides"
        for a, b in ((ups, downs), (downs, ups)):
            if mine & a and theirs & b and not (mine & b) and not (theirs & a):
                return sorted(mine & a)[0], sorted(theirs & b)[0]
    return None
