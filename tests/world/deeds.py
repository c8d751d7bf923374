"""What people of the world ask for: small deeds whose right outcome is known without the server.

A deed is the JSON text of an intent. `carry_out` says what it must do to plain values; `Agent` plans it as a planner
would. The monitor knows only the first.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any, Literal

import msgspec

from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.document import Document
from crdt.operations.item_readings import Reading
from crdt.operations.ops import Delete, Increment, Insert, Op, Replace, SetValue, hash_of_value
from tests.world.post import effect_of
from workspace.errors import PlannerFault
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.oracle import Item, Judgement, JudgeTask, Merged, MergeTask
from workspace.intents.model.plan import Asked, Image, Option, Planned, PlanRefused, Proposal, Task
from workspace.ports import PlanContext

Name = Literal["set", "add", "derive", "rewrite", "remove", "append", "ask", "refuse", "act"]
LINES, CELLS = "plan", "budget"
ENDLESS = 10_000.0


class Deed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wish. `key`, `of` are cells, `line` is a line's first word, `word` a new line; `goal` is `+x` or `-x`.

    `send` names the receiver that shall be told when it is done. `act` is what becomes of a document as a whole: `line`
    is then what its author calls it, `word` its new name.
    """

    name: Name
    key: str = ""
    value: int = 0
    of: str = ""
    line: str = ""
    word: str = ""
    goal: str = ""
    send: str = ""
    seconds: float = 1.0
    faults: int = 0
    act: str = ""

    def text(self) -> str:
        """Return the deed as the words of an intent."""
        return msgspec.json.encode(self).decode()


class State(msgspec.Struct):
    """The two documents as plain values."""

    cells: dict[str, int]
    lines: list[str]


def read_deeds(text: str) -> list[Deed]:
    """Return the deeds of an intent's words; a merged instruction has several."""
    if text.startswith("["):
        return msgspec.json.decode(text, type=list[Deed])
    return [msgspec.json.decode(text, type=Deed)]


def place_of(lines: list[str], line: str) -> int | None:
    """Return where the line stands that begins with this word, if it does."""
    return next((at for at, words in enumerate(lines) if words.split("+")[0] == line), None)


def carry_out(deed: Deed, state: State, planned: State) -> State | None:
    """Return what a deed planned on one state makes of another; None where it cannot be done.

    Marks that somebody has put behind a line since it was planned are not the deed's to take: they stay.
    """
    cells, lines = dict(state.cells), list(state.lines)
    match deed.name:
        case "set" | "ask":
            cells[deed.key] = deed.value
        case "add":
            cells[deed.key] = cells.get(deed.key, 0) + deed.value
        case "derive":
            cells[deed.key] = cells.get(deed.of, 0) + deed.value
        case "append":
            pass  # where its line lands among others at the end is the merge's choice: see the monitor
        case "act":
            pass  # nothing that is written: what becomes of documents is `papers`' to look at
        case "rewrite" | "remove":
            at, then = place_of(lines, deed.line), place_of(planned.lines, deed.line)
            if at is None or then is None:
                return None
            marks = lines[at].removeprefix(planned.lines[then])
            lines[at : at + 1] = [deed.word + marks] if deed.name == "rewrite" else []
        case _:
            return None
    return State(cells, lines)


def overwrites(deed: Deed) -> str:
    """Return the cell that a deed overwrites whatever stands there, or ""."""
    return deed.key if deed.name in ("set", "ask", "derive") else ""


def without_appended(state: State, deeds: list[Deed]) -> list[State]:
    """Return what a state may have been without the lines that these deeds appended; nothing where one is missing."""
    texts = ["\n".join(state.lines)]
    for deed in deeds:
        if deed.name == "append":
            line = f"{deed.word}\n"
            texts = [text[:at] + text[at + len(line) :] for text in texts for at in places_of(text, line)]
    return [State(state.cells, text.split("\n")) for text in texts]


def places_of(text: str, words: str) -> list[int]:
    """Return every place where these words stand."""
    return [at for at in range(len(text)) if text.startswith(words, at)]


