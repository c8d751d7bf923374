"""One program run beside people who type, and whether the law holds.

The law: whoever types in the same or in another workspace waits at most 250 ms for 99 of 100 words to reach others; the
server's memory stays within 256 MiB of what it was; no honest word is lost or moved; what is there is there after the
server has started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.hostile.attack import Program
from tests.hostile.scene import Server, Typist

P99_SECONDS_MAX = 0.25
GROWTH_BYTES_MAX = 256 << 20
# People type for a while before and after.
BEFORE_SECONDS, AFTER_SECONDS = 0.7, 0.3
SETTLE_SECONDS = 120.0
STILL_LOOKS = 6
Attacking = Callable[[Program, Server], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Latency:
    """How long honest words took, in seconds."""

    p50: float
    p99: float
    most: float

    def __str__(self) -> str:
        return "/".join(f"{1000 * seconds:.0f}" for seconds in (self.p50, self.p99, self.most))


@dataclass
class Outcome:
    """What a program did: how long honest words took by workspace, how much memory grew, what broke."""

    name: str
    latency: dict[str, Latency] = field(default_factory=dict)
    worked: dict[str, Latency] = field(default_factory=dict)
    growth_bytes: int = 0
    said: str = ""
    slow: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        waits = " ".join(f"{ws} {latency} (server {self.worked[ws]})" for ws, latency in self.latency.items())
        verdict = "; ".join((*self.broken, *self.slow)) or "holds"
        return f"{self.name} | ms {waits} | +{self.growth_bytes >> 20} MiB | {verdict} | {self.said}"


def latency_of(seconds: Sequence[float]) -> Latency:
    """Return the middle, the 99th of 100 and the longest."""
    ordered = sorted(seconds)
    assert ordered, "somebody typed"
    last = len(ordered) - 1
    return Latency(ordered[last // 2], ordered[min(last, int(0.99 * len(ordered)))], ordered[-1])


def lost_words(text: str, typist: Typist) -> str:
    """Return which word of somebody's is not where it was typed: behind the one before; "" where all are."""
    at = 0
    for number in range(typist.said):
        word = typist.word(number)
        found = text.find(word, at)
        if found < 0:
            return f"{word} is lost or moved"
        at = found + len(word)
    return ""


async def judge(
    program: Program, server: Server, attacking: Attacking, *, reloads: bool = True, is_shared: bool = False
) -> Outcome:
    """Run a program on a server and say what it did.

    `is_shared` on a machine that does other things: what the server itself worked while a word was under way counts,
    not the time that passed.
    """
    outcome, over = Outcome(program.name), asyncio.Event()
    typists: Mapping[str, Typist] = {}
    try:
        async with server.people(over) as typists:
            await asyncio.sleep(BEFORE_SECONDS)
            base = server.memory("VmRSS")
            server.forget_peak()
            outcome.said = await attacking(program, server)
            await asyncio.sleep(AFTER_SECONDS)
            over.set()
        outcome.growth_bytes = max(0, server.memory("VmHWM") - base)
        for ws, typist in typists.items():
            outcome.latency[ws] = latency_of(typist.seconds or [60.0])
            outcome.worked[ws] = latency_of(typist.worked or [60.0])
            lost = typist.problem or lost_words(await server.text(ws), typist)
            if lost:
                outcome.broken.append(f"{ws}: {lost}")
        if reloads:
            await compare_reload(server, outcome)
    except Exception as error:  # noqa: BLE001  a root: a server that died is what is to be said
        outcome.broken.append(f"{type(error).__name__}: {error}"[:300])
    if outcome.growth_bytes > GROWTH_BYTES_MAX:
        outcome.broken.append("memory")
    counted = outcome.worked if is_shared else outcome.latency
    outcome.slow += [f"{ws} slow" for ws, latency in counted.items() if latency.p99 > P99_SECONDS_MAX]
    return outcome


async def settled(server: Server) -> dict[str, dict[str, str]]:
    """Return what all documents hold once that no longer changes: what was sent may be under way for a while.

    Whoever has used up a share has it carried out bit by bit: it has to be still for some seconds.

    The agent is stopped: it may have been asked for a thousand things.
    """
    for ws in server.tokens:
        await server.stop_agent(ws)
    async with asyncio.timeout(SETTLE_SECONDS):
        found, same = list[list[bytes]](), 0
        while same < STILL_LOOKS:
            again = [await server.states(ws) for ws in server.tokens]
            found, same = again, same + 1 if again == found else 0
            await asyncio.sleep(0.5)
        return {ws: await server.documents(ws) for ws in server.tokens}


async def compare_reload(server: Server, outcome: Outcome) -> None:
    """Start the server again and compare what all documents hold."""
    before = await settled(server)
    await server.restart()
    after = {ws: await server.documents(ws) for ws in server.tokens}
    for ws, documents in before.items():
        differ = [doc for doc, digest in documents.items() if after[ws].get(doc) != digest]
        if differ:
            outcome.broken.append(f"{ws}: {differ} are not after a reload what they were")
