"""What has come and may be read yet: the newest of it, within a bound, and how much was let go before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

T = TypeVar("T")


class Feed(Sequence[T], Generic[T]):
    """The newest things, at most `count_max` and of at most `bytes_max` bytes together, as they were sent.

    Each thing has a number, counted from 0 for the first that ever came: readers keep the number they have reached. The
    newest is always kept, whatever its size. In memory a message takes several times its bytes.
    """

    __slots__ = ("_bytes", "_kept", "bytes_max", "count_max", "missed")

    def __init__(self, count_max: int, bytes_max: int) -> None:
        assert count_max > 0, "the newest is kept"
        self.count_max, self.bytes_max = count_max, bytes_max
        # How many were let go: the number of the oldest that is kept.
        self.missed = 0
        self._bytes = 0
        self._kept: deque[tuple[T, int]] = deque()

    @property
    def end(self) -> int:
        """The number of the next that will come."""
        return self.missed + len(self._kept)

    def add(self, thing: T, size: int) -> None:
        """Keep another, of `size` bytes; let go of the oldest that are too many."""
        self._kept.append((thing, size))
        self._bytes += size
        while len(self._kept) > self.count_max or (self._bytes > self.bytes_max and len(self._kept) > 1):
            self._bytes -= self._kept.popleft()[1]
            self.missed += 1

    def numbered(self, number: int) -> T:
        """Return a thing by its number, which is `missed` to `end` - 1."""
        assert self.missed <= number < self.end, "it is kept"
        return self._kept[number - self.missed][0]

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[T]:
        return (thing for thing, _ in self._kept)

    def __reversed__(self) -> Iterator[T]:
        return (thing for thing, _ in reversed(self._kept))

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> list[T]: ...

    def __getitem__(self, at: int | slice) -> T | list[T]:
        return list(self)[at] if isinstance(at, slice) else self._kept[at][0]

    def __repr__(self) -> str:
        return f"Feed({list(self)!r}, missed={self.missed})"
