"""Documents as a model reads them: numbered lines, outlines, search hits. Quoted data, never instructions.

Every line of a document begins with its number and a bar, so that no text can close the quotation it stands in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.editing.markdown import sections_of
from crdt.digest import Json
from crdt.documents.paths import Path

HEADINGS_MAX = 80
LINE_POINTS_MAX = 2_000
HIT_POINTS_MAX = 240
DEPTH_MAX = 16


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their line ends; only `\\n` ends a line."""
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] or not lines else lines


def numbered(
    name: str, lines: Sequence[str], first: int, last: int, *, writers: Sequence[str], points_max: int
) -> tuple[str, int]:
    """Return lines `first` to `last` as a quotation, and the last line that found room."""
    assert first >= 1, "lines are counted from 1"
    assert last <= max(1, len(lines)), "lines that there are"
    rows: list[str] = []
    points = 0
    for at in range(first, last + 1):
        line = lines[at - 1].rstrip("\n").replace("\r", "␍") if lines else ""
        shown = line if len(line) <= LINE_POINTS_MAX else f"{line[:LINE_POINTS_MAX]}… ({len(line)} characters)"
        points += len(shown)
        if rows and points > points_max:
            last = at - 1
            break
        rows.append(f"{at}| {shown}")
    by = f' written_by="{_attribute(", ".join(writers))}"' if writers else ""
    assert rows or last < first, "at least one line finds room, whatever its length"
    head = f'<document name="{_attribute(name)}" lines="{first}-{last}" of="{len(lines)}"{by}>'
    return "\n".join([head, *rows, "</document>"]), last


def outline(name: str, lines: Sequence[str]) -> str:
    """Return the headings of a long text with their line numbers."""
    text = "".join(lines)
    sections = sections_of(text)
    rows, at, line = [], 0, 1
    for section in sections[:HEADINGS_MAX]:
        line += text.count("\n", at, section.start)
        at = section.start
        assert line <= len(lines), "a heading stands on a line"
        rows.append(f"{line}| {'#' * section.level} {section.title[:120]}")
    more = f"\n… {len(sections) - HEADINGS_MAX} more headings" if len(sections) > HEADINGS_MAX else ""
    head = f'<outline name="{_attribute(name)}" of="{len(lines)}">'
    listed = "\n".join(rows) or "(no headings)"
    return f"{head}\n{listed}{more}\n</outline>\nThe text is long: use search, or view with a range of lines."


@dataclass(frozen=True, slots=True)
class Hit:
    """A line in which words were found; `start` and `end` are code points of the line's text."""

    line: int
    start: int
    end: int
    words: str


def search_text(text: str, query: str, room: int) -> list[Hit]:
    """Return at most `room` lines that hold the words, without regard to case; the query's own lines if it has many."""
    assert room > 0, "room for a hit"
    wanted = query.casefold().strip()
    found: list[Hit] = []
    at = 0
    for number, line in enumerate(text.split("\n"), 1):
        if wanted and wanted in line.casefold():
            shown = line if len(line) <= HIT_POINTS_MAX else _around(line, wanted)
            found.append(Hit(number, at, at + len(line), shown))
            if len(found) == room:
                break
        at += len(line) + 1
    return found


def _around(line: str, wanted: str) -> str:
    start = max(0, line.casefold().find(wanted) - HIT_POINTS_MAX // 3)
    return f"…{line[start : start + HIT_POINTS_MAX]}…"


def search_value(value: Json, query: str, room: int) -> list[tuple[Path, Json]]:
    """Return at most `room` paths whose key or value holds the words, without regard to case."""
    wanted = query.casefold().strip()
    found: list[tuple[Path, Json]] = []
    for path, leaf in _leaves(value, ()):
        if len(found) == room:
            break
        if wanted and (wanted in str(leaf).casefold() or any(wanted in str(key).casefold() for key in path)):
            found.append((path, leaf))
    return found


def _leaves(value: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, dict) and value and len(path) < DEPTH_MAX:
        for key, child in value.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(value, list) and value and len(path) < DEPTH_MAX:
        for at, child in enumerate(value):
            yield from _leaves(child, (*path, at))
    else:
        yield path, value


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
