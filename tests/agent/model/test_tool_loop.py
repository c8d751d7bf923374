"""The rarer answers of a model, over the real SDK and sockets: none raises, repeats for ever, or ends in a false end.

The endpoint refuses what the real one refuses, so each of these tests also shows that nothing of the kind was sent.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from agent.model.planner import ModelPlanner
from agent.model.tool_loop import ANSWER_TOKENS, ANSWER_TOKENS_MAX
from agent.scripted.scenario import words_of
from tests.agent.model.test_planner import DONE, FORMAL, LOOK, TEXT, carried_out, task
from tests.support.model import Model, reply, scripted_model, use
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.calls import RouteTable
from workspace.intents.model.plan import Asked, Exchange, Planned, PlanRefused, Proposal

DONE_TEXT = TEXT.replace("Hi folks.", "Dear colleagues,")


def raw(name: str, text: str) -> dict[str, Any]:
    """Return a tool call with just this JSON."""
    return {"name": name, "raw": text}


def told(model: Model, at: int = -1) -> str:
    """Return the words of the newest message of a request."""
    return words_of(model.scripted.calls[at]["messages"][-1:])


async def planned(model: Model, context: FakePlanContext | None = None, **more: Any) -> Proposal:
    proposal = await model.planner().plan(task(**more), context or FakePlanContext())
    assert model.scripted.refused == []
    return proposal


BLOCKS: dict[str, list[dict[str, Any]]] = {
    "empty text": [{"type": "text", "text": ""}],
    "blank text": [{"type": "text", "text": "\n\n"}],
    "thinking": [{"type": "thinking", "thinking": "hm"}],
    "thinking without a word": [{"type": "thinking", "thinking": ""}],
    "redacted thinking": [{"type": "redacted_thinking"}],
    "half a character": [{"type": "text", "text": "x\ud83d"}],
    "server tool": [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    ],
    "container upload": [{"type": "container_upload", "file_id": "file_1"}],
    "unknown block": [{"type": "hologram", "x": [1]}],
}


@pytest.mark.parametrize("kind", BLOCKS)
async def test_odd_blocks_beside_calls_change_nothing(kind: str) -> None:
    replies = [
        reply(LOOK, turn=1, block=BLOCKS[kind]), reply(FORMAL, turn=2, block=BLOCKS[kind]),
        reply(DONE, turn=3, block=BLOCKS[kind]),
    ]  # fmt: skip
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        assert model.scripted.count == 3


@pytest.mark.parametrize("kind", BLOCKS)
async def test_an_answer_of_odd_blocks_alone_is_asked_to_go_on(kind: str) -> None:
    replies = [reply(turn=1, block=BLOCKS[kind]), reply(FORMAL, turn=2), reply(DONE, turn=3)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        assert "Go on with the tools" in told(model, 1)
        assert model.scripted.count == 3


async def test_thinking_of_another_model_stays_behind_when_the_model_changes() -> None:
    thought = [{"type": "thinking", "thinking": "hm"}, {"type": "redacted_thinking"}]
    replies = [
        reply(LOOK, turn=1, block=thought), {"when": {"turn": 2, "model": "haiku"}, "error": 404},
        {"when": {"turn": 2, "model": "haiku"}, "error": 529}, reply(FORMAL, turn=2, block=thought, model="sonnet"),
        reply(DONE, turn=3),
    ]  # fmt: skip
    replies = [replies[0], replies[2], *replies[3:]]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        asked = [body["model"].split("-")[1] for body in model.scripted.calls]
        assert asked == ["haiku", "haiku", "haiku", "sonnet", "sonnet"], "a conversation stays where it is"
        kinds = [block["type"] for block in model.scripted.calls[-1]["messages"][3]["content"]]
        assert kinds == ["thinking", "redacted_thinking", "tool_use"]
        kinds = [block["type"] for block in model.scripted.calls[-1]["messages"][1]["content"]]
        assert kinds == ["tool_use"]


@pytest.mark.parametrize("stop", ["end_turn", "stop_sequence", "tool_use", "pause_turn", "something_new"])
async def test_calls_are_carried_out_whatever_the_answer_stopped_for(stop: str) -> None:
    replies = [reply(FORMAL, turn=1, stop_reason=stop), reply(DONE, turn=2, stop_reason=stop)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT


@pytest.mark.parametrize("stop", ["end_turn", "stop_sequence", "pause_turn", "something_new"])
async def test_words_alone_go_on_whatever_they_stopped_for(stop: str) -> None:
    replies = [reply(turn=1, text="Let me look.", stop_reason=stop), reply(FORMAL, DONE, turn=2)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        assert model.scripted.count == 2


async def test_an_endless_pause_ends() -> None:
    async with scripted_model([reply(text="Wait.", stop_reason="pause_turn")]) as model:
        with pytest.raises(Exception, match="does not use its tools"):
            await planned(model)
        assert model.scripted.count <= 12


async def test_a_window_that_is_full_ends_with_what_would_work() -> None:
    async with scripted_model([reply(text="so much", stop_reason="model_context_window_exceeded")]) as model:
        context = FakePlanContext()
        proposal = await planned(model, context)
    assert isinstance(proposal, PlanRefused)
    assert proposal.code == "too_long"
    assert "less" in proposal.remedy
    assert model.scripted.count <= 3
    assert {closed.outcome for closed in context.closed} == {"too_long"}


# ------------------------------------------------------------ numbers and characters

UNFIT = {
    "half an emoji": ("str_replace", '{"document":"plan","old_str":"Hi folks.","new_str":"Hi \\ud83d"}', "new_str"),
    "half an emoji in a key": ("set_value", '{"document":"budget","path":["\\ud83d"],"value":1}', "path.0"),
    "half an emoji in a field": ("str_replace", '{"document":"plan","\\udc00":1}', "half of a character"),
    "half an emoji of no document": ("view", '{"document":"\\ud83d"}', "document"),
    "half an emoji in the summary": ("finish", '{"summary":"Done \\ud83d"}', "summary"),
    "half an emoji in a question": ("ask", '{"question":"Which \\ud83d?"}', "question"),
    "NUL": ("str_replace", '{"document":"plan","old_str":"Hi folks.","new_str":"a\\u0000b"}', "new_str"),
    "NaN": ("set_value", '{"document":"budget","path":["travel"],"value":NaN}', "value is NaN"),
    "infinity": ("set_value", '{"document":"budget","path":["travel"],"value":{"a":[-Infinity]}}', "value.a.0"),
    "1e400": ("increment", '{"document":"budget","path":["travel"],"by":1e400}', "by is 1e400"),
    "23 digits": ("increment", '{"document":"budget","path":["travel"],"by":12345678901234567890123}', "by is"),
    "5000 digits": ("list_add", '{"document":"budget","path":["items"],"value":' + "7" * 5000 + "}", "value is"),
    "16 digits": ("increment", '{"document":"budget","path":["travel"],"by":9007199254740993}', "2**53"),
    "a line of 23 digits": ("insert", '{"document":"plan","insert_line":12345678901234567890123,"text":"x"}', "insert"),
    "an index of 19 digits": (
        "list_add", '{"document":"budget","path":["items"],"value":1,"index":9000000000000000000}', "index"),
    "a path of 19 digits": ("set_value", '{"document":"budget","path":["items",9000000000000000000],"value":1}', ""),
    "nested": ("set_value", '{"document":"budget","path":["travel"],"value":' + "[" * 99 + "]" * 99 + "}", "nested"),
    "nested without end": ("view", '{"document":' + "[" * 9000 + "]" * 9000 + "}", "nested"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNFIT)
async def test_what_nothing_can_hold_is_refused_to_the_model_by_its_field(kind: str) -> None:
    tool, text, words = UNFIT[kind]
    replies = [reply(raw(tool, text), turn=1), reply(FORMAL, turn=2), reply(DONE, turn=3)]
    async with scripted_model(replies) as model:
        context = FakePlanContext()
        proposal = await planned(model, context)
        assert carried_out(proposal) == {"plan": DONE_TEXT}
        assert model.scripted.count == 3
        assert words in told(model, 1)
        result = model.scripted.calls[1]["messages"][-1]["content"][0]
        assert result["is_error"]
        assert all(content.decode() for content in context.archive.values()), "what is kept can be read"


async def test_a_tool_that_there_is_not_may_have_any_name_and_input() -> None:
    odd = {"name": "rm -rf \ud83d", "raw": '{"x":"\\ud83d","y":NaN}', "id": "functions.rm:0"}
    replies = [reply(odd, odd, turn=1), reply(FORMAL, turn=2), reply(DONE, turn=3)]
    async with scripted_model(replies) as model:
        context = FakePlanContext()
        assert carried_out(await planned(model, context)) == {"plan": DONE_TEXT}
        assert [code for _, code in context.denied] == ["no_such_tool"] * 2
        ids = [block["id"] for block in model.scripted.calls[1]["messages"][1]["content"]]
        assert len(set(ids)) == 2


async def test_calls_without_an_id_are_carried_out_and_answered() -> None:
    replies = [reply({**LOOK, "id": ""}, {**FORMAL, "id": ""}, turn=1), reply({**DONE, "id": ""}, turn=2)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT


# ------------------------------------------------------------ all calls of one answer

WRONG = use("str_replace", document="plan", old_str="not there", new_str="x")
ELSEWHERE = use("view", document="nope")
CLAIMS = use("finish", summary="Greeted formally.")


@pytest.mark.parametrize("calls", [(FORMAL, CLAIMS), (CLAIMS, FORMAL)])
async def test_edits_behind_finish_are_carried_out_before_it(calls: tuple[Any, ...]) -> None:
    async with scripted_model([reply(*calls)]) as model:
        proposal = await planned(model)
        assert carried_out(proposal)["plan"] == DONE_TEXT
        assert model.scripted.count == 1
        assert isinstance(proposal, Planned)
        assert proposal.summary.endswith("The agent said: Greeted formally.")


@pytest.mark.parametrize("bad", [WRONG, ELSEWHERE, use("send_email"), raw("view", '{"document":NaN}')])
@pytest.mark.parametrize("is_first", [True, False])
async def test_finish_hides_no_failure_before_or_behind_it(bad: dict[str, Any], is_first: bool) -> None:
    calls = (bad, CLAIMS) if is_first else (CLAIMS, bad)
    replies = [reply(*calls, turn=1), reply(FORMAL, DONE, turn=2)]
    async with scripted_model(replies) as model:
        proposal = await planned(model)
        assert carried_out(proposal)["plan"] == DONE_TEXT
        assert "Not finished, because" in told(model, 1)
        assert bad["name"] in told(model, 1)


async def test_of_several_ends_the_last_counts() -> None:
    ends = (use("finish", summary="First."), FORMAL, use("finish", summary="Second."))
    async with scripted_model([reply(*ends)]) as model:
        proposal = await planned(model)
    assert isinstance(proposal, Planned)
    assert proposal.summary.endswith("The agent said: Second.")


async def test_a_question_beside_edits_waits_and_the_edits_are_kept() -> None:
    wonder = use("ask", question="Which tone?", options=["warm", "cool"])
    append = use("insert", document="plan", insert_line=0, text="Top")
    replies = [reply(append, wonder, CLAIMS, turn=1), reply(FORMAL, turn=2), reply(DONE, turn=3)]
    async with scripted_model(replies) as model:
        context = FakePlanContext()
        assert isinstance(await planned(model, context), Asked)
        assert model.scripted.count == 1
        answered = (Exchange("Which tone?", "warm"),)
        proposal = await planned(model, context, exchanges=answered, recorded=context.recorded())
        assert carried_out(proposal)["plan"] == "Top\n" + DONE_TEXT
        assert model.scripted.count == 3
        assert '"answer":"warm"' in told(model, 1)
        assert "read the author's answer first" in told(model, 1), "who finished did not know the answer yet"


async def test_two_questions_of_one_answer_are_put_one_after_the_other() -> None:
    both = (use("ask", question="Which tone?"), use("ask", question="Which length?"))
    replies = [reply(*both, turn=1), reply(FORMAL, DONE, turn=2)]
    async with scripted_model(replies) as model:
        context = FakePlanContext()
        first = await planned(model, context)
        assert isinstance(first, Asked)
        assert first.question == "Which tone?"
        one = (Exchange("Which tone?", "warm"),)
        second = await planned(model, context, exchanges=one, recorded=context.recorded())
        assert isinstance(second, Asked)
        assert second.question == "Which length?"
        two = (*one, Exchange("Which length?", "short"))
        assert (
            carried_out(await planned(model, context, exchanges=two, recorded=context.recorded()))["plan"] == DONE_TEXT
        )
        assert model.scripted.count == 2


async def test_people_are_not_asked_where_something_failed_beside_the_question() -> None:
    wonder = use("ask", question="Shall I go on?")
    replies = [reply(WRONG, wonder, turn=1), reply(FORMAL, DONE, turn=2)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        assert "Not asked, because" in told(model, 1)


async def test_a_summary_without_operations_says_that_nothing_was_changed() -> None:
    async with scripted_model([reply(WRONG, turn=1), reply(CLAIMS, turn=2)]) as model:
        proposal = await planned(model)
    assert isinstance(proposal, Planned)
    assert proposal.summary == "Nothing was changed. The agent said: Greeted formally."


async def test_after_a_failure_people_read_the_operations_first() -> None:
    async with scripted_model([reply(FORMAL, WRONG, turn=1), reply(use("finish", summary="Both done."))]) as model:
        proposal = await planned(model)
    assert isinstance(proposal, Planned)
    assert proposal.summary == (
        "What was done: plan: replaced “Hi folks.” by “Dear colleagues,”. The agent said: Both done."
    )


# ------------------------------------------------------------ cut by its bound

LONG = use("insert", document="plan", insert_line=0, text="word " * 400)


async def test_an_answer_that_is_always_cut_ends_soon_and_says_why() -> None:
    async with scripted_model([reply(LONG, cut_at=300, text="I will.")]) as model:
        context = FakePlanContext()
        proposal = await planned(model, context)
        assert isinstance(proposal, PlanRefused)
        assert (proposal.code, proposal.remedy) == (
            "cut_by_length", "Ask for less at once, or for one part after the other.",
        )  # fmt: skip
        assert "longer than 32768 tokens" in proposal.reason
        asked = [body["max_tokens"] for body in model.scripted.calls]
        assert asked == [ANSWER_TOKENS, 2 * ANSWER_TOKENS, ANSWER_TOKENS_MAX]
        assert "cut at 8192 tokens inside a call of insert, which was not carried out" in told(model, 1)
        assert [closed.outcome for closed in context.closed] == ["cut_by_length"] * 3
        assert all(closed.cost for closed in context.closed)


@pytest.mark.parametrize("cut_at", [0, 1, 40, 300])
async def test_calls_before_the_cut_count_and_the_one_in_it_does_not(cut_at: int) -> None:
    replies = [
        reply(FORMAL, LONG, turn=1, cut_at=cut_at), reply(use("finish", summary="Both done."), turn=2),
    ]  # fmt: skip
    async with scripted_model(replies) as model:
        proposal = await planned(model)
        assert carried_out(proposal)["plan"] == DONE_TEXT
        assert isinstance(proposal, Planned)
        assert proposal.summary.startswith("What was done: plan: replaced “Hi folks.”")
        answer = model.scripted.calls[1]["messages"][1]["content"]
        assert [block["name"] for block in answer] == ["str_replace"]


async def test_a_finish_in_an_answer_that_was_cut_does_not_count() -> None:
    replies = [reply(FORMAL, CLAIMS, LONG, turn=1, cut_at=50), reply(DONE, turn=2)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        assert "Not finished, because your answer was cut at 8192 tokens" in told(model, 1)


async def test_a_list_without_input_yet_is_not_carried_out() -> None:
    replies = [reply(use("list_documents"), turn=1, cut_at=0), reply(FORMAL, DONE, turn=2)]
    async with scripted_model(replies) as model:
        context = FakePlanContext()
        assert carried_out(await planned(model, context))["plan"] == DONE_TEXT
        assert "Looks at what documents there are." not in context.steps


async def test_words_that_were_cut_go_on() -> None:
    replies = [reply(turn=1, text="word " * 50, stop_reason="max_tokens"), reply(FORMAL, DONE, turn=2)]
    async with scripted_model(replies) as model:
        assert carried_out(await planned(model))["plan"] == DONE_TEXT
        assert "Your answer was cut at 8192 tokens." in told(model, 1)


async def test_a_table_may_bound_the_answers_of_its_models() -> None:
    for most, asked in ((1_000, [1_000] * 3), (20_000, [8_192, 16_384, 20_000])):
        routes = RouteTable(tiers=(("only", ("claude-haiku-5-5",)),), answer_tokens_max=most)
        async with scripted_model([reply(LONG, cut_at=300)]) as model:
            assert isinstance(await planned(model, routes=routes), PlanRefused)
            assert [body["max_tokens"] for body in model.scripted.calls] == asked


async def test_a_model_that_takes_no_larger_bound_ends_with_the_length_too() -> None:
    refusal = "max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens for haiku"
    replies = [reply(LONG, turn=1, cut_at=300), {"when": {"turn": 2}, "error": 400, "text": refusal}]
    async with scripted_model(replies) as model:
        proposal = await planned(model)
    assert isinstance(proposal, PlanRefused)
    assert proposal.code == "cut_by_length"


async def test_a_conversation_with_rare_answers_comes_out_of_the_archive_again() -> None:
    thought = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": " "}]
    replies = [
        reply(raw("view", '{"document":"\\ud83d"}'), turn=1, block=thought),
        reply(FORMAL, LONG, turn=2, block=thought, cut_at=60), reply(WRONG, CLAIMS, turn=3), reply(DONE, turn=4),
    ]  # fmt: skip
    async with scripted_model(replies) as model:
        context = FakePlanContext()
        first = await planned(model, context)
        assert model.scripted.count == 4
        again = await planned(model, context, recorded=context.recorded())
        assert model.scripted.count == 4, "nothing is paid twice"
    assert first == again


async def test_order_of_keys_and_form_of_numbers_make_no_other_conversation_of_an_archived_one() -> None:
    odd = [
        raw("view", '{"old_str":"x","document":[]}'),
        raw("insert", '{"text":"Top","insert_line":0.0,"document":"plan"}'),
        raw("increment", '{"path":["travel"],"document":"budget","by":1.0}'),
    ]
    async with scripted_model([reply(*odd, turn=1), reply(DONE, turn=2)]) as model:
        context = FakePlanContext()
        first = await planned(model, context)
        again = await planned(model, context, recorded=context.recorded())
        assert model.scripted.count == 2
    assert first == again


# ------------------------------------------------------------ time


async def test_a_server_that_asks_for_more_time_than_there_is_ends_with_when_to_ask() -> None:
    for header in ({"retry_after": 300}, {"retry_after_date": 300}, {"retry_after_ms": 300_000}):
        async with scripted_model([{"when": {}, "error": 429, **header}]) as model:
            planner = ModelPlanner(model.gateway())
            planner._gateway.wall = lambda: 1_800_000_000.0
            proposal = await planner.plan(task(seconds_max=60.0), FakePlanContext())
        assert isinstance(proposal, PlanRefused)
        assert proposal.code == "rate_limited"
        assert "asks to wait" in proposal.reason
        assert re.search(r"[56] min, after 08:0\d UTC", proposal.remedy), "rounded up, by a second more or less"
        assert model.scripted.count <= 3


@pytest.mark.parametrize("header", [{"retry_after": 12}, {"retry_after_date": 13}, {"retry_after_ms": 12_000}])
async def test_a_server_that_asks_for_time_is_given_it(header: dict[str, float]) -> None:
    async with scripted_model([{"when": {}, "times": 1, "error": 529, **header}, reply(FORMAL, DONE)]) as model:
        gateway, slept = model.gateway(), []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            gateway.backoff.holds.clear()

        gateway.sleep = sleep
        context = FakePlanContext()
        assert carried_out(await ModelPlanner(gateway).plan(task(), context))["plan"] == DONE_TEXT
    assert len(slept) == 1
    assert 11 <= slept[0] <= 15
    assert any("asks to wait 1" in step for step in context.steps)
