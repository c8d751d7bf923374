"""Live intents laid out by state and document: what the index returns is what a walk over all of them finds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Scope, State
from workspace.intents.state.live_index import LiveIndex
from workspace.intents.state.shelves import Shelf, Shelves
from workspace.intents.steps.waiting import known_before

STATES: tuple[State, ...] = ("parked", "queued", "planning", "ready", "held")
DOCS = ("plan", "budget", "notes")
SHELVES: tuple[Shelf, ...] = tuple((doc, key) for doc in DOCS for key in ("a", "b", None))


@pytest.mark.long
@dataclass(eq=False)
class Thing:
    """Something laid out, and what is true of it, kept the plain way."""

    id: str
    seq: int
    state: State
    shelves: set[Shelf] | None
    behind: tuple[str, ...] | None = None
    tied: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()

    def may_be_at(self, shelf: Shelf) -> bool:
        """Tell whether it may meet what is on a shelf, by the definition."""
        if self.shelves is None:
            return True
        return any(doc == shelf[0] and (key == shelf[1] or None in (key, shelf[1])) for doc, key in self.shelves)


class Plain:
    """The same without an index: every question walks over everything."""

    def __init__(self) -> None:
        self.live_index: LiveIndex[Thing] = LiveIndex()
        self.things: dict[str, Thing] = {}
        self.count = 0

    def add(self, shelves: set[Shelf] | None) -> None:
        self.count += 1
        thing = Thing(f"i{self.count}", self.count, "queued", shelves and set(shelves))
        self.things[thing.id] = thing
        self.live_index.add(thing, "queued", shelves=shelves, has_deadline=self.count % 2 == 0)

    def wake(self, id: str) -> None:
        for thing in self.things.values():
            if thing.behind is not None and (thing.id == id or id in thing.behind):
                thing.behind = None
            if thing.id == id or id in thing.awaits:
                thing.awaits = ()

    def move(self, thing: Thing, state: State) -> None:
        self.live_index.move(thing, thing.state, state)
        if state != thing.state:
            self.wake(thing.id)
        thing.state = state

    def reach(self, thing: Thing, shelf: Shelf) -> None:
        self.live_index.reach(thing, [shelf], thing.state)
        self.wake(thing.id)
        if thing.shelves is not None:
            thing.shelves.add(shelf)

    def drop(self, thing: Thing) -> None:
        self.wake(thing.id)
        self.live_index.drop(thing, thing.state)
        del self.things[thing.id]

    def sleep(self, thing: Thing, behind: list[Thing], tied: tuple[str, ...]) -> None:
        if thing.state == "queued" and thing.behind is None and behind:
            thing.behind, thing.tied = tuple(dict.fromkeys(other.id for other in behind)), tied
            self.live_index.sleep(thing, behind=thing.behind, tied=tied)

    def wait(self, thing: Thing, others: list[Thing]) -> None:
        if thing.state == "ready":
            thing.awaits = tuple(dict.fromkeys(other.id for other in others))
            self.live_index.hold_up(thing, thing.awaits)

    def change(self, doc: str) -> None:
        self.live_index.wake_tied([doc])
        for thing in self.things.values():
            if thing.behind is not None and doc in thing.tied:
                thing.behind = None

    def check(self) -> None:
        for state in STATES:
            walked = [t.id for t in self.things.values() if t.state == state and t.behind is None]
            assert [t.id for t in self.live_index.of(state)] == walked, state
            assert self.live_index.count(state) == len(walked)
        for shelf in SHELVES:
            near = {t.id for t in self.things.values() if t.may_be_at(shelf)}
            assert {t.id for t in self.live_index.near([shelf])} == near, (
                "an index that left one out would hide a conflict"
            )
            unready = {id for id in near if self.things[id].state != "ready"}
            assert {t.id for t in self.live_index.unready.near([shelf])} == unready
        assert [t.id for t in self.live_index.near(None)] == list(self.things)
        assert set(self.live_index.timed) == {t.id for t in self.things.values() if t.seq % 2 == 0}
        assert set(self.live_index.asleep) == {t.id for t in self.things.values() if t.behind is not None}
        assert all(self.live_index.awaits(thing) == thing.awaits for thing in self.things.values())


@settings(deadline=None)
@given(data=st.data())
def test_shelves_find_what_a_walk_over_everything_finds(data: st.DataObject) -> None:
    plain, shelves = Plain(), st.sampled_from(SHELVES)
    for _ in range(data.draw(st.integers(1, 40))):
        things = list(plain.things.values())
        act = data.draw(st.sampled_from(("add", "move", "move", "reach", "drop", "sleep", "sleep", "wait", "change")))
        if act == "add" or not things:
            plain.add(data.draw(st.none() | st.sets(shelves)))
        elif act == "change":
            plain.change(data.draw(st.sampled_from(DOCS)))
        else:
            thing = data.draw(st.sampled_from(things))
            others = [other for other in things if other is not thing]
            some = data.draw(st.lists(st.sampled_from(others), max_size=3)) if others else []
            match act:
                case "move":
                    plain.move(thing, data.draw(st.sampled_from(STATES)))
                case "reach":
                    plain.reach(thing, data.draw(shelves))
                case "drop":
                    plain.drop(thing)
                case "wait":
                    plain.wait(thing, some)
                case "sleep":
                    plain.sleep(thing, some, tuple(data.draw(st.sets(st.sampled_from(DOCS)))))
        plain.check()
    for thing in list(plain.things.values()):
        plain.drop(thing)
    left = LiveIndex[Thing](by_state=plain.live_index.by_state, unrest=plain.live_index.unrest)
    # Both are asked for their shelves: they are made where there was an intent.
    for live_index in (plain.live_index, left):
        assert (live_index.shelves, live_index.unready) == (Shelves(), Shelves())
    assert plain.live_index == left, "nothing is kept of what is gone"
    assert not any(plain.live_index.by_state.values())


def test_who_waits_sleeps_until_the_one_before_has_ended() -> None:
    driver = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0, slots=8))
    live_index = driver.sequencer.lives.index
    scope = (Scope("budget", keys=(("a",),)),)
    first = driver.ask("ana", "first", scope=scope)
    rest = [driver.ask("ana", f"then {at}", scope=scope) for at in range(20)]
    assert list(live_index.asleep) == rest
    elsewhere = driver.ask("ana", "elsewhere", scope=(Scope("budget", keys=(("b",),)),))
    assert driver.state(elsewhere) == "planning", "what lies elsewhere waits for nobody"
    driver.add(first, "a", 1)
    assert driver.state(first) == "done"
    assert driver.state(rest[0]) == "planning"
    assert set(live_index.asleep) == set(rest[1:]), "who was behind the next one sleeps on"


def test_a_place_given_by_keys_is_found_among_neighbours() -> None:
    driver = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0, slots=8))
    one = driver.ask("ana", "somewhere", scope=None)
    other = driver.ask("ana", "there", scope=(Scope("budget", keys=(("a",),)),))
    board, kernel = driver.sequencer.fold.board, driver.sequencer.kernel
    assert [entry.id for entry in known_before(kernel, board.entries[other])] == [one], "an unknown place is everywhere"
