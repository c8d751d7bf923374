"""What happens is told in the words of the protocol."""

from __future__ import annotations

import json

from tests.workspace.intents.driver import Driver
from workspace.errors import Refusal
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Acked, Configured, DraftShown, Nacked, StateChanged, StopsChanged
from workspace.intents.model.stop import Stop, Switch
from workspace.protocol.messages import Ack, Nack
from workspace.room.notices import answer_of, notice_of, standing


def test_each_notice_is_the_message_of_its_kind_with_all_it_says() -> None:
    stop = Stop("server", "Op", "now", "an outage", 3)
    for notice, kind, says in (
        (StateChanged("i1", "held", ("i2",), "why"), "state", {"id": "i1", "waits_for": ["i2"], "reason": "why"}),
        (DraftShown("p1", ("i1",), "plan", "words"), "draft", {"plan": "p1", "doc": "plan", "text": "words"}),
        (StopsChanged((stop,)), "stops", {"stops": [json.loads(json.dumps(stop_fields(stop)))]}),
    ):
        message = json.loads(notice_of(notice))
        assert message["type"] == kind
        assert says.items() <= message.items()


def stop_fields(stop: Stop) -> dict[str, object]:
    return {name: getattr(stop, name) for name in ("scope", "by", "since", "reason", "seq")}


def test_who_comes_late_is_told_of_the_stop_first_then_of_what_is_under_way_and_asked() -> None:
    driver = Driver()
    assert standing(driver.sequencer.fold, driver.sequencer.lives) == ()
    ids = [driver.ask(actor) for actor in ("Ana", "Ben")]
    driver.handle(Configured("Owner", ConfigBody(switch=Switch("workspace", True, "wait"))))
    told = [json.loads(message) for message in standing(driver.sequencer.fold, driver.sequencer.lives)]
    assert [message["type"] for message in told] == ["stops", "state", "state"]
    assert [message["id"] for message in told[1:]] == ids


def test_an_intent_is_answered_by_what_became_of_it() -> None:
    assert answer_of(Acked("L", "r", 4, "i9", 12, "planning")) == Ack(4, "i9", 12, "planning")
    assert answer_of(Nacked("L", "r", 4, Refusal("stale", "why", "do"))) == Nack(4, "stale", "why", "do")
