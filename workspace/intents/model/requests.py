"""What a sequencer wants from outside: it asks nobody itself, the room carries these out."""

from __future__ import annotations

import msgspec

from workspace.intents.model.effects import Outgoing
from workspace.intents.model.oracle import JudgeTask, MergeTask
from workspace.intents.model.plan import Task


class AskPlanner(msgspec.Struct, frozen=True):
    """Plan this task; answer with `Proposed` or `PlanFailed` carrying the same intent, attempt and `ask`."""

    task: Task
    seconds_max: float
    ask: int = 0


class StopPlanner(msgspec.Struct, frozen=True):
    """The plan for this intent is not wanted any more; no answer is expected."""

    intent: str


class AskJudge(msgspec.Struct, frozen=True):
    """Compare these pairs; answer with `Judged`, whatever happens."""

    task: JudgeTask


class AskMerger(msgspec.Struct, frozen=True):
    """Write one instruction for this group; answer with `MergeProposed`, whatever happens."""

    task: MergeTask


class SendEffect(msgspec.Struct, frozen=True):
    """Carry this effect out, once; answer with `EffectSettled`, whatever happens.

    `openings` counts how often the workspace was opened since: as many servers may have begun it. The log holds how an
    effect ended, not its attempts, so each of them takes one off the attempts that are left.
    """

    outgoing: Outgoing
    openings: int = 0


class HaltAgent(msgspec.Struct, frozen=True):
    """The agent is stopped: whoever compares or merges stops, open calls are cancelled, no effect begins to leave."""


class ResumeAgent(msgspec.Struct, frozen=True):
    """The agent goes on: effects leave again."""


Request = AskPlanner | StopPlanner | AskJudge | AskMerger | SendEffect | HaltAgent | ResumeAgent
