"""Whatever people and the agent have done since: what an undo leaves is explained by keeping and removing whole edits.

Where it is not, nothing happens before somebody has said yes to just that (`tests/workspace/workers/undo_model.py`).
"""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.document import Document
from crdt.documents.paths import anchor_item, find_list, read_path, set_path
from crdt.documents.ruler import EMBED
from crdt.operations.ops import Delete, Insert, ListAdd, ListRemove, Op, Replace, hash_of_value
from tests.support.examples import examples
from tests.support.oracle import Oracle, stock_yjs
from tests.workspace.intents.driver import Driver
from tests.workspace.workers.undo_model import Told, letters, signs, words_of
from workspace.history.log_reads import LogReads
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Proposed
from workspace.intents.model.plan import Asked, Planned, PlanRefused, Proposal
from workspace.workers.undo_planner import UndoPlanner

EXAMPLES = examples(150)
FIRST_EMBED = 0xA490
PEOPLE = ("Ana", "Ben", "Chen")
READS = re.compile(r"Then it reads “(.*?)” in plan", re.DOTALL)


@dataclass
class Story:
    """One workspace, one text, and the model of what was done to it."""

    chance: random.Random
    driver: Driver = field(default_factory=Driver)
    embeds: int = 0

    def __post_init__(self) -> None:
        self.letters, self.signs = letters(), signs()
        # As a server of today writes: documents hold more than words.
        self.driver.handle(Configured("Owner", ConfigBody(versions={"documents": "2"})))
        first = "".join(self.word() + next(self.signs) for _ in range(5))
        self.driver.type("Ana", "plan", lambda document: self.written_anew(document, first))
        self.driver.wait(0.4)
        self.told = Told([first])

    @staticmethod
    def written_anew(document: Document, words: str) -> None:
        document.delete_text(0, len(document.text()))
        document.insert_text(0, words)

    def word(self) -> str:
        return "".join(next(self.letters) for _ in range(self.chance.randint(1, 3)))

    def words(self) -> str:
        parts = [self.word()]
        while self.chance.random() < 0.4:
            parts += [next(self.signs), self.word()]
        return "".join(parts)

    def row(self, document: Document | None = None) -> str:
        """Return the text with each embed as a character of its own."""
        document = document or self.driver.sequencer.fold.documents["plan"]
        if document.is_plain:
            return document.text()
        stretches = document.ruler().between(0, len(document.text()))
        return "".join(chr(FIRST_EMBED + int(s.value["n"])) if s.is_embed else s.text for s in stretches)  # type: ignore[index,call-overload]

    def span(self) -> tuple[int, int]:
        """Return some words of the text, mostly whole ones."""
        row = self.told.now
        if not row:
            return 0, 0
        if self.chance.random() < 0.3:
            start = self.chance.randrange(len(row))
            return start, min(len(row), start + self.chance.randint(1, 4))
        words = words_of(row)
        first = self.chance.randrange(len(words))
        return words[first][0], words[min(len(words) - 1, first + self.chance.choice((0, 0, 0, 1, 2, 4)))][1]

    # ------------------------------------------------------------ hands

    def type(self) -> None:
        """Let somebody edit by hand: words in, out, others in their place, an embed, marks."""
        actor, (start, end), size = self.chance.choice(PEOPLE), self.span(), len(self.told.now)
        words, at = self.words(), self.chance.randint(0, size)
        kind = self.chance.choice(("in", "in", "out", "anew", "anew", "embed", "marks"))

        def change(document: Document) -> None:
            match kind:
                case "in":
                    document.insert_text(at, words)
                case "out":
                    document.delete_text(start, end)
                case "anew":
                    document.delete_text(start, end)
                    document.insert_text(start, words)
                case "embed":
                    document.insert_embed(at, {"n": self.embeds})
                case "marks" if end > start and document.text():
                    first, last = len(document.text()[:start].encode()), len(document.text()[:end].encode())
                    if EMBED not in document.text():
                        document.text_root.format(first, last, {"bold": True})

        self.driver.type(actor, "plan", change)
        self.embeds += kind == "embed"
        self.driver.wait(3.0)
        self.told.edit(self.row())

    # ------------------------------------------------------------ the agent

    def order(self) -> None:
        """Let the agent carry out one or two operations for somebody."""
        intent = self.driver.ask(self.chance.choice(PEOPLE), "do it")
        image = self.driver.tasks[intent].snapshot.documents["plan"]
        document = Document("text", client=6, updates=(image.state,))
        spans = sorted({self.span() for _ in range(self.chance.choice((1, 1, 2)))})
        if len(spans) == 2 and spans[0][1] >= spans[1][0]:
            spans = spans[:1]
        ops = [op for start, end in spans for op in self.operations(document, start, end)]
        self.driver.plan(intent, ops)
        self.driver.wait(0.4)
        assert self.driver.state(intent) == "done", self.driver.verdict(intent)
        self.told.edit(self.row(), self.driver.verdict(intent).commit)

    def operations(self, document: Document, start: int, end: int) -> list[Op]:
        kind = self.chance.choice(("insert", "delete", "replace", "replace", "replace"))
        if kind == "insert" or start == end:
            (anchor,) = place_anchors(document, [(start, self.chance.choice((0, -1)))])
            return [Insert("plan", anchor.encode(), self.words())]
        place, old = place_range(document, start, end), document.text()[start:end]
        where = ("plan", place.start.encode(), place.end.encode(), digest_text(old))
        new = self.rewritten(old) if kind == "replace" else ""
        if new == old:
            return []
        return [Replace(*where, new)] if kind == "replace" else [Delete(*where)]

    def rewritten(self, old: str) -> str:
        """Return words in which some of the old ones stand, others do not; what is embedded stays.

        Signs part new words from old ones: a word that has grown is another word, written anew as a whole.
        """
        parts = []
        for start, end in words_of(old):
            kept = old[start:end] == EMBED or self.chance.random() < 0.3
            new = next(self.signs) + self.words() + next(self.signs)
            parts.append(old[start:end] if kept else new if self.chance.random() < 0.7 else "")
        return "".join(parts)

    # ------------------------------------------------------------ taking back

    def undo(self) -> None:
        """Take some commit back, and look whether what is left is explained; sometimes say no."""
        if not self.told.deeds:
            return
        commit = self.chance.choice(list(self.told.deeds)[-6:])
        intent = self.driver.ask(self.chance.choice(PEOPLE), "", kind="undo", refs=(commit,), role="owner")
        proposal = self.propose(intent)
        if isinstance(proposal, Asked):
            self.answered(intent, commit, proposal)
            return
        if isinstance(proposal, PlanRefused):
            self.refused(commit, proposal)
        else:
            self.done(intent, commit, is_asked=False)

    def propose(self, intent: str) -> Proposal:
        task = self.driver.tasks.pop(intent)

        async def planned() -> Proposal:
            return await UndoPlanner(LogReads(await self.driver.stored()), "w").plan(task)

        proposal = asyncio.run(planned())
        self.driver.handle(Proposed(intent, task.attempt, proposal))
        self.driver.wait(0.4)
        return proposal

    def refused(self, commit: str, proposal: PlanRefused) -> None:
        assert proposal.code == "nothing_to_undo", proposal
        assert self.row() == self.told.now
        assert not self.told.is_due(commit), f"nobody has touched it, and it is not taken back: {proposal.reason}"

    def answered(self, intent: str, commit: str, asked: Asked) -> None:
        before = self.row()
        assert before == self.told.now, "nothing is done before somebody has said so"
        value = self.chance.choice(("yes", "yes", "no"))
        actor = self.driver.sequencer.fold.board.entries[intent].actor
        self.driver.ask(actor, "", kind="answer", refs=(self.driver.question,), value=value, role="owner")
        again = self.propose(intent)
        if value == "no":
            assert isinstance(again, PlanRefused)
            assert again.code == "not_wanted"
            assert self.row() == before
            return
        assert isinstance(again, Planned), "a yes to what was shown is enough"
        if "which has been taken back" in asked.question:
            self.told.revived(commit, self.row())
        self.done(intent, commit, is_asked=True)
        announced = READS.search(asked.question)
        if announced:
            text = self.driver.text()
            assert announced[1].strip("…") in text, f"another text was announced: {asked.question}"

    def done(self, intent: str, commit: str, *, is_asked: bool) -> None:
        verdict, row = self.driver.verdict(intent), self.row()
        assert verdict.state == "done", verdict
        toggled = self.told.explained(commit, row, is_asked=is_asked)
        assert toggled is not None, f"{commit} was taken back from {self.told.now!r}: {row!r} is a blend"
        self.told.taken_back(commit, row, verdict.commit, toggled, is_asked=is_asked)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.chance.choice((self.type, self.order, self.order, self.undo))()
        self.undo()


