"""The monitor counts every kind of damage that is planted, and nothing where people were told or had seen it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.bench.designs.monitor import GUARDED, KINDS, Findings, examine
from tests.bench.designs.past import Change, Effect, Effort, Past, Sent, Settled, Told, Typed
from tests.bench.designs.workload import START, Instruction, Kind

A, B, C, D = "cells.tents", "cells.lamps", "cells.chairs", "cells.tables"
AGENT = 99


@dataclass
class Story:
    """A run made by hand; every act takes a second."""

    at: float = 0.0
    clocks: dict[int, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._change(1, dict.fromkeys((A, B, C, D, *GUARDED), START))

    def _change(self, client: int, changed: dict[str, int]) -> int:
        self.at += 1
        clock = self.clocks.get(client, 0)
        end = clock + max(1, len(changed))
        self.clocks[client] = end
        self.changes.append(Change(self.at, ((client, clock, end),), dict(changed)))
        return clock

    def ask(
        self, id: str, kind: Kind, cells: tuple[str, ...], amount: int = 0, *,
        author: str = "", known: Iterable[str] = (), sees: bool = True, topic: int = -1,
    ) -> None:  # fmt: skip
        """Send an instruction; with `sees` its author has everything on screen that was done until now."""
        self.at += 1
        wish = Instruction(
            id, author or f"of {id}", self.at, self.at, kind, cells, amount, topic, amount if topic >= 0 else 0, 1, id
        )
        self.sent.append(Sent(wish, self.at, frozenset(known), dict(self.clocks) if sees else {}))

    def type(
        self, author: str, cell: str, value: int, *, wins: bool = True, base: dict[int, int] | None = None
    ) -> None:
        """Let a person set a cell by hand on a replica with `base`; without `wins` another write outlasts it."""
        client = 10 + len(author)
        base = dict(self.clocks) if base is None else base
        clock = self._change(client, {cell: value} if wins else {})
        self.typed.append(Typed(self.at, author, cell, value, client, clock, base))

    def write(self, id: str, values: dict[str, int], *, is_part: bool = False) -> None:
        """Let the agent write for an instruction."""
        clock = self._change(AGENT, values)
        self.effects.append(Effect(id, self.at, AGENT, clock, is_part))

    def settle(self, *group: str, is_question: bool = False) -> None:
        """Let people receive a decision."""
        self.settled.append(Settled(self.at, frozenset(group), "L2", is_question))

    def tell(self, id: str, state: str, code: str = "") -> None:
        """Let an author receive a verdict."""
        self.at += 1
        self.told.append(Told(id, self.at, state, code))

    def end(self, *efforts: Effort) -> Findings:
        """Return what the monitor finds."""
        past = Past(
            tuple(self.sent), tuple(self.typed), tuple(self.changes), tuple(self.effects), tuple(self.told),
            tuple(self.settled), efforts,
        )  # fmt: skip
        return examine(past)


def only(found: Findings, kind: str = "") -> bool:
    """Tell whether there is one event of a kind, and no other damage."""
    return {name: len(getattr(found, name)) for name in KINDS} == {name: int(name == kind) for name in KINDS}


def test_quiet_work_is_no_damage() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    story.write("i1", {A: 5})
    story.ask("i2", "add", (A,), 2, known=["i1"])
    story.write("i2", {A: 7})
    story.ask("i3", "derive", (A, B, C), known=["i1", "i2"])
    story.write("i3", {C: 107})
    found = story.end()
    assert only(found)
    assert (found.done, found.sent, found.damage) == (3, 3, 0)


def test_an_instruction_without_effect_and_verdict_is_lost() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    assert only(story.end(), "lost")


def test_a_part_that_was_written_before_the_stop_is_lost_all_the_same() -> None:
    story = Story()
    story.ask("i1", "set", (A, B), 5)
    story.write("i1", {A: 5}, is_part=True)
    assert only(story.end(), "lost")


def test_a_verdict_is_an_end() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    story.tell("i1", "suggested", "human_edit")
    found = story.end()
    assert only(found)
    assert (found.refused, found.suggested_by_edit) == (1, 1)


def test_done_without_the_deed_is_lost() -> None:
    said, wrong = Story(), Story()
    said.ask("i1", "set", (A,), 5)
    said.tell("i1", "done")
    assert only(said.end(), "lost")
    wrong.ask("i1", "set", (A,), 5)
    wrong.write("i1", {A: 6})
    wrong.tell("i1", "done")
    assert only(wrong.end(), "lost")


def two_sets(*, known: Iterable[str] = ()) -> Story:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    story.ask("i2", "set", (A,), 6, known=known)
    story.write("i1", {A: 5})
    story.write("i2", {A: 6})
    return story


def test_a_concurrent_write_over_another_is_an_overwrite() -> None:
    assert only(two_sets().end(), "overwritten")


def test_writing_over_what_one_knew_or_what_was_decided_is_none() -> None:
    assert only(two_sets(known=["i1"]).end())
    story = two_sets()
    story.settle("i1", "i2", is_question=True)
    found = story.end()
    assert only(found)
    assert found.questions == 1


def test_adding_to_a_concurrent_write_keeps_it() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    story.ask("i2", "add", (A,), 3)
    story.write("i1", {A: 5})
    story.write("i2", {A: 8})
    assert only(story.end())


def test_opposite_goals_both_in_effect_contradict() -> None:
    def pair(*, known: Iterable[str] = ()) -> Story:
        story = Story()
        story.ask("i1", "topic", ("notes.i1",), 1, topic=0)
        story.ask("i2", "topic", ("notes.i2",), -1, topic=0, known=known)
        story.write("i1", {"notes.i1": 1})
        story.write("i2", {"notes.i2": -1})
        return story

    found = pair().end()
    assert only(found, "contradicted")
    assert found.pairs == 1
    assert pair(known=["i1"]).end().pairs == 0
    asked = pair()
    asked.settle("i1", "i2")
    assert only(asked.end())


def test_a_write_that_breaks_the_rule_is_counted_unless_it_was_broken() -> None:
    story = Story()
    story.ask("i1", "set", (GUARDED[0],), 250)
    story.write("i1", {GUARDED[0]: 250})
    assert only(story.end(), "broken")
    story.ask("i2", "set", (GUARDED[1],), 150)
    story.write("i2", {GUARDED[1]: 150})
    assert only(story.end(), "broken")


def test_a_hand_edit_that_breaks_the_rule_is_nobodys_damage() -> None:
    story = Story()
    story.type("Chen", GUARDED[0], 300)
    assert only(story.end())


def test_an_unseen_hand_edit_overwritten_is_clobbered() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    story.type("Chen", A, 50)
    story.write("i1", {A: 5})
    assert only(story.end(), "clobbered")


def test_a_hand_edit_that_the_author_saw_may_be_overwritten() -> None:
    story = Story()
    story.type("Chen", A, 50)
    story.ask("i1", "set", (A,), 5)
    story.write("i1", {A: 5})
    assert only(story.end())


def test_the_authors_own_edit_after_sending_counts_as_unseen() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5, author="Ana")
    story.type("Ana", A, 50)
    story.write("i1", {A: 5})
    assert only(story.end(), "clobbered")


def test_a_hand_edit_that_loses_on_arrival_is_clobbered() -> None:
    story = Story()
    story.ask("i1", "add", (A,), 7)
    story.write("i1", {A: 107})
    story.type("Chen", A, 50, wins=False, base={1: 10})
    assert only(story.end(), "clobbered")


def test_a_hand_edit_that_loses_to_another_persons_is_no_agents_damage() -> None:
    story = Story()
    story.type("Dee", A, 40)
    story.ask("i1", "add", (A,), 7)
    story.write("i1", {A: 47})
    story.type("Chen", A, 50, wins=False, base={1: 10})
    assert only(story.end())


def test_a_sum_of_old_values_is_stale() -> None:
    story = Story()
    story.ask("i1", "derive", (A, B, C))
    story.type("Chen", A, 50)
    story.write("i1", {C: 200})
    found = story.end()
    assert only(found, "stale")
    assert found.derived == 1


def test_an_increment_of_an_old_value_vanishes() -> None:
    story = Story()
    story.ask("i1", "add", (A,), 1)
    story.ask("i2", "add", (A,), 2, known=["i1"])
    story.write("i1", {A: 101})
    story.write("i2", {A: 102})
    found = story.end()
    assert only(found, "vanished")
    assert found.added == 2


def test_waits_and_waste_are_counted() -> None:
    story = Story()
    story.ask("i1", "set", (A,), 5)
    story.write("i1", {A: 5})
    found = story.end(Effort(6, True), Effort(2, False))
    assert found.waits == [1.0]
    assert (found.seconds, found.wasted) == (8, 2)
