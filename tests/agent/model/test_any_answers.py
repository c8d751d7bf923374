"""Whatever a model answers: the plan ends, only what the API takes is sent, what is kept can be read and runs again.

The provider is played in this process, from the events that the scripted endpoint would stream; the endpoint's own
strictness judges each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.call import Call, CallFailed, Reply
from agent.gateway.cost import Prices
from agent.gateway.dispatch import Gateway
from agent.gateway.route import default_table
from agent.model.planner import ModelPlanner
from agent.scripted.scenario import ReplyScript, ToolCall
from agent.scripted.stream import events_of
from agent.scripted.strictness import problem
from crdt.operations.fork import run
from tests.agent.model.test_planner import DOCS, task
from tests.support.examples import examples
from tests.support.plan_context import FakePlanContext
from workspace.errors import PlannerFault
from workspace.intents.model.calls import Price
from workspace.intents.model.plan import SUMMARY_POINTS_MAX, Asked, Planned, PlanRefused, Proposal, is_expressible

TABLE = default_table("small", "medium", "large")
PRICES = Prices({name: Price(1, 1) for name in ("small", "medium", "large")})
STOPS = ["", "end_turn", "tool_use", "max_tokens", "pause_turn", "stop_sequence", "refusal", "odd",
         "model_context_window_exceeded"]  # fmt: skip
VALUES = st.sampled_from(
    ['"x"', '"Hi folks."', "1", "NaN", "-Infinity", "1e400", "9" * 30, '"\\ud83d"', '"\\u0000"', "[]", '["travel"]',
     "{}", "null", '"plan"', '"budget"', "[" * 80 + "]" * 80, "tru", '"\ud83d"']
)  # fmt: skip
FIELDS = st.sampled_from(
    ["document", "old_str", "new_str", "text", "insert_line", "path", "value", "by", "summary", "question", "kind",
     "\\udc00"]
)  # fmt: skip
RAW = st.lists(st.tuples(FIELDS, VALUES), max_size=4).map(
    lambda pairs: "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
)
TOOLS = st.sampled_from(
    [
        "view",
        "str_replace",
        "insert",
        "set_value",
        "increment",
        "list_add",
        "create_document",
        "ask",
        "finish",
        "rm -rf",
    ]
)
GOOD = st.sampled_from(
    [
        ToolCall("view", {"document": "plan"}),
        ToolCall("str_replace", {"document": "plan", "old_str": "Hi folks.", "new_str": "Dear colleagues,"}),
        ToolCall("insert", {"document": "plan", "insert_line": 0, "text": "Top"}),
        ToolCall("increment", {"document": "budget", "path": ["travel"], "by": 5}),
        ToolCall("finish", {"summary": "Replaced “all” in plan and budget by 7."}),
        ToolCall("ask", {"question": "Which?", "options": ["a", "b"]}),
    ]
)
ODD = st.builds(
    lambda name, raw, id: ToolCall(name, raw=raw, id=id), TOOLS, RAW, st.sampled_from([None, "", "t:1", "t"])
)
BLOCKS = st.sampled_from(
    [{"type": "text", "text": ""}, {"type": "text", "text": "\n"}, {"type": "text", "text": "\ud83d"},
     {"type": "thinking", "thinking": "hm"}, {"type": "thinking", "thinking": "hm", "signature": ""},
     {"type": "redacted_thinking"}, {"type": "server_tool_use", "id": "s", "name": "x", "input": {}}, {"type": "odd"}]
)  # fmt: skip
ANSWERS = st.builds(
    ReplyScript,
    text=st.sampled_from(["", "words", " "]),
    tools=st.lists(GOOD | ODD, max_size=4).map(tuple),
    blocks=st.lists(BLOCKS, max_size=2).map(tuple),
    stop_reason=st.sampled_from(STOPS),
    cut_at=st.sampled_from([-1, -1, -1, 0, 5, 40]),
    no_usage=st.booleans(),
)


@dataclass
class Playing:
    """A provider that answers from a list, over and over, and refuses what the API refuses."""

    answers: list[ReplyScript]
    sent: int = 0
    refused: list[str] = field(default_factory=list)
    ids: int = 0

    async def send(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> Reply:
        body = {
            "model": model,
            "max_tokens": call.tokens_max,
            "tools": list(call.tools),
            "messages": list(call.messages),
        }
        why = problem(body)
        self.refused += [why] if why else []
        answer = self.answers[self.sent % len(self.answers)]
        self.sent += 1
        head = {"type": "message", "role": "assistant", "model": model, "content": [], "usage": {"input_tokens": 9}}
        for event in events_of(head, answer, self.next_id):
            part = assembly.feed(event)
            if part is not None:
                on_part(part)
        return assembly.reply()

    def next_id(self) -> str:
        self.ids += 1
        return f"toolu_{self.ids}"

    async def close(self) -> None:
        """Nothing to close."""


async def no_sleep(_: float) -> None:
    """Nobody waits here."""


def plan(playing: Playing, context: FakePlanContext, **more: Any) -> Proposal | str:
    gateway = Gateway(playing, TABLE, PRICES, sleep=no_sleep, chance=lambda: 0.5)
    try:
        return asyncio.run(ModelPlanner(gateway).plan(task(**more), context))
    except PlannerFault as fault:
        return fault.reason


@settings(max_examples=examples(150), deadline=None)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=6))
def test_any_answers_end_are_sendable_readable_and_repeatable(answers: list[ReplyScript]) -> None:
    playing, context = Playing(answers), FakePlanContext()
    proposal = plan(playing, context)
    assert playing.refused == []
    assert playing.sent == len(context.opened) == len(context.closed)
    assert all(content.decode() for content in context.archive.values())
    assert is_expressible(context.closed)
    assert is_expressible(proposal)
    if isinstance(proposal, Planned):
        run(DOCS, proposal.ops, proposal.reads, client=99)
        assert 0 < len(proposal.summary) <= SUMMARY_POINTS_MAX
        if not proposal.ops:
            assert proposal.summary.startswith("Nothing was changed.")
    assert isinstance(proposal, Planned | Asked | PlanRefused | str)
    if isinstance(proposal, Planned | Asked):
        # After a crash in the last moment the same answers come out of the archive; what had failed is asked again.
        sent = playing.sent
        again = plan(playing, context, recorded=context.recorded())
        if all(closed.outcome in ("ok", "cut_by_length") for closed in context.closed):
            assert again == proposal
            assert playing.sent == sent


def test_the_player_fails_like_a_provider() -> None:
    playing = Playing([ReplyScript(stop_reason="refusal", text="no")])
    assert isinstance(plan(playing, FakePlanContext()), PlanRefused)
    assert playing.sent == 2
    assert CallFailed("refused", "x").kind == "refused"
