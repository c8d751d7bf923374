"""Documents that are dear to read, to cut or to write: long lists, long runs, and instructions about them meanwhile."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator

from crdt.sync.y_sync import encode_update
from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set
from tests.hostile.attack import PLAIN, Attack, Frame, Program

FIRST = 3 * 10**6
Make = Callable[[random.Random], Iterator[Frame]]
ANY, STRING, TYPE = 8, 4, 7
HAS_ORIGIN, HAS_RIGHT, HAS_KEY = 0x80, 0x40, 0x20
XML_ELEMENT = 3


def begin(client: int, clock: int, count: int) -> Writer:
    return Writer().var_uint(1).var_uint(count).var_uint(client).var_uint(clock)


def empty_list(client: int, key: str) -> bytes:
    """Return an update that puts an empty list under a key of the values; its id is the client's first clock."""
    head = begin(client, 0, 1).byte(HAS_KEY | TYPE)
    return head.var_uint(1).var_string("data").var_string(key).var_uint(0).byte(0).getvalue()


def run_of_values(client: int, count: int, *, behind: tuple[int, int] | None) -> bytes:
    """Return so many values, each a struct of its own, behind an item or as the first of list (`client`, 0)."""
    writer = begin(client, 1, count)
    for clock in range(1, count + 1):
        if clock > 1:
            writer.byte(HAS_ORIGIN | ANY).var_uint(client).var_uint(clock - 1)
        elif behind is not None:
            writer.byte(HAS_ORIGIN | ANY).var_uint(behind[0]).var_uint(behind[1])
        else:
            writer.byte(ANY).var_uint(0).var_uint(client).var_uint(0)
        writer.var_uint(1).byte(125).var_int(clock % 60)
    return writer.byte(0).getvalue()


