"""What a newer version has written is refused by name, wherever it stands; what is known is known by number."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from crdt.digest import canonical, sha256_of
from tests.workspace.intents.driver import Driver
from workspace.errors import LogCorrupt, LogNewer, RecordUnknown
from workspace.intents.audit.verify import verify
from workspace.intents.model import log_format, policies
from workspace.intents.model.bodies import BODIES, ConfigBody, PolicyConfig
from workspace.intents.model.log_format import FORMAT, LOG_FORMAT
from workspace.intents.model.record import Row, chain_hash, read_row, seal
from workspace.intents.recovery import open_sequencer
from workspace.intents.state.replay import fold_log
from workspace.registry.registry import library_versions

FORMATS = Path(__file__).parent / "log_formats.json"
# No recipe's example and nobody's idea of a policy: the first one to add `last` or `random` must not fail here.
UNKNOWN_POLICY = "a-policy-of-another-version"


def structs() -> dict[str, inspect.StructType]:
    """Return every struct that a record can hold."""
    found: dict[str, inspect.StructType] = {}

    def visit(kind: inspect.Type) -> None:
        if isinstance(kind, inspect.StructType):
            if kind.cls.__name__ in found:
                assert found[kind.cls.__name__].cls is kind.cls, "two structs of one name"
                return
            found[kind.cls.__name__] = kind
            for field in kind.fields:
                visit(field.type)
        for name in ("types", "item_types"):
            for part in getattr(kind, name, ()):
                visit(part)
        for name in ("type", "item_type", "key_type", "value_type"):
            if isinstance(part := getattr(kind, name, None), inspect.Type):
                visit(part)

    for body in (*BODIES.values(), Row):
        visit(inspect.type_info(body))
    return found


def shown(kind: inspect.Type) -> str:
    """Return a type in one line: what may stand there, by name and by value."""
    match kind:
        case inspect.StructType():
            return kind.cls.__name__
        case inspect.LiteralType():
            return " ".join(sorted(str(value) for value in kind.values))
        case inspect.UnionType():
            return " | ".join(sorted(shown(part) for part in kind.types))
        case inspect.DictType():
            return f"{{{shown(kind.key_type)}: {shown(kind.value_type)}}}"
        case inspect.VarTupleType():
            return f"[{shown(kind.item_type)}, ...]"
        case inspect.TupleType():
            return f"[{', '.join(shown(part) for part in kind.item_types)}]"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()


def written() -> dict[str, Any]:
    """Return what this version may write into a log."""
    fields = {name: {field.encode_name: shown(field.type) for field in kind.fields} for name, kind in structs().items()}
    kinds = {kind: body.__name__ for kind, body in BODIES.items()}
    return {"kinds": kinds, "structs": dict(sorted(fields.items())), "words": words()}


def words() -> dict[str, Any]:
    """Return what may be written and no type says: a version that lacks one refuses a log by that name.

    Formats 1 and 2 were written down without these.
    """
    tags = {name: f"{kind.tag_field}={kind.tag}" for name, kind in structs().items() if kind.tag is not None}
    forms = {name: number for name, number in log_format.KNOWN.items() if name != FORMAT}
    return {"policies": list(policies.POLICIES), "forms": forms, "tags": dict(sorted(tags.items()))}


HOW = "raise LOG_FORMAT, then run .venv/bin/python -m tests.workspace.intents.model.test_log_format --write"


def test_a_new_kind_field_or_word_has_a_new_number() -> None:
    """Whoever changes what is written raises `LOG_FORMAT` and has `written()` written under the new number."""
    formats = json.loads(FORMATS.read_text(encoding="utf-8"))
    assert list(formats) == [str(number) for number in range(1, LOG_FORMAT + 1)], HOW
    assert formats[str(LOG_FORMAT)] == written(), HOW


def with_this_version(formats: dict[str, Any]) -> str:
    """Return the file with what this version writes in it. What an older number says stays for ever."""
    if formats.get(str(LOG_FORMAT)) == written():
        return json.dumps(formats, indent=1, ensure_ascii=False) + "\n"
    assert written() not in [formats[number] for number in formats if number != str(LOG_FORMAT)], "nothing is new"
    return json.dumps({**formats, str(LOG_FORMAT): written()}, indent=1, ensure_ascii=False) + "\n"


def test_a_word_that_no_type_says_needs_a_new_number_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy, and a form in which documents or plans are read."""
    formats = json.loads(FORMATS.read_text(encoding="utf-8"))
    for module, name, value in (
        (policies, "POLICIES", (*policies.POLICIES, UNKNOWN_POLICY)),
        (log_format, "KNOWN", {**log_format.KNOWN, "plans": 9}),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, value)
            assert formats[str(LOG_FORMAT)] != written()
            patched.setattr(sys.modules[__name__], "LOG_FORMAT", LOG_FORMAT + 1)
            assert list(json.loads(with_this_version(formats))) == [*formats, str(LOG_FORMAT)]


