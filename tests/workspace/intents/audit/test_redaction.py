"""Words are taken out of whatever quotes them; what the fold needs stays, and the chain still holds."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.intents.driver import Driver
from workspace.intents.audit.redaction import EXCERPT_POINTS_MIN, QUOTED_POINTS_MIN, redact, without, words_of
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.intents.model.record import BLANK, BLANKED, body_parts, is_linked

WORDS = "my private telephone number is 555-0199"


@pytest.mark.parametrize(
    "text, words, left",
    [
        ("say: " + WORDS, (WORDS,), f"say: {BLANK}"),
        (WORDS + WORDS, (WORDS,), BLANK * 2),
        ("nothing of it", (WORDS,), "nothing of it"),
        ("x" * 78, ("x" * 100,), "x" * 78),
        ("x" * 79 + "…", ("x" * 100,), f"{BLANK}…"),
        ("y" + "x" * 90 + "z", ("x" * 100,), f"y{BLANK}z"),
        ("", (WORDS,), ""),
    ],
)
def test_a_quotation_is_the_whole_or_a_long_beginning(text: str, words: tuple[str, ...], left: str) -> None:
    assert without(text, words) == left


@given(
    st.text(alphabet="ab ", min_size=QUOTED_POINTS_MIN, max_size=120),
    st.text(alphabet="xy", max_size=9),
    st.integers(0, 120),
)
def test_nothing_that_long_is_left(word: str, around: str, cut: int) -> None:
    quoted = word[: max(cut, EXCERPT_POINTS_MIN)]
    found = without(around + quoted + around, (word,))
    assert quoted not in found
    assert found == around + BLANK + around


def test_short_words_are_not_looked_for() -> None:
    assert words_of("short", BLANK, WORDS, "longer " + WORDS, WORDS) == ("longer " + WORDS, WORDS)


def redacted() -> tuple[Driver, str, dict[int, str]]:
    """Ana's words, done; and what a redaction makes of the log."""
    driver = Driver()
    intent = driver.ask("Ana", WORDS)
    driver.set(intent, "price", 5)
    driver.wait(1)
    assert driver.state(intent) == "done"
    found = redact(driver.rows, intent)
    assert found is not None
    driver.handle(Configured("Owner", ConfigBody(redacted=found.hashes())))
    return driver, intent, found.bodies


def test_the_chain_holds_and_what_is_left_is_sealed() -> None:
    driver, intent, bodies = redacted()
    before = driver.sequencer.fold
    assert any(WORDS in row.body for row in driver.rows)
    driver.rows = [msgspec.structs.replace(row, body=bodies.get(row.seq, row.body)) for row in driver.rows]
    assert not any(WORDS in row.body for row in driver.rows)
    for prev, row in zip([None, *driver.rows], driver.rows, strict=False):
        assert is_linked(row, prev)
        assert (row.seq in bodies) == row.body.startswith(BLANKED)
    report = verify(driver.rows, driver.journal)
    assert (report.ok, report.redacted) == (True, len(bodies))
    driver.open()
    entry = driver.sequencer.fold.board.entries[intent]
    assert (entry.body.text, entry.state, entry.actor) == (BLANK, "done", "Ana")
    assert driver.sequencer.fold.state() == before.state(), "documents are edited like any text"


def test_a_blank_that_was_changed_once_more_is_found_out() -> None:
    driver, _, bodies = redacted()
    seq = min(bodies)
    bodies[seq] = bodies[seq].replace(BLANK, "something else")
    driver.rows = [msgspec.structs.replace(row, body=bodies.get(row.seq, row.body)) for row in driver.rows]
    report = verify(driver.rows, driver.journal, is_audited=False)
    assert (report.ok, report.first_bad) == (False, seq)


def test_done_again_it_finds_nothing_more() -> None:
    driver, intent, bodies = redacted()
    rows = [msgspec.structs.replace(row, body=bodies.get(row.seq, row.body)) for row in driver.rows]
    again = redact(rows, intent)
    assert again is not None
    assert again.bodies == {}
    assert redact(rows, "i999") is None


def test_a_blanked_body_keeps_the_hash_of_what_it_was() -> None:
    driver, _, bodies = redacted()
    for row in driver.rows:
        if row.seq in bodies:
            assert body_parts(msgspec.structs.replace(row, body=bodies[row.seq]))[1] == body_parts(row)[1]
