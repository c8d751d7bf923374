"""What a thrown switch does to what is under way: told to stop, held back where people see why, let go on in time.

Stopped: planners are told so and their intents stand queued again, judges and mergers are forgotten, commits and
effects wait. Nothing of that is a try or a fault. Going on: everything is taken up by the log as it is then; plans that
were ready are looked at again by value; answers that had come are in the archive, so no call is paid twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import QuestionOpened, StopsChanged
from workspace.intents.model.intent import RUNNING_KINDS, States
from workspace.intents.model.requests import HaltAgent, ResumeAgent, SendEffect
from workspace.intents.model.stop import Switch
from workspace.intents.model.times import unix_time
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.planning import stop
from workspace.intents.steps.turn import Turn


def throw(kernel: KernelState, turn: Turn, config: ConfigBody, actor: str) -> None:
    """Enter a set-up with a switch, and stop what is under way or let it go on; every open run must be closed."""
    assert not kernel.runs.open, "what was typed before a switch is in the log before it"
    fold = kernel.fold
    was_on = fold.stops.is_on
    record(kernel, turn, config, actor)
    if fold.stops.is_on and not was_on:
        _halt(kernel, turn)
    elif was_on and not fold.stops.is_on:
        _resume(kernel, turn)
    turn.tell(StopsChanged(fold.stops.all))


def record(kernel: KernelState, turn: Turn, config: ConfigBody, actor: str) -> None:
    """Append the record of a thrown switch; where the agent goes on, open questions get the time they had left."""
    switch, stops = config.switch, kernel.fold.stops
    assert switch is not None, "a set-up with a switch"
    if not switch.on and list(stops.by_scope) == [switch.scope]:
        switch = msgspec.structs.replace(switch, deadlines=_deadlines(kernel, turn.now))
    turn.append(msgspec.structs.replace(config, switch=switch), actor)


def _deadlines(kernel: KernelState, now: float) -> dict[str, float]:
    """Return the new deadlines of open questions: their clocks have stood still while the agent was stopped.

    What was asked meanwhile has its whole time.
    """
    assert kernel.fold.stops.at, "clocks stand still since a record"
    since, whole = unix_time(kernel.fold.stops.at), kernel.fold.policy.ask_seconds
    return {
        question.id: now + min(max(0.0, question.deadline - since), whole)
        for question in kernel.fold.board.questions.values()
    }


def _halt(kernel: KernelState, turn: Turn) -> None:
    for entry in kernel.lives.index.of(States.PLANNING):
        if kernel.is_halted(entry):
            stop(kernel, turn, entry)
            turn.state(entry, "queued")
    assert not any(kernel.is_halted(one) for one in kernel.lives.index.of("planning")), "only people's undos go on"
    kernel.judging.clear()
    kernel.merging.clear()
    turn.request(HaltAgent())


def _resume(kernel: KernelState, turn: Turn) -> None:
    fold = kernel.fold
    assert not fold.stops.is_on, "it goes on when the last switch is off"
    for entry in kernel.lives.index.of(States.QUEUED, States.READY):
        if _is_held_back(entry):
            state = kernel.lives.of(entry).state
            turn.state(entry, state, reason=entry.plan.summary if entry.plan and state == States.READY else "")
        # Who was asked in time is waited for as if the plan had come only now.
        kernel.progress_of(entry).ready_at = turn.now
    for question in fold.board.questions.values():
        turn.tell(QuestionOpened(question))
    turn.request(ResumeAgent())
    _send_on(kernel, turn)


def take_up(kernel: KernelState, turn: Turn, switches: Sequence[tuple[str, Switch]]) -> None:
    """Enter which switches were thrown before a workspace opens, and begin to send what others have left."""
    for actor, switch in switches:
        if kernel.fold.stops.is_news(switch, actor):
            record(kernel, turn, ConfigBody(switch=switch), actor)
    _send_on(kernel, turn)


def _send_on(kernel: KernelState, turn: Turn) -> None:
    """Request, once in a server's life, for the effects that others had left to send, unless the agent is stopped.

    Those of its own commits were requested there: they wait where they are while the agent is stopped.
    """
    if kernel.sends or kernel.fold.stops.is_on:
        return
    kernel.sends = True
    for outgoing in kernel.fold.outbox.values():
        turn.request(SendEffect(outgoing, openings=kernel.epoch - outgoing.epoch))


def hold_back(kernel: KernelState, turn: Turn) -> None:
    """Show whoever waits that the agent is stopped, by whom and why."""
    if not kernel.fold.stops.is_on:
        return
    words = kernel.fold.stops.words
    for entry in kernel.lives.index.of(States.QUEUED, States.READY):
        if kernel.is_halted(entry) and _is_held_back(entry):
            live = kernel.lives.of(entry)
            turn.state(entry, live.state, waits_for=live.waits_for, reason=words)


def _is_held_back(entry: Entry) -> bool:
    """Tell whether an intent is one that the agent would take up by itself."""
    return entry.body.kind in RUNNING_KINDS and not entry.joins
