"""What goes into a sequencer and what comes out of it: each is one of these, none can be changed on its way."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import msgspec
import pytest

from workspace.intents.model import events
from workspace.intents.model.events import Event, Journaled, Notice, Outcome

HERE = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if kind.__module__ == events.__name__]


def test_every_event_and_every_notice_is_one_of_its_union() -> None:
    assert {*get_args(Event), *get_args(Notice), Journaled, Outcome} == set(HERE)
    assert not set(get_args(Event)) & set(get_args(Notice))


@pytest.mark.parametrize("kind", HERE, ids=lambda kind: kind.__name__)
def test_what_is_on_its_way_cannot_be_changed(kind: type[msgspec.Struct]) -> None:
    one: Any = kind(**{field.name: None for field in msgspec.structs.fields(kind) if field.required})
    for name in one.__struct_fields__:
        with pytest.raises(AttributeError):
            setattr(one, name, None)


def test_an_event_that_led_to_nothing_has_nothing_to_make_durable() -> None:
    nothing = Outcome()
    assert not any(getattr(nothing, name) for name in nothing.__struct_fields__)
