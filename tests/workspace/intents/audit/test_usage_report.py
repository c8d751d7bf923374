"""The account as people read it is the ledger: it adds up, and a failed call is nobody's saving."""

from __future__ import annotations

from typing import Any

from tests.workspace.intents.story import Story
from workspace.intents.audit.usage_report import INTENTS_LISTED_MAX, cost_of, dollars, report
from workspace.intents.model.bodies import OracleBody
from workspace.intents.model.calls import MICROS, Budget, CallClosed, CallOpened, CallUsage, Compared


def call(
    story: Story, intent: str, cost: int, outcome: Any = "ok", *, shadow: bool = False, author: str = "Ana"
) -> None:
    """One call about an intent, opened and closed."""
    opened = CallOpened((intent,), author, "plan", "plan@1", "s", "r", "small", "m1", cost, shadow=shadow)
    seq = story.append(OracleBody(oracle="call_opened", intent=intent, opened=opened)).seq
    usage = CallUsage(read=10, written=2, cache_read=5)
    closed = CallClosed(f"k{seq}", outcome, usage, cost, cost * 3, latency_ms=1_500)
    story.append(OracleBody(oracle="call_closed", intent=intent, closed=closed))


def account(story: Story) -> dict[str, Any]:
    return report(story.fold.usage, story.board, Budget(workspace_day=2.0), day=0)


def test_what_was_paid_is_told_by_how_it_ended() -> None:
    story = Story.begun()
    done, failed, live = story.done("Ana", 5), story.intent("Ben"), story.intent("Cem")
    story.end(failed, "failed")
    call(story, done.id, MICROS)
    call(story, done.id, MICROS // 2, "timeout")
    call(story, done.id, MICROS // 4, shadow=True)
    call(story, failed.id, MICROS // 10, "refused", author="Ben")
    call(story, live.id, MICROS // 5, author="")
    told = account(story)
    assert told["verdicts"] == {
        "done": {"intents": 1, "cost": 1.75, "each": 1.75},
        "failed": {"intents": 1, "cost": 0.1, "each": 0.1},
        "queued": {"intents": 1, "cost": 0.2, "each": 0.2},
    }
    assert told["saved"] == {"paid": 1.5, "strongest": 3.0, "saved": 1.5, "share": 0.5}
    assert (told["failures"]["calls"], told["failures"]["cost"]) == (2, 0.6)
    assert told["shadows"]["cost"] == 0.25
    assert told["total"] == {"calls": 5, "in": 50, "out": 10, "cached": 25, "cost": 2.05, "seconds": 7.5}
    assert {name: line["calls"] for name, line in told["by_author"].items()} == {"Ana": 3, "Ben": 1, "workspace": 1}
    assert sum(line["cost"] for line in told["by_outcome"].values()) == told["total"]["cost"]
    assert told["today"]["authors"] == {"Ana": 1.75, "Ben": 0.1}
    assert told["today"]["budget"] == 2.0


def test_what_is_open_is_told_as_reserved() -> None:
    story = Story.begun()
    entry = story.intent()
    opened = CallOpened((entry.id,), "Ana", "plan", "plan@1", "s", "r", "small", "m1", MICROS)
    seq = story.append(OracleBody(oracle="call_opened", intent=entry.id, opened=opened)).seq
    told = account(story)
    assert told["open"] == [{"call": f"k{seq}", "intent": entry.id, "model": "m1", "reserved": 1.0}]
    assert told["today"]["spent"] == 1.0
    assert told["saved"]["share"] is None, "nothing was paid for an outcome yet"


def test_shadows_are_counted_by_what_they_would_have_given() -> None:
    story = Story.begun()
    entry = story.intent()
    for same in (True, False, True):
        compared = Compared("m2", "m1", same, same, True, 1, 2, 3, 4)
        story.append(OracleBody(oracle="shadow_compared", intent=entry.id, compared=compared))
    shadows = account(story)["shadows"]
    assert (shadows["compared"], shadows["same_result"]) == (3, 2)


def test_one_intent_has_its_own_account_and_the_newest_are_listed() -> None:
    story = Story.begun()
    entry = story.intent()
    call(story, entry.id, 30, "timeout")
    call(story, entry.id, 40)
    assert cost_of(story.fold.usage, entry.id, story.board) == {
        "intent": entry.id, "author": "Ana", "state": "queued", "calls": 2, "cost": dollars(70), "failed": dollars(30),
        "shadow": 0.0, "strongest": dollars(120),
    }  # fmt: skip
    for at in range(INTENTS_LISTED_MAX):
        call(story, f"i9{at:03}", 1)
    listed = account(story)["intents"]
    assert len(listed) == INTENTS_LISTED_MAX
    assert listed[0]["state"] == "unknown", "of an intent that this log does not hold"
    assert entry.id not in {one["intent"] for one in listed}
