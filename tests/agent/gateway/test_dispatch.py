"""A call's journey on a clock of its own: who is waited for, how long, who is asked instead, what stays in the log."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.backoff import RETRIES_PER_CALL, RETRIES_SAVED_MAX
from agent.gateway.call import Answer, Call, CallFailed, Reply
from agent.gateway.cost import Prices
from agent.gateway.dispatch import Gateway, GatewayFault
from agent.gateway.route import default_table
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.calls import CallUsage, Price, RouteTable

TABLE = default_table("small", "medium", "large")
TWINS = RouteTable(tiers=(("small", ("one", "two")),))
Behaviour = Callable[[str, float], CallFailed | None]


@dataclass
class Time:
    """A clock that moves when somebody sleeps."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)
    sleeping: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.sleeping, (self.now + seconds, len(self.slept), woken))
        await woken

    async def pass_while(self, *running: asyncio.Task[Any]) -> list[Any]:
        """Wake whoever is next, at the time they wanted, until all are done."""
        while not all(task.done() for task in running):
            if self.sleeping:
                at, _, woken = heapq.heappop(self.sleeping)
                self.now = max(self.now, at)
                woken.set_result(None)
            for _ in range(3):
                await asyncio.sleep(0)
        return await asyncio.gather(*running, return_exceptions=True)


@dataclass
class Acting:
    """A provider that fails as told by model and time, and keeps who was asked when, with what."""

    time: Time
    behaves: Behaviour
    asked: list[tuple[str, float]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    reply: Reply = field(default_factory=lambda: Reply(({"type": "text", "text": "ok"},), "end_turn", CallUsage(1, 1)))

    async def send(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> Reply:
        self.asked.append((model, self.time.now))
        self.calls.append(call)
        failed = self.behaves(model, self.time.now)
        if failed is not None:
            raise failed
        return self.reply

    async def close(self) -> None:
        """Nothing to close."""


def gateway(behaves: Behaviour, *, table: RouteTable = TABLE, chance: float = 0.5) -> tuple[Gateway, Acting, Time]:
    time = Time()
    acting = Acting(time, behaves)
    prices = Prices({name: Price(1, 1) for _, models in table.tiers for name in models})
    made = Gateway(acting, table, prices, clock=time.read, wall=time.read, sleep=time.sleep)
    made.chance = lambda: chance
    return made, acting, time


async def ask(made: Gateway, call: Call, context: FakePlanContext, **more: Any) -> Answer:
    """Ask on the test's own time. Raises what the gateway raises."""
    time: Time = made.clock.__self__  # type: ignore[attr-defined]
    (answer,) = await time.pass_while(asyncio.create_task(made.ask(call, context, **more)))
    if isinstance(answer, BaseException):
        raise answer
    return answer  # type: ignore[no-any-return]


def call(*messages: dict[str, Any], stay: str = "") -> Call:
    said = messages or ({"role": "user", "content": [{"type": "text", "text": "begin"}]},)
    return Call("plan", "plan@1", "system", ({"name": "view"},), said, 100, ("i1",), stay=stay)


def limited(seconds: float | None) -> CallFailed:
    return CallFailed("rate_limited", "slow down", retry_after=seconds)


async def test_a_server_that_asks_for_time_gets_it_and_people_are_told() -> None:
    made, acting, _ = gateway(lambda _, now: limited(12) if now < 1_012 else None)
    context = FakePlanContext()
    answer = await ask(made, call(), context, until=1_120)
    assert answer.model == "small"
    assert [model for model, _ in acting.asked] == ["small", "small"]
    assert acting.asked[1][1] >= 1_012
    assert context.steps == ["The model's server asks to wait 12 s."]
    assert made.breakers.of("small").failures == 0, "a limit of rate is no outage"


async def test_who_cannot_be_waited_for_is_passed_over() -> None:
    made, acting, time = gateway(lambda model, _: limited(300) if model == "one" else None, table=TWINS)
    answer = await ask(made, call(), FakePlanContext(), until=1_120)
    assert answer.model == "two"
    assert [model for model, _ in acting.asked] == ["one", "two"]
    assert not time.slept
    assert (await ask(made, call(), FakePlanContext(), until=1_120)).model == "two"
    assert [model for model, _ in acting.asked] == ["one", "two", "two"], "nobody asks it again before"


async def test_where_nobody_else_is_left_the_fault_says_how_long() -> None:
    made, acting, time = gateway(lambda *_: limited(3_600))
    with pytest.raises(GatewayFault) as failed:
        await ask(made, call(), FakePlanContext(), until=1_120)
    assert failed.value.kind == "rate_limited"
    assert failed.value.wait == 3_600
    assert "3600 s" in failed.value.reason
    assert [model for model, _ in acting.asked] == ["small", "medium"]
    assert not time.slept


async def test_a_wait_ends_where_the_plan_would() -> None:
    made, acting, _ = gateway(lambda *_: limited(8), table=TWINS)
    with pytest.raises(GatewayFault) as failed:
        await ask(made, call(), FakePlanContext(), until=1_012)
    assert failed.value.wait == 8
    assert all(at <= 1_012 for _, at in acting.asked)


async def test_a_burst_comes_back_late_spread_and_without_more_calls_than_a_fifth() -> None:
    made, acting, time = gateway(lambda _, now: limited(20) if now < 1_020 else None)
    draws = itertools.count()
    made.chance = lambda: (next(draws) * 0.6180339887) % 1
    calls = [asyncio.create_task(made.ask(call(), FakePlanContext(), until=1_120)) for _ in range(1_000)]
    answers = await time.pass_while(*calls)
    assert {answer.model for answer in answers} == {"small"}
    arrivals = [at for _, at in acting.asked if at > 1_000]
    assert len(arrivals) == 1_000
    assert min(arrivals) >= 1_020
    assert max(Counter(int(at * 10) for at in arrivals).values()) <= 150
    assert len(acting.asked) <= 1.2 * 1_000
    assert not made.breakers.of("small").failures


async def test_retries_end_when_their_budget_does() -> None:
    made, acting, _ = gateway(lambda *_: CallFailed("server_error", "no"), table=TWINS)
    for _ in range(100):
        made.breakers.models.clear()
        with pytest.raises(GatewayFault):
            await ask(made, call(), FakePlanContext())
    retries = len(acting.asked) - 2 * 100  # each call asks both models once
    assert retries <= RETRIES_SAVED_MAX + 100 * RETRIES_PER_CALL


async def test_backoff_is_of_any_length_up_to_its_bound() -> None:
    for chance in (0.0, 1.0):
        answers = iter([CallFailed("overloaded", "no"), None])
        made, _, time = gateway(lambda *_, answers=answers: next(answers), chance=chance)
        await ask(made, call(), FakePlanContext())
        assert time.slept == [0.25 * chance]


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "sig"}
TALK = (
    {"role": "user", "content": [{"type": "text", "text": "begin"}]},
    {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "well"}], "model": "medium"},
    {"role": "user", "content": [{"type": "text", "text": "go on"}]},
)


