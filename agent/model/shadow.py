"""Shadow runs: a candidate model plans the same task off the user's path; its plan is compared, never committed.

The sample is drawn from the intent's id, so that the same log samples the same intents. A shadow is accounted like any
call and bounded in number and time; nobody ever waits for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from crdt.digest import digest_value, sha256_of
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.fork import run
from workspace.errors import CallRefused, PlannerFault, RoomClosed
from workspace.intents.model.calls import Blob, CallClosed, CallOpened, Compared
from workspace.intents.model.plan import Draft, Planned, Proposal, Task
from workspace.ports import PlanContext
from workspace.tasks import Tasks

AT_ONCE_MAX = 4
SECONDS_MAX = 120.0
SNAPSHOT_CLIENT, TRIAL_CLIENT = 8, 32


def is_sampled(intent: str, workspace: str, share: float) -> bool:
    """Tell whether an intent's plan is shadowed: a fixed share of all ids, 0 none, 1 all."""
    drawn = int(sha256_of(f"{workspace}/{intent}".encode())[7:15], 16) / 0x1_0000_0000
    assert 0 <= drawn < 1, "a share of all ids"
    return drawn < share


@dataclass(slots=True)
class ShadowPlanContext:
    """The context of a shadow run: calls are accounted, nothing is shown. `cost` in millionths of a US dollar."""

    context: PlanContext
    cost: int = 0

    def show(self, draft: Draft) -> None:
        """Nobody watches a shadow."""

    def step(self, words: str) -> None:
        """Nobody listens to a shadow."""

    def deny(self, *, tool: str, arguments: str, code: str, reason: str, model: str) -> None:
        """Log what code refused, as for any model."""
        self.context.deny(tool=tool, arguments=arguments, code=code, reason=reason, model=model)

    async def open_call(self, opened: CallOpened, blobs: Sequence[Blob]) -> str:
        """Reserve a call."""
        return await self.context.open_call(opened, blobs)

    def close_call(self, closed: CallClosed, blobs: Sequence[Blob] = ()) -> None:
        """Log what came of a call."""
        self.cost += closed.cost
        self.context.close_call(closed, blobs)

    def compare(self, compared: Compared) -> None:
        """Shadows have no shadows."""

    async def archived(self, sha: str) -> bytes | None:
        """Shadows ask anew."""
        return None


@dataclass(frozen=True, slots=True)
class Served:
    """The plan that served, with what it cost and how long it took."""

    proposal: Planned
    cost: int
    latency_ms: int


@dataclass(slots=True)
class Shadows:
    """All shadow runs of a server. `clock` in seconds that never go back."""

    clock: Callable[[], float]
    running: Tasks = field(default_factory=Tasks)

    def begin(
        self,
        task: Task,
        context: PlanContext,
        served: Served,
        model: str,
        plan: Callable[[PlanContext], Awaitable[Proposal]],
    ) -> None:
        """Start a shadow run of `plan` beside; does nothing while four are under way."""
        assert model, "a shadow is of a candidate"
        if len(self.running) >= AT_ONCE_MAX:
            return
        self.running.start(self._run(task, context, served, model, plan), name=f"shadow {task.intent}")

    async def close(self) -> None:
        """Cancel what runs."""
        await self.running.close()

    async def _run(
        self,
        task: Task,
        context: PlanContext,
        served: Served,
        model: str,
        plan: Callable[[PlanContext], Awaitable[Proposal]],
    ) -> None:
        shade, began = ShadowPlanContext(context), self.clock()
        try:
            async with asyncio.timeout(SECONDS_MAX):
                proposal = await plan(shade)
        except CallRefused:
            return
        except (TimeoutError, PlannerFault, RoomClosed) as fault:
            proposal, detail = None, str(fault)
        else:
            detail = type(proposal).__name__.lower()
        latency = int((self.clock() - began) * 1000)
        assert shade.cost >= 0, "what a shadow costs is paid"
        context.compare(
            compare(task, served, proposal, model=model, cost=shade.cost, latency_ms=latency, detail=detail)
        )


def compare(
    task: Task, served: Served, shadow: Proposal | None, *, model: str, cost: int, latency_ms: int, detail: str
) -> Compared:
    """Return how a shadow's proposal compares with the plan that served, both carried out on forks of the snapshot."""
    result = _result(task, shadow) if isinstance(shadow, Planned) else None
    return Compared(
        model=model,
        beside=served.proposal.planner,
        same_operations=isinstance(shadow, Planned) and shadow.ops == served.proposal.ops,
        same_result=result is not None and result == _result(task, served.proposal),
        is_valid=result is not None,
        cost=cost,
        cost_beside=served.cost,
        latency_ms=latency_ms,
        latency_ms_beside=served.latency_ms,
        detail=detail[:200],
    )


def _result(task: Task, planned: Planned) -> str | None:
    """Return the digest of all documents after a plan; None when it cannot be carried out."""
    documents = {
        name: Document.of_state(image.kind, image.state, client=SNAPSHOT_CLIENT, exact=image.exact)
        for name, image in task.snapshot.documents.items()
    }
    try:
        ran = run(documents, planned.ops, planned.reads, client=TRIAL_CLIENT)
    except CrdtError:
        return None
    return digest_value({name: document.value() for name, document in {**documents, **ran.documents}.items()})
