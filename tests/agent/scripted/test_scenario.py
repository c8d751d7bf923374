"""A scenario file says which request gets which answer; one that cannot be used says where and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.scripted.scenario import BadScenario, Script, read_scenario, scenario_of, words_of


def request(*words: str, model: str = "m") -> dict[str, Any]:
    """Return a conversation in which people and model spoke by turns."""
    roles = ("user", "assistant")
    return {"model": model, "messages": [{"role": roles[at % 2], "content": text} for at, text in enumerate(words)]}


def texts(script: Script, *requests: dict[str, Any]) -> list[str | None]:
    return [found.text if (found := script.answer(one)) is not None else None for one in requests]


def test_the_first_that_fits_and_has_uses_left_answers() -> None:
    script = Script(scenario_of({"reply": [{"text": "once", "times": 1}, {"text": "b", "when": {"text": "b"}}]}))
    assert texts(script, request("b"), request("b"), request("a")) == ["once", "b", None]


@pytest.mark.parametrize(
    ("when", "fits", "does_not"),
    [
        ({"text": "gre+t"}, request("please greet", "no"), request("no", "greet")),
        ({"last": "done$"}, request("x", "y", "is done"), request("is done", "y", "x")),
        ({"turn": 2}, request("x", "y", "z"), request("x")),
        ({"model": "^haiku"}, request("x", model="haiku-5"), request("x", model="a-haiku")),
        ({"text": "a", "turn": 1}, request("a"), request("a", "b", "c")),
    ],
)
def test_everything_that_is_named_must_hold(when: dict[str, Any], fits: Any, does_not: Any) -> None:
    script = Script(scenario_of({"reply": [{"text": "yes", "when": when}]}))
    assert texts(script, fits, does_not) == ["yes", None]


def test_groups_of_the_request_are_filled_in_wherever_a_text_stands() -> None:
    entry = {
        "when": {"text": r"rename (\w+) to (\w+)"},
        "text": "{{1}} → {{2}}{{9}}",
        "tool": [{"name": "insert", "input": {"text": ["{{2}}", 5]}}],
    }
    found = Script(scenario_of({"reply": [entry]})).answer(request("rename a to b"))
    assert found is not None
    assert found.text == "a → b"
    assert found.tools[0].input == {"text": ["b", 5]}


def test_words_of_results_are_words_too() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "found it"}]}
    assert words_of([{"role": "user", "content": [result, {"type": "text", "text": "go on"}]}]) == "found it\ngo on"


@pytest.mark.parametrize("name", ["s.toml", "s.json"])
def test_both_kinds_of_file_say_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('[[reply]]\ntext = "hi"\n' if name.endswith("toml") else json.dumps({"reply": [{"text": "hi"}]}))
    assert [reply.text for reply in read_scenario(path).replies] == ["hi"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"reply": [{"txet": "x"}]}', "txet"),
        ('{"reply": [{"when": {"text": "("}}]}', "reply 1: '(' is no regular expression"),
        ('{"reply": 5}', "reply"),
        ("not json", "s.json"),
        ("[" * 100_000, "s.json"),
        ('{"reply": [' + ",".join(["{}"] * 1_001) + "]}", "more than 1000 replies"),
    ],
)
def test_what_cannot_be_used_says_where_and_why(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(content)
    with pytest.raises(BadScenario, match=r"s\.json") as raised:
        read_scenario(path)
    assert words in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadScenario, match="No such file"):
        read_scenario(tmp_path / "nowhere.toml")
