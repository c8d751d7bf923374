"""Characters of two UTF-16 units that an edit cuts in two.

Yjs counts UTF-16 units, so a client can delete half an emoji or write between its halves. Where Yjs cuts a string it
puts U+FFFD in place of both halves (`ContentString.splice`), on every replica that integrates the cut; pycrdt leaves
or loses the character, and the two differ from then on. So a document knows where its pairs are, and has U+FFFD put in
before an edit that cuts one comes to pycrdt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crdt.text import pairs_in
from crdt.updates.lib0 import Writer
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_state_vector
from crdt.updates.structs import Struct, read_structs
from crdt.updates.summary import STRING, Id, UpdateSummary

REPLACEMENT = "\ufffd"
Cuts = Mapping[int, frozenset[int]]  # by client, the clocks between the two halves


def edges(update: bytes, summary: UpdateSummary) -> Iterator[Id]:
    """Yield the places at which an update cuts what is there: its clock is the first behind the cut."""
    if summary.structs == 1 and summary.first_item:
        for item in summary.first_item.values():
            yield from _edges_of(item.origin, item.right)
    elif summary.structs:
        for _, structs in read_structs(update):
            for struct in structs:
                yield from _edges_of(struct.origin, struct.right)
    for client, spans in summary.deleted.items():
        for start, end in spans:
            yield Id(client, start)
            yield Id(client, end)


def _edges_of(origin: Id | None, right: Id | None) -> Iterator[Id]:
    if origin is not None:
        yield Id(origin.client, origin.clock + 1)
    if right is not None:
        yield right


def cuts(middles: Mapping[int, Iterable[int]], at: Iterable[Id]) -> dict[int, frozenset[int]]:
    """Return which of the pairs with these middles are cut at these places."""
    found: dict[int, set[int]] = {}
    for client, clock in at:
        if clock in middles.get(client, ()):
            found.setdefault(client, set()).add(clock)
    return {client: frozenset(clocks) for client, clocks in found.items()}


def middles_of(pairs: Mapping[int, Iterable[int]]) -> dict[int, set[int]]:
    """Return the clocks between the halves of pairs that begin at these clocks."""
    return {client: {clock + 1 for clock in clocks} for client, clocks in pairs.items()}


def cut_strings(update: bytes, cut: Cuts) -> bytes:
    """Return an update, or a whole state, with U+FFFD twice in place of each pair that is cut."""
    out, copied = bytearray(), 0
    for _, structs in read_structs(update):
        for struct in structs:
            if struct.kind == STRING and struct.client in cut:
                text = string_of(update, struct)
                changed = _cut_text(text, struct.clock, cut[struct.client])
                if changed != text:
                    out += update[copied : struct.body]
                    out += Writer().var_string(changed).getvalue()
                    copied = struct.end
    return bytes(out + update[copied:])


def string_of(update: bytes, struct: Struct) -> str:
    """Return the text of a string, whose bytes lie in `update`."""
    raw = update[struct.body : struct.end]
    at = next(at for at, byte in enumerate(raw) if byte < 0x80)
    return raw[at + 1 :].decode()


def _cut_text(text: str, clock: int, cut: frozenset[int]) -> str:
    begins = [unit for unit in pairs_in(text) if clock + unit + 1 in cut]
    if not begins:
        return text
    raw = bytearray(text.encode("utf-16-le"))
    for unit in begins:
        raw[2 * unit : 2 * unit + 4] = (REPLACEMENT * 2).encode("utf-16-le")
    return raw.decode("utf-16-le")


def units_from(text: str, unit: int) -> str:
    """Return a text from a UTF-16 unit on, as Yjs cuts it: half a pair is U+FFFD."""
    return text.encode("utf-16-le")[2 * unit :].decode("utf-16-le", errors="replace")


def all_pairs(state: bytes) -> dict[int, set[int]]:
    """Return the middles of all pairs of a whole state."""
    found: dict[int, set[int]] = {}
    for client, structs in read_structs(state):
        for struct in structs:
            if struct.kind == STRING:
                middles = (struct.clock + unit + 1 for unit in pairs_in(string_of(state, struct)))
                found.setdefault(client, set()).update(middles)
    return {client: middles for client, middles in found.items() if middles}


def before_pairs(vector: bytes, middles: Mapping[int, set[int]]) -> bytes:
    """Return a state vector that ends between no two halves: pycrdt would leave the character out."""
    state = scan_state_vector(vector, INTERNAL)
    inside = {client: clock - 1 for client, clock in state.items() if clock in middles.get(client, ())}
    return encode_state_vector({**state, **inside}) if inside else vector
