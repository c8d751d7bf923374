"""Segments of the log: every 1,000 records have a root, and the next checkpoint holds it (semantics §6).

`root = SHA-256(hash_first ‖ … ‖ hash_last)` over the records' hashes as they stand in the log (`sha256:` and 64 hex
digits each), end to end. A record's hash covers its body only through the body's SHA-256, so a redaction leaves every
root as it was. The length is a part of the format: another one would not reproduce the roots of older logs.

A checkpoint without any leaves the field out, so that records of older servers keep their canonical form.

A root hangs on nothing but the records: whoever has the rows of one segment and the checkpoint can tell that they are
the ones, without the rest of the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

SEGMENT_RECORDS = 1_000


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records `first` to `last`, both included, and the root over their hashes."""

    first: int
    last: int
    root: str


class Running:
    """A root under way, in constant memory."""

    __slots__ = ("_digest",)

    def __init__(self) -> None:
        self._digest = sha256()

    def add(self, hash: str) -> None:
        """Enter the next record's hash."""
        self._digest.update(hash.encode())

    def root(self) -> str:
        """Return the root of what was entered."""
        return f"sha256:{self._digest.hexdigest()}"


@dataclass(slots=True)
class Segments:
    """What a fold knows of segments: a running digest, those no checkpoint holds yet, those one does (`sealed`)."""

    waiting: list[Segment] = field(default_factory=list)
    sealed: list[Segment] = field(default_factory=list)
    _running: Running = field(default_factory=Running)

    def add(self, seq: int, hash: str) -> None:
        """Enter the hash of record `seq`; at the end of a segment its root begins to wait for a checkpoint."""
        assert seq >= 1, f"the log begins at 1, not at {seq}"
        self._running.add(hash)
        if seq % SEGMENT_RECORDS == 0:
            made = Segment(seq - SEGMENT_RECORDS + 1, seq, self._running.root())
            assert not self.waiting or made.first == self.waiting[-1].last + 1, "segments follow without a gap"
            self.waiting.append(made)
            self._running = Running()

    def seal(self, held: tuple[Segment, ...]) -> None:
        """Enter what a checkpoint holds. One by an older server holds nothing: then all go on waiting.

        Raises:
            ValueError: these are not the segments of the records before it.
        """
        # What is held comes from a log: another root there is damage, no bug.
        if held != tuple(self.waiting[: len(held)]):
            raise ValueError("the checkpoint holds segments that are not those of the log before it")
        self.sealed += held
        del self.waiting[: len(held)]


def root_of(hashes: Iterable[str]) -> str:
    """Return the root over the hashes of some records, in order."""
    running = Running()
    for hash in hashes:
        running.add(hash)
    return running.root()


class SnapshotRow(msgspec.Struct, frozen=True):
    """The full state of one document after journal row `jid`, as one Yjs v1 update."""

    doc: str
    jid: int
    state: bytes
    digest: str
