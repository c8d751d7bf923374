"""The items of long shared lists, in time proportional to their number (trap 28).

pycrdt finds an item by walking to it from the first: to read a list of n items that were put in one by one takes n²
steps, which for a few megabytes is hours. It hands all of them out at once in one place: in the event of a transaction
that changes a list which was there before. So the state is rewritten such that each list hangs from a root of its own,
a reference standing where it was, and integrated into an empty document in which somebody listens. The order is
pycrdt's own, and so are the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, TypeAlias

from pycrdt import Array

from crdt.documents.pycrdt_document import DocumentKind, PycrdtDocument
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.rewrite import FLAG_BITS
from crdt.updates.scan import LIMITS, Scanner
from crdt.updates.structs import Struct, read_section, read_structs
from crdt.updates.summary import BINARY, TYPE, Id

# Up to so many items a list is walked: another half a million steps for each thousand of them, some milliseconds.
WALKED_ITEMS_MAX = 1_000
ARRAY_REF = 0
# By their references: what stands in each list of a state.
Lists: TypeAlias = Mapping[bytes, Sequence[object]]


class LongList(Exception):
    """A list is too long to be walked."""


def items_of(array: Array[object], lists: Lists | None) -> Sequence[object]:
    """Return the items of a shared list as pycrdt has them.

    Raises:
        LongList: there are more than 1,000, and this is no document of `unnest`, in which no list is long.
    """
    # In one transaction, past pycrdt's Python half, as for maps.
    with array.doc.transaction() as transaction:
        native, txn = array.integrated, transaction._txn
        size = native.len(txn)
        if size > WALKED_ITEMS_MAX:
            raise LongList
        assert lists is None or size == 0, "where lists have roots of their own, those in their places are empty"
        return [array._maybe_as_type_or_doc(native.get(txn, at)) for at in range(size)]


def unnest(kind: DocumentKind, state: bytes) -> tuple[PycrdtDocument, Lists]:
    """Return a document of this state in which a reference stands for each list, and the items by these references.

    References are bytes that are nowhere in the document: a hash of all of it is their beginning.
    """
    mark = sha256(state).digest()
    arrays = [
        Id(struct.client, struct.clock)
        for _, structs in read_structs(state)
        for struct in structs
        if struct.kind == TYPE and struct.ref == ARRAY_REF
    ]
    built, found = PycrdtDocument(kind, 0), dict[bytes, list[object]]()
    subscriptions = list[Any]()
    for array in arrays:
        root = built.doc.get(_root_name(mark, array), type=Array)
        items = found[_reference(mark, array)] = []
        # Natively: pycrdt's own half keeps what is subscribed, and the document with it (trap 24).
        subscriptions.append(root.integrated.observe(partial(_note_items, items)))
    try:
        built.integrate(_rehang(state, mark, frozenset(arrays)))
    finally:
        for subscription in subscriptions:
            subscription.drop()
    for items in found.values():
        items[:] = map(built.root._maybe_as_type_or_doc, items)
    return built, found


def _note_items(items: list[object], event: Any) -> None:
    # The list was empty before: all there is to tell is what came in.
    for part in event.delta:
        items.extend(part["insert"])


def _reference(mark: bytes, array: Id) -> bytes:
    return mark + f"{array.client}:{array.clock}".encode()


def _root_name(mark: bytes, array: Id) -> str:
    return f"{mark.hex()}:{array.client}:{array.clock}"


def _rehang(state: bytes, mark: bytes, arrays: frozenset[Id]) -> bytes:
    """Return a state in which what hung from each list hangs from a root, and a reference stands in its place."""
    writer, scanner = Writer(), Scanner(Reader(state), LIMITS)
    sections = scanner.reader.var_uint()
    writer.var_uint(sections)
    for _ in range(sections):
        count, client, clock = scanner.reader.var_uint(), scanner.reader.var_uint(), scanner.reader.var_uint()
        writer.var_uint(count).var_uint(client).var_uint(clock)
        for struct in read_section(scanner, count, client, clock):
            _rewrite(writer, state, struct, mark, arrays)
    return writer.raw(state[scanner.reader.pos :]).getvalue()


def _rewrite(writer: Writer, state: bytes, struct: Struct, mark: bytes, arrays: frozenset[Id]) -> None:
    """Write a struct, hung from a root where it hung from a list, with a reference where it is one."""
    info = state[struct.at]
    is_list = struct.kind == TYPE and struct.ref == ARRAY_REF
    if is_list:
        info = info & FLAG_BITS | BINARY
    writer.byte(info)
    if isinstance(struct.parent, Id) and struct.parent in arrays:
        # Whatever hangs from a list has no key.
        writer.var_uint(1).var_string(_root_name(mark, struct.parent))
    else:
        writer.raw(state[struct.at + 1 : struct.body])
    if is_list:
        writer.var_bytes(_reference(mark, Id(struct.client, struct.clock)))
    else:
        writer.raw(state[struct.body : struct.end])
