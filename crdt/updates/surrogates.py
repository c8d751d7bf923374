"""Characters of two UTF-16 units that an edit cuts in two.

Yjs counts UTF-16 units, so a client can delete half an emoji or write between its halves. Where Yjs cuts a string it
puts U+FFFD in place of both halves (`ContentString.splice`), on every replica that integrates the cut; pycrdt leaves
or loses the character, and the two differ from then on (trap 17, decision 72). So a document knows where its surrogate
pairs are, and has U+FFFD put in before an edit that cuts one comes to pycrdt. A pair's *middle* is the clock of its
second half.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crdt.text import find_pairs, utf16_length
from crdt.updates.lib0 import Writer
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_state_vector
from crdt.updates.structs import Struct, read_structs
from crdt.updates.summary import EMBED, STRING, Id, UpdateSummary

REPLACEMENT = "\ufffd"
Cuts = Mapping[int, frozenset[int]]  # by client, the middles of the pairs that are cut


def find_edges(update: bytes, summary: UpdateSummary) -> Iterator[Id]:
    """Yield the places at which an update cuts what is there: its clock is the first behind the cut."""
    # Of a single item the summary says all: nothing is read twice for a keystroke.
    if summary.structs == 1 and summary.first_item:
        for item in summary.first_item.values():
            yield from _list_edges(item.origin, item.right)
    elif summary.structs:
        for _, structs in read_structs(update):
            for struct in structs:
                yield from _list_edges(struct.origin, struct.right)
    for client, spans in summary.deleted.items():
        for start, end in spans:
            assert start < end, "a deletion has an extent"
            yield Id(client, start)
            yield Id(client, end)


def _list_edges(origin: Id | None, right: Id | None) -> Iterator[Id]:
    if origin is not None:
        yield Id(origin.client, origin.clock + 1)
    if right is not None:
        yield right


def find_cuts(middles: Mapping[int, Iterable[int]], at: Iterable[Id]) -> dict[int, frozenset[int]]:
    """Return which of the pairs with these middles are cut at these places."""
    found: dict[int, set[int]] = {}
    for client, clock in at:
        if clock in middles.get(client, ()):
            found.setdefault(client, set()).add(clock)
    return {client: frozenset(clocks) for client, clocks in found.items()}


def find_middles(pairs: Mapping[int, Iterable[int]]) -> dict[int, set[int]]:
    """Return the middles of the pairs that begin at these clocks, by client."""
    return {client: {clock + 1 for clock in clocks} for client, clocks in pairs.items()}


def cut_strings(update: bytes, cut: Cuts) -> bytes:
    """Return an update, or a whole state, with U+FFFD twice in place of each pair that is cut."""
    out, copied = bytearray(), 0
    for _, structs in read_structs(update):
        for struct in structs:
            if struct.kind == STRING and struct.client in cut:
                text = read_string(update, struct)
                changed = _cut_text(text, struct.clock, cut[struct.client])
                if changed != text:
                    assert copied <= struct.body, "structs lie one behind the other"
                    out += update[copied : struct.body]
                    # U+FFFD has three bytes and the pair four: the string is written anew with its length.
                    out += Writer().var_string(changed).getvalue()
                    copied = struct.end
    return bytes(out + update[copied:])


def read_string(update: bytes, struct: Struct) -> str:
    """Return the text of a string, whose bytes lie in `update`."""
    assert struct.kind in (STRING, EMBED), "other content has more in it than one string"
    raw = update[struct.body : struct.end]
    # The length in front is a varint: its last byte is the first below 0x80.
    at = next(at for at, byte in enumerate(raw) if byte < 0x80)
    return raw[at + 1 :].decode()


def _cut_text(text: str, clock: int, cut: frozenset[int]) -> str:
    """Return a string that begins at `clock` with U+FFFD for both halves of each pair whose middle is in `cut`."""
    begins = [unit for unit in find_pairs(text) if clock + unit + 1 in cut]
    if not begins:
        return text
    raw = bytearray(text.encode("utf-16-le"))
    for unit in begins:
        # Both halves, in place: the string keeps its units, and every clock behind it stands where it stood.
        raw[2 * unit : 2 * unit + 4] = (REPLACEMENT * 2).encode("utf-16-le")
    cut_text = raw.decode("utf-16-le")
    assert utf16_length(cut_text) == utf16_length(text), "clocks stay where they were"
    return cut_text


def take_units(text: str, unit: int) -> str:
    """Return a text from a UTF-16 unit on, as Yjs cuts it: half a pair is U+FFFD."""
    assert 0 <= unit <= utf16_length(text), "a string is cut inside it"
    return text.encode("utf-16-le")[2 * unit :].decode("utf-16-le", errors="replace")


def find_all_middles(state: bytes) -> dict[int, set[int]]:
    """Return the middles of all pairs of a whole state."""
    found: dict[int, set[int]] = {}
    for client, structs in read_structs(state):
        for struct in structs:
            if struct.kind == STRING:
                middles = (struct.clock + unit + 1 for unit in find_pairs(read_string(state, struct)))
                found.setdefault(client, set()).update(middles)
    return {client: middles for client, middles in found.items() if middles}


def move_before_pairs(vector: bytes, middles: Mapping[int, set[int]]) -> bytes:
    """Return a state vector that ends between no two halves: pycrdt would leave the character out."""
    state = scan_state_vector(vector, INTERNAL)
    # One unit earlier: the peer is served the whole pair again, of which it has a half.
    inside = {client: clock - 1 for client, clock in state.items() if clock in middles.get(client, ())}
    return encode_state_vector({**state, **inside}) if inside else vector
