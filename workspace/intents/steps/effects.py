"""The sequencer and the outside: approvals before a commit, results after it (semantics §5, §7)."""

from __future__ import annotations

import msgspec

from crdt.digest import Json
from workspace.intents.model.bodies import EffectBody, VerdictBody
from workspace.intents.model.effects import Effect, describe, digest_of, effect_key
from workspace.intents.model.events import EffectSettled
from workspace.intents.model.plan import Option, whole
from workspace.intents.rules.consent import approved
from workspace.intents.rules.policy import NONE
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.questions import hold
from workspace.intents.steps.turn import AGENT, Turn

DETAIL_POINTS_MAX = 300


def to_approve(kernel: KernelState, entry: Entry) -> tuple[Effect, ...]:
    """Return the effects of a plan that cannot be taken back and that nobody has approved, exactly as they are."""
    assert entry.plan is not None, "only planned intents have effects"
    final = tuple(effect for effect in entry.plan.effects if effect.effect_class == "irreversible")
    return final if final and digest_of(entry.plan.effects, kernel.fold.receivers) not in approved(entry) else ()


def ask_approval(kernel: KernelState, turn: Turn, entry: Entry, effects: tuple[Effect, ...]) -> None:
    """Hold a plan until somebody who may has looked at what would leave the workspace."""
    assert entry.plan is not None, "only planned intents have effects"
    told = "; ".join(describe(effect, kernel.fold.receivers.get(effect.tool)) for effect in effects)
    hold(
        kernel,
        turn,
        (entry,),
        text=f"{entry.actor}'s instruction sends {told}. It cannot be taken back. Send it?",
        options=(Option(entry.id, "Yes, do it and send"), Option(NONE, "No, do nothing")),
        default=NONE,
        because="what cannot be taken back leaves only on somebody's word",
        layer="effects",
        policy="approve@1",
        evidence={
            "effects": _shown(kernel, entry.plan.effects),
            "digest": digest_of(entry.plan.effects, kernel.fold.receivers),
        },
    )


def _shown(kernel: KernelState, effects: tuple[Effect, ...]) -> list[Json]:
    """Return effects with the receivers they are for, as people see them before they approve."""
    shown: list[Json] = []
    for effect in effects:
        receiver = kernel.fold.receivers[effect.tool]
        words: dict[str, Json] = msgspec.to_builtins(effect)
        shown.append({**words, "receiver": {"kind": receiver.kind, "address": receiver.address}})
    return shown


def not_approved(turn: Turn, entry: Entry, reason: str, *, by: str) -> None:
    """End an intent whose effects nobody wanted to leave the workspace."""
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="rejected",
            code="not_approved",
            reason=f"Nothing was sent and nothing was changed: {reason}.",
            remedy="Ask again, and approve what is to be sent.",
            by=by,
            can=("override",),
        )
    )


def settled(kernel: KernelState, turn: Turn, event: EffectSettled) -> None:
    """Enter what became of an effect; a second answer about the same one is dropped."""
    outgoing = event.outgoing
    if (outgoing.commit, outgoing.effect.i) not in kernel.fold.outbox:
        return
    kernel.runs.close(turn)
    body = EffectBody(
        commit=outgoing.commit,
        i=outgoing.effect.i,
        key=effect_key(outgoing.seal, outgoing.effect.i),
        status=event.status,
        detail=whole(event.detail)[:DETAIL_POINTS_MAX],
        attempts=event.attempts,
        begun=event.begun,
    )
    turn.append(body, AGENT)
