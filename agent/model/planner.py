"""The planner that asks a model: rounds of a bounded tool loop, under the rules that bind all planners.

A round that leads nowhere is begun again by a stronger model. What cannot be got from any model, however often it is
asked, ends with words for its author: what the matter was, and what would work.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from agent.gateway.call import Signals
from agent.gateway.dispatch import WORDS, Gateway, GatewayFault
from agent.gateway.preflight import estimate_tokens
from agent.model.prompt_text import load_prompt
from agent.model.shadow import Served, Shadows, is_sampled
from agent.model.tool_loop import Spent, Stuck, ToolLoop, TooLong
from workspace.errors import PlannerFault
from workspace.intents.model.calls import CallOutcomes
from workspace.intents.model.plan import Planned, PlanRefused, Proposal, Task
from workspace.ports import PlanContext
from workspace.tasks import Tasks

PLAN_VERSION = 1
ROUNDS_MAX = 3
PLAN_SECONDS = 120.0


class ModelPlanner:
    """`workspace.ports.Planner` on a model, through the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._prompt = load_prompt("plan", PLAN_VERSION)
        self._loading = Tasks()
        self._shadows = Shadows(gateway.clock)

    @property
    def name(self) -> str:
        """Name and version: the strongest model of the server's table and the prompt."""
        return f"model {self._gateway.table.strongest}/{self._prompt.label}"

    async def open(self) -> None:
        """Begin to load the SDK, so that the first instruction does not wait for it."""
        self._loading.start(self._gateway.warm(), name="load the SDK")

    async def close(self) -> None:
        """Close the connections to the models."""
        await self._shadows.close()
        await self._loading.close()
        await self._gateway.close()

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        """Return a proposal; after a round that led nowhere a stronger model begins again, at most twice.

        Raises:
            PlannerFault: no model came to an end.
        """
        assert not task.undo, "a commit is taken back without a model"
        spent, last, began = Spent(), "no round was made", self._gateway.clock()
        until = began + (task.seconds_max or PLAN_SECONDS)
        context.step("Thinks about how to begin.")
        for number in range(ROUNDS_MAX):
            signals = signals_of(task, number)
            here = ToolLoop(task, context, self._gateway, self._prompt, spent, signals, number, until=until)
            try:
                proposal = await here.run()
                if isinstance(proposal, Planned):
                    latency_ms = int((self._gateway.clock() - began) * 1000)
                    self._shadow(task, context, Served(proposal, spent.cost, latency_ms))
                return proposal
            except Stuck as stuck:
                last = str(stuck)
                context.step("Begins again with a stronger model.")
            except TooLong as long:
                reason = f"The model's answers were cut, because they are longer than {long.tokens} tokens."
                return self._refused("cut_by_length", reason, "Ask for less at once, or for one part after the other.")
            except GatewayFault as fault:
                refused = self._ended(fault)
                if refused is not None:
                    return refused
                raise
        raise PlannerFault(f"the model came to no end: {last}")

    def _ended(self, fault: GatewayFault) -> PlanRefused | None:
        """Return the end of a plan for failures that asking again at once would only repeat."""
        if fault.kind == CallOutcomes.REFUSED:
            return self._refused("declined", "The model declined to work on this.", "Say it in other words.")
        if fault.kind == CallOutcomes.TOO_LONG:
            reason = f"There is more to read here than the model can take ({fault.detail})."
            return self._refused("too_long", reason, "Ask about less at once: one document, or a part of it.")
        if fault.wait:
            minutes = max(1, math.ceil(fault.wait / 60))
            then = datetime.fromtimestamp(self._gateway.wall() + fault.wait, UTC)
            reason = f"Not now: {WORDS.get(fault.kind, fault.kind)} and asks to wait {math.ceil(fault.wait)} seconds."
            return self._refused(fault.kind, reason, f"Ask again in {minutes} min, after {then:%H:%M} UTC.")
        return None

    def _refused(self, code: str, reason: str, remedy: str) -> PlanRefused:
        return PlanRefused(code, reason, remedy, self._prompt.label)

    def _shadow(self, task: Task, context: PlanContext, served: Served) -> None:
        """Let the candidate model plan the same beside, for the sampled share of intents."""
        shadow = (task.routes or self._gateway.table).shadow
        if not shadow.model or not is_sampled(task.intent, task.workspace, shadow.share):
            return

        async def plan(shade: PlanContext) -> Proposal:
            try:
                here = ToolLoop(
                    task, shade, self._gateway, self._prompt, Spent(), signals_of(task, 0), model=shadow.model
                )
                return await here.run()
            except (Stuck, TooLong) as end:
                raise PlannerFault(str(end)) from end

        self._shadows.begin(task, context, served, shadow.model, plan)


def signals_of(task: Task, escalations: int) -> Signals:
    """Return what routing may know of a task before any model has looked."""
    scope = task.scope
    docs = list(dict.fromkeys(part.doc for part in scope)) if scope is not None else list(task.snapshot.documents)
    is_range = scope is not None and all(part.from_ is not None or part.keys for part in scope)
    if is_range:
        size = sum(len(part.quote or "") for part in scope or ())
    else:
        size = sum(len(task.snapshot.documents[doc].state) for doc in docs if doc in task.snapshot.documents)
    return Signals(
        words=len(task.text.split()),
        documents=len(docs),
        scope="unknown" if scope is None else "range" if is_range else "document",
        size=estimate_tokens(size),
        strict=task.strict,
        attempt=task.attempt,
        escalations=escalations + task.fault,
        budget_left=task.budget_left,
    )
