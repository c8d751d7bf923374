"""What an instruction refers to, and how long its plan is waited for."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig


def test_a_plan_is_waited_for_as_the_policy_says_and_not_beyond_the_deadline() -> None:
    for deadline, seconds in ((5, 5), (500, 60), (None, 60)):
        driver = Driver(policy=PolicyConfig(plan_seconds_max=60.0))
        more = {} if deadline is None else {"deadline": driver.now + deadline}
        assert driver.tasks[driver.ask("Ana", **more)].seconds_max == seconds