def test_a_number_for_nothing_new_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    formats = json.loads(FORMATS.read_text(encoding="utf-8"))
    monkeypatch.setattr(sys.modules[__name__], "LOG_FORMAT", LOG_FORMAT + 1)
    with pytest.raises(AssertionError, match="nothing is new"):
        with_this_version(formats)


def test_writing_the_file_changes_nothing_of_one_that_is_current() -> None:
    text = FORMATS.read_text(encoding="utf-8")
    assert with_this_version(json.loads(text)) == text


def test_nothing_in_a_record_takes_fields_that_it_does_not_have() -> None:
    assert len(structs()) > 40
    lenient = [name for name, kind in structs().items() if not kind.forbid_unknown_fields]
    assert lenient == []


def a_log() -> Driver:
    """Return a log with a plan, a decision, a commit and verdicts in it."""
    driver = Driver()
    for price in (1, 2):
        driver.set(driver.ask("Ana"), "price", price)
        driver.wait(2)
    return driver


def changed(rows: list[Row], kind: str, change: Callable[[dict[str, Any]], object], *, name: str = "") -> list[Row]:
    """Return a log as a newer version would have written it: one record differs, the chain holds."""
    at = next(at for at, row in enumerate(rows) if row.kind == kind)
    made = rows[:at]
    for row in rows[at:]:
        body = json.loads(row.body)
        if row.seq == at + 1:
            change(body)
        new = name if name and row.seq == at + 1 else row.kind
        text = canonical(body).decode()
        head = {"seq": row.seq, "epoch": row.epoch, "kind": new, "at": row.at, "actor": row.actor}
        prev = made[-1].hash if made else ""
        made.append(Row(**head, body=text, prev=prev, hash=chain_hash(**head, sha=sha256_of(text.encode()), prev=prev)))
    return made


NEWER: dict[str, tuple[str, Callable[[dict[str, Any]], object], str, str]] = {
    "a kind": ("plan", lambda body: None, "", "ballot"),
    "a field": ("verdict", lambda body: body.update(mood="glad"), "mood", ""),
    "a field of an operation": ("plan", lambda body: body["ops"][0].update(why="so"), "ops[0].why", ""),
    "a field of a value": ("commit", lambda body: body["docs"]["budget"].update(pages=3), "docs[...].pages", ""),
    "a field of a part of a part": ("config", lambda body: body.update(budget={"mood": 1}), "budget.mood", ""),
    "a field with an odd name": ("verdict", lambda body: body.update({"a`b\nc": 1}), "a`b\nc", ""),
}


@pytest.mark.parametrize("what", list(NEWER))
def test_what_a_newer_version_wrote_is_refused_by_name(what: str) -> None:
    kind, change, field, name = NEWER[what]
    driver = a_log()
    rows = changed(driver.rows, kind, change, name=name)
    seq = next(row.seq for row in rows if row.kind == (name or kind))
    for read in (
        lambda: [read_row(row) for row in rows],
        lambda: fold_log(rows, driver.journal),
        lambda: open_sequencer("w", epoch=9, rows=rows, journal=driver.journal, now=driver.now, versions={}),
    ):
        with pytest.raises(RecordUnknown) as caught:
            read()
        fault = caught.value
        assert (fault.code, fault.seq, fault.kind, fault.field) == ("record_unknown", seq, name or kind, field)
        assert f"record {seq}, {name or kind!r}" in fault.reason
        assert repr(field) in fault.reason or not field
    report = verify(rows, driver.journal)
    assert (report.ok, report.code, report.first_bad) == (False, "record_unknown", seq)
    assert report.checked == seq - 1