def stays(deed: Deed, before: State, planned: State) -> bool:
    """Tell whether a deed finds its cell as it would leave it: then it writes nothing."""
    would = carry_out(deed, before, planned)
    return bool(deed.key) and would is not None and would.cells.get(deed.key) == before.cells.get(deed.key)


def is_done(deeds: list[Deed], before: State, after: State, planned: State, expected: State | None) -> bool:
    """Tell whether a state is what these deeds were to make; `expected` is None where their lines stand otherwise.

    Then somebody has joined a line to another since it was planned: its words are still the ones that change.
    """
    if expected is not None:
        return expected == after
    text = "\n".join(before.lines)
    for deed in deeds:
        at = place_of(planned.lines, deed.line) if deed.line and deed.name != "act" else None
        if at is not None:
            old = planned.lines[at] + ("\n" if deed.name == "remove" else "")
            places = [text[:one] + deed.word + text[one + len(old) :] for one in places_of(text, old)]
            if "\n".join(after.lines) in places:
                return True
            text = places[0] if places else text
    return text == "\n".join(after.lines)


def unmet(intent: dict[str, Any], now: State) -> list[dict[str, Any]]:
    """Return what an intent expects and is not so."""
    text = "\n".join(now.lines)
    return [
        expect
        for expect in intent.get("expects", ())
        if expect.get("equals") != (now.cells.get(expect["path"][0]) if expect.get("path") else text)
    ]


SERVED_SHARE = 0.75


class Agent:
    """A planner with known requests: slow, sometimes failing, sometimes asking. `workspace.ports.Planner`."""

    name = "world@1"

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._faults: dict[str, int] = {}

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        """Plan every deed of a task in order, on its snapshot."""
        # What joined it is carried out, too, or left to run by itself: the plan says which.
        served = [steer for steer in task.steers if self._chance.random() < SERVED_SHARE]
        deeds = [deed for text in (task.text, *(steer.text for steer in served)) for deed in read_deeds(text)]
        first = deeds[0]
        context.step("thinks")
        await asyncio.sleep(first.seconds * self._chance.uniform(0.5, 1.5))
        if self._faults.setdefault(task.intent, first.faults) > 0:
            self._faults[task.intent] -= 1
            raise PlannerFault("the model is away")
        if first.name == "ask" and not task.exchanges:
            options = (Option("yes", "Yes"), Option("no", "No"))
            return Asked(f"Really {first.key}?", options, planner=self.name)
        if any(deed.name == "refuse" for deed in deeds) or (task.exchanges and task.exchanges[-1].answer == "no"):
            return PlanRefused("not_now", "The agent will not.", planner=self.name)
        return _plan(task, deeds, tuple(steer.intent for steer in served))


def _plan(task: Task, deeds: list[Deed], serves: tuple[str, ...]) -> Proposal:
    """Return the operations of several deeds; the ones on text and those on cells do not meet."""
    images, names = task.snapshot.documents, {doc: name for name, doc in task.snapshot.names.items()}
    where = {doc: names.get(doc, doc) for doc in (CELLS, LINES)}
    cells = Document("data", client=8, updates=_states(images, where[CELLS]))
    text = Document("text", client=8, updates=_states(images, where[LINES]))
    ops: list[Op] = []
    reads: list[Reading] = []
    seen: set[str] = set()
    for deed in (deed for deed in deeds if deed.name != "act"):
        if where[CELLS if deed.key else LINES] not in images:
            return PlanRefused("not_found", "That document is not there.", planner=Agent.name)
        part = _cell_op(deed, cells, reads) if deed.key else _line_op(deed, text)
        place = deed.key or f"line {deed.line}"
        if part is None or deed.of in seen or (place in seen and not _is_relative(deed)):
            return PlanRefused("not_found", f"There is no line {deed.line}.", planner=Agent.name)
        seen.add(place)
        ops.append(msgspec.structs.replace(part, doc=where[part.doc]))
    reads = [msgspec.structs.replace(one, doc=where[one.doc]) for one in reads]
    acts = tuple(DocumentAct(deed.act, deed.line, deed.word) for deed in deeds if deed.name == "act")  # type: ignore[arg-type]
    told = [deed for deed in deeds if deed.send]
    effects = tuple(effect_of(i, deed.send, deed.text()) for i, deed in enumerate(told))
    return Planned(
        tuple(ops),
        tuple(reads),
        summary=f"{deeds[0].name}",
        effects=effects,
        planner=Agent.name,
        serves=serves,
        acts=acts,
    )


