"""Updates of an editor that cost more than they look: crowds, chains, ranges, nesting, numbers, ids."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator

from crdt.sync.y_sync import encode_step2, encode_update
from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set
from tests.crdt.raw import hostile
from tests.crdt.updates.hostile_updates import embedded, head, keyed, nested
from tests.hostile.attack import Attack, Frame, Program
from tests.support.long_life import of_many_clients, of_many_ranges

FIRST = 10**6
Make = Callable[[random.Random], Iterator[Frame]]


def section(writer: Writer, client: int, clock: int, count: int) -> Writer:
    return writer.var_uint(count).var_uint(client).var_uint(clock)


def values(client: int, count: int, key: str = "k") -> bytes:
    """Return an update that sets one key many times, each without knowing of the last."""
    writer = section(Writer().var_uint(1), client, 0, count)
    for _ in range(count):
        writer.byte(0x28).var_uint(1).var_string("data").var_string(key).var_uint(1).byte(126)
    return writer.byte(0).getvalue()


def words(first: int, count: int, *, descending: bool = True) -> bytes:
    """Return words of many clients, all at the beginning of the text."""
    writer = Writer().var_uint(count)
    for client in range(first + count - 1, first - 1, -1) if descending else range(first, first + count):
        section(writer, client, 0, 1).byte(4).var_uint(1).var_string("content").var_string("w")
    return writer.byte(0).getvalue()


def same_key(_: random.Random) -> Iterator[Frame]:
    for at in range(8):
        yield encode_update(values(FIRST + at, 4_000))


def same_key_one_by_one(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        yield encode_update(values(FIRST + at, 1))


def many_crowded_keys(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        yield encode_update(values(FIRST + at, 400, f"k{at % 300}"))


def one_origin(_: random.Random) -> Iterator[Frame]:
    for at in range(5):
        yield encode_update(words(FIRST + 9_000 * at, 9_000))


def one_origin_one_by_one(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        yield encode_update(words(FIRST + at, 1))


def alternating_right(_: random.Random) -> Iterator[Frame]:
    """Words at the beginning, each before another character of one long run."""
    run = Writer().var_uint(1)
    section(run, 9 * FIRST, 0, 1).byte(4).var_uint(1).var_string("content").var_string("x" * 20_000)
    yield encode_update(run.byte(0).getvalue())
    for at in itertools.count():
        writer = section(Writer().var_uint(1), FIRST + at, 0, 1).byte(0x44)
        yield encode_update(writer.var_uint(9 * FIRST).var_uint(at % 20_000).var_string("w").byte(0).getvalue())


def far_right(_: random.Random) -> Iterator[Frame]:
    """A text of many items, then words right of each that name no right neighbour: each passes by all behind."""
    count = 20_000
    yield encode_update(of_many_ranges(count / 1_000_000))
    for at in itertools.count():
        writer = section(Writer().var_uint(1), 2 * FIRST + at, 0, 1).byte(0x84)
        yield encode_update(writer.var_uint(FIRST).var_uint(at % count).var_string("w").byte(0).getvalue())


def far_right_at_once(_: random.Random) -> Iterator[Frame]:
    count = 20_000
    yield encode_update(of_many_ranges(count / 1_000_000))
    for round in itertools.count():
        writer = Writer().var_uint(2_000)
        for at in range(1_999, -1, -1):
            section(writer, 2 * FIRST + 2_000 * round + at, 0, 1).byte(0x84).var_uint(FIRST).var_uint(at).var_string(
                "w"
            )
        yield encode_update(writer.byte(0).getvalue())


def ranges(_: random.Random) -> Iterator[Frame]:
    run = section(Writer().var_uint(1), FIRST, 0, 1).byte(4).var_uint(1).var_string("content")
    yield encode_update(run.var_string("x" * 300_000).byte(0).getvalue())
    for at in itertools.count():
        spans = [(2 * other + at % 2, 2 * other + at % 2 + 1) for other in range(150_000 - at)]
        yield encode_update(b"\x00" + encode_delete_set({FIRST: spans}))


def delete_sets_again(_: random.Random) -> Iterator[Frame]:
    yield encode_update(of_many_ranges(0.05))
    for at in itertools.count():
        yield encode_step2(b"\x00" + encode_delete_set({FIRST: [(n, n + 1) for n in range(1, 40_000 - 2 * at, 2)]}))


def chain_of_clients(_: random.Random) -> Iterator[Frame]:
    yield encode_update(of_many_clients(0.5))


def collected(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        writer = section(Writer().var_uint(1), FIRST + at, 0, 3_000)
        yield encode_update(writer.raw(b"\x00\x01" * 3_000).byte(0).getvalue())


def skipping(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        writer = section(Writer().var_uint(1), FIRST + at, 0, 2_000)
        yield encode_update(writer.raw(b"\x0a\x05" * 2_000).byte(0).getvalue())


def of_chance(kind: str) -> Make:
    def frames(chance: random.Random) -> Iterator[Frame]:
        while True:
            yield encode_update(hostile(chance, kind, {70_000: 5}, ()))  # type: ignore[arg-type]

    return frames


def types_in_types(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        client = FIRST + at
        writer = section(Writer().var_uint(1), client, 0, 60)
        writer.byte(0x27).var_uint(1).var_string("data").var_string("deep").byte(1)
        for clock in range(59):
            writer.byte(0x27).var_uint(0).var_uint(client).var_uint(clock).var_string("k").byte(1)
        yield encode_update(writer.byte(0).getvalue())


def keys(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        writer = section(Writer().var_uint(1), FIRST + at, 0, 1_000)
        for other in range(1_000):
            writer.byte(0x28).var_uint(1).var_string("data").var_string(f"k{at}.{other}").var_uint(1).byte(126)
        yield encode_update(writer.byte(0).getvalue())


def marks(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        writer = section(Writer().var_uint(1), FIRST + at, 0, 400)
        writer.byte(6).var_uint(1).var_string("content").var_string("bold").var_string("true")
        for clock in range(399):
            writer.byte(0x86).var_uint(FIRST + at).var_uint(clock).var_string("bold").var_string("true")
        yield encode_update(writer.byte(0).getvalue())


def past_a_long_document(_: random.Random) -> Iterator[Frame]:
    """A text of 200,000 items that are not merged, then 400 words at once that pass by all of them."""
    for first in range(0, 200_000, 2_000):
        writer = section(Writer().var_uint(1), FIRST, first, 2_000)
        for clock in range(first, first + 2_000):
            if clock == 0:
                writer.byte(6).var_uint(1).var_string("content")
            else:
                writer.byte(0x86).var_uint(FIRST).var_uint(clock - 1)
            writer.var_string("bold").var_string("true")
        yield encode_update(writer.byte(0).getvalue())
    for at in itertools.count(2 * FIRST, 400):
        yield encode_update(words(at, 400))


def halves(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        client = FIRST + at
        writer = section(Writer().var_uint(1), client, 0, 1).byte(4).var_uint(1).var_string("content")
        spans = [(2 * other, 2 * other + 1) for other in range(500)]
        yield encode_update(writer.var_string("😀" * 500).raw(encode_delete_set({client: spans})).getvalue())


def growing(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        writer = section(Writer().var_uint(1), FIRST + at, 0, 1).byte(4).var_uint(1).var_string("content")
        yield encode_update(writer.var_string("y" * 200_000).byte(0).getvalue())


def fixed(*updates: bytes) -> Make:
    return lambda _: (encode_update(update) for update in itertools.cycle(updates))


def reserved(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        yield encode_update(words(at % 65_536, 1))


BOMBS: dict[str, tuple[Make, str]] = {
    "one key, 8 × 4,000 values": (same_key, "budget"),
    "one key, value by value": (same_key_one_by_one, "budget"),
    "300 keys, 400 values at once": (many_crowded_keys, "budget"),
    "5 × 9,000 clients at one place": (one_origin, "notes"),
    "clients at one place, one by one": (one_origin_one_by_one, "notes"),
    "words at the beginning before any": (alternating_right, "notes"),
    "words that pass by all behind": (far_right, "notes"),
    "2,000 words at once that pass by all behind": (far_right_at_once, "notes"),
    "150,000 deleted ranges": (ranges, "notes"),
    "delete sets of step 2 that shrink": (delete_sets_again, "notes"),
    "10,000 clients in a chain": (chain_of_clients, "notes"),
    "collected structs": (collected, "notes"),
    "skips": (skipping, "notes"),
    "chance, text": (of_chance("text"), "notes"),
    "chance, data": (of_chance("data"), "budget"),
    "chance, rich": (of_chance("rich"), "page"),
    "types 60 deep": (types_in_types, "budget"),
    "1,000 new keys at once": (keys, "budget"),
    "400 marks at once": (marks, "notes"),
    "400 words at once past a long document": (past_a_long_document, "notes"),
    "halves of characters": (halves, "notes"),
    "200 KB at once": (growing, "notes"),
    "arrays 40 deep": (fixed(nested(117, 40)), "budget"),
    "arrays 50,000 deep": (fixed(nested(117, 50_000)), "budget"),
    "objects 500 deep": (fixed(nested(118, 500)), "budget"),
    "an embed 50,000 deep": (fixed(embedded("[" * 50_000 + "]" * 50_000)), "notes"),
    "a clock at the end": (fixed(keyed(head(clock=2**32 - 2)).var_uint(1).byte(126).byte(0).getvalue()), "budget"),
    "the server's own ids": (reserved, "notes"),
    "items beside the honest text": (one_origin_one_by_one, "plan"),
    "marks in the honest text": (marks, "plan"),
    "crowds in the honest text": (one_origin, "plan"),
}


def programs() -> Iterator[Program]:
    for name, (make, doc) in BOMBS.items():
        yield Program(f"structs: {name}", "structs", "editor", _flooding(make, doc))
    yield Program("structs: a viewer's", "structs", "viewer", _flooding(one_origin, "notes"))
    yield Program("structs: from thirty sockets", "structs", "editor", _thirty)


def _flooding(make: Make, doc: str) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.flood(make(attack.chance), doc)

    return run


async def _thirty(attack: Attack) -> None:
    import asyncio

    await asyncio.gather(
        *(attack.flood(of_chance("text")(random.Random(at)), "notes", per_second=50) for at in range(30))
    )
