"""Hold intents and ask people: one question, one decision that carries it, shown to everybody who follows."""

from __future__ import annotations

from crdt.digest import Json
from workspace.intents.model.bodies import DecisionBody, Layer, Question
from workspace.intents.model.ids import decision_id, question_id
from workspace.intents.model.plan import Option
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn


def hold(
    kernel: KernelState,
    turn: Turn,
    held: tuple[Entry, ...],
    *,
    text: str,
    options: tuple[Option, ...],
    default: str,
    because: str,
    layer: Layer,
    policy: str,
    group: tuple[str, ...] = (),
    inputs: str = "",
    evidence: dict[str, Json] | None = None,
) -> None:
    """Append the decision that holds these intents for a question, and ask it.

    `group` is whom the question is about, by default the held ones; without an answer `default` stands after the
    workspace's time for questions, `because` of what is said here.
    """
    number = turn.fold.seq + 1
    question = Question(
        id=question_id(number),
        group=group or tuple(entry.id for entry in held),
        text=text,
        options=options,
        deadline=turn.now + kernel.fold.policy.ask_seconds,
        default=default,
        evidence=evidence or {},
        because=because,
    )
    decision = DecisionBody(
        decision=decision_id(number),
        group=question.group,
        layer=layer,
        policy=policy,
        by="policy",
        outcome={entry.id: "held" for entry in held},
        reason=text,
        inputs=inputs,
        question=question,
    )
    turn.append(decision, AGENT)
    for entry in held:
        turn.show(entry)
    turn.ask(question)
