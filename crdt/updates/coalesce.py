"""Several updates of one client as one: under load a document then changes, and is relayed, once for many keystrokes.

Only updates that follow one another are joined; all were scanned before, so pycrdt never merges bytes that nobody has
looked at. Applying the joined update leaves the same document as applying its parts in turn (tested).
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from pycrdt import merge_updates

from crdt.updates.scan import normalise_ranges
from crdt.updates.summary import CROWDED, EXACT, FORWARD, ODD, FirstItem, Span, UpdateSummary

UNJOINED = ODD | 1 << FORWARD | 1 << EXACT | 1 << CROWDED


def join(parts: Sequence[tuple[bytes, UpdateSummary]]) -> tuple[bytes, UpdateSummary] | None:
    """Return one update, and its summary, for updates of one client that go on where the one before ended.

    None where they do not: more clients than one in an update, a gap, a repetition, collected structs; and where one
    holds what pycrdt does not write as it came, or a character that another may cut.
    """
    if any(summary.kinds & UNJOINED or summary.pairs for _, summary in parts):
        return None
    summary = join_scans([summary for _, summary in parts])
    if summary is None:
        return None
    try:
        return merge_updates(*(update for update, _ in parts)), summary
    except (ValueError, RuntimeError):  # it scans and yet pycrdt does not like it: apply will say so, part by part
        return None


def join_scans(scans: Sequence[UpdateSummary]) -> UpdateSummary | None:
    """Return the scan of the joined update, or None where these cannot be joined."""
    span: Span | None = None
    client = -1
    needs: dict[int, int] = {}
    deleted: dict[int, list[Span]] = {}
    first_item: dict[int, FirstItem] = {}
    for summary in scans:
        if summary.gc_clients or len(summary.inserted) > 1:
            return None
        for owner, (start, end) in summary.inserted.items():
            if span is None:
                client, span = owner, (start, end)
                first_item.update(summary.first_item)
            elif owner == client and start == span[1]:
                span = (span[0], end)
            else:
                return None
        for other, clock in summary.needs.items():
            if clock > needs.get(other, 0):
                needs[other] = clock
        for other, spans in summary.deleted.items():
            deleted.setdefault(other, []).extend(spans)
    if span is not None and needs.get(client, 0) <= span[1]:
        needs.pop(client, None)
    return UpdateSummary(
        inserted={client: span} if span is not None else {},
        deleted={other: normalise_ranges(spans) for other, spans in deleted.items()},
        needs=needs,
        first_item=first_item,
        gc_clients=frozenset(),
        structs=sum(summary.structs for summary in scans),
        overwrites=tuple(id for summary in scans for id in summary.overwrites),
        kinds=functools.reduce(operator.or_, (summary.kinds for summary in scans), 0),
    )
