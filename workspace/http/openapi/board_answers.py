"""What routes about intents, what they send and what they cost answer with, as types; see `people_answers`."""

from __future__ import annotations

import msgspec

from crdt.digest import Json
from workspace.intents.model.bodies import DecisionBody, IntentBody, PlanBody, VerdictBody
from workspace.intents.model.calls import CallClosed, CallOpened
from workspace.intents.model.effects import EffectClass
from workspace.intents.model.intent import State
from workspace.protocol.messages import InboxEntry


class TakenIntent(msgspec.Struct, frozen=True):
    """An intent that is in the log, on disk; `verdict` is null while there is none, or where none was waited for."""

    n: int
    id: str
    seq: int
    state: State
    verdict: VerdictBody | None


class IntentNow(msgspec.Struct, frozen=True):
    """All that the board knows of an intent: where it stands and why, its plan, the decisions about it, its commit."""

    id: str
    seq: int
    at: str
    actor: str
    state: State
    reason: str
    waits_for: tuple[str, ...]
    intent: IntentBody
    plan: PlanBody | None
    decisions: tuple[DecisionBody, ...]
    commit: str | None
    weak_changed: tuple[str, ...]
    undone_by: str | None
    verdict: VerdictBody | None


class OwnInbox(msgspec.Struct, frozen=True):
    """One's own verdicts that are not acknowledged, the newest 100 of them first, and how many more there are."""

    intents: tuple[InboxEntry, ...]
    more: int


class SentEffect(msgspec.Struct, frozen=True, rename={"effect_class": "class"}):
    """What a commit sends or has sent: to which receiver, in words, and how far it came."""

    commit: str
    i: int
    receiver: str
    effect_class: EffectClass
    args: dict[str, Json]
    what: str
    key: str
    status: str
    detail: str
    attempts: int


class CostLine(msgspec.Struct, frozen=True, rename={"read": "in", "written": "out"}):
    """A sum of calls: tokens in, out and read from the cache; US dollars; seconds."""

    calls: int
    read: int
    written: int
    cached: int
    cost: float
    seconds: float


class ShadowLine(CostLine, frozen=True, kw_only=True):
    """What candidate models have cost beside those that served, and how often they came to the same."""

    compared: int
    same_result: int


class VerdictCost(msgspec.Struct, frozen=True):
    """What the intents of one verdict have cost, all and each."""

    intents: int
    cost: float
    each: float


class Saved(msgspec.Struct, frozen=True):
    """What routing has saved: what was paid, and what the strongest model would have cost; `share` of that."""

    paid: float
    strongest: float
    saved: float
    share: float | None


class OpenCall(msgspec.Struct, frozen=True):
    """A call that has not ended, with what is reserved for it."""

    call: str
    intent: str
    model: str
    reserved: float


class Today(msgspec.Struct, frozen=True):
    """What was spent today (UTC), by the workspace and by author, and the budgets; null is no bound."""

    spent: float
    budget: float | None
    authors: dict[str, float]
    author_budget: float | None
    intent_budget: float | None


class CostOfIntent(msgspec.Struct, frozen=True):
    """What one intent has cost: `failed` and `shadow` of it, and what the strongest model would have cost."""

    intent: str
    author: str
    state: str
    calls: int
    cost: float
    failed: float
    shadow: float
    strongest: float


class Account(msgspec.Struct, frozen=True):
    """What models have cost a workspace, in US dollars."""

    total: CostLine
    verdicts: dict[str, VerdictCost]
    saved: Saved
    failures: CostLine
    shadows: ShadowLine
    by_model: dict[str, CostLine]
    by_purpose: dict[str, CostLine]
    by_author: dict[str, CostLine]
    by_prompt: dict[str, CostLine]
    by_outcome: dict[str, CostLine]
    open: tuple[OpenCall, ...]
    today: Today
    intents: tuple[CostOfIntent, ...]


class CallNow(msgspec.Struct, frozen=True):
    """One call to a model, with the whole request and response as far as the archive holds them."""

    id: str
    opened: CallOpened
    closed: CallClosed | None
    request: dict[str, Json] | None
    response: Json
