"""The log's record and the hash chain that binds the records (semantics §1.1, §6).

`hash = SHA-256(prev ‖ canonical(seq, epoch, kind, at, actor, H(body)))`: the chain covers the body only through its
own hash, so that a body can later be redacted without breaking the chain.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from json.encoder import encode_basestring as quoted

import msgspec

from crdt.digest import canonical, sha256_of
from workspace.errors import RecordUnknown
from workspace.intents.model.bodies import BODIES, Body, ConfigBody, RecordKind, kind_of
from workspace.intents.model.log_format import check_versions, undecoded_field
from workspace.intents.model.policies import POLICIES

_DECODERS: dict[str, msgspec.json.Decoder[Body]] = {kind: msgspec.json.Decoder(body) for kind, body in BODIES.items()}
BLANKED = '{"~redacted":"'
BLANK = "[redacted]"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One log record as it is stored: the body is its canonical JSON text."""

    seq: int
    epoch: int
    kind: str
    at: str
    actor: str
    body: str
    prev: str
    hash: str


class Record(msgspec.Struct, frozen=True):
    """One log record with its typed body. `seq` is dense from 1; `at` is only for people."""

    seq: int
    epoch: int
    at: str
    actor: str
    body: Body
    row: Row

    @property
    def kind(self) -> RecordKind:
        """Return which of the ten kinds this is."""
        return kind_of(self.body)


def seal(body: Body, *, seq: int, epoch: int, at: str, actor: str, prev: str) -> Record:
    """Return the record that follows the one hashed `prev` (`""` before the first)."""
    assert seq >= 1, f"the log begins at 1, not at {seq}"
    assert (prev == "") == (seq == 1), f"record {seq} follows {prev or 'nothing'}"
    text = canonical(msgspec.to_builtins(body)).decode()
    # A body of that form would be read as a blanked one, and its hash as the hash of another.
    assert not text.startswith(BLANKED), "no body has a field of that name"
    kind = kind_of(body)
    digest = chain_hash(seq=seq, epoch=epoch, kind=kind, at=at, actor=actor, sha=sha256_of(text.encode()), prev=prev)
    row = Row(seq=seq, epoch=epoch, kind=kind, at=at, actor=actor, body=text, prev=prev, hash=digest)
    return Record(seq=seq, epoch=epoch, at=at, actor=actor, body=body, row=row)


def chain_hash(*, seq: int, epoch: int, kind: str, at: str, actor: str, sha: str, prev: str) -> str:
    """Return the hash of one link: it covers the body through the body's own SHA-256 (semantics §6, redaction)."""
    head = (  # canonical JSON, written out: every record of a log passes here when it is opened
        f'{{"actor":{quoted(actor)},"at":{quoted(at)},"body":{quoted(sha)},'
        f'"epoch":{epoch:d},"kind":{quoted(kind)},"seq":{seq:d}}}'
    )
    return sha256_of((prev + head).encode("utf-8", "surrogatepass"))


def body_parts(row: Row) -> tuple[str, str]:
    """Return a row's body and the SHA-256 that its hash covers; a blanked body carries that of the original."""
    if not row.body.startswith(BLANKED):
        return row.body, sha256_of(row.body.encode())
    sha, _, tail = row.body[len(BLANKED) :].partition('","body":')
    return tail[:-1], sha


def read_row(row: Row) -> Record:
    """Return the typed record of a stored row.

    Raises:
        RecordUnknown: its kind or a field is none of this version's: a newer version's log is never half understood.
        LogNewer: from here on the log is of a format that this version does not know.
        msgspec.ValidationError: the body is no body of its kind.
    """
    if row.kind not in _DECODERS:
        raise RecordUnknown(seq=row.seq, kind=row.kind)
    try:
        body = _DECODERS[row.kind].decode(body_parts(row)[0])
    except msgspec.ValidationError as error:
        if field := undecoded_field(error):
            raise RecordUnknown(seq=row.seq, kind=row.kind, field=field) from error
        raise
    if isinstance(body, ConfigBody):
        check_versions(body.versions, seq=row.seq)
        for name in _unknown_policies(body):
            raise RecordUnknown(seq=row.seq, kind=row.kind, field=f"policy {name}")
    assert kind_of(body) == row.kind, f"a {row.kind} was read as a {kind_of(body)}"
    return Record(seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, body=body, row=row)


def is_linked(row: Row, prev: Row | None) -> bool:
    """Tell whether `row` follows `prev` in the chain and carries the hash of its own content."""
    follows = row.seq == 1 and row.prev == "" if prev is None else row.seq == prev.seq + 1 and row.prev == prev.hash
    expected = chain_hash(
        seq=row.seq, epoch=row.epoch, kind=row.kind, at=row.at, actor=row.actor, sha=body_parts(row)[1], prev=row.prev
    )
    return follows and row.hash == expected and (prev is None or row.epoch >= prev.epoch)


def sha_of(updates: Iterable[bytes]) -> str:
    """Return the SHA-256 over the given updates, end to end, as `sha256:hex`."""
    digest = sha256()
    for update in updates:
        digest.update(update)
    return f"sha256:{digest.hexdigest()}"


def check_bytes(updates: Iterable[bytes], sha: str, seq: int) -> None:
    """Raise ValueError unless these bytes are the ones that record `seq` was sealed over."""
    if sha_of(updates) != sha:
        raise ValueError(f"record {seq}: its document bytes are not the ones that were logged")


def _unknown_policies(body: ConfigBody) -> list[str]:
    """Return the names in its chains that no policy of this version has: a chain passed over decides otherwise."""
    if body.policy is None:
        return []
    chains = (body.policy.chain, *(region.chain for region in body.policy.regions))
    return [name for chain in chains for name in chain if name not in POLICIES]
