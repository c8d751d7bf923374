"""Nothing leaves a room before what it says is on disk, and everything leaves in order."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.intents.driver import Driver
from tests.workspace.room.stage import HeldStore
from workspace.errors import Deposed, StoreFault
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Outcome
from workspace.ports import WorkspaceRow
from workspace.room import output_gate
from workspace.room.output_gate import OutputGate


@dataclass
class GatedDriver(Driver):
    """A workspace whose turns go through a gate, once there is one."""

    gate: OutputGate | None = None

    def _keep(self, outcome: Outcome) -> None:
        super()._keep(outcome)
        if self.gate is not None:
            self.gate.hold(outcome)


class Owner:
    """A gate on a sequencer of its own; keeps what it lets out and what it says."""

    def __init__(self) -> None:
        self.driver, self.store = GatedDriver(), HeldStore()
        self.out: list[object] = []
        self.caught: list[BaseException] = []
        self.stops: list[tuple[str, bool]] = []
        self.released: list[bool] = []
        self.gate = OutputGate(
            self.driver.sequencer, self.store, caught=self.caught.append, stop=self.stop, released=self.released.append
        )
        self.driver.gate = self.gate

    async def open(self) -> Owner:
        await self.store.create_workspace(WorkspaceRow("w", "w", "now"))
        kept = self.store._workspaces["w"]
        kept.log, kept.journal = list(self.driver.rows), list(self.driver.journal)
        kept.row = type(kept.row)("w", "w", "now", epoch=self.driver.sequencer.kernel.epoch)
        self.store.is_held = True
        return self

    def stop(self, reason: str, *, is_counted: bool = True) -> None:
        self.stops.append((reason, is_counted))
        self.gate.drop()

    def record(self, name: str) -> int:
        """Take in a record, and a word that tells it; return its `seq`."""
        outcome = self.driver.handle(Configured("Owner", ConfigBody(name=name)))
        self.say(name)
        return outcome.records[-1].seq

    def say(self, word: object) -> None:
        self.gate.after_durable(lambda: self.out.append(word))


async def test_what_is_told_waits_for_its_record_and_what_comes_behind_waits_too() -> None:
    owner = await Owner().open()
    before = owner.gate.durable_seq
    seq = owner.record("a")
    owner.gate.flush()
    owner.say("behind")
    owner.gate.flush()
    await asyncio.sleep(0)
    assert (owner.out, owner.gate.durable_seq) == ([], before)
    owner.store.write()
    await asyncio.sleep(0)
    assert (owner.out, owner.gate.durable_seq) == (["a", "behind"], seq)
    assert owner.gate.is_empty


async def test_where_nothing_is_written_and_nothing_waits_it_passes_at_once() -> None:
    owner = await Owner().open()
    owner.say("presence")
    owner.gate.flush()
    assert owner.out == ["presence"]
    assert not owner.store.batches


@given(seed=st.integers(0, 2**32))
def test_whatever_the_disk_does_all_leaves_in_order_and_nothing_early(seed: int) -> None:
    async def run() -> None:
        owner, chance = await Owner().open(), random.Random(seed)
        said = list[object]()
        needs = dict[object, int]()
        for step in range(30):
            match chance.randrange(4):
                case 0:
                    needs[f"r{step}"] = owner.record(f"r{step}")
                    said.append(f"r{step}")
                case 1:
                    owner.say(step)
                    needs[step] = max(needs.values(), default=0)
                    said.append(step)
                case 2:
                    owner.gate.flush()
                case 3:
                    for _ in range(chance.randrange(3)):
                        if owner.store.waiting:
                            owner.store.write()
                    await asyncio.sleep(0)
            on_disk, _, _ = await owner.store.head("w")
            assert all(needs[word] <= on_disk for word in owner.out), "told before it was on disk"
            assert owner.out == said[: len(owner.out)]
        owner.gate.flush()
        while owner.store.waiting:
            owner.store.write()
        await asyncio.sleep(0)
        assert owner.out == said
        assert not owner.stops

    asyncio.run(run())


@pytest.mark.parametrize("error, is_counted", [(StoreFault("the disk is full"), True), (Deposed("another"), False)])
async def test_a_disk_that_refuses_stops_the_room_and_nothing_more_is_told(error: StoreFault, is_counted: bool) -> None:
    owner = await Owner().open()
    for name in ("a", "b"):
        owner.record(name)
        owner.gate.flush()
    owner.store.fail(error)
    owner.store.fail(error)
    await asyncio.sleep(0)
    assert owner.stops == [(error.reason, is_counted)]
    assert owner.out == []


async def test_what_a_job_raises_is_caught_and_the_next_is_let_out() -> None:
    owner = await Owner().open()
    owner.gate.after_durable(lambda: {}["nothing"])  # type: ignore[misc]
    owner.say("next")
    owner.gate.flush()
    assert [type(bug) for bug in owner.caught] == [KeyError]
    assert owner.out == ["next"]


async def test_a_full_gate_says_so_until_something_is_let_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_gate, "RELEASES_MAX", 2)
    owner = await Owner().open()
    for name in ("a", "b"):
        assert not owner.gate.is_full
        owner.record(name)
        owner.gate.flush()
    assert owner.gate.is_full
    owner.store.write()
    await asyncio.sleep(0)
    assert (owner.gate.is_full, owner.released) == (False, [True])


async def test_whether_the_workspace_is_busy_is_written_when_it_turns() -> None:
    owner = await Owner().open()
    for actor in ("Ana", "Ben", "Chen"):
        owner.driver.ask(actor)
        owner.gate.flush()
    assert [batch.is_busy for batch in owner.store.batches] == [True, None, None]
    assert [batch.head[0] for batch in owner.store.batches if batch.head] == sorted(
        batch.rows[-1].seq for batch in owner.store.batches
    )


async def test_a_turn_that_failed_writes_what_came_before_and_tells_nothing() -> None:
    owner = await Owner().open()
    fold = owner.driver.sequencer.fold
    seq = owner.record("a")
    owner.gate.write_failure(None, seq=fold.seq, jid=fold.jid)
    settled = asyncio.create_task(owner.gate.settle())
    await asyncio.sleep(0)
    assert not settled.done(), "a room that stops waits for it"
    owner.store.write()
    await settled
    (batch,) = owner.store.batches
    assert ([row.seq for row in batch.rows], batch.is_busy) == ([seq], True)
    assert owner.out == []
