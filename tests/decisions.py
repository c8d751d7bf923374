"""The index of the decisions, made from their files: `python -m tests.decisions` writes docs/decisions/README.md.

A decision is a file `NNNN-short-name.md`: a heading with number and title, then status, area and date, then the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "docs" / "decisions"
INDEX = FOLDER / "README.md"
AREAS = ("crdt", "kernel", "room", "store", "agent", "page", "tests")
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>[^\n]+)\n\n"
    r"- Status: (?P<status>[^\n]+)\n- Area: (?P<area>[^\n]+)\n- Date: (?P<date>\d{4}-\d\d-\d\d)\n\n(?P<text>\S.*)",
    re.S,
)
STATUS = re.compile(r"accepted|(?:amended|replaced) by (?:\[\d+\]\(\d{4}-[a-z0-9-]+\.md\)(?:, )?)+")
INTRODUCTION = """# Decisions

Each file is one choice that costs something: the situation, what was chosen, what was refused, the price. A decision is
not rewritten when it is overtaken: its status says by which. Made by `make decisions`.

| | title | status | area | date |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision's file, as far as the index tells of it."""

    file: str
    number: int
    title: str
    status: str
    area: str
    date: str


def read(path: Path) -> Decision:
    """Return what a decision's file says of itself.

    Raises:
        ValueError: its head is not in the form of a decision.
    """
    head = HEAD.fullmatch(path.read_text())
    if head is None:
        raise ValueError(f"{path.name} does not begin as a decision does")
    return Decision(path.name, int(head["number"]), head["title"], head["status"], head["area"], head["date"])


def decisions() -> list[Decision]:
    """Return all decisions by number."""
    return [read(path) for path in sorted(FOLDER.glob("[0-9]*.md"))]


def index(found: list[Decision]) -> str:
    """Return the text of the index."""
    rows = [f"| [{one.number}]({one.file}) | {one.title} | {one.status} | {one.area} | {one.date} |\n" for one in found]
    return INTRODUCTION + "".join(rows)


if __name__ == "__main__":
    INDEX.write_text(index(decisions()))
