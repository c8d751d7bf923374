"""What a thrown switch does to what is under way: told to stop, held back where people see why, let go on in time.

Stopped: planners are told so and their intents stand queued again, judges and mergers are forgotten, commits and
effects wait. Nothing of that is a try or a fault. Going on: everything is taken up by the log as it is then; plans that
were ready are looked at again by value; answers that had come are in the archive, so no call is paid twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from workspace.intents.model.events import QuestionOpened, StopsChanged
from workspace.intents.model.intent import RUNNING_KINDS
from workspace.intents.model.record import ConfigBody
from workspace.intents.model.requests import HaltAgent, ResumeAgent, SendEffect
from workspace.intents.model.stop import Switch
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import Core
from workspace.intents.steps.planning import stop
from workspace.intents.steps.turn import Turn, unix_time


def throw(core: Core, turn: Turn, config: ConfigBody, actor: str) -> None:
    """Enter a set-up with a switch, and stop what is under way or let it go on; every open run must be closed."""
    fold = core.fold
    was_on = fold.stops.is_on
    record(core, turn, config, actor)
    if fold.stops.is_on and not was_on:
        _halt(core, turn)
    elif was_on and not fold.stops.is_on:
        _resume(core, turn)
    turn.tell(StopsChanged(fold.stops.all))


def record(core: Core, turn: Turn, config: ConfigBody, actor: str) -> None:
    """Append the record of a thrown switch; where the agent goes on, open questions get the time they had left."""
    switch, stops = config.switch, core.fold.stops
    assert switch is not None, "a set-up with a switch"
    if not switch.on and list(stops.by_scope) == [switch.scope]:
        switch = msgspec.structs.replace(switch, deadlines=_deadlines(core, turn.now))
    turn.append(msgspec.structs.replace(config, switch=switch), actor)


def _deadlines(core: Core, now: float) -> dict[str, float]:
    """Return the new deadlines of open questions: their clocks have stood still while the agent was stopped.

    What was asked meanwhile has its whole time.
    """
    since, whole = unix_time(core.fold.stops.at), core.fold.policy.ask_seconds
    return {
        question.id: now + min(max(0.0, question.deadline - since), whole)
        for question in core.fold.board.questions.values()
    }


def _halt(core: Core, turn: Turn) -> None:
    for entry in core.fold.board.shelves.of("planning"):
        if core.is_halted(entry):
            stop(core, turn, entry)
            turn.state(entry, "queued")
    core.judging.clear()
    core.merging.clear()
    turn.wish(HaltAgent())


def _resume(core: Core, turn: Turn) -> None:
    fold = core.fold
    for entry in fold.board.shelves.of("queued", "ready"):
        if _is_held_back(entry):
            turn.state(entry, entry.state, reason=entry.plan.summary if entry.plan and entry.state == "ready" else "")
        # Who was asked in time is waited for as if the plan had come only now.
        core.work_of(entry).ready_at = turn.now
    for question in fold.board.questions.values():
        turn.tell(QuestionOpened(question))
    turn.wish(ResumeAgent())
    _send_on(core, turn)


def take_up(core: Core, turn: Turn, switches: Sequence[tuple[str, Switch]]) -> None:
    """Enter which switches were thrown before a workspace opens, and begin to send what others have left."""
    for actor, switch in switches:
        if core.fold.stops.is_news(switch, actor):
            record(core, turn, ConfigBody(switch=switch), actor)
    _send_on(core, turn)


def _send_on(core: Core, turn: Turn) -> None:
    """Wish, once in a server's life, for the effects that others had left to send, unless the agent is stopped.

    Those of its own commits were wished for there: they wait where they are while the agent is stopped.
    """
    if core.sends or core.fold.stops.is_on:
        return
    core.sends = True
    for outgoing in core.fold.outbox.values():
        turn.wish(SendEffect(outgoing, openings=core.epoch - outgoing.epoch))


def hold_back(core: Core, turn: Turn) -> None:
    """Show whoever waits that the agent is stopped, by whom and why."""
    if not core.fold.stops.is_on:
        return
    words = core.fold.stops.words
    for entry in core.fold.board.shelves.of("queued", "ready"):
        if core.is_halted(entry) and _is_held_back(entry):
            turn.state(entry, entry.state, waits_for=entry.waits_for, reason=words)


def _is_held_back(entry: Entry) -> bool:
    """Tell whether an intent is one that the agent would take up by itself."""
    return entry.body.kind in RUNNING_KINDS and not entry.joins