class ListStory(Story):
    """The same with a list of values, each one of a kind."""

    def __post_init__(self) -> None:
        self.letters = letters()
        first = [next(self.letters) for _ in range(5)]
        self.driver.type("Ana", "budget", lambda document: set_path(document, ("who",), list(first)))
        self.driver.wait(3.0)
        self.told = Told(["".join(first)])

    def row(self, document: Document | None = None) -> str:
        document = document or self.driver.sequencer.fold.documents["budget"]
        items = read_path(document, ("who",))
        assert isinstance(items, list)
        return "".join(map(str, items))

    def type(self) -> None:
        size, letter = len(self.told.now), next(self.letters)
        at, is_out = self.chance.randint(0, size), self.chance.random() < 0.4

        def change(document: Document) -> None:
            array = find_list(document, ("who",))
            assert array is not None
            if is_out and at < size:
                del array[at]
            else:
                array.insert(at, letter)

        self.driver.type(self.chance.choice(PEOPLE), "budget", change)
        self.driver.wait(3.0)
        self.told.edit(self.row())

    def order(self) -> None:
        intent = self.driver.ask(self.chance.choice(PEOPLE), "do it")
        document = Document("data", client=6, updates=(self.driver.tasks[intent].snapshot.documents["budget"].state,))
        size = len(self.told.now)
        places = self.chance.sample(range(size), min(size, self.chance.choice((1, 1, 2))))
        if len(places) == 2 and abs(places[0] - places[1]) < 3:
            places.pop()
        ops = [self.operation(document, at) for at in places] or [ListAdd("budget", ("who",), next(self.letters))]
        self.driver.plan(intent, ops)
        self.driver.wait(0.4)
        self.told.edit(self.row(), self.driver.verdict(intent).commit)

    def operation(self, document: Document, at: int) -> Op:
        anchor = anchor_item(document, ("who",), at)
        assert anchor is not None
        if self.chance.random() < 0.5:
            return ListAdd("budget", ("who",), next(self.letters), anchor)
        return ListRemove("budget", ("who",), anchor, hash_of_value(document, ("who", at)))


def run(seed: int, steps: int, kind: type[Story] = Story) -> Story:
    story = kind(random.Random(seed))
    story.run(steps)
    return story


@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(2, 12))
@example(seed=254207, steps=9)  # an undo taken back once more, while another undo of the same had been taken back
@example(seed=139, steps=19)  # words were typed into a copy that an undo had put back, and both came back
@example(seed=528, steps=16)  # an undo put back a part of what was written, another one the rest
@example(seed=554, steps=14)  # people said yes, and what stood alone by that had been taken out
def test_an_undo_never_blends(seed: int, steps: int) -> None:
    run(seed, steps)


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(2, 14))
@example(seed=2922, steps=9)  # two items come back to one place, the later one was removed first
def test_items_come_back_and_go_in_their_order(seed: int, steps: int) -> None:
    run(seed, steps, ListStory)


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    with stock_yjs() as oracle:
        yield oracle


def test_stock_yjs_reads_the_same(oracle: Oracle) -> None:
    for seed in range(20):
        story = run(seed, 8)
        updates = [row.update for row in story.driver.journal if row.doc == "plan"]
        said = [words if words is not None else EMBED for words, _ in oracle.look("text", updates)["value"]]
        assert "".join(said) == story.driver.text()
