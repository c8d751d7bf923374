"""Data commands become typed operations that give, on a fork of the snapshot, what the working copy shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.editing.commands import AddItem, AddNumber, DataCommand, MoveItem, RemoveData, RemoveItem, SetData
from agent.editing.text import CannotDo
from agent.editing.values import DataEditor
from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.paths import Path, set_path
from crdt.errors import CrdtError
from crdt.operations.fork import run
from tests.support.examples import examples

VALUE: dict[str, Json] = {"travel": 400, "items": ["a", "b", "c"], "who": "Ana", "deep": {"n": 1}}


def editor() -> DataEditor:
    snapshot = Document("data", client=5)
    with snapshot.transaction():
        for name, value in VALUE.items():
            set_path(snapshot, (name,), value)
    return DataEditor("budget", snapshot, snapshot.fork(16))


def committed(made: DataEditor) -> Json:
    """Return what the operations give when they are carried out on the snapshot."""
    ran = run({"budget": made.snapshot}, tuple(made.ops), (), client=99)
    return ran.documents["budget"].value() if "budget" in ran.documents else made.snapshot.value()


@pytest.mark.parametrize(
    ("command", "path", "name", "expected"),
    [
        (SetData("", 5), ("travel",), "travel", 5),
        (SetData("", [1, {"a": None}]), ("new",), "new", [1, {"a": None}]),
        (AddNumber("", 50), ("travel",), "travel", 450),
        (AddNumber("", -10, is_percent=True), ("travel",), "travel", 360),
        (AddItem("", "d"), ("items",), "items", ["a", "b", "c", "d"]),
        (AddItem("", 5), ("travel",), "travel", 405),
        (AddItem("", "x"), ("fresh",), "fresh", ["x"]),
        (RemoveItem("", "B"), ("items",), "items", ["a", "c"]),
        (MoveItem("", "c", 1), ("items",), "items", ["c", "a", "b"]),
        (MoveItem("", "a", -1), ("items",), "items", ["b", "c", "a"]),
        (MoveItem("", "a", 99), ("items",), "items", ["b", "c", "a"]),
    ],
)
def test_each_command_gives_the_value_that_was_asked_for(
    command: DataCommand, path: Path, name: str, expected: Json
) -> None:
    made = editor()
    said = made.carry_out(command, path)
    found = committed(made)
    assert found == made.working.value()
    assert isinstance(found, dict)
    assert found[name] == expected
    assert {key: found[key] for key in VALUE if key != name} == {key: VALUE[key] for key in VALUE if key != name}
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("command", "path", "code"),
    [
        (AddNumber("", 1), ("who",), "wrong_kind"),
        (AddNumber("", 1, is_percent=True), ("nope",), "not_found"),
        (AddItem("", "x"), ("who",), "wrong_kind"),
        (RemoveData(""), ("nope",), "not_found"),
        (RemoveItem("", "z"), ("items",), "not_found"),
        (MoveItem("", "a", 1), ("who",), "wrong_kind"),
    ],
)
def test_what_cannot_be_done_is_no_operation(command: DataCommand, path: Path, code: str) -> None:
    made = editor()
    with pytest.raises(CannotDo) as raised:
        made.carry_out(command, path)
    assert raised.value.refused.code == code
    assert made.ops == []
    assert made.working.value() == VALUE


ITEMS = st.sampled_from(["a", "b", "c", "d", "e"])
COMMANDS = st.one_of(
    st.builds(lambda v: (SetData("", v), ("travel",)), st.integers(-5, 5)),
    st.builds(lambda v: (AddNumber("", v), ("travel",)), st.integers(-5, 5)),
    st.builds(lambda v: (AddItem("", v), ("items",)), ITEMS),
    st.builds(lambda v: (RemoveItem("", v), ("items",)), ITEMS),
    st.builds(lambda v, to: (MoveItem("", v, to), ("items",)), ITEMS, st.integers(-1, 5)),
    st.builds(lambda v: (SetData("", v), ("deep", "n")), st.integers(-(2**53), 2**53)),
    st.just((RemoveData(""), ("deep",))),
)


@settings(max_examples=examples(60), deadline=None)
@given(commands=st.lists(COMMANDS, max_size=5))
def test_several_commands_give_one_plan_that_says_the_same(commands: list[tuple[DataCommand, Path]]) -> None:
    made = editor()
    for command, path in commands:
        try:
            made.carry_out(command, path)
        except CannotDo:
            continue
    assert unordered(committed(made)) == unordered(made.working.value())


def unordered(value: Json) -> Json:
    """Return a value without the order of its items: the working copy shows what was added last in front."""
    assert isinstance(value, dict)
    return {**value, "items": sorted(map(str, items)) if isinstance(items := value.get("items"), list) else items}


@settings(max_examples=examples(60), deadline=None)
@given(added=st.lists(st.integers(0, 9), min_size=1, max_size=5), name=st.sampled_from(["items", "fresh"]))
def test_what_is_added_stands_in_the_order_of_the_words(added: list[int], name: str) -> None:
    made, before = editor(), VALUE.get(name, [])
    for number in added:
        made.carry_out(AddItem("", number), (name,))
    found = committed(made)
    assert isinstance(found, dict)
    assert isinstance(before, list)
    assert found[name] == before + added


def test_what_this_instruction_has_made_is_not_moved_by_it() -> None:
    made = editor()
    made.carry_out(AddItem("", "d"), ("items",))
    with pytest.raises(CannotDo, match="new in this same instruction") as raised:
        made.carry_out(MoveItem("", "d", 1), ("items",))
    assert raised.value.refused.code == "too_early"


def test_a_missing_name_is_told_by_what_stands_beside_it() -> None:
    made = editor()
    assert made.has(("deep", "n"))
    assert not made.has(())
    assert made.known(("deep", "m")) == "budget.deep holds: n."
    assert made.known(("nope", "m")) == "budget holds: deep, items, travel, who."


def test_a_number_is_the_items_of_the_snapshot_or_it_is_refused() -> None:
    made = editor()
    made.carry_out(RemoveItem("", "a"), ("items",))
    for path in (("items", 1), ("items", 0)):
        with pytest.raises(CannotDo) as raised:
            made.put(path, "x")
        assert raised.value.refused.code == "too_early"
        assert "second instruction" in raised.value.refused.remedy
    with pytest.raises(CannotDo):
        made.remove(("items", 0))
    # By itself it may be named, whatever its number is.
    made.carry_out(RemoveItem("", "b"), ("items",))
    assert committed(made) == made.working.value()
    assert made.working.value() == {**VALUE, "items": ["c"]}
    made.put(("travel",), 1)
    assert committed(made) == made.working.value()


def test_an_item_that_this_instruction_adds_has_no_number_yet() -> None:
    made = editor()
    made.carry_out(AddItem("", "d"), ("items",))
    with pytest.raises(CannotDo, match="new in this same instruction"):
        made.put(("items", 3), "x")
    made.put(("items", 2), "x")
    made.put(("items", 2), "y")
    assert committed(made) == {**VALUE, "items": ["a", "b", "y", "d"]}


NUMBERED = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 4), st.sampled_from(["x", "y"])),
    st.tuples(st.just("remove"), st.integers(0, 4), st.just("")),
    st.tuples(st.just("take"), st.just(0), st.sampled_from(["a", "b", "c"])),
    st.tuples(st.just("add"), st.integers(0, 4), st.sampled_from(["d", "e"])),
    st.tuples(st.just("append"), st.just(0), st.sampled_from(["d", "e"])),
    st.tuples(st.just("move"), st.integers(1, 4), st.sampled_from(["a", "b", "c"])),
)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(NUMBERED, min_size=1, max_size=5))
def test_whatever_is_done_by_numbers_the_commit_does_the_same(commands: list[tuple[str, int, str]]) -> None:
    made = editor()
    for what, number, value in commands:
        try:
            match what:
                case "put":
                    made.put(("items", number), value)
                case "remove":
                    made.remove(("items", number))
                case "take":
                    made.carry_out(RemoveItem("", value), ("items",))
                case "add":
                    made.add_item(("items",), value, number)
                case "append":
                    made.add_item(("items",), value)
                case _:
                    made.carry_out(MoveItem("", value, number), ("items",))
        except (CannotDo, CrdtError):
            continue
    assert committed(made) == made.working.value()
