"""What an undo may leave, worked out without the product: every character is one of a kind, so it tells who wrote it.

A text is a row of characters that stand nowhere twice. An *edit* is what lies between two such rows: stretches (hunks)
of characters taken out and put in at one place. A text is *explained* by the hunks that are in force: a character
stands where the hunk that wrote it is in force and no hunk that took it out is. That is whole only if words that
replaced others have something to replace: a hunk that took out and put in is never in force beside a missing original,
nor beside another that replaced the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

Hunk = tuple[int, int]  # the edit it belongs to, and its number there


@dataclass(frozen=True)
class Stretch:
    """Characters taken out and put in at one place by one edit."""

    taken: str
    put: str


def stretches(before: str, after: str) -> list[Stretch]:
    """Return the hunks that lie between two rows of characters, each one of a kind."""
    kept = set(before) & set(after)
    left, right = _gaps(before, kept), _gaps(after, kept)
    assert [char for char in before if char in kept] == [char for char in after if char in kept], "an order is kept"
    return [Stretch(old, new) for old, new in zip(left, right, strict=True) if old or new]


def _gaps(row: str, kept: set[str]) -> list[str]:
    gaps = [""]
    for char in row:
        if char in kept:
            gaps.append("")
        else:
            gaps[-1] += char
    return gaps


@dataclass
class Told:
    """The history of one text: its hunks, which of them are in force, and every row of characters that ever stood."""

    rows: list[str]
    hunks: dict[Hunk, Stretch] = field(default_factory=dict)
    force: set[Hunk] = field(default_factory=set)
    deeds: dict[str, frozenset[Hunk]] = field(default_factory=dict)  # by commit: what taking it back changes
    home: dict[str, Hunk] = field(default_factory=dict)
    undos: dict[str, str] = field(default_factory=dict)
    accepted: set[tuple[Hunk, str]] = field(default_factory=set)
    left: dict[str, frozenset[Hunk]] = field(default_factory=dict)  # what of it was in force when it was entered

    @property
    def now(self) -> str:
        return self.rows[-1]

    def edit(self, after: str, commit: str = "") -> None:
        """Enter what somebody, or a commit, has made of the text."""
        number = len(self.rows)
        found = {(number, at): one for at, one in enumerate(stretches(self.now, after))}
        for hunk, one in found.items():
            self.hunks[hunk] = one
            self.home.update(dict.fromkeys(one.put, hunk))
        self.force |= found.keys()
        self.rows.append(after)
        if commit:
            self.deeds[commit] = self.left[commit] = frozenset(found)

    def taken_back(
        self, undone: str, after: str, commit: str, toggled: frozenset[Hunk], *, is_asked: bool = False
    ) -> None:
        """Enter that a commit has taken `undone` back, as far as `toggled` goes."""
        self.force ^= toggled
        self.rows.append(after)
        self.accepted |= self.odd(self.force)  # people said yes to that: it may come again
        if is_asked:  # also where what stood for it has itself been taken out since, and may come back
            self.accepted |= self.odd(self.force, is_hidden=True)
        self.deeds[commit], self.undos[commit] = toggled, undone
        self.left[commit] = toggled & frozenset(self.force)

    def shown(self, force: set[Hunk]) -> set[str]:
        """Return the characters that stand when these hunks are in force."""
        gone = {char for hunk in force for char in self.hunks[hunk].taken}
        known = {char for row in self.rows for char in row}
        return {char for char in known - gone if char not in self.home or self.home[char] in force}

    def odd(self, force: set[Hunk], *, is_asked: bool = False, is_hidden: bool = False) -> set[tuple[Hunk, str]]:
        """Return what in force replaced words that are not there, or that another in force replaced too.

        Where nothing stands of what it put in, it is as if it had only taken out, unless `is_hidden`. Where people were
        asked, words that stood between words which only were put in may stay alone.
        """
        found: set[tuple[Hunk, str]] = set()
        replaced: dict[str, Hunk] = {}
        shown = self.shown(force)
        for hunk in sorted(force):
            one = self.hunks[hunk]
            for char in one.taken if shown & set(one.put) or (is_hidden and one.put) else "":
                home = self.home.get(char)
                is_missing = home is not None and home not in force
                if char in replaced or (is_missing and not (is_asked and not self.hunks[home].taken)):  # type: ignore[index]
                    found.add((hunk, char))
                replaced[char] = hunk
        return found

    def revived(self, undone: str, row: str) -> None:
        """Enter that people let words stand again although what wrote them was taken back: they stand by themselves."""
        own = {char for hunk in self.deeds[undone] for char in self.hunks[hunk].taken + self.hunks[hunk].put}
        number, gone = len(self.rows), {c for hunk in self.force - self.deeds[undone] for c in self.hunks[hunk].taken}
        for char in row:
            home = self.home.get(char)
            if char in own - gone and home is not None and home not in self.force ^ self.deeds[undone]:
                one = self.hunks[home]
                self.hunks[home] = Stretch(one.taken, one.put.replace(char, ""))
                self.home[char] = (number, ord(char))
                self.hunks[self.home[char]] = Stretch("", char)
                self.force.add(self.home[char])

    def is_in_order(self, row: str) -> bool:
        """Tell whether no two characters stand the other way round than they once did."""
        for earlier in self.rows:
            common = set(earlier) & set(row)
            if [char for char in earlier if char in common] != [char for char in row if char in common]:
                return False
        return len(set(row)) == len(row)

    def explained(self, undone: str, row: str, *, is_asked: bool) -> frozenset[Hunk] | None:
        """Return which hunks of a commit a text that came of taking it back has taken back; None for a blend."""
        if not self.is_in_order(row):
            return None
        for part in _parts(self.deeds[undone], is_asked=is_asked):
            force = self.force ^ part
            if (
                self.shown(force) == set(row)
                and self.odd(force, is_asked=is_asked) <= self.odd(self.force) | self.accepted
            ):
                return part
        return None

    def is_in_force(self, commit: str) -> bool:
        """Tell whether no undo holds a commit back."""
        return not any(self.is_in_force(undo) for undo, undone in self.undos.items() if undone == commit)

    def is_due(self, commit: str) -> bool:
        """Tell whether a commit is in force and nobody has touched what it wrote, so that it must be taken back."""
        own = self.deeds[commit]
        mine = self._chars(own)
        touched = {char for hunk, one in self.hunks.items() if hunk not in own for char in one.taken}
        later = list(self.deeds)[list(self.deeds).index(commit) + 1 :]
        is_last = not any(mine & self._chars(self.deeds[other]) for other in later if other in self.undos)
        is_as_left = own & self.force == self.left[commit]
        is_seen = self.shown(self.force) != self.shown(self.force ^ own)
        return self.is_in_force(commit) and is_last and is_as_left and is_seen and not mine & touched

    def _chars(self, hunks: frozenset[Hunk]) -> set[str]:
        return {char for hunk in hunks for char in self.hunks[hunk].put + self.hunks[hunk].taken}


def _parts(hunks: frozenset[Hunk], *, is_asked: bool) -> Iterator[frozenset[Hunk]]:
    """Yield what may have been taken back, the whole first; only a part where people were asked."""
    yield hunks
    if is_asked:
        for size in range(len(hunks) - 1, -1, -1):
            yield from map(frozenset, combinations(sorted(hunks), size))


def letters() -> Iterator[str]:
    """Yield characters that stand nowhere else: word letters, and some of two UTF-16 units."""
    for at in range(5_000):
        yield chr(0x4E00 + at)
        if at % 5 == 4:
            yield chr(0x1F300 + at // 5)


def signs() -> Iterator[str]:
    """Yield characters that no word holds, each one of a kind: they part words."""
    yield from map(chr, range(0x2190, 0x2B00))


def words_of(row: str) -> Sequence[tuple[int, int]]:
    """Return where the words and the signs of a row stand."""
    found: list[tuple[int, int]] = []
    for at, char in enumerate(row):
        if found and "\u4e00" <= char < "\ua000" and "\u4e00" <= row[at - 1] < "\ua000":
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found
