"""A call to a model as the log knows it: opened with a reservation, closed with what it cost (promises §5, 16).

Every attempt has two oracle records, the winner's and the lost ones' alike: `CallOpened` is durable before the first
byte leaves, `CallClosed` says what came of it. Money is whole millionths of a US dollar, never a float. The words that
were sent and received lie in the archive under their SHA-256.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from workspace.errors import Refusal, malformed

Purpose = Literal["plan", "repair", "judge", "merge", "summarise"]
CallOutcome = Literal[
    "ok",
    "overloaded",
    "rate_limited",
    "timeout",
    "refused",
    "malformed",
    "cut",
    "too_long",
    "server_error",
    "unreachable",
    "unauthorised",
    "cancelled",
    "lost",
    "cut_by_length",
]


class Purposes:
    """What a model is asked for, by name."""

    PLAN: Final = "plan"
    REPAIR: Final = "repair"
    JUDGE: Final = "judge"
    MERGE: Final = "merge"
    SUMMARISE: Final = "summarise"


class CallOutcomes:
    """How a call to a model ended, by name."""

    OK: Final = "ok"
    OVERLOADED: Final = "overloaded"
    RATE_LIMITED: Final = "rate_limited"
    TIMEOUT: Final = "timeout"
    REFUSED: Final = "refused"
    MALFORMED: Final = "malformed"
    CUT: Final = "cut"
    TOO_LONG: Final = "too_long"
    SERVER_ERROR: Final = "server_error"
    UNREACHABLE: Final = "unreachable"
    UNAUTHORISED: Final = "unauthorised"
    CANCELLED: Final = "cancelled"
    LOST: Final = "lost"
    CUT_BY_LENGTH: Final = "cut_by_length"


# Outcomes of calls whose answer is used: one that ended at its bound has words, and calls before the cut, that count.
ANSWERED: tuple[CallOutcome, ...] = (CallOutcomes.OK, CallOutcomes.CUT_BY_LENGTH)
FAILURES: tuple[CallOutcome, ...] = (
    "overloaded", "rate_limited", "timeout", "refused", "malformed", "cut", "too_long", "server_error", "unreachable",
    "unauthorised",
)  # fmt: skip
STEPS = ("retry", "next", "escalate")
MICROS = 1_000_000
TIERS_MAX, MODELS_MAX, RULES_MAX, NAME_POINTS_MAX = 6, 8, 32, 120
DOLLARS_MAX = 1_000_000.0
ANSWER_TOKENS_LOW, ANSWER_TOKENS_HIGH = 256, 128_000


class CallOpened(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model is about to be asked. `reserve` is the most it may cost by estimate, in millionths of a US dollar.

    `round` counts how often the planner began anew in one attempt (a stronger model after failed ones); `tries` counts
    calls within one turn of the conversation. `prompt` is `name@version`; `prompt_sha` covers system, tools and
    messages, `request` the manifest in the archive that lists them.
    """

    intents: tuple[str, ...]
    author: str
    purpose: Purpose
    prompt: str
    prompt_sha: str
    request: str
    tier: str
    model: str
    reserve: int
    why: str = ""
    attempt: int = 0
    fault: int = 0
    round: int = 0
    tries: int = 0
    shadow: bool = False


class CallUsage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Tokens as the provider counted them; `read` is the fresh input, beside what came from and went to its cache."""

    read: int = 0
    written: int = 0
    cache_read: int = 0
    cache_written: int = 0


class CallClosed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What came of a call. `cost` and `cost_strongest` (same tokens, strongest model) in millionths of a US dollar."""

    call: str
    outcome: CallOutcome
    usage: CallUsage = CallUsage()
    cost: int = 0
    cost_strongest: int = 0
    priced_by: str = ""
    latency_ms: int = 0
    response: str = ""
    stop_reason: str = ""
    detail: str = ""


class Compared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shadow plan was, beside the one that served: never committed, only compared."""

    model: str
    beside: str
    same_operations: bool
    same_result: bool
    is_valid: bool
    cost: int
    cost_beside: int
    latency_ms: int
    latency_ms_beside: int
    detail: str = ""


class Blob(msgspec.Struct, frozen=True):
    """Words kept in the archive under their own SHA-256 (`sha256:hex`)."""

    sha: str
    content: bytes


class Recorded(msgspec.Struct, frozen=True):
    """A successful call of an earlier try at the same plan: asked again, it answers from the archive."""

    attempt: int
    fault: int
    round: int
    prompt_sha: str
    response: str
    model: str
    tier: str


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much model calls may cost, in US dollars; None is no bound. A day is a day in UTC."""

    workspace_day: float | None = None
    author_day: float | None = None
    intent: float | None = None


