"""Routing is a function of table and signals; chains end; breakers open, probe and close."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.breaker import OPEN_SECONDS, TRIPS_AT, Breaker
from agent.gateway.call import Signals
from agent.gateway.route import FALLBACKS, ChainStep, choose, default_table, difficulty
from workspace.intents.model.calls import FAILURES, RouteTable, Rule, check_routes

TABLE = default_table("haiku", "sonnet", "opus")
SIGNALS = st.builds(
    Signals,
    words=st.integers(0, 500),
    documents=st.integers(0, 40),
    scope=st.sampled_from(["range", "document", "unknown"]),
    size=st.integers(0, 200_000),
    strict=st.booleans(),
    attempt=st.integers(0, 4),
    escalations=st.integers(0, 3),
    budget_left=st.floats(0, 1),
)


@given(signals=SIGNALS)
def test_difficulty_has_bounds_and_more_of_anything_is_not_easier(signals: Signals) -> None:
    hard = difficulty(signals)
    assert 0 <= hard <= 1
    assert difficulty(Signals(words=signals.words + 10, documents=signals.documents, scope=signals.scope,
                              size=signals.size, strict=signals.strict)) >= difficulty(
        Signals(words=signals.words, documents=signals.documents, scope=signals.scope, size=signals.size,
                strict=signals.strict))  # fmt: skip


@given(signals=SIGNALS)
def test_escalation_never_goes_down(signals: Signals) -> None:
    names = [name for name, _ in TABLE.tiers]
    chosen = names.index(choose(TABLE, "plan", signals))
    assert chosen >= min(signals.escalations, len(names) - 1)


def test_the_default_table_is_sound_and_sends_easy_and_hard_tasks_apart() -> None:
    assert check_routes(TABLE) is None
    easy, hard = Signals(words=5, scope="range", size=50), Signals(words=80, documents=6, size=9000)
    assert choose(TABLE, "plan", easy) == "small"
    assert choose(TABLE, "plan", hard) == "large"
    assert choose(TABLE, "repair", Signals(words=5, scope="range", attempt=1)) == "medium"
    assert choose(TABLE, "repair", Signals(words=5, scope="range", attempt=2)) == "large"
    assert choose(TABLE, "plan", Signals(words=80, documents=6, size=9000, budget_left=0.01)) == "small"
    assert choose(TABLE, "judge", hard) == "small"


def test_a_rule_may_look_at_latency_and_budget() -> None:
    rules = (Rule("opus", latency="background"), Rule("haiku", budget_below=0.5), Rule("sonnet"))
    table = RouteTable(tiers=(("haiku", ("h",)), ("sonnet", ("s",)), ("opus", ("o",))), rules=rules)
    assert choose(table, "plan", Signals(latency="background")) == "opus"
    assert choose(table, "plan", Signals(budget_left=0.4)) == "haiku"
    assert choose(table, "plan", Signals()) == "sonnet"


@given(kinds=st.lists(st.sampled_from(FAILURES), max_size=40), start=st.sampled_from(["small", "medium", "large"]))
def test_every_chain_of_failures_ends(kinds: list[str], start: str) -> None:
    step: ChainStep | None = ChainStep(TABLE, start)
    seen = set()
    for kind in kinds:
        if step is None:
            break
        place = (step.tier, step.at, step.used)
        assert place not in seen, "a chain does not go in circles"
        seen.add(place)
        step = step.after(kind)  # type: ignore[arg-type]
    longest = sum(len(steps) for steps in FALLBACKS.values())
    assert len(seen) <= longest + 1


def test_each_kind_of_failure_has_its_own_rule() -> None:
    table = RouteTable(tiers=(("small", ("a", "b")), ("large", ("c",))), fallbacks=FALLBACKS)
    start = ChainStep(table, "small")
    overloaded = start.after("overloaded")
    assert overloaded is not None
    assert (overloaded.model, overloaded.why) == ("a", "retry:overloaded")
    then = overloaded.after("overloaded")
    assert then is not None
    assert (then.model, then.why) == ("b", "next:overloaded")
    last = then.after("overloaded")
    assert last is not None
    assert (last.model, last.why) == ("c", "escalate:overloaded")
    assert last.after("overloaded") is None
    refused = start.after("refused")
    assert refused is not None
    assert refused.model == "c"
    assert start.after("unauthorised").model == "b"  # type: ignore[union-attr]
    assert start.past(lambda model: model == "a").model == "b"  # type: ignore[union-attr]
    assert start.past(lambda _: True) is None


def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = Breaker()
    for _ in range(TRIPS_AT):
        assert not breaker.is_open(0)
        breaker.begin()
        breaker.end("overloaded", 0)
    assert breaker.is_open(OPEN_SECONDS - 1)
    assert not breaker.is_open(OPEN_SECONDS)
    breaker.begin()
    assert breaker.is_open(OPEN_SECONDS), "one probe at a time"
    breaker.end("timeout", OPEN_SECONDS)
    assert breaker.is_open(OPEN_SECONDS + 1)
    breaker.begin()
    breaker.end("malformed", 2 * OPEN_SECONDS)
    assert not breaker.is_open(2 * OPEN_SECONDS), "a bad answer is an answer"


def test_a_bound_of_answers_is_optional_and_has_bounds_itself() -> None:
    assert "answer_tokens_max" not in msgspec.to_builtins(TABLE), "old logs hash as they did"
    for most, is_good in ((255, False), (256, True), (128_000, True), (128_001, False), (-1, False)):
        assert (check_routes(msgspec.structs.replace(TABLE, answer_tokens_max=most)) is None) == is_good
    kept = msgspec.structs.replace(TABLE, answer_tokens_max=4_096)
    assert msgspec.convert(msgspec.to_builtins(kept), RouteTable) == kept
