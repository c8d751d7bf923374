"""The two walks of ARCHITECTURE.md are walked: a keystroke and an instruction, in a real server, every call recorded.

A hop is a function that the table names. Each must be in the code; each must be called, in the order of the table; and
of `A → B` B must be called by A, however deep. Between rows there may be a queue, a thread, the network.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import running_server
from tests.support.until import until
from tests.test_house import NAMES, ROOT, tree_of
from workspace.client import connect
from workspace.client.document import connect_document
from workspace.store.address import store_of

PAGE = (ROOT / "ARCHITECTURE.md").read_text()
KEYSTROKE, INSTRUCTION = "A keystroke", "An instruction"
PORTS = "workspace/ports.py"


@dataclass(frozen=True)
class Hop:
    """A function that a walk names: by which names the interpreter may know it, and whether the hop before calls it."""

    name: str
    known: frozenset[tuple[str, str]]  # the qualified name and the file
    is_within: bool


# ---------------------------------------------------------------- the table, and where its names stand in the code


@functools.cache
def definitions() -> dict[str, list[tuple[str, str]]]:
    """Return where each function and method of the house stands, by its last name: qualified name and file."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in NAMES:
        for node in tree_of(name).body:
            own = node.body if isinstance(node, ast.ClassDef) else [node]
            inside = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for one in own:
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.setdefault(one.name, []).append((f"{inside}{one.name}", name))
    return found


