"""What an instruction sets a named thing to: the part of the built-in judge that compares values.

Clause by clause, only in constructions that leave no room beside each other (`docs/judge.md` prints them): what adds or
changes *by* something has no place here, for two such instructions can both be carried out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


CHANGERS = _listed("set change turn switch move rename")
PLANNERS = _listed("hold schedule reschedule move shift postpone")
SETTERS = (
    CHANGERS
    | PLANNERS
    | _listed(
        "make keep limit cap restrict fix adjust paint colour color cut shorten "
        "trim reduce lower shrink raise increase lengthen extend expand write summarise summarize"
    )
)
ADDERS = _listed("add append insert include introduce remove delete drop replace create bring buy ask mail")
ARTICLES = _listed("a an another")
BEFORE_NUMBER = _listed("to at in within exactly most than under")
LOWER_BOUNDS = _listed("least over more longer")
BEFORE_DATE = _listed("to on in for")
MEASURES = _listed(
    "word line sentence paragraph page character percent minute hour day week month year euro dollar point"
)
COLOURS = _listed("red orange yellow green blue purple violet pink brown black white grey gray turquoise gold silver")
DATES = _listed(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday today tomorrow"
)
NUMBERS = dict(
    zip(
        re.findall(r"\w+", "two three four five six seven eight nine ten eleven twelve"),
        map(str, range(2, 13)),
        strict=True,
    )
)
SMALL = _listed(
    "the and for with that this from into them their there then have has was were will would should could please very "
    "just also when where what which while section paragraph line text document plan list word words a an of it its is "
    "be as in on at to by or our my your his her all whole new another long after before until within exactly most "
    "least than under over more so up down out no not"
)
_TOKEN = re.compile(
    r"\"[^\"]*\"|“[^”]*”|«[^»]*»|[$€£]?\d+(?:[.,:/-]\d+)*%?(?!\w)|\w+(?:[.'’-]\w+)*|[,;:.!?\n]",
)
_NUMBER = re.compile(r"[$€£]?\d+(?:[.,:/-]\d+)*%?")
_QUOTES = '"“«'

# Its kind, what it says, and which words of the clause say it.
Value = tuple[str, frozenset[str], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Setting:
    """A clause that gives a thing a value. `things` are all content words of the clause, `kind` says what is set."""

    things: frozenset[str]
    kind: str
    value: frozenset[str]
    said: str


def clash(one: str, other: str) -> tuple[str, str] | None:
    """Return the two values when the texts give one and the same thing different ones; None otherwise."""
    # Decision 51: all content words are equal, or it is another thing; one shared word would ask about far too much.
    for mine in settings_of(one):
        for theirs in settings_of(other):
            same = mine.kind == theirs.kind and mine.things == theirs.things
            if same and not (mine.value <= theirs.value or theirs.value <= mine.value):
                return mine.said, theirs.said
    return None


@lru_cache(maxsize=4096)
def settings_of(text: str) -> tuple[Setting, ...]:
    """Return what a text sets, in its order. A clause without verb or thing takes those of the clause before."""
    found: list[Setting] = []
    setter, things = "", frozenset[str]()
    for clause in _clauses(text):
        verb = next((at for at, word in enumerate(clause) if word in SETTERS or word in ADDERS), None)
        if verb is not None:
            # "Write a summary …", twice, makes two summaries: nothing is set.
            makes = bool(ADDERS & set(clause)) or _at(clause, verb + 1) in ARTICLES
            setter = "" if makes else clause[verb]
        values = [value for value in _values(clause) if _may_set(setter, clause, value)]
        taken = {at for _, _, ats in values for at in ats}
        named = frozenset(
            _singular(word) for at, word in enumerate(clause) if at not in taken and at != verb and word not in SMALL
        )
        things = named or things
        assert taken <= set(range(len(clause))), "values are made of words of their clause"
        if things:
            found += [Setting(things, kind, value, " ".join(clause[at] for at in ats)) for kind, value, ats in values]
    return tuple(found)


def _may_set(setter: str, clause: list[str], value: Value) -> bool:
    """Tell whether a verb sets such a value: else the words only say more exactly what is meant ("figures for May")."""
    kind, _, ats = value
    assert ats, "a value is said by some words"
    match kind:
        case "word":
            return setter in CHANGERS
        case "date" if _at(clause, ats[0] - 1) != "to":
            return setter in PLANNERS and ats[-1] == len(clause) - 1
        case _:
            return bool(setter)


def _clauses(text: str) -> list[list[str]]:
    clauses: list[list[str]] = [[]]
    for found in _TOKEN.finditer(text):
        word = found.group().lower()
        if word in {",", ";", ":", ".", "!", "?", "\n", "and", "but", "then"}:
            clauses.append([])
        elif word != "please":
            clauses[-1].append(NUMBERS.get(word, word))
    return [clause for clause in clauses if clause]


def _values(clause: list[str]) -> list[Value]:
    """Return everything in a clause that has the form of a value."""
    found: list[Value] = []
    at = 0
    while at < len(clause):
        value = _number(clause, at) or _date(clause, at) or _word(clause, at)
        if value is not None:
            assert value[2][0] == at, "a value is read from where it begins"
            found.append(value)
        at = value[2][-1] + 1 if value is not None else at + 1
    return found


def _number(clause: list[str], at: int) -> Value | None:
    """Read `to 80 words`, `to 80`, `80 words`; not `by 80`, `at least 80`, `in 2027`, nor the 2 of `section 2`."""
    word, before, after = clause[at], _at(clause, at - 1), _at(clause, at + 1)
    if not _NUMBER.fullmatch(word) or LOWER_BOUNDS & set(clause[max(0, at - 2) : at]) or after in DATES:
        return None
    has_unit = bool(after) and after[0] not in _QUOTES and after not in SMALL - {"line", "word", "words", "paragraph"}
    unit = _singular(after) if has_unit and not _NUMBER.fullmatch(after) else ""
    is_marked = before in BEFORE_NUMBER and not (before == "in" and not unit)
    is_measure = unit in MEASURES and before not in SMALL and not _NUMBER.fullmatch(before)
    if not (is_marked or is_measure):
        return None
    return f"number {unit}", frozenset({word}), (at, at + 1) if unit else (at,)


def _date(clause: list[str], at: int) -> Value | None:
    """Read months and days of the week behind `to`, `on`, `in`, `for`, with the numbers beside them."""
    if _at(clause, at - 1) not in BEFORE_DATE:
        return None
    end = at
    while end < len(clause) and (clause[end] in DATES or _NUMBER.fullmatch(clause[end])):
        end += 1
    value = frozenset(clause[at:end])
    return ("date", value, tuple(range(at, end))) if value & DATES else None


def _word(clause: list[str], at: int) -> Value | None:
    """Read the last word of a clause: a colour, or whatever stands behind `to`."""
    word, before = clause[at], _at(clause, at - 1)
    if at != len(clause) - 1 or at == 0 or word[0] in _QUOTES or word in SMALL:
        return None
    if word in COLOURS:
        return "colour", frozenset({"grey" if word == "gray" else word}), (at,)
    if before == "to" and word not in SETTERS | ADDERS:
        return "word", frozenset({word}), (at,)
    return None


def _at(clause: list[str], at: int) -> str:
    return clause[at] if 0 <= at < len(clause) else ""


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