class Price(msgspec.Struct, frozen=True):
    """A model's prices in US dollars per million tokens, above the shipped price table."""

    input: float
    output: float
    cache_read: float = 0.0
    cache_write: float = 0.0


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Send a call to `tier` when everything named here holds; the first rule that fits is taken."""

    tier: str
    purpose: Purpose | None = None
    difficulty_min: float = 0.0
    attempt_min: int = 0
    budget_below: float | None = None
    latency: Literal["interactive", "background"] | None = None


class Shadow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send this share of plans to a candidate model too, off the user's path: 0 none, 1 all."""

    model: str = ""
    share: float = 0.0


class RouteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model serves which call. `tiers` in rising strength; `fallbacks` name the steps after each failure.

    `answer_tokens_max` bounds one answer of any of its models; left out, the planner's own bound holds.
    """

    tiers: tuple[tuple[str, tuple[str, ...]], ...]
    rules: tuple[Rule, ...] = ()
    fallbacks: dict[str, tuple[str, ...]] = {}
    shadow: Shadow = Shadow()
    version: int = 1
    answer_tokens_max: int | msgspec.UnsetType = msgspec.UNSET

    def models(self, tier: str) -> tuple[str, ...]:
        """Return the models of a tier, preferred first; none for an unknown tier."""
        return next((models for name, models in self.tiers if name == tier), ())

    @property
    def strongest(self) -> str:
        """The first model of the last tier."""
        # `check_routes` refuses both before anything is logged: what is in the log has passed it.
        assert self.tiers, "a route table has a tier"
        assert self.tiers[-1][1], "a tier has a model"
        return self.tiers[-1][1][0]


def check_routes(table: RouteTable) -> Refusal | None:
    """Return why a route table from outside may not be, or None."""
    names = [name for name, _ in table.tiers]
    models = [model for _, own in table.tiers for model in own] + ([table.shadow.model] if table.shadow.model else [])
    if not 1 <= len(names) <= TIERS_MAX or len(set(names)) != len(names):
        return malformed(f"tiers: 1 to {TIERS_MAX}, each named once, weakest first.")
    if any(not 1 <= len(own) <= MODELS_MAX for _, own in table.tiers):
        return malformed(f"Each tier has 1 to {MODELS_MAX} models.")
    if any(not 0 < len(name) <= NAME_POINTS_MAX or not name.isprintable() for name in (*names, *models)):
        return malformed(f"Names of tiers and models have 1 to {NAME_POINTS_MAX} printable characters.")
    unknown = [rule.tier for rule in table.rules if rule.tier not in names]
    if unknown or len(table.rules) > RULES_MAX:
        return malformed(f"Rules name known tiers ({', '.join(names)}), at most {RULES_MAX} of them.")
    odd = [kind for kind in table.fallbacks if kind not in FAILURES]
    steps = [step for own in table.fallbacks.values() for step in own if step not in STEPS]
    if odd or steps or any(len(own) > MODELS_MAX for own in table.fallbacks.values()):
        return malformed(f"fallbacks: for {', '.join(FAILURES)}, steps of {', '.join(STEPS)}.")
    most = table.answer_tokens_max
    if most is not msgspec.UNSET and not ANSWER_TOKENS_LOW <= most <= ANSWER_TOKENS_HIGH:
        return malformed(f"answer_tokens_max is {ANSWER_TOKENS_LOW} to {ANSWER_TOKENS_HIGH}.")
    if not 0 <= table.shadow.share <= 1:
        return malformed("shadow.share is 0 to 1.")
    return None


def check_budget(budget: Budget) -> Refusal | None:
    """Return why a budget from outside may not be, or None."""
    # `not 0 <= value`: a NaN is no bound that anything could reach.
    for name in ("workspace_day", "author_day", "intent"):
        value = getattr(budget, name)
        if value is not None and not 0 <= value <= DOLLARS_MAX:
            return malformed(f"budget.{name} is 0 to {DOLLARS_MAX:g} US dollars, or null.")
    return None
