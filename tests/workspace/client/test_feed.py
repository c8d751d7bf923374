"""What has come is kept within its bounds, the newest of it, under the numbers it came by."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.client.feed import Feed


@given(sizes=st.lists(st.integers(0, 50), max_size=60), count=st.integers(1, 9), most=st.integers(0, 120))
def test_the_newest_are_kept_within_both_bounds_and_numbered_as_they_came(
    sizes: list[int], count: int, most: int
) -> None:
    feed = Feed[int](count, most)
    for number, size in enumerate(sizes):
        feed.add(number, size)
        assert feed[-1] == number
    kept = list(feed)
    assert kept == list(range(feed.missed, feed.end)) == feed[:]
    assert feed.end == len(sizes)
    assert [feed.numbered(number) for number in kept] == kept == list(reversed(list(reversed(feed))))
    assert len(feed) <= count
    assert len(feed) <= 1 or sum(sizes[number] for number in kept) <= most
    fits = feed.missed == 0 or len(feed) == count or sum(sizes[feed.missed - 1 :]) > most
    assert fits, "nothing is let go that has room"
