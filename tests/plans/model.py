"""A scripted model that carries out a drawn plan: some calls at once, some that must fail, and says it did it all."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from agent.scripted.scenario import ReplyScript, ToolCall
from tests.plans.calls import Call, CannotBe, Documents, carry_out
from tests.support.obedient import task_of

CLAIM = "Carried out everything that was asked for."
NUMBER = re.compile(r"Task (\d+)")


@dataclass
class Script:
    """One plan: the calls of each answer, and in which answers `finish` stands before or behind them.

    `told` is, by answer, which of its calls the model was told were carried out.
    """

    answers: list[list[Call]]
    finish: dict[int, str]
    before: Documents
    told: dict[int, list[bool]] = field(default_factory=dict)

    def reply(self, request: dict[str, Any]) -> ReplyScript:
        """Return the next answer; once the drawn ones are over, `finish` until it is taken."""
        turn = sum(message["role"] == "assistant" for message in request["messages"])
        if turn:
            self.told[turn - 1] = results_of(request["messages"][-1], self.is_finished_first(turn - 1))
        calls = self.answers[turn] if turn < len(self.answers) else []
        tools = [
            ToolCall(call.name, call.given, call.raw) if call.raw else ToolCall(call.name, call.given) for call in calls
        ]
        where = self.finish.get(turn, "" if calls else "behind")
        end = ToolCall("finish", {"summary": CLAIM})
        if where == "before":
            tools.insert(0, end)
        elif where == "behind":
            tools.append(end)
        return ReplyScript(tools=tuple(tools))

    def is_finished_first(self, turn: int) -> bool:
        return self.finish.get(turn) == "before"

    def expected(self) -> Documents:
        """Return what the documents hold if it was done: every call that was not answered with an error."""
        now = self.before.copy()
        for turn, calls in enumerate(self.answers):
            told = self.told.get(turn)
            for at, call in enumerate(calls):
                if told is None or told[at]:
                    try:
                        carry_out(now, call)
                    except CannotBe:
                        if told is not None:
                            raise AssertionError(f"the model was told that this was carried out: {call}") from None
            if self.finish.get(turn) and told is None:
                break
        return now


def results_of(message: dict[str, Any], finished_first: bool) -> list[bool]:
    """Return which calls of the answer before were carried out, as the model is told."""
    blocks = [block for block in message["content"] if block.get("type") == "tool_result"]
    oks = [not block.get("is_error") for block in blocks]
    return oks[1:] if finished_first else oks


class Scripts:
    """The scripts of all plans, by the number in the instruction."""

    def __init__(self) -> None:
        self.scripts: dict[int, Script] = {}

    def answer(self, request: dict[str, Any]) -> ReplyScript | None:
        """Answer a request of the plan that it is about."""
        found = NUMBER.match(task_of(request)["instruction"])
        return self.scripts[int(found[1])].reply(request) if found else None


def drawn(before: Documents, calls: list[Call], chance: random.Random) -> Script:
    """Return a script of these calls, dealt to answers by lot, `finish` anywhere."""
    answers: list[list[Call]] = [[]]
    for call in calls:
        if answers[-1] and chance.random() < 0.5:
            answers.append([])
        answers[-1].append(call)
    finish = {}
    if chance.random() < 0.7:
        finish[len(answers) - 1] = chance.choice(("before", "behind"))
    return Script(answers, finish, before)