def test_a_value_that_a_newer_version_knows_is_named() -> None:
    driver = a_log()
    rows = changed(driver.rows, "plan", lambda body: body["ops"][0].update(op="rotate"))
    with pytest.raises(LogCorrupt, match=r"'rotate' - at `\$\.ops"):
        fold_log(rows, driver.journal)


def test_a_record_that_was_tampered_with_is_corrupt_and_not_newer() -> None:
    driver = a_log()
    row = driver.rows[3]
    driver.rows[3] = msgspec.structs.replace(row, body=row.body[:-1] + ',"mood":"glad"}')
    report = verify(driver.rows, driver.journal)
    assert (report.code, report.first_bad) == ("log_corrupt", 4)


def further(rows: list[Row], versions: dict[str, str]) -> list[Row]:
    """Return a log with one more record."""
    last = rows[-1]
    body = ConfigBody(versions=versions)
    return [*rows, seal(body, seq=last.seq + 1, epoch=last.epoch, at=last.at, actor="agent", prev=last.hash).row]


@pytest.mark.parametrize("number", [str(LOG_FORMAT + 1), "99", "2b", "-1", ""])
def test_a_log_of_a_newer_format_is_refused_where_it_says_so(number: str) -> None:
    driver = a_log()
    rows = further(driver.rows, {FORMAT: number})
    with pytest.raises(LogNewer, match=f"from record {len(rows)} on the log has format {number}") as caught:
        open_sequencer("w", epoch=9, rows=rows, journal=driver.journal, now=driver.now, versions={})
    assert caught.value.code == "log_newer"
    report = verify(rows, driver.journal)
    assert (report.code, report.first_bad, report.checked) == ("log_newer", len(rows), len(rows) - 1)
    assert fold_log(rows, driver.journal, to=len(rows) - 1).seq == len(rows) - 1, "what stands before it is known"


@pytest.mark.parametrize("name", ["documents", "plans"])
def test_forms_that_this_version_does_not_read_are_refused_too(name: str) -> None:
    driver = a_log()
    rows = further(driver.rows, {name: "9"})
    assert verify(rows, driver.journal).code == "log_newer"
    assert verify(further(driver.rows, {name: "2"}), driver.journal).ok


def test_a_policy_that_this_version_does_not_have_is_refused_by_name() -> None:
    driver = a_log()
    last = driver.rows[-1]
    body = ConfigBody(policy=PolicyConfig(chain=(UNKNOWN_POLICY,)))
    row = seal(body, seq=last.seq + 1, epoch=last.epoch, at=last.at, actor="agent", prev=last.hash).row
    report = verify([*driver.rows, row], driver.journal)
    assert report.code == "record_unknown"
    assert f"policy {UNKNOWN_POLICY}" in report.reason


def test_a_log_says_its_format_from_its_next_opening_on() -> None:
    driver = a_log()
    before = list(driver.rows)
    assert not any(FORMAT in json.loads(row.body).get("versions", {}) for row in before)
    sequencer, outcome = open_sequencer(
        "w", epoch=9, rows=before, journal=driver.journal, now=driver.now, versions=library_versions()
    )
    assert sequencer.fold.versions[FORMAT] == str(LOG_FORMAT)
    told = [record for record in outcome.records if isinstance(record.body, ConfigBody)]
    assert [record.body.versions[FORMAT] for record in told if isinstance(record.body, ConfigBody)] == [str(LOG_FORMAT)]
    report = verify([*before, *(record.row for record in outcome.records)], driver.journal)
    assert report.ok, report


if __name__ == "__main__" and "--write" in sys.argv:
    FORMATS.write_text(with_this_version(json.loads(FORMATS.read_text(encoding="utf-8"))), encoding="utf-8")
