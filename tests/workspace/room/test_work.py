"""Each person's edits have a share of the process; who has used it up waits, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.sync.y_sync import SyncUpdate, decode_frame
from crdt.updates.scan import scan_update
from tests.support.until import until
from tests.workspace.room.stage import HandClock, Typist, frames, stage
from workspace.room.peer import Peer
from workspace.room.work import FREE_SECONDS, PEOPLE_MAX, RESERVE_SECONDS, SHARE, SLICE_SECONDS, MeasuredWork


def updates_of(peer: Peer) -> list[bytes]:
    decoded = [decode_frame(frame) for frame in frames(peer) if isinstance(frame, bytes)]
    return [frame.update for frame in decoded if isinstance(frame, SyncUpdate)]


@given(spent=st.lists(st.tuples(st.floats(0.001, 2), st.floats(0, 5)), max_size=40))
def test_nobody_takes_more_than_a_share_and_a_reserve(spent: list[tuple[float, float]]) -> None:
    clock = HandClock(0.0)
    work, total, last = MeasuredWork(clock), 0.0, 0.0
    for seconds, later in spent:
        clock.at += later
        if work.wait("mal") == 0:
            work.spend("mal", seconds)
            total, last = total + seconds, seconds
        assert work.wait("ana") == 0
    assert total - last <= RESERVE_SECONDS + SHARE * clock.at + 1e-6


def test_who_waits_as_long_as_is_said_may_go_on() -> None:
    clock = HandClock()
    work = MeasuredWork(clock)
    work.spend("mal", RESERVE_SECONDS + 1)
    assert work.wait("mal") == pytest.approx(1 / SHARE)
    clock.at += work.wait("mal")
    assert work.wait("mal") == pytest.approx(0)


def test_keystrokes_are_not_counted_and_nobody_is_remembered_for_ever() -> None:
    clock = HandClock()
    work = MeasuredWork(clock)
    work.spend("ana", FREE_SECONDS / 2)
    assert not work._people
    for at in range(3 * PEOPLE_MAX):
        work.spend(f"p{at}", 2 * FREE_SECONDS)
        clock.at += 1
    assert len(work._people) <= PEOPLE_MAX


async def test_edits_that_take_long_are_carried_out_in_order_with_others_in_between() -> None:
    async with stage() as one:
        ana, ben, chen = [await one.join(who) for who in ("ana", "ben", "chen")]
        typists = [Typist(70_000 + at) for at in range(5)]
        edits = [typist.type(f"{at}") for at, typist in enumerate(typists)]
        times = count()
        one.room.hub.work.timer = lambda: 3 * SLICE_SECONDS * next(times)
        commands = one.room.commands

        def bring() -> None:
            commands.edit(ana, edits)
            one.room.mailbox.try_post(lambda: commands.edit(ben, [Typist(80_000).type("ben")]))
            # What the same socket brings next, and its leaving, come behind all of them.
            one.room.mailbox.try_post(lambda: commands.edit(ana, [Typist(90_000).type("last")]))
            one.room.mailbox.try_post(lambda: commands.leave(ana))

        await one.room.read(bring)
        await until(lambda: ana not in one.room.hub.peers)
        await one.room.read(lambda: None)
        written = [next(iter(scan_update(part).inserted)) for part in updates_of(chen)]
        assert [client for client in written if client != 80_000] == [*range(70_000, 70_005), 90_000]
        assert written.index(80_000) < len(written) - 2
        assert ana.rest is None


async def test_what_an_edit_took_is_its_authors() -> None:
    async with stage() as one:
        ana, ben, typist = await one.join("ana"), await one.join("ben"), Typist()
        times: Iterator[float] = iter([0.0, 3.0, 3.0, 3.0])
        one.room.hub.work.timer = lambda: next(times)
        await one.room.read(lambda: one.room.commands.edit(ana, [typist.type("slow")]))
        await one.room.read(lambda: one.room.commands.edit(ben, [Typist(70_002).type("quick")]))
        assert one.room.hub.work.wait("ana") == pytest.approx((3 - RESERVE_SECONDS) / SHARE)
        assert one.room.hub.work.wait("ben") == 0