def _states(images: dict[str, Image], name: str) -> tuple[bytes, ...]:
    """Return what a document holds; nothing of one that was put away."""
    return (images[name].state,) if name in images else ()


def _is_relative(deed: Deed) -> bool:
    return deed.name in ("add", "append")


def _cell_op(deed: Deed, cells: Document, reads: list[Reading]) -> Op:
    if deed.name == "add":
        return Increment(CELLS, (deed.key,), deed.value)
    value = deed.value
    if deed.name == "derive":
        reads.append(Reading(CELLS, hash_of_value(cells, (deed.of,)), path=(deed.of,)))
        found = cells.value()
        value += found.get(deed.of, 0) if isinstance(found, dict) else 0
    return SetValue(CELLS, (deed.key,), value, hash_of_value(cells, (deed.key,)))


def _line_op(deed: Deed, text: Document) -> Op | None:
    words = text.text()
    if deed.name == "append":
        (anchor,) = place_anchors(text, [(len(words), -1)])
        return Insert(LINES, anchor.encode(), f"{deed.word}\n")
    lines = words.split("\n")
    at = place_of(lines, deed.line)
    if at is None:
        return None
    start = sum(len(line) + 1 for line in lines[:at])
    end = start + len(lines[at]) + (deed.name == "remove")
    place = place_range(text, start, end)
    from_, to, old = place.start.encode(), place.end.encode(), digest_text(words[start:end])
    if deed.name == "remove":
        return Delete(LINES, from_, to, old)
    return Replace(LINES, from_, to, old, deed.word)


class Referee:
    """A judge that finds opposite goals, in its own time; sometimes it fails. `workspace.ports.Judge`."""

    name = "referee@1"

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def quick(self, one: Item, other: Item) -> Judgement | None:
        """Know at once that deeds without goals do not oppose each other."""
        goals = [goal_of(item.text) for item in (one, other)]
        return Judgement((one.intent, other.intent), "compatible") if "" in goals else None

    async def judge(self, task: JudgeTask, context: PlanContext) -> tuple[Judgement, ...]:
        """Compare the goals of every pair."""
        await asyncio.sleep(self._chance.uniform(0.01, 3.0))
        if self._chance.random() < 0.1:
            raise PlannerFault("the judge is away")
        words = {item.intent: item.text for item in task.items}
        return tuple(
            Judgement(pair, "contradict" if do_oppose(words[pair[0]], words[pair[1]]) else "compatible")
            for pair in task.pairs
        )

    async def merge(self, task: MergeTask, context: PlanContext) -> Merged:
        """Put deeds on different places together; there is no middle between two on one place."""
        await asyncio.sleep(self._chance.uniform(0.01, 2.0))
        group = tuple(item.intent for item in task.items)
        deeds = [deed for item in task.items for deed in read_deeds(item.text)]
        places = {f"{deed.key} {deed.line}" for deed in deeds}
        names = {deed.name for deed in deeds}
        first = deeds[0]
        if names == {"rewrite"} and len(places) == 1:
            word = "a" + "x".join(deed.word[1:] for deed in deeds)
            return Merged(group, msgspec.structs.replace(first, word=word).text())
        if names == {"set"} and len(places) == 1:
            return Merged(group, msgspec.structs.replace(first, value=max(deed.value for deed in deeds)).text())
        return Merged(group, "", reason="There is no middle.")


def goal_of(text: str) -> str:
    """Return the goal that an intent's words state, or ""."""
    return read_deeds(text)[0].goal


def do_oppose(one: str, other: str) -> bool:
    """Tell whether two intents' goals exclude each other."""
    a, b = goal_of(one), goal_of(other)
    return bool(a and b) and a[0] != b[0] and a[1:] == b[1:]
