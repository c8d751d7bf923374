"""A log is read whole whatever the page; documents of the past are those that stood there."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import Driver
from workspace.history import read
from workspace.history.read import read_all, read_documents, verify_log

KINDS = {"plan": "text", "budget": "data"}


def long_life() -> tuple[Driver, dict[int, str]]:
    """Return a workspace with some history, and its text after each of its records."""
    driver, texts = Driver(), dict[int, str]()
    for at in range(12):
        driver.type("Ana", "plan", lambda document, at=at: document.insert_text(0, f"{at} "))
        driver.wait(1.0)
        texts[driver.sequencer.fold.seq] = driver.text()
    return driver, texts


@pytest.mark.parametrize("page", [1, 3, 50_000])
async def test_every_row_is_read_once_in_order_whatever_the_page(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "PAGE", page)
    driver, _ = long_life()
    rows, journal = await read_all(await driver.stored(), "w")
    assert rows == driver.rows
    assert journal == driver.journal


@pytest.mark.damages_logs
async def test_a_log_is_right_as_written_and_wrong_where_a_row_is_another() -> None:
    driver, _ = long_life()
    store = await driver.stored()
    assert (await verify_log(store, "w")).ok
    log = store._workspaces["w"].log
    log[3], log[4] = log[4], log[3]
    report = await verify_log(store, "w")
    assert not report.ok
    assert report.first_bad


@pytest.mark.parametrize("within", [1, 5, 5_000])
async def test_documents_of_the_past_are_those_that_stood_there(within: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "USUALLY_WITHIN", within)
    monkeypatch.setattr(read, "PAGE", 4)
    driver, texts = long_life()
    store = await driver.stored()
    for seq, text in texts.items():
        documents = await read_documents(store, "w", seq, KINDS)  # type: ignore[arg-type]
        assert documents["plan"].text() == text
