"""Carry out text commands on a piece table; what cannot be done is refused with what would work."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.editing.commands import (
    AddToSection,
    AppendText,
    Case,
    CaseSection,
    CutLines,
    CutSection,
    DeleteSection,
    DeleteText,
    InsertText,
    OrderList,
    RenameHeading,
    ReplaceSection,
    ReplaceText,
    TextCommand,
    Which,
)
from agent.editing.markdown import Section, find_list, find_sections, item_text, sections_of
from agent.editing.pieces import PieceTable
from workspace.intents.model.plan import PlanRefused

SHOWN_POINTS = 60
ORDINALS: dict[Which, int] = {"first": 0, "second": 1, "third": 2, "last": -1}
_LINE_END = re.compile(r"\r\n?|\n")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class CannotDo(Exception):
    """A command that does not fit the documents; `refused` is what the author is told."""

    def __init__(self, code: str, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.refused = PlanRefused(code, reason, remedy)


@dataclass(slots=True)
class TextEditor:
    """One text document under edit, with the snapshot spans that the commands depend on.

    `selected` is the stretch of the snapshot that the words at hand point at; None is all of it.
    """

    name: str
    table: PieceTable
    selected: tuple[int, int] | None
    reads: set[tuple[int, int]]

    @property
    def window(self) -> tuple[int, int] | None:
        """Where the selected stretch stands now, with what was written in it since."""
        return None if self.selected is None else self.table.place_of(*self.selected)

    def carry_out(self, command: TextCommand) -> str:
        """Carry out one command and return what was done, in words. Raises `CannotDo`."""
        match command:
            case ReplaceText(old, new, _, which):
                for start, end in reversed(self._find(old, which)):
                    self.table.edit(start, end, new)
                return f"Replaced {shown(old)} with {shown(new)} in {self.name}."
            case DeleteText(text, _, which):
                for start, end in reversed(self._find(text, which)):
                    self.table.edit(start, end, "")
                return f"Deleted {shown(text)} in {self.name}."
            case InsertText():
                return self._insert(command)
            case AppendText(text, _, at_start):
                return self._append(text, at_start=at_start)
            case CutLines(first, last):
                start, end = self._lines(first, last)
                self.table.edit(start, end, "")
                return f"Deleted line{'s' if last > first else ''} {first}{f' to {last}' if last > first else ''}."
            case OrderList():
                return self._order(command)
            case CaseSection(section, case):
                start, end = self._case_span(section)
                self._rewrite(start, end, change_case(self.table.text[start:end], case))
                return f"Put {shown(section) if section else 'the text'} of {self.name} into {case} case."
            case _:
                return self._on_section(command)

    def _on_section(self, command: DeleteSection | ReplaceSection | AddToSection | CutSection | RenameHeading) -> str:
        match command:
            case DeleteSection(name):
                section = self._section(name)
                self.table.edit(section.start, section.end, "")
                return f"Deleted section {shown(name)} of {self.name}."
            case ReplaceSection(name, text):
                section = self._section(name)
                self._read(section.start, section.body)
                self._rewrite(*self._body(section), text)
                return f"Replaced what stood under {shown(name)} in {self.name}."
            case AddToSection(name, text):
                section = self._section(name)
                self._read(section.start, section.body)
                _, end = self._body(section)
                self.table.edit(end, end, ("" if self._starts_line(end) else "\n") + text)
                return f"Added {shown(text)} under {shown(name)}."
            case CutSection(name, lines):
                section = self._section(name)
                start, end = self._body(section)
                kept = "\n".join(self.table.text[start:end].split("\n")[:lines]) if lines else ""
                self._read(section.start, end)
                self.table.edit(start + len(kept), end, "")
                return f"Cut {shown(name)} to {lines} lines."
            case RenameHeading(old, new):
                section = self._section(old)
                self.table.edit(section.title_start, section.title_end, new)
                return f"Renamed the heading {shown(old)} to {shown(new)}."

    def _insert(self, command: InsertText) -> str:
        for start, end in reversed(self._find(command.anchor, command.which)):
            self._read(start, end)
            at = end if command.side == "after" else start
            self.table.edit(at, at, command.text, sticks_right=command.side == "before")
        return f"Inserted {shown(command.text)} {command.side} {shown(command.anchor)} in {self.name}."

    def _append(self, text: str, *, at_start: bool) -> str:
        now = self.table.text
        if at_start:
            self.table.edit(0, 0, f"{text}\n", sticks_right=True)
        else:
            self.table.edit(len(now), len(now), f"{text}\n" if not now or now.endswith("\n") else f"\n{text}")
        return f"Added {shown(text)} to {self.name}."

    def _order(self, command: OrderList) -> str:
        start, end = 0, len(self.table.text)
        if command.section is not None:
            section = self._section(command.section)
            start, end = section.body, section.end
        elif self.window is not None:
            start, end = self.window
        found = find_list(self.table.text, start, end)
        if found is None:
            raise CannotDo("not_found", f"There is no list there in {self.name}.", "Name the heading above the list.")
        items = list(found.items)
        if command.dedupe:
            items = list({item_text(item).casefold(): item for item in reversed(items)}.values())[::-1]
        else:
            items.sort(key=lambda item: item_text(item).casefold(), reverse=command.reverse)
        assert len(items) <= len(found.items), "to order a list makes no items"
        self._rewrite(found.start, found.end, "\n".join(items))
        return f"{'Dropped repeated items from' if command.dedupe else 'Sorted'} the list in {self.name}."

    # ------------------------------------------------------------ finding places

    def _find(self, words: str, which: Which) -> list[tuple[int, int]]:
        """Return where `words` stand: once, or the occurrences that were asked for."""
        text = self.table.text
        low, high = self.window or (0, len(text))
        if not words:
            raise CannotDo("not_found", "The text to look for is empty.", "Quote the words as they stand.")
        pattern = r"(?:\r\n?|\n)".join(map(re.escape, _LINE_END.split(words)))
        found = [(m.start(), m.end()) for m in re.finditer(pattern, text) if low <= m.start() and m.end() <= high]
        if not found:
            # As it is written goes first: without regard to case only where that finds nothing.
            hits = re.finditer(pattern, text, re.I)
            found = [(m.start(), m.end()) for m in hits if low <= m.start() and m.end() <= high]
        if not found:
            where = f"your selection in {self.name}" if self.window is not None else self.name
            raise CannotDo("not_found", f"{shown(words)} does not stand in {where}.", "Quote the words as they stand.")
        assert found, "words that do not stand there were refused above"
        if which == "all":
            return found
        if which == "only":
            if len(found) > 1:
                lines = ", ".join(str(text.count("\n", 0, start) + 1) for start, _ in found[:5])
                reason = f"{shown(words)} stands {len(found)} times in {self.name} (lines {lines})."
                raise CannotDo("ambiguous", reason, 'Say "the first", "the last" or "all", or quote more of it.')
            return found
        assert which in ORDINALS, "only and all were answered above"
        index = ORDINALS[which]
        if index >= len(found):
            raise CannotDo("not_found", f"{shown(words)} stands only {len(found)} times in {self.name}.")
        return [found[index]]

    def _lines(self, first: int, last: int) -> tuple[int, int]:
        lines = self.table.text.splitlines(keepends=True)
        if not 1 <= first <= last <= len(lines):
            raise CannotDo("not_found", f"{self.name} has {len(lines)} lines.", f"Name lines from 1 to {len(lines)}.")
        start = sum(map(len, lines[: first - 1]))
        assert start < len(self.table.text), "a line that there is begins inside the text"
        return start, start + sum(map(len, lines[first - 1 : last]))

    def _section(self, name: str) -> Section:
        found = find_sections(self.table.text, name)
        if len(found) == 1:
            return found[0]
        titles = ", ".join(shown(section.title) for section in sections_of(self.table.text)[:8]) or "none"
        if not found:
            raise CannotDo("not_found", f"{self.name} has no section {shown(name)}.", f"Its sections: {titles}.")
        raise CannotDo(
            "ambiguous",
            f"{self.name} has {len(found)} sections {shown(name)}.",
            "Rename one, or name it by its number.",
        )

    def _body(self, section: Section) -> tuple[int, int]:
        """Return the body without the blank lines around it, so that they stay as they are."""
        body = self.table.text[section.body : section.end]
        lead = len(body) - len(body.lstrip("\n"))
        if lead == len(body):
            return section.body, section.body
        return section.body + lead, section.body + len(body.rstrip("\n"))

    def _starts_line(self, point: int) -> bool:
        return point == 0 or self.table.text[point - 1] == "\n"

    def _case_span(self, section: str | None) -> tuple[int, int]:
        if section is not None:
            return self._body(self._section(section))
        return self.window or (0, len(self.table.text))

    def _rewrite(self, start: int, end: int, words: str) -> None:
        if self.table.text[start:end] == words:
            self._read(start, end)
        else:
            self.table.edit(start, end, words if start < end or self._starts_line(start) else f"\n{words}")

    def _read(self, start: int, end: int) -> None:
        """Depend on a stretch: if it changes before the commit, the plan is made again."""
        assert start <= end, "a stretch has its start in front"
        origin = self.table.origin(start, end)
        if origin is not None and origin[1] > origin[0]:
            self.reads.add(origin)


def change_case(text: str, case: Case) -> str:
    """Return a text in another case; title case starts every word with a capital and leaves the rest."""
    match case:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case "title":
            return _WORD.sub(lambda word: word.group()[:1].upper() + word.group()[1:].lower(), text)


def shown(words: str) -> str:
    """Return words in quotes, shortened for a sentence."""
    line = " ".join(words.split())
    return f"“{line if len(line) <= SHOWN_POINTS else line[: SHOWN_POINTS - 1] + '…'}”"
