"""What every store checks before it writes: that the one who writes owns the workspace, and that nothing is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workspace.access import MemberRow
from workspace.errors import Deposed, LogNewer, NameTaken, StoreFault
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.names import is_same_name
from workspace.ports import Batch


@dataclass(slots=True)
class Head:
    """Where a workspace stands within the running transaction: its owner's epoch, its last `seq` and `jid`."""

    epoch: int
    seq: int
    jid: int

    def follow(self, batch: Batch) -> None:
        """Go on behind a batch that was written."""
        self.seq += len(batch.rows)
        self.jid += len(batch.journal)


def deposed(ws: str, epoch: int | None) -> Deposed:
    """Return what the former owner of a workspace is told; `epoch` None is a workspace that is gone."""
    now = "gone" if epoch is None else epoch
    return Deposed(f"another server, or a command line, goes on with workspace {ws} (epoch {now})")


def log_newer(ws: str, number: int) -> LogNewer:
    """Return what is said of a workspace whose log is in a format that this version does not know."""
    return LogNewer(
        f"the log of {ws} has format {number}, this version knows {LOG_FORMAT}: open it with the newer Folkmoot"
    )


def check_head(head: Head, batch: Batch) -> None:
    """Raise `Deposed` or `StoreFault` unless a batch is its owner's and goes on where the workspace stands."""
    if head.epoch != batch.epoch:
        raise deposed(batch.ws, head.epoch)
    check_dense(batch, seq=head.seq, jid=head.jid)


def check_dense(batch: Batch, *, seq: int, jid: int) -> None:
    """Raise `StoreFault` unless a batch goes on exactly where log and journal end: a lost batch must not be skipped."""
    for at, row in enumerate(batch.rows, seq + 1):
        if row.seq != at:
            raise StoreFault(f"the log of {batch.ws} ends at {seq}; these rows do not follow")
    for at, entry in enumerate(batch.journal, jid + 1):
        if entry.jid != at:
            raise StoreFault(f"the journal of {batch.ws} ends at {jid}; these rows do not follow")
    if batch.head is not None and batch.head != (seq + len(batch.rows), jid + len(batch.journal)):
        raise StoreFault(f"{batch.ws} ends at {(seq, jid)}; a batch before this one is missing")


def size_of(work: object) -> int:
    """Return about how many bytes a batch writes; other work counts nothing."""
    if not isinstance(work, Batch):
        return 0
    sizes = [len(row.update) for row in work.journal] + [len(row.body) for row in work.rows]
    return sum(sizes) + sum(len(blob.content) for blob in work.blobs)


def refuse_taken(member: MemberRow, others: Iterable[MemberRow]) -> None:
    """Raise `NameTaken` where somebody new would be taken for one of the others who are, or were, members there.

    Who has the name already keeps it: names that would be refused today stand beside it in older databases.
    """
    alike = [other for other in others if is_same_name(other.actor, member.actor)]
    if any(other.actor == member.actor and other.person == member.person for other in alike):
        return
    for other in alike:
        if other.person != member.person:
            raise NameTaken(f"somebody in this workspace is called {other.actor}")
