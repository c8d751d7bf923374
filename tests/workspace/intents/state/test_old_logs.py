"""Logs that folkmoot 0.1 wrote, with what stock clients had put into its documents, open and verify.

`old_logs.json` was made by that server: three workspaces with a text with an image, marks and half an emoji, values of
every kind, a rich document; in `odd` values that it could not digest, in `many` an element with several attributes,
whose order was chance in that server's digests.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workspace.intents.audit.verify import verify
from workspace.intents.model.record import Row
from workspace.intents.recovery import open_sequencer
from workspace.registry.registry import library_versions

LOGS = json.loads((Path(__file__).parent / "old_logs.json").read_text())


def read(name: str) -> tuple[list[Row], list[Any]]:
    rows = [Row(**row) for row in LOGS[name]["rows"]]
    journal = [{**row, "update": base64.b64decode(row["update"])} for row in LOGS[name]["journal"]]
    return rows, [SimpleNamespace(**row) for row in journal]


@pytest.mark.parametrize("name", list(LOGS))
def test_an_old_log_verifies_and_opens(name: str) -> None:
    rows, journal = read(name)
    report = verify(rows, journal)
    assert report.ok, report
    assert report.checked == len(rows)
    assert bool(report.unchecked) == (name == "many")
    sequencer, outcome = open_sequencer(
        "demo", epoch=9, rows=rows, journal=journal, now=2e9, versions=library_versions(), chance=7
    )
    again = verify([*rows, *(record.row for record in outcome.records)], journal)
    assert again.ok, again
    documents = sequencer.fold.documents
    assert "See the hill" in documents["plan"].text()
    assert documents["plan"].text().count("\ufffc") == 1
    assert documents["budget"].value()["~bytes"] == "q"
    assert 'level="2"' in documents["page"].value()
    for document in documents.values():
        assert document.is_strict
        assert document.digest() == document.fork(12).digest()


def test_values_that_could_not_be_digested_are_tagged() -> None:
    rows, journal = read("odd")
    sequencer, _ = open_sequencer("demo", epoch=9, rows=rows, journal=journal, now=2e9, versions=library_versions())
    value = sequencer.fold.documents["budget"].value()
    assert value["nan"] == {"~number": "NaN"}
    assert value["bytes"] == {"~bytes": "AQI="}
    assert value["x"] == {"~xml": "<p></p>"}
