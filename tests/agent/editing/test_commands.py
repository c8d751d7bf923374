"""What the command language can say: each command belongs to one family, and is a value."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest

from agent.editing import commands
from agent.editing.commands import ActOnDocument, AskAuthor, Command, DataCommand, MakeDocument, Outward, TextCommand

KINDS = [kind for _, kind in inspect.getmembers(commands, inspect.isclass) if is_dataclass(kind)]
OTHERS = {"Instruction", "NotUnderstood"}


def test_every_command_is_said_and_belongs_to_one_family() -> None:
    families = [*map(get_args, (TextCommand, DataCommand, Outward)), (MakeDocument, ActOnDocument, AskAuthor)]
    members = [kind for family in families for kind in family]
    assert len(members) == len(set(members)), "no command in two families"
    assert set(members) == set(get_args(Command))
    assert {kind.__name__ for kind in KINDS} - OTHERS == {kind.__name__ for kind in members}


@pytest.mark.parametrize("kind", get_args(TextCommand), ids=lambda kind: kind.__name__)
def test_a_text_command_may_name_its_document_or_leave_it_open(kind: type) -> None:
    (doc,) = [field for field in fields(kind) if field.name == "doc"]
    assert doc.default is None


@pytest.mark.parametrize("kind", get_args(DataCommand), ids=lambda kind: kind.__name__)
def test_a_data_command_names_its_target_first(kind: type) -> None:
    assert fields(kind)[0].name == "target"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_command_is_a_value_that_nobody_changes(kind: type) -> None:
    made = kind(*("x" for _ in fields(kind)))
    assert made == kind(*("x" for _ in fields(kind)))
    with pytest.raises(AttributeError):
        setattr(made, fields(kind)[0].name, "y")