async def test_a_conversation_stays_with_its_model_and_leaves_without_its_thinking() -> None:
    made, acting, _ = gateway(lambda model, _: CallFailed("timeout", "no") if model == "medium" else None)
    context = FakePlanContext()
    answer = await ask(made, call(*TALK, stay="medium"), context)
    assert [model for model, _ in acting.asked] == ["medium", "large"]
    assert acting.calls[0].messages[1]["content"] == [THOUGHT, {"type": "text", "text": "well"}]
    assert acting.calls[1].messages[1]["content"] == [{"type": "text", "text": "well"}]
    assert answer.model == "large"
    first, second = context.opened.values()
    assert (first.why, second.why) == ("stays", "escalate:timeout")
    assert first.prompt_sha != second.prompt_sha, "each hash is that of what was sent"


async def test_the_archive_answers_for_whichever_model_was_asked() -> None:
    made, acting, _ = gateway(lambda model, _: CallFailed("timeout", "no") if model == "medium" else None)
    context = FakePlanContext()
    await ask(made, call(*TALK, stay="medium"), context)
    count = len(acting.asked)
    answer = await ask(made, call(*TALK, stay="medium"), context, recorded=context.recorded())
    assert answer.is_recorded
    assert answer.model == "large"
    assert len(acting.asked) == count


async def test_an_answer_that_was_cut_is_paid_kept_and_answers_again() -> None:
    made, acting, _ = gateway(lambda *_: None)
    acting.reply = Reply(({"type": "text", "text": "wor"},), "max_tokens", CallUsage(1, 100), cut="insert")
    context = FakePlanContext()
    first = await ask(made, call(), context)
    assert [closed.outcome for closed in context.closed] == ["cut_by_length"]
    again = await ask(made, call(), context, recorded=context.recorded())
    assert again.is_recorded
    assert again.reply == first.reply
    assert len(acting.asked) == 1


async def test_what_cannot_be_sent_costs_nothing() -> None:
    made, acting, _ = gateway(lambda *_: None)
    long = {"role": "user", "content": [{"type": "text", "text": "x" * (5 << 20)}]}
    context = FakePlanContext()
    with pytest.raises(GatewayFault) as failed:
        await ask(made, call(long), context)
    assert failed.value.kind == "too_long"
    assert not acting.asked
    assert not context.opened
