"""The journey of one call: recorded? → route → preflight → reserve → send → account → answer, or the next in its chain.

Every attempt is opened in the log before it leaves and closed whatever became of it, a cancellation included. A call
that an earlier try of the same plan has made already is answered from the archive: a crash costs at most one call more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.backoff import Backoff
from agent.gateway.breaker import Breakers
from agent.gateway.call import Answer, Block, Call, CallFailed, Reply, render
from agent.gateway.conversation import sendable
from agent.gateway.cost import Prices
from agent.gateway.preflight import check_size
from agent.gateway.provider import LateProvider, Provider
from agent.gateway.repair import clean
from agent.gateway.route import ChainStep, choose
from crdt.digest import sha256_of
from workspace.errors import PlannerFault
from workspace.intents.model.calls import (
    Blob,
    CallClosed,
    CallOpened,
    CallOutcome,
    CallOutcomes,
    CallUsage,
    Recorded,
    RouteTable,
)
from workspace.ports import PlanContext

TRIES_MAX = 6
WAIT_SECONDS_MAX = 10.0
ANSWER_SECONDS_MIN = 5.0
WAITS_MAX = 4
DETAIL_POINTS_MAX = 500
WORDS: dict[CallOutcome, str] = {
    "overloaded": "the model is overloaded",
    "rate_limited": "the model limits our rate",
    "timeout": "the model took too long",
    "refused": "the model declined",
    "malformed": "the model's answer could not be read",
    "cut": "the model's answer broke off",
    "too_long": "there is more to read than the model can take",
    "server_error": "the model server failed",
    "unreachable": "the model server cannot be reached",
    "unauthorised": "the model server does not accept our key or the model's name",
}


class GatewayFault(PlannerFault):
    """No model in the chain answered; `kind` is the last failure.

    `wait` is how many seconds a model's server asked to be left alone, where that was longer than could be waited.
    """

    def __init__(self, kind: CallOutcome, detail: str, *, wait: float = 0.0) -> None:
        asked = f", it asks to wait {math.ceil(wait)} s" if wait else ""
        super().__init__(
            f"{WORDS.get(kind, kind)}{asked} ({detail})",
            retry=kind not in (CallOutcomes.UNAUTHORISED, CallOutcomes.TOO_LONG),
        )
        self.kind = kind
        self.detail = detail
        self.wait = wait


def _deaf(_: StreamPart) -> None:
    """Nobody listens to the parts of this answer."""


@dataclass(slots=True)
class Gateway:
    """All calls of a server to its models. `clock` in seconds that never go back, `wall` in unix seconds.

    `chance` gives a number from 0 to 1; it only spreads waits, so that nothing a replay sees hangs on it.
    """

    provider: Provider
    table: RouteTable
    prices: Prices
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    breakers: Breakers = field(default_factory=Breakers)
    backoff: Backoff = field(init=False)

    def __post_init__(self) -> None:
        """Share one backoff among all calls."""
        self.backoff = Backoff(lambda: self.chance())

    async def ask(
        self,
        call: Call,
        context: PlanContext,
        *,
        table: RouteTable | None = None,
        recorded: Sequence[Recorded] = (),
        on_part: Callable[[StreamPart], None] = _deaf,
        until: float | None = None,
    ) -> Answer:
        """Return an answer to a call, from the first model in its chain that gives one.

        `until` is when, by `clock`, nobody waits any more: ten seconds from now unless given.

        Raises:
            GatewayFault: the chain is spent.
            workspace.errors.CallRefused: a budget is used up, or nobody waits any more.
        """
        kept = await self._kept(call, recorded, context)
        if kept is not None:
            return kept
        self.backoff.called()
        step: ChainStep | None = self._begin(call, table or self.table)
        last = CallFailed("unreachable", "every model's circuit breaker is open")
        until = self.clock() + WAIT_SECONDS_MAX + ANSWER_SECONDS_MIN if until is None else until
        for tries in range(TRIES_MAX):
            step = step.past(self._is_open) if step is not None else None
            if step is None:
                break
            wait = await self._wait(step.model, context, until=until)
            if wait:
                wait = max(wait, last.retry_after or 0.0)
                kind = last.kind if last.retry_after else "rate_limited"
                last = CallFailed(kind, f"{step.model} asks to wait {math.ceil(wait)} s", retry_after=wait)
                step = self._elsewhere(step, kind)
                continue
            try:
                return await self._try(call, step, context, tries=tries, on_part=on_part)
            except CallFailed as failed:
                last = failed
            self.backoff.hold(step.model, last, self.clock())
            step = step.after(last.kind)
            if step is not None and step.why.startswith("retry"):
                if not self.backoff.may_retry():
                    step = self._elsewhere(step, last.kind)
                elif not last.retry_after:
                    await self.sleep(self.backoff.pause(tries))
        wait = last.retry_after or 0.0
        raise GatewayFault(last.kind, last.detail, wait=wait if self._is_beyond(wait, until) else 0.0)

    def _begin(self, call: Call, table: RouteTable) -> ChainStep:
        """Return where a call's chain begins: with the model that the conversation is with, else as the table says."""
        if call.model:
            return ChainStep(RouteTable(tiers=(("shadow", (call.model,)),)), "shadow", why="shadow")
        routed = ChainStep(table, choose(table, call.purpose, call.signals))
        assert routed.model, "a chain begins with a model"
        for tier, models in table.tiers:
            if call.stay in models and call.stay != routed.model:
                return replace(routed, tier=tier, at=models.index(call.stay), why="stays")
        return routed

    def _elsewhere(self, step: ChainStep, kind: CallOutcome) -> ChainStep | None:
        """Return the next step in a chain that is another model."""
        moved = step.after(kind)
        while moved is not None and moved.why.startswith("retry"):
            moved = moved.after(kind)
        return moved

    async def _wait(self, model: str, context: PlanContext, *, until: float) -> float:
        """Wait as long as a model's server asked for; return the seconds when that is longer than anybody waits."""
        for _ in range(WAITS_MAX):
            held = self.backoff.held(model, self.clock())
            if not held:
                break
            seconds = self.backoff.spread(held)
            if self._is_beyond(held, until):
                return held
            if seconds >= 1:
                context.step(f"The model's server asks to wait {math.ceil(held)} s.")
            await self.sleep(seconds)
        return 0.0

    def _is_beyond(self, wait: float, until: float) -> bool:
        """Tell whether an answer after a wait would come too late."""
        return self.clock() + wait + ANSWER_SECONDS_MIN > until

    async def _kept(self, call: Call, recorded: Sequence[Recorded], context: PlanContext) -> Answer | None:
        """Return the answer that this very conversation got before, from whichever model it was, if it did."""
        # Decision 18: a run begins from its first message; what was answered before is answered from the archive.
        here = (call.attempt, call.fault, call.round)
        mine = [known for known in recorded if (known.attempt, known.fault, known.round) == here]
        shas = {model: render(prepared(call, model)).sha for model in {known.model for known in mine}}
        for known in mine:
            if known.prompt_sha == shas[known.model]:
                content = await context.archived(known.response)
                if content is not None:
                    return Answer(read_reply(content), known.model, known.tier, is_recorded=True)
        return None

    async def _try(
        self, call: Call, step: ChainStep, context: PlanContext, *, tries: int, on_part: Callable[[StreamPart], None]
    ) -> Answer:
        model, breaker = step.model, self.breakers.of(step.model)
        call = prepared(call, model)
        rendered = render(call)
        assert not call.model or call.model == model, "a shadow asks the one model it is about"
        size = check_size(rendered)
        reserve, _ = self.prices.cost(model, CallUsage(read=size, written=call.tokens_max), self.wall())
        opened = CallOpened(
            intents=call.intents, author=call.author, purpose=call.purpose, prompt=call.prompt,
            prompt_sha=rendered.sha, request=rendered.request(model).sha, tier=step.tier, model=model, reserve=reserve,
            why=step.why, attempt=call.attempt, fault=call.fault, round=call.round, tries=tries,
            shadow=bool(call.model),
        )  # fmt: skip
        assert reserve >= 0, "a reservation takes from a budget"
        # Decision 16: on disk before it leaves, so that a crash leaves no call unaccounted.
        id = await context.open_call(opened, rendered.blobs(model))
        assert id, "an opened call has a name in the log"
        breaker.begin()
        outcome: CallOutcome = "cancelled"
        began, detail, reply, assembly = self.clock(), "", None, Assembly()
        try:
            # What is carried out is what the archive would give: it sorts keys and writes 1.0 as 1, and what a tool
            # answers may hang on either, so that a run after a crash would say other words and be paid again.
            reply = read_reply((await self.provider.send(call, model, assembly, on_part)).encode())
            outcome = "cut_by_length" if reply.is_cut else "ok"
        except CallFailed as failed:
            outcome, detail, reply = failed.kind, failed.detail, failed.reply
            raise
        finally:
            ended, usage = self.clock(), assembly.billable(size, outcome)
            assert ended >= began, "this clock never goes back"
            breaker.end(outcome, ended)
            closed = self._closed(id, outcome, usage, reply, model=model, detail=detail, ms=int((ended - began) * 1e3))
            context.close_call(closed, [Blob(closed.response, reply.encode())] if reply is not None else [])
        assert reply is not None, "an answered call has its reply"
        return Answer(reply, model, step.tier, closed.cost, closed.latency_ms)

    def _closed(
        self, id: str, outcome: CallOutcome, usage: CallUsage, reply: Reply | None, *, model: str, detail: str, ms: int
    ) -> CallClosed:
        cost, priced_by = self.prices.cost(model, usage, self.wall())
        strongest, _ = self.prices.cost(self.table.strongest, usage, self.wall())
        return CallClosed(
            call=id,
            outcome=outcome,
            usage=usage,
            cost=cost,
            cost_strongest=strongest,
            priced_by=priced_by,
            latency_ms=ms,
            response=sha256_of(reply.encode()) if reply is not None else "",
            stop_reason=reply.stop_reason if reply is not None else "",
            detail=detail[:DETAIL_POINTS_MAX],
        )

    def _is_open(self, model: str) -> bool:
        return self.breakers.of(model).is_open(self.clock())

    async def warm(self) -> None:
        """Make the provider ready where that takes long."""
        if isinstance(self.provider, LateProvider):
            await self.provider.ready()

    async def close(self) -> None:
        """Close the provider's connections."""
        with contextlib.suppress(OSError):
            await self.provider.close()


def prepared(call: Call, model: str) -> Call:
    """Return a call as one model may be sent it."""
    return replace(call, messages=sendable(call.messages, model))


def read_reply(content: bytes) -> Reply:
    """Return a reply as the archive keeps it."""
    kept = json.loads(content)
    blocks: list[Block] = [clean(block) for block in kept["content"]]  # an old archive may hold halves of characters
    usage = msgspec.convert(kept["usage"], CallUsage)
    return Reply(tuple(blocks), kept["stop_reason"], usage, kept["model"], kept.get("cut", ""))
