"""The journey of one call: recorded? → preflight → route → reserve → send → account → answer, or the next in its chain.

Every attempt is opened in the log before it leaves and closed whatever became of it, a cancellation included. A call
that an earlier try of the same plan has made already is answered from the archive: a crash costs at most one call more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from agent.gateway.assembly import Assembly, Part
from agent.gateway.breaker import Breakers
from agent.gateway.call import Answer, Block, Call, CallFailed, Rendered, Reply, render
from agent.gateway.cost import Prices
from agent.gateway.preflight import check_size
from agent.gateway.provider import LateProvider, Provider
from agent.gateway.route import Walk, choose
from crdt.digest import sha256_of
from workspace.errors import PlannerFault
from workspace.intents.calls import Blob, CallClosed, CallOpened, CallOutcome, CallUsage, Recorded, RouteTable
from workspace.ports import Desk

TRIES_MAX = 6
BACKOFF_SECONDS = (0.25, 1.0, 2.0, 4.0)
RETRY_AFTER_SECONDS_MAX = 10.0
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
    """No model in the chain answered; `kind` is the last failure."""

    def __init__(self, kind: CallOutcome, detail: str) -> None:
        super().__init__(f"{WORDS.get(kind, kind)} ({detail})", retry=kind not in ("unauthorised", "too_long"))
        self.kind = kind


def _deaf(_: Part) -> None:
    """Nobody listens to the parts of this answer."""


@dataclass(slots=True)
class Gateway:
    """All calls of a server to its models. `clock` in seconds that never go back, `wall` in unix seconds."""

    provider: Provider
    table: RouteTable
    prices: Prices
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    breakers: Breakers = field(default_factory=Breakers)

    async def ask(
        self,
        call: Call,
        desk: Desk,
        *,
        table: RouteTable | None = None,
        recorded: Sequence[Recorded] = (),
        on_part: Callable[[Part], None] = _deaf,
    ) -> Answer:
        """Return an answer to a call, from the first model in its chain that gives one.

        Raises:
            GatewayFault: the chain is spent.
            workspace.errors.CallRefused: a budget is used up, or nobody waits any more.
        """
        rendered = render(call)
        kept = await self._kept(call, rendered, recorded, desk)
        if kept is not None:
            return kept
        routes = table or self.table
        try:
            size = check_size(rendered)
        except CallFailed as failed:
            raise GatewayFault(failed.kind, failed.detail) from failed
        walk: Walk | None = Walk(routes, choose(routes, call.purpose, call.signals))
        if call.model:
            walk = Walk(RouteTable(tiers=(("shadow", (call.model,)),)), "shadow", why="shadow")
        last = CallFailed("unreachable", "every model's circuit breaker is open")
        for tries in range(TRIES_MAX):
            walk = walk.past(self._is_open) if walk is not None else None
            if walk is None:
                break
            try:
                return await self._try(call, rendered, walk, desk, tries=tries, size=size, on_part=on_part)
            except CallFailed as failed:
                last, walk = failed, walk.after(failed.kind)
            if walk is not None and walk.why.startswith("retry"):
                await self.sleep(self._backoff(last, tries))
        raise GatewayFault(last.kind, last.detail)

    async def _kept(self, call: Call, rendered: Rendered, recorded: Sequence[Recorded], desk: Desk) -> Answer | None:
        """Return the answer that this very conversation got before, if it did."""
        here = (call.attempt, call.fault, call.round)
        for known in recorded:
            if (known.attempt, known.fault, known.round) == here and known.prompt_sha == rendered.sha:
                content = await desk.archived(known.response)
                if content is not None:
                    return Answer(read_reply(content), known.model, known.tier, is_recorded=True)
        return None

    async def _try(
        self,
        call: Call,
        rendered: Rendered,
        walk: Walk,
        desk: Desk,
        *,
        tries: int,
        size: int,
        on_part: Callable[[Part], None],
    ) -> Answer:
        model, breaker = walk.model, self.breakers.of(walk.model)
        reserve, _ = self.prices.cost(model, CallUsage(read=size, written=call.tokens_max), self.wall())
        opened = CallOpened(
            intents=call.intents, author=call.author, purpose=call.purpose, prompt=call.prompt,
            prompt_sha=rendered.sha, request=rendered.request(model).sha, tier=walk.tier, model=model, reserve=reserve,
            why=walk.why, attempt=call.attempt, fault=call.fault, round=call.round, tries=tries,
            shadow=bool(call.model),
        )  # fmt: skip
        id = await desk.open_call(opened, rendered.blobs(model))
        breaker.begin()
        began, outcome, detail = self.clock(), "cancelled", ""
        reply, assembly = None, Assembly()
        try:
            reply = await self.provider.send(call, model, assembly, on_part)
            outcome = "ok"
        except CallFailed as failed:
            outcome, detail, reply = failed.kind, failed.detail, failed.reply
            raise
        finally:
            ended, usage = self.clock(), assembly.billable(size, outcome)  # type: ignore[arg-type]
            breaker.end(outcome, ended)  # type: ignore[arg-type]
            closed = self._closed(id, outcome, usage, reply, model=model, detail=detail, ms=int((ended - began) * 1e3))  # type: ignore[arg-type]
            desk.close_call(closed, [Blob(closed.response, reply.encode())] if reply is not None else [])
        assert reply is not None, "an answered call has its reply"
        return Answer(reply, model, walk.tier, closed.cost, closed.latency_ms)

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

    def _backoff(self, failed: CallFailed, tries: int) -> float:
        wait = BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)]
        return max(wait, min(failed.retry_after or 0.0, RETRY_AFTER_SECONDS_MAX))

    async def warm(self) -> None:
        """Make the provider ready where that takes long."""
        if isinstance(self.provider, LateProvider):
            await self.provider.ready()

    async def close(self) -> None:
        """Close the provider's connections."""
        with contextlib.suppress(OSError):
            await self.provider.close()


def read_reply(content: bytes) -> Reply:
    """Return a reply as the archive keeps it."""
    kept = json.loads(content)
    blocks: list[Block] = kept["content"]
    usage = msgspec.convert(kept["usage"], CallUsage)
    return Reply(tuple(blocks), kept["stop_reason"], usage, kept["model"])
