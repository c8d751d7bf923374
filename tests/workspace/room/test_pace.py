"""What only its newest state matters of is heard as fast as the pace allows, and nothing newest is lost."""

from __future__ import annotations

from crdt.sync.awareness import decode_awareness
from crdt.sync.y_sync import AwarenessFrame, decode_frame
from tests.support.until import until
from tests.workspace.room.stage import HandClock, Stage, frames, messages, stage
from tests.workspace.room.test_presence import announcement
from workspace.intents.model.intent import Scope
from workspace.protocol.messages import Composing
from workspace.protocol.session import Announce, Say, WantPresence
from workspace.room.pace import CONNECTIONS_A_PERSON, MESSAGE_BYTES, Pace
from workspace.room.peer import Peer
from workspace.settings import Settings

RATE = 64 << 10


def raised(bug: BaseException) -> None:
    raise bug


def heard(peer: Peer) -> tuple[int, list[int]]:
    """Return how many bytes of presence a socket was sent since it was last looked at, and which places were in it."""
    size, places = 0, []
    for frame in frames(peer):
        decoded = decode_frame(frame)  # type: ignore[arg-type]
        if isinstance(decoded, AwarenessFrame):
            size += len(frame)
            states = [entry.state for entry in decode_awareness(decoded.payload)]
            places += [int(str(state["at"])) for state in states if state is not None and "at" in state]
    return size, places


async def announce(one: Stage, peer: Peer, client: int, at: int, more: str = "") -> None:
    payload = announcement(client, at + 1, {"at": at, "more": more})
    await one.room.read(lambda: one.room.commands.take(peer, Announce(payload)))


async def test_a_flood_of_presence_costs_its_readers_a_bounded_number_of_bytes_and_ends_with_the_newest() -> None:
    async with stage() as one:
        mal, readers = await one.join("mal", role="viewer"), [await one.join(f"r{at}") for at in range(3)]
        sent = 0
        for at in range(600):
            await announce(one, mal, 70_001, at, "x" * 8_000)
            sent += 8_000
            one.clock.at += 0.002  # 500 a second
        told = [heard(reader) for reader in readers]
        assert sent > 4 * 1e6
        assert max(size for size, _ in told) < 3 * RATE
        one.clock.at += 2
        await until(lambda: not one.room.hub.pace._waiting)
        assert [heard(reader)[1] for reader in readers] == [[599]] * 3


async def test_an_honest_cursor_moves_twenty_times_a_second_without_a_pause() -> None:
    async with stage() as one:
        ana, ben = await one.join("ana"), await one.join("ben")
        for at in range(400):
            await announce(one, ana, 70_001, at, "c" * 600)
            one.clock.at += 0.05
        assert heard(ben)[1] == list(range(400))


async def test_many_sockets_of_one_person_are_one_person() -> None:
    async with stage() as one:
        ben = await one.join("ben")
        many = [await one.join("mal", role="viewer") for _ in range(20)]
        for at in range(100):
            for number, peer in enumerate(many):
                await announce(one, peer, 80_000 + number, at, "x" * 4_000)
            one.clock.at += 0.01
        # One second beforehand and one that flows in, of three sockets; and what each was already telling.
        assert heard(ben)[0] < 2 * (CONNECTIONS_A_PERSON + 1) * RATE


async def test_what_clients_repeat_of_others_costs_them_nothing() -> None:
    async with stage() as one:
        ana, ben, chen = await one.join("ana"), await one.join("ben"), await one.join("chen")
        await announce(one, ana, 70_001, 0)
        await announce(one, ben, 70_002, 0)
        heard(chen)
        for at in range(1, 200):
            # Stock y-websocket sends back whatever it hears.
            await one.room.read(
                lambda at=at: one.room.commands.take(ben, Announce(announcement(70_001, at, {"at": at})))  # type: ignore[misc]
            )
        await announce(one, ben, 70_002, 1)
        assert heard(chen)[1] == [1]


async def test_asking_who_is_here_is_answered_at_the_same_pace() -> None:
    async with stage() as one:
        mal = await one.join("mal", role="viewer")
        for at in range(50):
            await announce(one, await one.join(f"p{at}"), 90_000 + at, at, "x" * 1_000)
        frames(mal)
        for _ in range(500):
            await one.room.read(lambda: one.room.commands.take(mal, WantPresence()))
        assert len(frames(mal)) <= RATE // MESSAGE_BYTES
        one.clock.at += 1
        await until(lambda: not one.room.hub.pace._waiting)
        assert len(frames(mal)) == 1, "who asks is answered"


async def test_who_leaves_says_nothing_more() -> None:
    async with stage() as one:
        ana, ben = await one.join("ana"), await one.join("ben")
        for at in range(200):
            await announce(one, ana, 70_001, at)
        assert one.room.hub.pace._waiting
        await one.room.read(lambda: one.room.hub.leave(ana))
        heard(ben)
        assert not one.room.hub.pace._waiting
        one.clock.at += 5
        await one.room.read(one.room.hub.pace._rung)
        assert heard(ben)[1] == []


async def test_a_flood_of_composing_is_bounded_and_its_end_is_told() -> None:
    async with stage() as one:
        ana, ben = await one.follow("ana"), await one.follow("ben")
        messages(ben)
        scope = tuple(Scope("plan", quote="x" * 100) for _ in range(30))
        for at in range(300):
            command = Say(Composing(on=at % 2 == 0, scope=scope))
            await one.room.read(lambda command=command: one.room.commands.take(ana, command))  # type: ignore[misc]
        assert len(messages(ben)) <= RATE // MESSAGE_BYTES
        one.clock.at += 2
        await until(lambda: not one.room.hub.pace._waiting)
        assert [message["on"] for message in messages(ben)] == [False]


async def test_what_is_said_later_and_raises_is_told_to_its_owner() -> None:
    told: list[BaseException] = []
    clock = HandClock()
    pace = Pace(clock, RATE, caught=told.append)

    def bug() -> None:
        raise ValueError("no")

    said: list[int] = []
    pace.say("a", "ana", 2 * RATE, lambda: said.append(1))
    pace.say("a", "ana", 0, bug)
    pace.say("b", "ana", 4 * RATE, lambda: said.append(2))
    pace.say("b", "ana", 0, lambda: said.append(3))
    clock.at += 10
    await until(lambda: 3 in said)
    assert [type(bug) for bug in told] == [ValueError]
    pace.close()


def test_the_default_allows_twenty_honest_cursors_a_second() -> None:
    assert Settings().presence_bytes_per_second_max >= 20 * (MESSAGE_BYTES + 1_000)
