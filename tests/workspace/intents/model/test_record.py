"""The chain of the log: what a link's hash covers, and what an opening takes on trust."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.digest import canonical, sha256_of
from tests.workspace.intents.driver import Driver
from workspace.errors import LogCorrupt
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import CheckpointBody, CommitBody
from workspace.intents.model.record import Row, chain_hash, read_row, seal
from workspace.intents.recovery import open_sequencer

WORDS = st.text(max_size=20)
NUMBERS = st.integers(min_value=0, max_value=2**53)


@given(seq=NUMBERS, epoch=NUMBERS, kind=WORDS, at=WORDS, actor=WORDS, sha=WORDS, prev=st.text("0123456789abcdef:"))
def test_a_link_covers_the_canonical_form_of_its_head(
    seq: int, epoch: int, kind: str, at: str, actor: str, sha: str, prev: str
) -> None:
    head = {"seq": seq, "epoch": epoch, "kind": kind, "at": at, "actor": actor, "body": sha}
    linked = chain_hash(seq=seq, epoch=epoch, kind=kind, at=at, actor=actor, sha=sha, prev=prev)
    assert linked == sha256_of(prev.encode() + canonical(head))


def with_state(rows: list[Row], at: int, state: str) -> list[Row]:
    """Return the log with another recorded state in one record, sealed again from there on, as if a server had lied."""
    made = rows[:at]
    for row in rows[at:]:
        record = read_row(row)
        body = record.body
        if row.seq == at + 1:
            assert isinstance(body, CommitBody | CheckpointBody)
            body = msgspec.structs.replace(body, state=state)
        prev = made[-1].hash if made else ""
        made.append(seal(body, seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, prev=prev).row)
    return made


@pytest.mark.parametrize(("which", "opens"), [(-1, False), (0, True)])
def test_an_opening_checks_the_last_recorded_state_and_verification_every_one(which: int, opens: bool) -> None:
    driver = Driver()
    for price in (1, 2, 3):
        intent = driver.ask("Ana")
        driver.set(intent, "price", price)
        driver.wait(2)
    commits = [row.seq for row in driver.rows if row.kind == "commit"]
    assert len(commits) == 3
    rows = with_state(driver.rows, commits[which] - 1, "sha256:0")
    report = verify(rows, driver.journal)
    assert (report.ok, report.first_bad) == (False, commits[which])
    if opens:
        open_sequencer("w", epoch=9, rows=rows, journal=driver.journal, now=driver.now, versions={})
        return
    with pytest.raises(LogCorrupt):
        open_sequencer("w", epoch=9, rows=rows, journal=driver.journal, now=driver.now, versions={})
