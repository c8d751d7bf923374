"""Which files a whole log names: its documents as they are, put away ones too, and the instructions people gave.

An instruction that names a file is done again from the log, and a document that was deleted can be restored: what they
name is kept as long as they say so.
"""

from __future__ import annotations

from collections.abc import Sequence

from crdt.documents.blob_references import references_in, references_in_state
from crdt.errors import CrdtError
from workspace.errors import StoreFault, WorkspaceFault
from workspace.history.read import read_all
from workspace.intents.audit.redaction import redact
from workspace.intents.model.bodies import RecordKinds
from workspace.intents.model.record import Row
from workspace.intents.state.replay import fold_log
from workspace.ports import JournalRow, Store
from workspace.telemetry import LOGGER
from workspace.threads import compute

NOTHING: frozenset[str] = frozenset()


async def names_in_log(store: Store, ws: str) -> frozenset[str] | None:
    """Return the ids of all files that a workspace names; None where a document cannot be read: nobody knows then.

    Raises `StoreFault`.
    """
    try:
        return await compute(names_in, *await read_all(store, ws))
    except StoreFault:
        raise
    except WorkspaceFault as fault:
        LOGGER.warning("workspace %s: which files it names is not known: %s", ws, fault.reason)
        return None


async def names_told_only(store: Store, ws: str, intent: str) -> frozenset[str]:
    """Return the ids of files in the words of an intent, as they stand in the log before it is redacted."""
    rows, _ = await read_all(store, ws)
    redaction = await compute(redact, rows, intent)
    if redaction is None:
        return NOTHING
    before = {row.seq: row.body for row in rows}
    told = (
        references_in(before[seq].encode()) - references_in(body.encode()) for seq, body in redaction.bodies.items()
    )
    return NOTHING.union(*told)


def names_in(rows: Sequence[Row], journal: Sequence[JournalRow]) -> frozenset[str] | None:
    """Return the ids of all files that a log names: see `names_in_log`. Raises `LogCorrupt`."""
    fold = fold_log(rows, journal)
    if fold.quarantined or fold.breaks:
        return None
    try:
        documents = [references_in_state(one.kind, one.encode()) for one in fold.documents.values()]
    except CrdtError:
        return None
    told = (references_in(row.body.encode()) for row in rows if row.kind == RecordKinds.INTENT)
    return NOTHING.union(*documents, *told)
