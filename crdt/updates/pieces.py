"""A large update as pieces, each of which may be applied by itself: one native call holds the interpreter's lock.

Pieces follow causal order: none brings what waits for a later one, and all of them in turn bring what the update does.
What waits for something that nobody has comes behind, as one. Deletions come last. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set
from crdt.updates.structs import Struct, in_causal_order, sections_of
from crdt.updates.summary import Branch, Id, Span, UpdateSummary

# What a piece holds at most, of structs or of deleted ranges.
PIECE_STRUCTS = 500
PIECE_BYTES = 256 << 10
# What an update holds at most that is carried out as it is. Items cost half a microsecond each, except those that come
# to one place, which pass by one another; a deleted range costs some twenty. An update is what an editor did at once,
# and other editors trip over the half of it (Lexical over an element without its type): no paste is parted.
WHOLE_STRUCTS, WHOLE_RANGES, WHOLE_CROWD = 50_000, 5_000, 500
# Values have no such halves, and each costs twenty microseconds to look at.
WHOLE_VALUES = 2_000
# What items may pass by, at the most, that an update puts among those of a document: each costs a tenth of a
# microsecond, and bytes do not say how many there are.
WHOLE_PASSES = 1_000_000
# And how many values are copied: each place where a stored run of values is cut costs as many as are behind it (trap
# 29), five nanoseconds each, while a run of words costs a hundredth of that.
WHOLE_COPIES, WORDS_COST = 20_000_000, 0.01


def is_large(
    summary: UpdateSummary,
    state: Mapping[int, int],
    *,
    has_values: bool,
    size: int | None = None,
    items: int | None = None,
) -> bool:
    """Tell whether an update is to be carried out in pieces, in a document whose state vector is `state`.

    `items` is how many it has at most, as many as characters where it is not known. `has_values` where values may stand
    in it, not words alone; `size` in bytes, where it is known: what was collected has clocks and nothing to copy.
    """
    ranges = sum(map(len, summary.deleted.values()))
    if summary.structs > (WHOLE_VALUES if has_values else WHOLE_STRUCTS) or ranges > WHOLE_RANGES:
        return True
    branches = summary.branches
    cuts = ranges + _count_among(branches, state)
    stored = sum(state.values()) if size is None else min(sum(state.values()), size)
    if cuts > 1 and cuts * stored * (1 if has_values else WORDS_COST) > WHOLE_COPIES:
        return True
    if len(branches) < 2:
        return False
    if len(branches) > WHOLE_CROWD and max(Counter(branch.place for branch in branches).values()) > WHOLE_CROWD:
        return True
    # Each may pass by everything in the document that has no more in common with it than a parent.
    total = sum(state.values()) if items is None else items
    if len(branches) * total <= WHOLE_PASSES:
        return False
    among = _count_among(branches, state)
    return among > 1 and among * total > WHOLE_PASSES


def most_at_first(items: int, most: int) -> int:
    """Return how many structs the first piece may hold, `most` or fewer: they may pass by all `items` there are."""
    return max(1, min(most, WHOLE_PASSES // (1 + items)))


def _count_among(branches: Iterable[Branch], state: Mapping[int, int]) -> int:
    """Return how many items come among those of a document; keys are apart, each is a crowd of its own."""
    count = 0
    for _, place, _ in branches:
        if isinstance(place, Id):
            count += place.clock < state.get(place.client, 0)
        elif isinstance(place, tuple) and place[-1] is None:
            count += not isinstance(place[0], Id) or place[0].clock < state.get(place[0].client, 0)
        elif isinstance(place, tuple) and len(place) == 1:
            count += place[0].clock < state.get(place[0].client, 0)
    return count


def split(
    update: bytes, summary: UpdateSummary, state: Mapping[int, int], *, most: Callable[[], int] = lambda: PIECE_STRUCTS
) -> Iterator[bytes]:
    """Yield an update in pieces, for a document whose state vector is `state`; what it has already is left out.

    Of a client of which it has a part, that part comes with the first piece of the rest: the intake holds the one
    against what is there (decision 73). `most` is asked before each piece how many structs it may hold. Only for bytes
    that `crdt.updates.scan` has passed.
    """
    known: dict[int, list[Struct]] = {}
    fresh: dict[int, list[Struct]] = {}
    for client, structs in sections_of(update, summary).items():
        there = state.get(client, 0)
        count = sum(1 for struct in structs if struct.stop <= there)
        if count < len(structs):
            known[client], fresh[client] = structs[:count], structs[count:]
    begun: dict[int, int] = {}
    for piece in _cut(in_causal_order(fresh, state), most):
        yield _write(update, _by_client(piece, known, begun))
    waiting = {client: structs[begun.get(client, 0) :] for client, structs in fresh.items()}
    waiting = {client: [*known.pop(client, ()), *structs] for client, structs in waiting.items() if structs}
    if waiting:
        yield _write(update, waiting)
    yield from _split_deletions(summary, most)


def _cut(ordered: Iterator[Struct], most: Callable[[], int]) -> Iterator[list[Struct]]:
    """Yield structs in pieces; what an element is called and how it looks comes with the element."""
    piece: list[Struct] = []
    size, count = 0, most()
    for struct in ordered:
        is_full = len(piece) >= count or size > PIECE_BYTES
        if is_full and (len(piece) >= PIECE_STRUCTS or not _belongs(struct, piece)):
            yield piece
            piece, size, count = [], 0, most()
        piece.append(struct)
        size += struct.end - struct.at
    if piece:
        yield piece


def _belongs(struct: Struct, piece: Iterable[Struct]) -> bool:
    """Tell whether a struct is an entry of something that comes with this piece."""
    parent = struct.parent
    if struct.key is None or not isinstance(parent, Id):
        return False
    return any(one.client == parent.client and one.clock <= parent.clock < one.stop for one in piece)


def _by_client(piece: list[Struct], known: dict[int, list[Struct]], begun: dict[int, int]) -> dict[int, list[Struct]]:
    """Return the structs of a piece by client, behind those that are there; note in `begun` how many have come."""
    found: dict[int, list[Struct]] = {}
    for struct in piece:
        if struct.client not in found:
            found[struct.client] = known.pop(struct.client, [])
        found[struct.client].append(struct)
        begun[struct.client] = begun.get(struct.client, 0) + 1
    return found


def _write(update: bytes, sections: Mapping[int, list[Struct]]) -> bytes:
    writer = Writer().var_uint(len(sections))
    for client in sorted(sections, reverse=True):
        structs = sections[client]
        assert structs, "a section holds at least one struct"
        writer.var_uint(len(structs)).var_uint(client).var_uint(structs[0].clock)
        # They lie side by side in the update: what is cut out is one stretch.
        writer.raw(update[structs[0].at : structs[-1].end])
    return writer.byte(0).getvalue()


def _split_deletions(summary: UpdateSummary, most: Callable[[], int]) -> Iterator[bytes]:
    """Yield what an update deletes, so many ranges at once."""
    piece: dict[int, list[Span]] = {}
    count, limit = 0, most()
    for client, spans in summary.deleted.items():
        for span in spans:
            piece.setdefault(client, []).append(span)
            count += 1
            if count >= limit:
                yield b"\x00" + encode_delete_set(piece)
                piece, count, limit = {}, 0, most()
    if piece:
        yield b"\x00" + encode_delete_set(piece)
