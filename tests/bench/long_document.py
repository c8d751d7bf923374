"""Tokens of a plan against the length of the document: a long text is read by outline, search and ranges.

    python -m tests.bench.long_document

One instruction on documents of 1 to 400 pages (3,000 characters each), planned by the model planner over sockets. The
scripted model does what the prompt asks of any model: look, search, read around the hit, edit, finish.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

from agent.scripted.scenario import ReplyScript, ToolCall, words_of
from crdt.documents.document import Document
from crdt.operations.fork import run
from tests.support.model import scripted_model
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.plan import Image, Planned, Snapshot, Task

PAGES = (1, 3, 10, 30, 100, 200, 400)
PAGE_POINTS = 3_000
SENTENCE = "The hall is heated in winter and the doors are kept by whoever comes first. "
FEE, NEW_FEE = "The parking fee is 4 euro a day.", "The parking fee is 5 euro a day."


def make_text(pages: int) -> str:
    """Return a text of about so many pages, in chapters, with the one sentence that matters near its end."""
    chapters = []
    for page in range(pages):
        lines = [f"Paragraph {page}.{at}. {SENTENCE * 3}".strip() for at in range(PAGE_POINTS // 250)]
        chapters.append(f"## Chapter {page + 1}\n\n" + "\n\n".join(lines))
    chapters.insert(max(0, pages - 1), f"## Parking\n\n{FEE}")
    return "\n\n".join(chapters) + "\n"


def read_and_edit(request: dict[str, Any]) -> ReplyScript:
    """Look, search, read around, edit, finish: as the prompt asks."""
    turn = sum(message["role"] == "assistant" for message in request["messages"]) + 1
    match turn:
        case 1:
            return ReplyScript(tools=(ToolCall("view", {"document": "handbook"}),))
        case 2:
            return ReplyScript(tools=(ToolCall("search", {"query": "parking fee", "document": "handbook"}),))
        case 3:
            found = re.search(r"handbook:(\d+)\|", words_of(request["messages"][-1:]))
            assert found is not None, "the search finds it"
            line = int(found[1])
            return ReplyScript(
                tools=(ToolCall("view", {"document": "handbook", "range": [max(1, line - 5), line + 5]}),)
            )
        case 4:
            edit = {"document": "handbook", "old_str": FEE, "new_str": NEW_FEE}
            return ReplyScript(tools=(ToolCall("str_replace", edit),))
        case _:
            return ReplyScript(tools=(ToolCall("finish", {"summary": "Raised the parking fee."}),))


@dataclass(frozen=True)
class Point:
    """One document: its length, and what one plan on it took."""

    pages: int
    points: int
    tokens: int
    fresh: int
    largest: int
    seconds: float


async def measure(pages: int) -> Point:
    """Return what one plan takes on a document of so many pages."""
    text = make_text(pages)
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, text)
    snapshot = Snapshot(1, {"handbook": Image("text", document.encode())})
    task = Task("w", "i1", "ana", "editor", "Raise the parking fee to 5 euro", None, snapshot)
    async with scripted_model(answerer=read_and_edit) as model:
        planner, context = model.planner(), FakePlanContext()
        await planner._gateway.warm()
        began = time.monotonic()
        proposal = await planner.plan(task, context)
        seconds = time.monotonic() - began
        await planner.close()
        largest = max(len(words_of(call["messages"])) for call in model.scripted.calls)
    assert isinstance(proposal, Planned)
    ran = run({"handbook": document}, proposal.ops, proposal.reads, client=99)
    assert ran.documents["handbook"].text() == text.replace(FEE, NEW_FEE)
    used = [closed.usage for closed in context.closed]
    tokens = sum(usage.read + usage.cache_read + usage.written for usage in used)
    return Point(pages, len(text), tokens, sum(usage.read + usage.written for usage in used), largest, seconds)


def main() -> None:
    """Measure and print the curve."""
    print(f"`python -m tests.bench.long_document` · {time.strftime('%Y-%m-%d')}\n")
    print("| pages | characters | tokens of the plan | of them not cached | a whole push would be, per turn |")
    print("|---|---|---|---|---|")
    for pages in PAGES:
        point = asyncio.run(measure(pages))
        print(f"| {point.pages} | {point.points:,} | {point.tokens:,} | {point.fresh:,} | {point.points // 4:,} |")


if __name__ == "__main__":
    main()