def values_one_by_one(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        yield encode_update(empty_list(FIRST + at, f"l{at % 9}"))
        yield encode_update(run_of_values(FIRST + at, 16_000, behind=None))


def values_behind_others(_: random.Random) -> Iterator[Frame]:
    yield encode_update(empty_list(FIRST, "l"))
    yield encode_update(run_of_values(FIRST, 10, behind=None))
    for at in itertools.count(1):
        yield encode_update(empty_list(FIRST + at, f"other{at % 9}"))
        yield encode_update(run_of_values(FIRST + at, 16_000, behind=(FIRST, 10)))


def letters_one_by_one(_: random.Random) -> Iterator[Frame]:
    for at in itertools.count():
        writer = begin(FIRST + at, 0, 60_000)
        for clock in range(60_000):
            if clock:
                writer.byte(HAS_ORIGIN | STRING).var_uint(FIRST + at).var_uint(clock - 1)
            else:
                writer.byte(STRING).var_uint(1).var_string("content")
            writer.var_string("x")
        yield encode_update(writer.byte(0).getvalue())


def cuts_in_a_long_list(_: random.Random) -> Iterator[Frame]:
    """A million values in one struct, and then a thousand of them deleted here and there, at once."""
    count = 1_000_000
    yield encode_update(empty_list(FIRST, "l"))
    writer = begin(FIRST, 1, 1).byte(ANY).var_uint(0).var_uint(FIRST).var_uint(0)
    yield encode_update(writer.var_uint(count).raw(b"\x7d\x05" * count).byte(0).getvalue())
    for at in itertools.count():
        spans = [(2 + at + 900 * other, 3 + at + 900 * other) for other in range(1_000)]
        yield encode_update(b"\x00" + encode_delete_set({FIRST: spans}))


def cuts_in_a_long_text(_: random.Random) -> Iterator[Frame]:
    count = 8_000_000
    writer = begin(FIRST, 0, 1).byte(STRING).var_uint(1).var_string("content")
    yield encode_update(writer.var_string("x" * count).byte(0).getvalue())
    for at in itertools.count():
        spans = [(at + 1_600 * other, at + 1_600 * other + 1) for other in range(4_999)]
        yield encode_update(b"\x00" + encode_delete_set({FIRST: spans}))


def each_in_front(client: int, first: int, count: int, head: Callable[[Writer], Writer]) -> bytes:
    """Return items each of which stands before the one before it: none of them can be joined with another."""
    writer = begin(client, first, count)
    for clock in range(first, first + count):
        if clock > 1:
            writer.byte(HAS_RIGHT | (ANY if head is value else TYPE)).var_uint(client).var_uint(clock - 1)
        else:
            writer.byte(ANY if head is value else TYPE)
            if head is value:
                writer.var_uint(0).var_uint(client).var_uint(0)
            else:
                writer.var_uint(1).var_string("default")
        head(writer)
    return writer.byte(0).getvalue()


def value(writer: Writer) -> Writer:
    return writer.var_uint(1).byte(125).var_int(7)


def paragraph(writer: Writer) -> Writer:
    return writer.var_uint(XML_ELEMENT).var_string("p")


def list_each_in_front(_: random.Random) -> Iterator[Frame]:
    yield encode_update(empty_list(FIRST, "l"))
    for first in range(1, 60_000, 4_000):
        yield encode_update(each_in_front(FIRST, first, 4_000, value))


def page_each_in_front(_: random.Random) -> Iterator[Frame]:
    for first in range(1, 60_000, 4_000):
        writer = each_in_front(FIRST, first, 4_000, paragraph)
        if first == 1:
            # Its clocks begin at 0: an element before all others takes it.
            head = begin(FIRST, 0, 1).byte(TYPE).var_uint(1).var_string("default")
            yield encode_update(head.var_uint(XML_ELEMENT).var_string("p").byte(0).getvalue())
        yield encode_update(writer)


def many_keys(_: random.Random) -> Iterator[Frame]:
    for at in range(50):
        writer = begin(FIRST + at, 0, 1_000)
        for other in range(1_000):
            writer.byte(HAS_KEY | ANY).var_uint(1).var_string("data").var_string(f"many{at}.{other}")
            writer.var_uint(1).byte(125).var_int(other % 60)
        yield encode_update(writer.byte(0).getvalue())


def nothing(_: random.Random) -> Iterator[Frame]:
    return iter(())


LONG = "[" + ",".join("1" for _ in range(3_900)) + "]"
SHAPES: dict[str, tuple[Make, str, tuple[str, ...]]] = {
    "16,000 values, each a struct": (values_one_by_one, "budget", ()),
    "16,000 values behind others": (values_behind_others, "budget", ()),
    "60,000 letters, each a struct": (letters_one_by_one, "notes", ()),
    "1,000 cuts in a list of a million": (cuts_in_a_long_list, "budget", ()),
    "5,000 cuts in a text of 8 MB": (cuts_in_a_long_text, "notes", ()),
    "a list of 60,000, each in front": (list_each_in_front, "budget", ("set budget.k1 to {}",)),
    "a page of 60,000, each in front": (page_each_in_front, "page", ("set budget.k1 to {}",)),
    "one value among 50,000": (many_keys, "budget", ("set budget.k1 to {}",)),
    "a value that is a list of 3,900": (nothing, "budget", (f"set budget.k1 to {LONG}", "set budget.k1 to {}")),
}


def programs() -> Iterator[Program]:
    for name, (make, doc, sentences) in SHAPES.items():
        yield Program(f"shapes: {name}", "structs", "editor", _shaping(make, doc, sentences))


def _shaping(make: Make, doc: str, sentences: tuple[str, ...]) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.flood(make(attack.chance), doc)
        asked = (
            {"type": "intent", "n": at, "seen": 0, "text": sentences[at % len(sentences)].replace("{}", str(at))}
            for at in itertools.count(1)
        )
        if sentences:
            await attack.say(asked, PLAIN, per_second=4.0)

    return run