def resolve(name: str, before: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return where a name of a walk stands; a bare name is of the class or the module of the hop before it.

    A port stands for everything that has its method.
    """
    *_, where, what = ["", *name.split("/")[-1].split(".")]
    there = definitions().get(what, [])
    if where and where[0].isupper():
        own = {one for one in there if one[0] == f"{where}.{what}"}
        if own and all(file == PORTS for _, file in own):
            return frozenset(one for one in there if "." in one[0] and one[1] != PORTS)
        return frozenset(own)
    if where:
        folder = name.rpartition("/")[0]
        return frozenset(
            one for one in there if one[0] == what and Path(one[1]).stem == where and folder in str(Path(one[1]).parent)
        )
    classes = {(qualified.rpartition(".")[0], file) for qualified, file in before}
    mates = {one for one in there if (one[0].rpartition(".")[0], one[1]) in classes}
    mates = mates or {one for one in there if one[0] == what and one[1] in {file for _, file in before}}
    return frozenset(mates or {one for one in there if one[0] == what})


def rows_of(page: str, walk: str) -> list[list[Hop]]:
    """Return the rows of a walk, each with its hops."""
    text = page[page.index(f"### {walk}") :]
    table = text[text.index("|---|---|---|\n") + len("|---|---|---|\n") :].split("\n\n")[0]
    found: list[list[Hop]] = []
    for at, line in enumerate(table.splitlines(), 1):
        number, cell = line.split("|")[1:3]
        assert int(number) == at, "rows are counted"
        row, known, end = list[Hop](), frozenset[tuple[str, str]](), 0
        for match in re.finditer(r"`([\w./]+)(?:\([^`]*\))?`", cell):
            known = resolve(match[1], known)
            row.append(Hop(match[1], known, "→" in cell[end : match.start()]))
            end = match.end()
        assert row, f"row {at} names a function"
        found.append(row)
    return found


def unknown(page: str) -> list[str]:
    """Return what the walks name and is not in the code."""
    hops = [hop for walk in (KEYSTROKE, INSTRUCTION) for row in rows_of(page, walk) for hop in row]
    walks = page.split("## Two walks", 1)[1].split("\n## ", 1)[0]
    more = [Hop(name, resolve(name, frozenset()), False) for name in re.findall(r"`([\w/]*\w\.[a-z_]\w+)`", walks)]
    return [
        hop.name for hop in (*hops, *more) if not hop.known and not hop.name.endswith(".py") and not is_field(hop.name)
    ]


def is_field(name: str) -> bool:
    """Tell whether a name is a field of a class: what is called there is no function of it."""
    where, _, what = name.partition(".")
    classes = [node for name in NAMES for node in tree_of(name).body if isinstance(node, ast.ClassDef)]
    targets = [
        one for node in classes if node.name == where for one in ast.walk(node) if isinstance(one, ast.AnnAssign)
    ]
    return what in {ast.unparse(one.target).removeprefix("self.") for one in targets}


# ---------------------------------------------------------------- the recording


@dataclass
class Call:
    """A call: its function, the call that it was made in, and its place among all; -1 before there was a recording."""

    function: tuple[str, str]
    inside: Call | None
    place: int


@dataclass
class Recording:
    """All calls of the house's functions, in the order in which they began, in all threads that it was told to."""

    calls: list[Call] = field(default_factory=list)
    is_on: bool = False
    _stacks: dict[int, list[Call]] = field(default_factory=dict)

    def look(self, frame: FrameType, event: str, _: Any) -> None:
        """Take what the interpreter tells of a call or a return."""
        if event not in ("call", "return"):
            return
        file = frame.f_code.co_filename
        if not file.startswith(f"{ROOT}/"):
            return
        stack = self._stacks.setdefault(threading.get_ident(), [])
        if event == "return":
            if stack:
                stack.pop()
            return
        call = Call(
            (frame.f_code.co_qualname, file.removeprefix(f"{ROOT}/")),
            stack[-1] if stack else None,
            len(self.calls) if self.is_on else -1,
        )
        stack.append(call)
        if self.is_on:
            self.calls.append(call)


@contextmanager
def recorded() -> Iterator[Recording]:
    """Have the calls of this thread, and of those that are started meanwhile, recorded while `is_on`."""
    recording = Recording()
    before = sys.getprofile()
    threading.setprofile(recording.look)
    sys.setprofile(recording.look)
    try:
        yield recording
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


def is_called(chain: list[Hop], call: Call, after: int) -> bool:
    """Tell whether a call is that of a chain's last hop, made in calls of the others, all begun `after` that place."""
    at: Call | None = call
    for hop in reversed(chain):
        while at is not None and at.function not in hop.known:
            if at is call:
                return False
            at = at.inside
        if at is None or at.place <= after:
            return False
        last, at = at, at.inside
        assert last.place > after, "it was begun"
    return True


def chains_of(rows: list[list[Hop]]) -> Iterator[tuple[int, list[Hop]]]:
    """Yield what must be called in one another, row by row; each is as long as it has arrows so far."""
    for number, row in enumerate(rows, 1):
        chain = list[Hop]()
        for hop in row:
            if hop.known:
                chain = [*chain, hop] if hop.is_within else [hop]
                yield number, chain


def lost(rows: list[list[Hop]], calls: list[Call]) -> str:
    """Return the first hop that is not taken in the order of a walk, or ""; each is the first that fits."""
    ended, place = -1, -1
    for number, chain in chains_of(rows):
        if len(chain) == 1:
            ended = place
        found = (at for at in range(place + 1, len(calls)) if is_called(chain, calls[at], ended))
        at = next(found, None)
        if at is None:
            return f"{number}: {chain[-1].name}"
        place = at
    return ""


async def walk_a_keystroke(folder: Path) -> list[Call]:
    """Return the calls of one letter from one browser to the disk and to another."""
    with recorded() as recording:
        async with running_server(store=store_of(f"sqlite:///{folder / 'walk.sqlite'}")) as server:
            url = f"{server.ws_url}/ws/demo"
            async with (
                connect_document(url, "plan", token=await server.token("ana")) as ana,
                connect_document(url, "plan", token=await server.token("ben")) as ben,
            ):
                await ana.insert(0, "a")
                await until(lambda: ben.text() == "a")
                recording.is_on = True
                await ana.insert(1, "b")
                await until(lambda: ben.text() == "ab")
                recording.is_on = False
    return recording.calls


async def walk_an_instruction(folder: Path) -> list[Call]:
    """Return the calls of one instruction until its author has the verdict and the words."""
    with recorded() as recording:
        store = store_of(f"sqlite:///{folder / 'walk.sqlite'}")
        async with running_server(store=store, planner=BuiltinPlanner()) as server:
            url = f"{server.ws_url}/ws/demo"
            async with (
                connect(url, token=await server.token("ana")) as ana,
                connect_document(url, "plan", token=await server.token("ben")) as ben,
            ):
                ana.compose()
                recording.is_on = True
                intent = await ana.intent('append "See you there" to plan', doc="plan")
                await intent.verdict(20)
                await until(lambda: "See you there" in ben.text())
                recording.is_on = False
    return recording.calls


WALKS = {KEYSTROKE: walk_a_keystroke, INSTRUCTION: walk_an_instruction}


def test_every_hop_is_in_the_code() -> None:
    assert unknown(PAGE) == []


@pytest.mark.parametrize("hop", ["`Mailbox.try_post`", "`Commands.edit`", "`planning.proposed`", "`decode_client`"])
def test_a_hop_that_is_called_otherwise_by_now_is_noticed(hop: str) -> None:
    assert hop in PAGE
    assert unknown(PAGE.replace(hop, f"{hop[:-1]}ed`")) != []


# How many hops each row of a walk has: the recording would not miss one that the page leaves out.
HOPS = {
    KEYSTROKE: (3, 1, 2, 1, 1, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1),
    INSTRUCTION: (3, 2, 2, 3, 2, 2, 4, 2, 1, 2, 3, 3, 2, 3, 2),
}


def hops_of(page: str) -> dict[str, tuple[int, ...]]:
    """Return how many hops each row of the walks has."""
    return {walk: tuple(map(len, rows_of(page, walk))) for walk in HOPS}


def apart(page: str) -> list[str]:
    """Return the arrows whose second hop is nowhere called by the first, nor by what this calls in its own file."""
    found = []
    for walk in HOPS:
        for row in rows_of(page, walk):
            for hop, after in itertools.pairwise(row):
                name = after.name.rpartition(".")[2]
                if after.is_within and not any(name in reach(*one) for one in hop.known):
                    found.append(f"{hop.name} → {after.name}")
    return found


def reach(qualified: str, file: str) -> set[str]:
    """Return every name that a function uses, and that the functions of its file use which it comes to."""
    found, waiting = set[str](), [qualified]
    while waiting:
        for name in names_in(waiting.pop(), file) - found:
            found.add(name)
            waiting += [where for where, place in definitions().get(name, []) if place == file]
    return found


def names_in(qualified: str, file: str) -> set[str]:
    """Return the names that a function uses, of what belongs to something their last."""
    nodes = list(ast.walk(scope_of(qualified, file)))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


def test_the_walks_have_all_their_hops() -> None:
    assert hops_of(PAGE) == HOPS


def test_each_hop_calls_the_next_as_far_as_the_source_tells() -> None:
    assert apart(PAGE) == []


@pytest.mark.parametrize(
    ("hops", "fewer"),
    [
        ("`FastProtocol.data_received` → `_frame` → `_deliver`", "`FastProtocol.data_received` → `_deliver`"),
        ("`Room._turn` → `_work` → `Mailbox.drain`", "`Room._turn` → `Mailbox.drain`"),
        ("`Hub.tell` → `_relay` |", "`Hub.tell` |"),
        ("`Hub.tell` → `_relay`, then", "`Hub.tell`, then"),
        ("`OutputGate.hold`, `after_durable`", "`OutputGate.hold`"),
    ],
)
def test_a_hop_that_is_lost_is_noticed(hops: str, fewer: str) -> None:
    assert hops in PAGE
    assert hops_of(PAGE.replace(hops, fewer)) != HOPS


@pytest.mark.parametrize(
    ("hops", "wrong"),
    [
        ("`Room._handle` → `Sequencer.handle` → `planning.proposed`", "`Room._handle` → `planning.proposed`"),
        ("`Session.read` → `scan_update`", "`Connection.take` → `scan_update`"),
        ("`OutputGate.flush` → `Store.submit`", "`OutputGate.flush` → `Writer._commit`"),
        ("`Dispatcher.start` → `PlannerCalls.start`", "`Dispatcher.start` → `Planner.plan`"),
    ],
)
def test_a_hop_that_the_one_before_does_not_call_is_noticed(hops: str, wrong: str) -> None:
    assert hops in PAGE
    assert apart(PAGE.replace(hops, wrong))


def test_a_field_that_is_called_is_used_by_the_hop_before() -> None:
    """What a walk calls a field's is nobody's function: the hop before it says so in its code."""
    for walk in WALKS:
        hops = [hop for row in rows_of(PAGE, walk) for hop in row]
        for before, hop in itertools.pairwise(hops):
            if not hop.known:
                field_name = hop.name.rpartition(".")[2]
                assert any(field_name in loads_of(*one) for one in before.known), (
                    f"{before.name} does not use {hop.name}"
                )


def scope_of(qualified: str, file: str) -> ast.AST:
    """Return where a function stands in its file."""
    scope: ast.AST = tree_of(file)
    for part in qualified.split("."):
        scope = next(one for one in ast.iter_child_nodes(scope) if getattr(one, "name", "") == part)
    return scope


def loads_of(qualified: str, file: str) -> set[str]:
    """Return the names of fields that a function reads."""
    return {node.attr for node in ast.walk(scope_of(qualified, file)) if isinstance(node, ast.Attribute)}


# The plan's record is told before the words, the commit's after them.
BOTH_WAYS = {("_relay", "Waiters.durable")}


def otherwise(rows: list[list[Hop]]) -> Iterator[list[list[Hop]]]:
    """Yield a walk with two neighbours in each other's place: two rows, or two hops of one with arrows as they are."""
    for at in range(len(rows) - 1):
        if all(hop.known for row in rows[at : at + 2] for hop in row):
            yield [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]
    for at, row in enumerate(rows):
        for one, other in itertools.pairwise(range(len(row))):
            if (row[one].name, row[other].name) in BOTH_WAYS:
                continue
            turned = row[:]
            turned[one] = replace(row[other], is_within=row[one].is_within)
            turned[other] = replace(row[one], is_within=row[other].is_within)
            yield [*rows[:at], turned, *rows[at + 1 :]]


@pytest.mark.parametrize("walk", WALKS)
async def test_the_hops_are_taken_in_this_order_and_in_no_other(walk: str, tmp_path: Path) -> None:
    calls = await WALKS[walk](tmp_path)
    rows = rows_of(PAGE, walk)
    assert lost(rows, calls) == ""
    turned = list(otherwise(rows))
    assert len(turned) > len(rows)
    for one in turned:
        assert lost(one, calls), f"it would be held as well: {[hop.name for row in one for hop in row]}"
