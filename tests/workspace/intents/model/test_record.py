"""The chain of the log: what a link's hash covers, and what an opening takes on trust."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.digest import canonical, sha256_of
from tests.workspace.intents.driver import Driver
from workspace.errors import LogCorrupt, RecordUnknown
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import Body, CheckpointBody, CommitBody, ConfigBody, OracleBody
from workspace.intents.model.record import BLANKED, Row, body_parts, chain_hash, is_linked, read_row, seal
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


def made(*bodies: Body) -> list[Row]:
    rows: list[Row] = []
    for body in bodies:
        prev = rows[-1].hash if rows else ""
        rows.append(seal(body, seq=len(rows) + 1, epoch=1, at="t", actor="Ana", prev=prev).row)
    return rows


ROWS = made(ConfigBody(name="w"), OracleBody("timer"), OracleBody("timer", reason="again"))


def test_rows_that_follow_one_another_are_linked_and_no_others() -> None:
    assert all(is_linked(row, prev) for row, prev in zip(ROWS, [None, *ROWS], strict=False))
    assert not is_linked(ROWS[2], ROWS[0]), "one is left out"
    assert not is_linked(ROWS[1], None), "the first is left out"
    assert not is_linked(ROWS[1], ROWS[1]), "one stands twice"


@pytest.mark.parametrize("field", Row.__struct_fields__)
def test_a_row_of_which_anything_was_changed_is_not_linked(field: str) -> None:
    value = getattr(ROWS[1], field)
    changed = msgspec.structs.replace(ROWS[1], **{field: value + 1 if isinstance(value, int) else value + " "})
    assert not is_linked(changed, ROWS[0])


def test_epochs_never_fall() -> None:
    later = made(ConfigBody(name="w"))[0]
    after = seal(OracleBody("timer"), seq=2, epoch=0, at="t", actor="Ana", prev=later.hash).row
    assert not is_linked(after, later)


def test_a_blanked_body_is_covered_by_the_hash_of_the_one_it_had() -> None:
    row = ROWS[2]
    sha = sha256_of(row.body.encode())
    hollow = msgspec.structs.replace(row, body=f'{BLANKED}{sha}","body":{{"oracle":"timer","reason":"~"}}}}')
    assert body_parts(hollow) == ('{"oracle":"timer","reason":"~"}', sha)
    assert is_linked(hollow, ROWS[1])
    assert read_row(hollow).body == OracleBody("timer", reason="~")
    other = msgspec.structs.replace(row, body=hollow.body.replace(sha, sha256_of(b"other")))
    assert not is_linked(other, ROWS[1])


def test_a_kind_from_a_newer_server_is_refused_by_name() -> None:
    with pytest.raises(RecordUnknown, match="record 2, 'dream', is of an unknown kind"):
        read_row(msgspec.structs.replace(ROWS[1], kind="dream"))


def test_a_body_that_is_not_of_its_kind_is_refused() -> None:
    with pytest.raises(RecordUnknown, match="has a field"):
        read_row(msgspec.structs.replace(ROWS[1], kind="verdict"))


@pytest.mark.parametrize(("seq", "prev"), [(0, ""), (1, "sha256:0"), (2, "")])
def test_no_record_is_sealed_at_a_place_that_is_none(seq: int, prev: str) -> None:
    with pytest.raises(AssertionError):
        seal(ConfigBody(), seq=seq, epoch=1, at="t", actor="Ana", prev=prev)


def with_state(rows: list[Row], at: int, state: str) -> list[Row]:
    """Return the log with another recorded state in one record, sealed again from there on, as if a server had lied."""
    again = rows[:at]
    for row in rows[at:]:
        record = read_row(row)
        body = record.body
        if row.seq == at + 1:
            assert isinstance(body, CommitBody | CheckpointBody)
            body = msgspec.structs.replace(body, state=state)
        prev = again[-1].hash if again else ""
        again.append(seal(body, seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, prev=prev).row)
    return again


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
