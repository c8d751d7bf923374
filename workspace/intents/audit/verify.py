"""Is a log as it was written, and was everything in it allowed? (semantics §6)

`verify` recomputes the hash chain, the bytes behind every update and commit, and the state digest at every commit and
checkpoint; on the way an auditor looks whether every commit was allowed. No clock, no network, no oracle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from crdt.breath import take_breath
from crdt.digest import sha256_of
from workspace.errors import LogCorrupt
from workspace.intents.audit.auditor import Auditor, Breach
from workspace.intents.model.record import BLANKED, Row
from workspace.intents.state.fold import JournalLike
from workspace.intents.state.replay import LostDocument, start_replay

LOST_SHOWN = 5


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a verification found: records checked, state digests reproduced, and the first bad `seq` if any.

    `code` is `log_corrupt` where a record is not the one that was written, `record_unknown` or `log_newer` where it is,
    and a newer version wrote it, `segment_corrupt` where a packed segment is unreadable or not the one that was packed,
    `gate_breached` where the log is as it was written and says that something was done which should not have been: each
    of `breaches` names a record and the condition it breaks. It is `document_broken` where all is as it was written,
    but documents cannot be rebuilt or were put aside: `lost`. States that hold such a document cannot be reproduced
    before the log puts it aside; `unchecked` counts them, and those that folkmoot 0.1 digested in an order of chance.
    """

    ok: bool
    head: int
    checked: int
    states: int
    first_bad: int | None = None
    reason: str = ""
    redacted: int = 0
    code: str = ""
    breaches: tuple[Breach, ...] = ()
    lost: tuple[LostDocument, ...] = ()
    unchecked: int = 0


def verify(rows: Iterable[Row], journal: Sequence[JournalLike], *, is_audited: bool = True) -> Report:
    """Return whether the whole log is as it was written: chain, bytes, every recorded state.

    Where `is_audited`, also whether everything in it was allowed: see `Auditor`.
    """
    replay = start_replay(journal)
    auditor = Auditor(replay.fold) if is_audited else None
    checked, blanked = 0, list[Row]()
    for row in rows:
        try:
            record = replay.read(row)
            if auditor is not None:
                auditor.before(record)
            replay.enter(record)
            if auditor is not None:
                auditor.after(record)
        except LogCorrupt as fault:
            return _bad(row.seq, checked, replay.states, fault.reason, code=fault.code)
        checked += 1
        take_breath()
        if row.body.startswith(BLANKED):
            blanked.append(row)
    for row in blanked:
        if replay.fold.redacted.get(str(row.seq)) != sha256_of(row.body.encode()):
            reason = f"record {row.seq} was blanked, and no record of the log stands for that"
            return _bad(row.seq, checked, replay.states, reason)
    replay.doubt(replay.fold.seq)
    lost = replay.lost()
    report = Report(True, replay.fold.seq, checked, replay.states, redacted=len(blanked), lost=lost)
    report = msgspec.structs.replace(report, unchecked=replay.unchecked)
    if auditor is None or not auditor.breaches:
        return report if not lost else _without(report)
    first = auditor.breaches[0]
    assert report.checked == report.head, "the log is as it was written, to its end"
    return msgspec.structs.replace(
        report,
        ok=False,
        first_bad=first.seq,
        reason=f"record {first.seq} breaks {first.condition}: {first.reason}",
        code="gate_breached",
        breaches=tuple(auditor.breaches),
    )


def _without(report: Report) -> Report:
    assert report.lost, "something is lost"
    first = min(report.lost, key=lambda one: one.seq).seq
    reason = "; ".join(f"the document {one.doc} cannot be rebuilt: {one.reason}" for one in report.lost[:LOST_SHOWN])
    return msgspec.structs.replace(report, ok=False, first_bad=first, reason=reason, code="document_broken")


def _bad(seq: int, checked: int, states: int, reason: str, *, code: str = LogCorrupt.code) -> Report:
    assert reason, "what is wrong is said"
    return Report(False, seq, checked, states, first_bad=seq, reason=reason, code=code)
