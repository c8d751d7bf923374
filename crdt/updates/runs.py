"""Structs that go on one another, written as one: pycrdt takes a run of them in the square of its length (trap 29).

It joins the parts of a run at the end of a transaction from the last one backwards, copying at each step what it has
joined before: 16,000 values sent one by one, a hundred kilobytes, took nine seconds and six gigabytes. Yjs itself
writes a run as one struct, so what is joined here means the same to everybody. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pycrdt import merge_updates

from crdt.updates.exact_numbers import find_exact_values, restore_exact_values
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.scan import HAS_KEY, LIMITS, Scanner
from crdt.updates.structs import Struct, read_section
from crdt.updates.summary import ANY, STRING, Id, UpdateSummary

# Shorter ones cost nothing that could be measured.
RUN_MAX = 64
# What is left of one is carried out in parts from here on: a thousand cost 20 MiB for as long as it takes.
LONG_RUN = 1_000
JOINED = frozenset({STRING, ANY})


def may_hold_runs(summary: UpdateSummary) -> bool:
    """Tell whether an update may hold a run of more than 64 structs, of which each goes on the one before."""
    return summary.structs - len(summary.branches) > RUN_MAX


def join_runs(update: bytes) -> tuple[bytes, int]:
    """Return an update in which each run of words, or of values of a list, is one struct; and the longest run left.

    A run of values is left where only the document knows that it stands in a list: under a key they are no run. Only
    for bytes that `crdt.updates.scan` has passed.
    """
    scanner = Scanner(Reader(update), LIMITS)
    sections = scanner.reader.var_uint()
    writer, longest = Writer().var_uint(sections), 0
    for _ in range(sections):
        count, client, clock = scanner.reader.var_uint(), scanner.reader.var_uint(), scanner.reader.var_uint()
        listed, parts = Listed(), list[Sequence[Struct]]()
        for run in _runs(update, read_section(scanner, count, client, clock)):
            is_listed = listed.add(run)
            if len(run) == 1 or run[0].kind == STRING or is_listed:
                parts.append(run)
            else:
                parts += ([struct] for struct in run)
                longest = max(longest, len(run))
        writer.var_uint(len(parts)).var_uint(client).var_uint(clock)
        for part in parts:
            _write_run(writer, update, part)
    return writer.raw(update[scanner.reader.pos :]).getvalue(), longest


class Listed:
    """Which structs of one client stand under no key, as far as its own section says."""

    __slots__ = ("_are_listed", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._are_listed: list[bool] = []

    def add(self, run: Sequence[Struct]) -> bool:
        """Enter the next run; tell whether it is known to stand under no key."""
        first = run[0]
        is_listed = first.parent is not None and first.key is None
        origin = first.origin
        if origin is not None and origin.client == first.client:
            at = bisect_right(self._starts, origin.clock) - 1
            is_listed = at >= 0 and self._are_listed[at]
        self._starts.append(first.clock)
        self._are_listed.append(is_listed)
        return is_listed


def merge(updates: Sequence[bytes]) -> bytes:
    """Return several updates as one, with runs as one struct."""
    if len(updates) < 2:
        return updates[0] if updates else b"\x00\x00"
    # pycrdt writes numbers anew as it merges (trap 10): they are found before and restored behind.
    exact = {id: value for update in updates for id, value in find_exact_values(update).items()}
    return join_runs(restore_exact_values(merge_updates(*updates), exact))[0]


def _runs(update: bytes, structs: Iterable[Struct]) -> Iterable[list[Struct]]:
    """Yield the structs of a client in runs, most of which are one struct."""
    run: list[Struct] = []
    for struct in structs:
        if run and not _goes_on(update, run[-1], struct):
            yield run
            run = []
        run.append(struct)
    if run:
        yield run


def _goes_on(update: bytes, last: Struct, struct: Struct) -> bool:
    """Tell whether a struct was written behind the one before it, before the same neighbour, and is of its kind."""
    return (
        struct.kind in JOINED
        and last.kind == struct.kind
        and struct.origin == Id(last.client, last.stop - 1)
        and struct.right == last.right
        and not (update[last.at] | update[struct.at]) & HAS_KEY
    )


def _write_run(writer: Writer, update: bytes, run: Sequence[Struct]) -> None:
    first = run[0]
    if len(run) == 1:
        writer.raw(update[first.at : first.end])
        return
    writer.raw(update[first.at : first.body])
    # Both kinds begin with how much there is, words in bytes and values by number.
    contents, total = list[bytes](), 0
    for struct in run:
        reader = Reader(update, struct.body)
        total += reader.var_uint()
        contents.append(update[reader.pos : struct.end])
    writer.var_uint(total)
    for content in contents:
        writer.raw(content)
