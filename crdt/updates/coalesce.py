"""Several updates of one client as one: under load a document then changes, and is relayed, once for many keystrokes.

Decision 37. Only updates that follow one another are joined; each was scanned before, so pycrdt never merges bytes of
which there is no summary. Applying the joined update leaves the same document as applying its parts in turn (tested).
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from pycrdt import merge_updates

from crdt.updates.scan import normalise_ranges
from crdt.updates.summary import EXACT, FORWARD, ODD, FirstItem, Span, UpdateSummary

# What the intake would write anew, or what pycrdt would: joined, the bytes are no longer those that were summed up.
UNJOINED = ODD | 1 << FORWARD | 1 << EXACT


def join(parts: Sequence[tuple[bytes, UpdateSummary]]) -> tuple[bytes, UpdateSummary] | None:
    """Return one update, and its summary, for updates of one client that go on where the one before ended.

    None where they do not: more clients than one in an update, a gap, a repetition, collected structs; and where one
    holds what pycrdt does not write as it came, or a character that another may cut.
    """
    assert parts, "nothing to join is no update"
    if any(summary.kinds & UNJOINED or summary.pairs for _, summary in parts):
        return None
    summary = join_summaries([summary for _, summary in parts])
    if summary is None:
        return None
    try:
        merged = merge_updates(*(update for update, _ in parts))
    except (ValueError, RuntimeError):  # it scans and yet pycrdt does not like it: apply will say so, part by part
        return None
    assert merged, "an update has at least its two counts"
    return merged, summary


def join_summaries(summaries: Sequence[UpdateSummary]) -> UpdateSummary | None:
    """Return the summary of the joined update, or None where these cannot be joined."""
    span: Span | None = None
    client = -1
    needs: dict[int, int] = {}
    deleted: dict[int, list[Span]] = {}
    first_item: dict[int, FirstItem] = {}
    for summary in summaries:
        # A collected struct has no neighbours to hold it in its place: Yjs sends one in a state, never while typing.
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
    # What the later updates needed of their own client came with the earlier ones.
    if span is not None and needs.get(client, 0) <= span[1]:
        needs.pop(client, None)
    assert span is None or span[0] < span[1], "each part was longer than nothing"
    return UpdateSummary(
        inserted={client: span} if span is not None else {},
        deleted={other: normalise_ranges(spans) for other, spans in deleted.items()},
        needs=needs,
        first_item=first_item,
        gc_clients=frozenset(),
        structs=sum(summary.structs for summary in summaries),
        overwrites=tuple(id for summary in summaries for id in summary.overwrites),
        branches=tuple(branch for summary in summaries for branch in summary.branches),
        kinds=functools.reduce(operator.or_, (summary.kinds for summary in summaries), 0),
    )
