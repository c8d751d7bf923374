"""Patterns that declared rules look for: Python's regular expressions, in time that grows with the text alone.

Python's own engine goes back and tries again: `a*a*a*b` takes the fourth power of the length of a text, and cannot be
stopped. This one follows all ways at once (Thompson 1968), as a set of places in the pattern. What one character is
compared with is still asked of Python's engine, so that `\\w`, `[^a-f]` and `(?i)` mean what they always did, and a log
of an older version is decided again as it was. Look-around, groups that are atomic or referred to, and possessive
repeats are not regular: a new rule may not have them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

PLACES_MAX = 256  # characters that a pattern may stand for at once, its repeats written out
STEPS_KEPT_MAX = 10_000
_COUNT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\(\?(?:P<\w+>|:|([aiLmsux]+)(?:-([imsx]+))?:|-([imsx]+):)")
_GLOBAL = re.compile(r"\(\?[aiLmsux]+\)")
_ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|[1-7][0-7]{2}|.)", re.S
)
_ANCHORS = {"^": "^", "$": "$", "\\A": "A", "\\Z": "Z", "\\b": "b", "\\B": "B"}
Test = Callable[[str], bool]


class NotLinear(ValueError):
    """A pattern that cannot be matched in time linear in the text; its words say what of it."""


@dataclass(slots=True)
class _State:
    """One state: what it consumes (a test of a character), or the ways that lead on from it, some under an anchor."""

    test: Test | None = None
    next: int = -1
    ways: list[tuple[str, int]] = field(default_factory=list)


class Pattern:
    """A regular expression as a set of states, followed all at once; see `compile_pattern`."""

    __slots__ = ("_closures", "_is_multiline", "_states", "_steps", "_tests", "_word", "end", "start")

    def __init__(self, states: list[_State], start: int, end: int, flags: int) -> None:
        self._states, self.start, self.end = states, start, end
        self._is_multiline = bool(flags & re.M)
        self._word = re.compile(r"\w", flags & (re.A | re.U | re.I))
        self._closures: dict[tuple[int, str], frozenset[int]] = {}
        # From a set of states, under the anchors that hold there, by a character: remembered, as many texts repeat.
        self._steps: dict[tuple[frozenset[int], str, str, bool], tuple[bool, frozenset[int]]] = {}
        self._tests: dict[tuple[int, str], bool] = {}

    def is_found(self, text: str) -> bool:
        """Tell whether the pattern matches somewhere in a text, as `re.search` does."""
        return self._run(text, is_whole=False)

    def is_whole(self, text: str) -> bool:
        """Tell whether the pattern matches the whole text, as `re.fullmatch` does."""
        return self._run(text, is_whole=True)

    def _run(self, text: str, *, is_whole: bool) -> bool:
        current: frozenset[int] = frozenset({self.start})
        for at in range(len(text) + 1):
            has_ended, following = self._step(current, self._anchors_at(text, at), text[at : at + 1], is_whole)
            if has_ended:
                return True
            if not following:
                return False
            current = following
        return False

    def _step(self, current: frozenset[int], holding: str, char: str, is_whole: bool) -> tuple[bool, frozenset[int]]:
        """Return whether a match ends before a character ("": the end), and the states behind it, if need be."""
        key = (current, holding, char, is_whole)
        found = self._steps.get(key)
        if found is None:
            if len(self._steps) > STEPS_KEPT_MAX:
                self._steps.clear()
            now = self._close(current, holding)
            has_ended = self.end in now and (not is_whole or not char)
            following = self._follow(now, char) if char and not has_ended else frozenset()
            if char and not is_whole:
                following |= {self.start}
            found = self._steps[key] = has_ended, following
        return found

    def _anchors_at(self, text: str, at: int) -> str:
        """Return the anchors that hold before the character `at`."""
        size, found = len(text), []
        if at == 0:
            found += ["^", "A"]
        elif self._is_multiline and text[at - 1] == "\n":
            found.append("^")
        if at == size:
            found += ["$", "Z"]
        elif text[at] == "\n" and (at == size - 1 or self._is_multiline):
            found.append("$")
        before = at > 0 and self._is_word(text[at - 1])
        after = at < size and self._is_word(text[at])
        # Python finds no edge of a word in an empty text, and nothing that is none there either.
        found += ["b"] if before != after else ["B"] if size else []
        return "".join(found)

    def _is_word(self, char: str) -> bool:
        return self._test(-1, char, lambda one: self._word.match(one) is not None)

    def _test(self, number: int, char: str, test: Test) -> bool:
        key = (number, char)
        found = self._tests.get(key)
        if found is None:
            if len(self._tests) > STEPS_KEPT_MAX:
                self._tests.clear()
            found = self._tests[key] = test(char)
        return found

    def _close(self, states: Iterable[int], holding: str) -> frozenset[int]:
        """Return every state that these lead to without a character."""
        found = set[int]()
        for state in states:
            key = (state, holding)
            own = self._closures.get(key)
            if own is None:
                own = self._closures[key] = self._reach(state, holding)
            found |= own
        return frozenset(found)

    def _reach(self, state: int, holding: str) -> frozenset[int]:
        found, open_ = {state}, [state]
        while open_:
            for anchor, to in self._states[open_.pop()].ways:
                if (not anchor or anchor in holding) and to not in found:
                    found.add(to)
                    open_.append(to)
        # Only what consumes or ends is of use to who asks.
        return frozenset(one for one in found if one == self.end or self._states[one].test is not None)

    def _follow(self, now: frozenset[int], char: str) -> frozenset[int]:
        """Return the states behind a character."""
        followed = set[int]()
        for number in now:
            state = self._states[number]
            if state.test is not None and self._test(number, char, state.test):
                followed.add(state.next)
        return frozenset(followed)


class _Reader:
    """Reads a pattern into states; what it does not know it leaves to Python's own judgement, or refuses."""

    def __init__(self, source: str, flags: int) -> None:
        self.source, self.at, self.flags = source, 0, flags
        self.states: list[_State] = []
        self.places = 0

    def state(self) -> int:
        """Return a new state."""
        self.states.append(_State())
        return len(self.states) - 1

    def link(self, one: int, other: int, anchor: str = "") -> None:
        """Lead from one state to another, where an anchor holds or always."""
        self.states[one].ways.append((anchor, other))

    def choice(self) -> tuple[int, int]:
        """Read alternatives; return where they begin and end."""
        first, last = self.state(), self.state()
        while True:
            begin, end = self.sequence()
            self.link(first, begin)
            self.link(end, last)
            if self.source[self.at : self.at + 1] != "|":
                return first, last
            self.at += 1

    def sequence(self) -> tuple[int, int]:
        """Read what stands one behind the other."""
        first = last = self.state()
        while self.at < len(self.source) and self.source[self.at] not in "|)":
            begin, end = self.repeated()
            self.link(last, begin)
            last = end
        return first, last

    def repeated(self) -> tuple[int, int]:
        """Read one part and how often it stands there."""
        began, flags = self.at, self.flags
        begin, end = self.part()
        low, high = self.count()
        if (low, high) == (1, 1):
            return begin, end
        behind, source = self.at, self.source[began : self.at]
        assert source, "a part has a source"
        first = last = self.state()
        for _ in range(max(low, 1) if high is None else high):
            self.at, self.flags = began, flags
            begin, end = self.part()
            self.link(last, begin)
            if _ >= low or (high is None and low == 0):
                self.link(last, end)
            last = end
        if high is None:
            self.link(last, begin)
        self.at = behind
        return first, last

    def count(self) -> tuple[int, int | None]:
        """Read a repeat; (1, 1) where there is none."""
        found: tuple[int, int | None] = (1, 1)
        sign = self.source[self.at : self.at + 1]
        counted = _COUNT.match(self.source, self.at) if sign == "{" else None
        if sign in ("*", "+", "?") and sign:
            found = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
            self.at += 1
        elif counted is not None and counted.group() != "{}":
            low = int(counted[1] or 0)
            found = (low, low if counted[2] is None else int(counted[3]) if counted[3] else None)
            self.at = counted.end()
        else:
            return found
        if self.source[self.at : self.at + 1] == "?":  # whether few or many are tried first, the same is found
            self.at += 1
        elif self.source[self.at : self.at + 1] == "+":
            raise NotLinear("a possessive repeat")
        if max(found[0], found[1] or 0) > PLACES_MAX:
            raise NotLinear(f"more than {PLACES_MAX} repeats")
        return found

    def part(self) -> tuple[int, int]:
        """Read a character, a class of characters, an anchor or a group."""
        sign = self.source[self.at]
        if sign == "(":
            return self.group()
        size = self._size_of_atom()
        atom = self.source[self.at : self.at + size]
        self.at += size
        first, last = self.state(), self.state()
        if atom in _ANCHORS:
            self.link(first, last, _ANCHORS[atom])
            return first, last
        self.places += 1
        if self.places > PLACES_MAX:
            raise NotLinear(f"more than {PLACES_MAX} characters with its repeats written out")
        self.states[first].test, self.states[first].next = _test_of(atom, self.flags), last
        return first, last

    def _size_of_atom(self) -> int:
        sign = self.source[self.at]
        if sign == "\\":
            found = _ESCAPE.match(self.source, self.at)
            if found is None or (found.group()[1:2] in "123456789" and len(found.group()) == 2):
                raise NotLinear("a reference back")
            return len(found.group())
        if sign != "[":
            return 1
        at = self.at + 1 + (self.source[self.at + 1 : self.at + 2] == "^")
        at += self.source[at : at + 1] == "]"  # a bracket that stands first is itself
        while self.source[at : at + 1] not in ("]", ""):
            at += 2 if self.source[at] == "\\" else 1
        return at + 1 - self.at

    def group(self) -> tuple[int, int]:
        """Read a group, its flags for what is inside of it alone."""
        flags, opened = self.flags, _GROUP.match(self.source, self.at)
        if opened is not None:
            self.at = opened.end()
            for letter in opened[1] or "":
                self.flags |= getattr(re, letter.upper())
            for letter in (opened[2] or "") + (opened[3] or ""):
                self.flags &= ~getattr(re, letter.upper())
            if (self.flags ^ flags) & (re.M | re.X | re.A | re.L):
                raise NotLinear("flags of a group but i and s")
        elif self.source.startswith("(?", self.at):
            raise NotLinear("what is no plain group")
        else:
            self.at += 1
        begin, end = self.choice()
        self.at += 1  # the bracket that closes it: Python has read the pattern before
        self.flags = flags
        return begin, end


def _test_of(atom: str, flags: int) -> Test:
    if len(atom) == 1 and atom not in ".[\\" and not flags & re.I:
        return lambda char: char == atom
    match = re.compile(re.escape(atom) if len(atom) == 1 and atom != "." else atom, flags).fullmatch
    return lambda char: match(char) is not None


@lru_cache(maxsize=256)
def compile_pattern(source: str) -> Pattern:
    """Return a pattern that is matched in time linear in the text.

    Raises:
        re.error: it is no regular expression.
        NotLinear: it has parts that are not regular, or stands for too many characters.
    """
    flags = re.compile(source).flags & (re.A | re.I | re.M | re.S | re.X | re.U)
    if flags & re.X:
        raise NotLinear("the flag x")
    opened = _GLOBAL.match(source)
    reader = _Reader(source[opened.end() :] if opened is not None else source, flags)
    start, end = reader.choice()
    if reader.at < len(reader.source):
        raise NotLinear("a bracket that was not opened")
    return Pattern(reader.states, start, end, flags)


__all__: Sequence[str] = ("NotLinear", "Pattern", "compile_pattern")
