"""What a document must be able to do with whatever it took in: the law of all that takes updates in, said once.

Anything that the scanner, `take_in` and `apply` admit can be digested, forked, read in every format, planned on,
undone, served, put to rest, unloaded and opened again; and a stock Yjs fed the same bytes holds the same.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from typing import Any

from pycrdt import Array, Map, Text, XmlElement, XmlFragment, XmlText

from crdt.digest import canonical, digest_text, normalise
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.backing import Applied
from crdt.documents.document import Document
from crdt.documents.intake import Intake, take_in
from crdt.documents.paths import ABSENT, read_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.values import for_people
from crdt.errors import CrdtError
from crdt.operations.fork import run
from crdt.operations.ops import Delete, DeleteValue, Increment, Insert, ListAdd, Op, Replace, SetValue, hash_of_value
from crdt.operations.postcondition import find_difference, predict
from crdt.undo.text_undo import undo_text
from crdt.undo.undo import undo_values
from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set
from crdt.updates.scan import scan_state_vector, scan_update
from tests.support.oracle import Oracle
from workspace.intents.rules.evidence import render

AGENT = 4097
WORDS = ("boots", "", "an é", "😀", "two\nlines", "漢字 ")
VALUES = (1, None, "x", [1, {"a": 2}], {"a": {"b": []}}, {"~bytes": "AP8="}, {"~number": "NaN"}, True, 0.5)


class Server:
    """A document behind its intake: what it relays, what it sends back, what its journal holds."""

    def __init__(self, kind: DocumentKind) -> None:
        self.document = Document(kind, client=AGENT)
        self.relayed: list[bytes] = []
        self.removals: list[bytes] = []
        self.refused: list[str] = []
        self.errors = 0

    def send(self, update: bytes) -> Intake | None:
        """Take what somebody sends, as the room does; None where all of it was refused."""
        try:
            intake = take_in(self.document, update, scan_update(update))
            applied = self.document.apply(intake.update, intake.summary)
        except CrdtError as error:
            if error.code == "broken_document":
                raise
            self.errors += 1
            return None
        self._keep(applied)
        if intake.removed:
            self.removals.append(b"\x00" + encode_delete_set(intake.removed))
        self.refused += [refused.reason for refused in intake.refused]
        return intake

    def write(self, update: bytes) -> Applied | None:
        """Take what the agent wrote."""
        applied = self.document.apply(update)
        self._keep(applied)
        return applied

    def _keep(self, applied: Applied | None) -> None:
        if applied is not None:
            self.relayed.append(applied.update)


def check_everything(server: Server, chance: random.Random) -> None:
    """Do everything with the document that a server does; nothing may raise, and all copies must be the same."""
    document = server.document
    if document.is_apart():
        return  # lines of items cross, which no client makes: no plan is entered into it any more, all else goes on
    read(document)
    digest = document.digest()
    assert document.fork(77).digest() == digest, "a fork is another document"
    reopened(server)
    for _ in range(2):
        serve(document, chance)
    assert document.unload(), "it does not rest"
    assert document.digest() == digest, "resting changed it"
    fresh = Document.of_state(document.kind, document.encode(), client=6)
    assert fresh.digest() == digest, "its state is another document"
    read(document)
    assert document.digest() == digest, "waking changed it"
    for _ in range(2):
        plan(server, chance)
    reopened(server)
    read(document)


def read(document: Document) -> None:
    """Read it in every format."""
    value = document.value()
    json.dumps(normalise({"value": value, "digest": document.digest()}), ensure_ascii=False, allow_nan=False)
    canonical(for_people(value))
    render(document)
    document.encode()
    document.encode_state_vector()
    document.stored_structs()
    document.shape()
    if document.kind == "text":
        text, ruler = document.text(), document.ruler()
        assert ruler.text == text
        assert str(value) == text.replace("\ufffc", "") or "\ufffc" in str(value)


def reopened(server: Server) -> None:
    """Open it again from its journal, and from its state."""
    document = server.document
    journal = Document(document.kind, client=7, updates=server.relayed)
    assert journal.digest() == document.digest(), "its journal is another document"
    assert journal.state_vector() == document.state_vector()
    state = Document.of_state(document.kind, document.encode(), client=8)
    assert state.digest() == document.digest(), "its state is another document"


def serve(document: Document, chance: random.Random) -> None:
    """Answer somebody who has any part of it, or what it does not have."""
    state = {
        client: chance.randint(0, clock + 1)
        for client, clock in document.state_vector().items()
        if chance.random() < 0.8
    }
    if chance.random() < 0.3:
        state[chance.choice((1, 2**32, 2**53 - 1))] = chance.choice((1, 2**32 - 1))
    writer = Writer().var_uint(len(state))
    for client, clock in state.items():
        writer.var_uint(client).var_uint(clock)
    scan_update(document.encode(writer.getvalue()))


# ---------------------------------------------------------------- the agent


def plan(server: Server, chance: random.Random) -> None:
    """Let the agent do something, look whether it did, take it back, look again."""
    document = server.document
    op = _op(document, chance)
    if op is None:
        return
    before = document.fork(901)
    try:
        ran = run({"d": document}, [op], [], client=AGENT)
    except CrdtError as error:
        if error.code == "broken_document":
            raise
        return
    fork, done = ran.documents["d"], ran.executed["d"]
    expected, wrong = _meant(before, op), find_difference(predict(before, [op]), fork)
    if wrong:  # it is taken back, and nobody is told that it was done
        assert _has_shared_type(before), f"it does not read as it was meant: {op}: {wrong}"
        return
    applied = server.write(done.update)
    assert fork.digest() == document.digest(), f"what was planned is not what was written: {op}"
    if expected is not None:
        assert document.text() == expected, f"another place was written to: {op}"
    if applied is None:
        return
    after = document.fork(902)
    inserted = [(client, start, end) for client, (start, end) in applied.inserted.items() if end > start]
    deleted = [(client, start, end) for client, ranges in applied.deleted.items() for start, end in ranges]
    if document.kind == "text":
        undo = undo_text("d", before, after, document, inserted=inserted, deleted=deleted)
    else:
        undo = undo_values("d", before, after, document, [op], inserted=inserted, added={})
    if undo.ops:
        taken = run({"d": document}, undo.ops, [], client=AGENT)
        wrong = find_difference(predict(document, undo.ops), taken.documents["d"])
        if wrong:
            assert _has_shared_type(document), f"undone, it does not read as it was meant: {op}: {wrong}"
            return
        server.write(taken.executed["d"].update)
        assert taken.documents["d"].digest() == document.digest(), f"what was undone is not what was written: {op}"
    # Sums are rounded; what was not there before goes, with the objects that were made on the way.
    is_made = isinstance(op, Increment) and read_path(before, op.path) is ABSENT
    is_whole = document.kind == "text" or is_made or isinstance(op, SetValue | DeleteValue | ListAdd)
    if not undo.lost and not undo.reset and is_whole:
        assert document.value() == before.value(), f"it was not undone: {op}"


def _has_shared_type(document: Document) -> bool:
    """Tell whether a shared type stands in the text: pycrdt takes marks off one beside which something is deleted."""
    stretches = document.ruler().between(0, len(document.text())) if document.kind == "text" else ()
    return any(
        isinstance(stretch.value, XmlFragment | XmlElement | XmlText | Map | Array | Text) for stretch in stretches
    )


def _op(document: Document, chance: random.Random) -> Op | None:
    match document.kind:
        case "text":
            return _text_op(document, chance)
        case "data":
            return _value_op(document, chance)
        case _:
            return None


def _text_op(document: Document, chance: random.Random) -> Op | None:
    text = document.text()
    start = chance.randint(0, len(text))
    end = min(len(text), start + chance.randint(1, 6))
    if end == start or chance.random() < 0.4:
        (anchor,) = place_anchors(document, [(start, chance.choice((0, -1)))])
        return Insert("d", anchor.encode(), chance.choice(WORDS))
    place, old = place_range(document, start, end), digest_text(text[start:end])
    if chance.random() < 0.3:
        return Delete("d", place.start.encode(), place.end.encode(), old)
    words = chance.choice(WORDS) + "\ufffc" * text[start:end].count("\ufffc")
    return Replace("d", place.start.encode(), place.end.encode(), old, words)


def _value_op(document: Document, chance: random.Random) -> Op | None:
    path: tuple[str | int, ...] = ()
    value: Any = document.value()
    while isinstance(value, dict | list) and value and (not path or chance.random() < 0.6):
        key = chance.choice(sorted(value) if isinstance(value, dict) else range(len(value)))
        path, value = (*path, key), value[key]
    if not path or chance.random() < 0.2:
        path = (*path, chance.choice(("new", "", "__proto__", "😀")))
    old = hash_of_value(document, path)
    match chance.randrange(4):
        case 0:
            return DeleteValue("d", path, old)
        case 1:
            return Increment("d", path, chance.choice((1, -0.5)))
        case 2 if isinstance(read_path(document, path), list):
            return ListAdd("d", path, chance.choice(VALUES))
        case _:
            return SetValue("d", path, chance.choice(VALUES), old)


def _meant(before: Document, op: Op) -> str | None:
    """Return the text that an operation means to leave."""
    from crdt.documents.anchor import Anchor, resolve_anchor, resolve_range
    from crdt.operations.ops import decode_range

    match op:
        case Insert(_, at, words):
            point = resolve_anchor(before, Anchor.decode(at))
            return before.text()[:point] + words + before.text()[point:]
        case Replace(_, from_, to, _, words):
            start, end = resolve_range(before, decode_range(from_, to))
            return before.text()[:start] + words + before.text()[end:]
        case Delete(_, from_, to):
            start, end = resolve_range(before, decode_range(from_, to))
            return before.text()[:start] + before.text()[end:]
        case _:
            return None


# ---------------------------------------------------------------- stock Yjs


def check_stock(yjs: Oracle, server: Server, sent: Sequence[bytes] | None, chance: random.Random) -> None:
    """Let stock Yjs hold what was relayed, what a newcomer is given, what somebody lacks, what an author has."""
    document = server.document
    said = yjs.look(document.kind, server.relayed)
    assert not said["pending"], "what is relayed waits in stock Yjs"
    assert said["vector"] == document.encode_state_vector(), "stock Yjs has another state vector"
    if not _is_one(yjs, document, said):
        return
    replicas = {"newcomer": [document.encode()]}
    known = server.relayed[: chance.randint(0, len(server.relayed))]
    vector = yjs.look(document.kind, known)["vector"]
    scan_state_vector(vector)
    replicas["back again"] = [*known, document.encode(vector)]
    if sent is not None:
        replicas["author"] = [*sent, *server.removals, *server.relayed, document.encode(document.encode_state_vector())]
    for name, updates in replicas.items():
        other = yjs.look(document.kind, updates)
        for part in ("pending", "vector", "seen", "value"):
            # An author can cut a character for itself, and tell nobody: Yjs puts U+FFFD there without an edit.
            is_same = _halved(other[part]) == _halved(said[part]) if name == "author" else other[part] == said[part]
            assert is_same, f"{name} holds another {part}"
        _check_deleted(said, other["deleted"], other["tidied"])
    _check_deleted(said, _deleted(document), [])
    _check_value(document, said["value"])


def _is_one(yjs: Oracle, document: Document, said: dict[str, Any]) -> bool:
    """Tell whether stock Yjs holds the same after reading its own state.

    It does not where lines of items to their neighbours cross, which no client makes: such bytes have no one meaning.
    """
    again = yjs.look(document.kind, [said["state"]])
    return all(again[part] == said[part] for part in ("seen", "value"))


def _check_deleted(said: dict[str, Any], deleted: list[Any], tidied: list[Any]) -> None:
    own = [*said["tidied"], *tidied]
    assert _without(said["deleted"], own) == _without(deleted, own), "another replica has deleted something else"


def _without(deleted: list[Any], own: list[Any]) -> dict[int, list[tuple[int, int]]]:
    """Return deleted spans by client, without those of `own`."""
    left = {client: [(start, end) for start, end in spans] for client, spans in deleted}
    for client, gone in own:
        for low, high in gone:
            cut = [((start, min(end, low)), (max(start, high), end)) for start, end in left.get(client, [])]
            left[client] = [span for pair in cut for span in pair if span[0] < span[1]]
    return {client: spans for client, spans in left.items() if spans}


def _halved(value: Any) -> Any:
    return (
        re.sub("[\U00010000-\U0010ffff]", "\ufffd\ufffd", json.dumps(value, ensure_ascii=False, sort_keys=True))
        if not isinstance(value, bytes)
        else value
    )


def _deleted(document: Document) -> list[list[Any]]:
    deleted = scan_update(document.encode(document.encode_state_vector())).deleted
    return [[client, [list(span) for span in spans]] for client, spans in sorted(deleted.items())]


def _check_value(document: Document, said: Any) -> None:
    value = document.value()
    if document.kind == "text":
        assert document.text() == "".join("\ufffc" if part is None else part for part, _ in said)
        assert value == "".join(part or "" for part, _ in said)
    if document.kind == "data":
        assert comparable(value) == comparable(said), f"{value} is not {said}"


def comparable(value: Any) -> Any:
    """Return a value of either side in a form that both share: numbers as floats, XML as such."""
    match value:
        case bool() | None | str():
            return value
        case int() | float():
            return float(value)
        case {"~bigint": str() as whole, **rest} if not rest:
            return float(int(whole))
        case {"~xml": _, **rest} if not rest:
            return {"~xml": ""}
        case dict():
            return {key: comparable(part) for key, part in value.items()}
        case _:
            return [comparable(part) for part in value]
