"""How much is taken at once: up to each bound and no further, and only as something is accepted."""

from __future__ import annotations

import base64
from dataclasses import fields, replace
from typing import Any

import pytest

from crdt.documents.document import Document
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bounds import DEFAULT_BOUNDS, Bounds
from workspace.intents.model.intent import Expect, Need, Scope
from workspace.intents.recovery import open_sequencer
from workspace.settings import read_settings

STATE = base64.b64encode(Document("text", client=5).encode_state_vector()).decode()
PLACE = Scope("plan")


def test_what_the_settings_give_is_what_stands_here() -> None:
    assert read_settings({}).bounds() == DEFAULT_BOUNDS


def test_no_bound_is_without_sense() -> None:
    assert all(getattr(DEFAULT_BOUNDS, field.name) >= 1 for field in fields(Bounds))


@pytest.mark.parametrize(
    ("bound", "at", "over"),
    [
        ("instruction_points", {"text": "four"}, {"text": "fiver"}),
        ("instruction_points", {"value": "four"}, {"value": "fiver"}),
        ("scopes", {"scope": (PLACE,) * 4}, {"scope": (PLACE,) * 5}),
        ("expectations", {"expects": (Expect("plan"),) * 4}, {"expects": (Expect("plan"),) * 5}),
        ("references", {"refs": ()}, {"refs": ("i1", "i2", "i3", "i4", "i5")}),
        ("needs", {"needs": {"plan": Need(STATE)}}, {"needs": {f"d{at}": Need(STATE) for at in range(5)}}),
    ],
)
def test_an_intent_is_taken_at_a_bound_and_refused_beyond_it(
    bound: str, at: dict[str, Any], over: dict[str, Any]
) -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = replace(DEFAULT_BOUNDS, **{bound: 4})
    assert driver.ask("Ana", **{"text": "do", **over}) == "TOO_LARGE"
    assert driver.ask("Ana", **{"text": "do", **at}).startswith("i")


def test_a_log_is_read_whatever_the_bounds_are_now() -> None:
    driver = Driver()
    assert driver.ask("Ana", "five words are too many now").startswith("i")
    narrow = Bounds(instruction_points=1, live_intents=1, document_bytes=1)
    sequencer, _ = open_sequencer(
        "w", epoch=9, rows=driver.rows, journal=driver.journal, now=driver.now, versions={}, bounds=narrow
    )
    assert sequencer.fold.board.live
