"""Whatever was answered, what is sent back is what the API takes, and the same bytes each time."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.conversation import EMPTY, LOST, SILENT, sendable
from agent.scripted.strictness import problem, redacted_by, signature_of
from crdt.digest import canonical

TOOL = {"name": "view", "input_schema": {"type": "object"}}
MODELS = st.sampled_from(["small", "large", ""])
TEXTS = st.sampled_from(["", " ", "\n\n", "\u3000", "words", "more words"])
IDS = st.sampled_from(["t1", "t2", "functions.view:0", "", "é"])


def thinking(model: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": "hm", "signature": signature_of(model, "hm")}


ANSWERED = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text, "citations": None}, TEXTS),
    st.sampled_from([thinking("small"), {"type": "thinking", "thinking": "unsigned"}, {"type": "thinking"}]),
    st.sampled_from([{"type": "redacted_thinking", "data": redacted_by("small", "x")}, {"type": "redacted_thinking"}]),
    st.builds(
        lambda id, name, odd: {"type": "tool_use", "id": id, "name": name, "input": {"a": 1}, **odd},
        IDS,
        st.sampled_from(["view", "no such tool", "", "x" * 300]),
        st.sampled_from([{}, {"unfit": ["a is NaN"]}, {"caller": {"type": "direct"}}]),
    ),
    st.sampled_from(
        [
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
            {"type": "container_upload", "file_id": "f"},
            {"type": "something_new", "x": 1},
            {},
        ]
    ),
)
SAID = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
    st.builds(
        lambda id, texts: {
            "type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": text} for text in texts],
        },
        IDS,
        st.lists(TEXTS, max_size=2),
    ),
)  # fmt: skip
TURNS = st.lists(st.tuples(MODELS, st.lists(ANSWERED, max_size=4), st.lists(SAID, max_size=4)), min_size=1, max_size=4)


@given(turns=TURNS, model=st.sampled_from(["small", "large"]))
def test_any_conversation_becomes_one_that_the_api_takes(turns: list[Any], model: str) -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": "begin"}]}]
    for author, answer, said in turns:
        # Signatures of `small` come only from `small`: that is whose they are.
        author = author if author != "large" else ""
        messages.append({"role": "assistant", "content": answer, "model": author})
        messages.append({"role": "user", "content": said})
    before = canonical(messages)
    sent = sendable(messages, model)
    assert problem({"model": model, "max_tokens": 9, "tools": [TOOL], "messages": list(sent)}) == ""
    assert canonical(messages) == before, "what was answered stays as it came"
    assert sendable(messages, model) == sent
    assert [message["role"] for message in sent] == ["user", "assistant"] * len(turns) + ["user"]


def talk(*answer: Any, model: str = "m", then: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": [{"type": "text", "text": "begin"}]},
        {"role": "assistant", "content": list(answer), "model": model},
        {"role": "user", "content": list(then)},
    ]


def use(id: str = "t1", name: str = "view") -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": {}}


def result(id: str, text: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": text}]}


def test_blank_words_go_and_two_words_stand_for_an_answer_without_any() -> None:
    _, answer, then = sendable(talk({"type": "text", "text": " \n"}), "m")
    assert answer["content"] == [{"type": "text", "text": SILENT}]
    assert then["content"] == [{"type": "text", "text": EMPTY}]
    _, answer, _ = sendable(talk({"type": "text", "text": ""}, use(), then=(result("t1", "ok"),)), "m")
    assert answer["content"] == [use()]


def test_thinking_goes_back_to_the_model_that_signed_it_and_to_no_other() -> None:
    messages = talk(thinking("m"), {"type": "redacted_thinking", "data": "d"}, use(), then=(result("t1", "ok"),))
    assert [block["type"] for block in sendable(messages, "m")[1]["content"]] == [
        "thinking", "redacted_thinking", "tool_use",
    ]  # fmt: skip
    assert sendable(messages, "other")[1]["content"] == [use()]
    unsigned = talk({"type": "thinking", "thinking": "hm"}, use(), then=(result("t1", "ok"),))
    assert sendable(unsigned, "m")[1]["content"] == [use()]


def test_thinking_is_never_the_end_of_an_answer() -> None:
    content = sendable(talk(thinking("m")), "m")[1]["content"]
    assert content == [thinking("m"), {"type": "text", "text": SILENT}]


def test_calls_of_one_id_keep_each_its_own_result() -> None:
    messages = talk(use(), use(), then=(result("t1", "first"), result("t1", "second")))
    _, answer, then = sendable(messages, "m")
    assert [block["id"] for block in answer["content"]] == ["t1", "t1_2"]
    assert [(part["tool_use_id"], part["content"][0]["text"]) for part in then["content"]] == [
        ("t1", "first"), ("t1_2", "second"),
    ]  # fmt: skip


def test_results_come_first_in_the_order_of_their_calls_and_none_is_missing() -> None:
    words = {"type": "text", "text": "words"}
    messages = talk(use("a"), use("b"), then=(words, result("b", ""), result("z", "to nobody")))
    then = sendable(messages, "m")[2]["content"]
    assert [part.get("tool_use_id") for part in then] == ["a", "b", None]
    assert then[0]["content"][0]["text"] == LOST
    assert then[0]["is_error"]
    assert then[1]["content"][0]["text"] == EMPTY
    assert then[2] == words


def test_neighbours_of_one_role_become_one_message() -> None:
    words = [{"type": "text", "text": "one"}], [{"type": "text", "text": "two"}]
    sent = sendable([{"role": "user", "content": part} for part in words], "m")
    assert sent == ({"role": "user", "content": [*words[0], *words[1]]},)
    mixed = [
        {"role": "user", "content": "begin"},
        {"role": "assistant", "content": [thinking("m")], "model": "m"},
        {"role": "assistant", "content": [use()], "model": "other"},
        {"role": "user", "content": [result("t1", "ok")]},
    ]
    assert sendable(mixed, "m")[1]["content"] == [use()], "nobody has signed the thinking of two"
