"""What long work does between its steps is its caller's to say, for its own thread and for as long as it says."""

from __future__ import annotations

import threading

from crdt.breath import breathing, take_breath


def test_nothing_happens_where_nobody_said_so_and_what_was_said_where_somebody_did() -> None:
    taken = list[str]()
    take_breath()
    with breathing(lambda: taken.append("outer")):
        take_breath()
        with breathing(lambda: taken.append("inner")):
            take_breath()
        take_breath()
        other = threading.Thread(target=take_breath)
        other.start()
        other.join()
    take_breath()
    assert taken == ["outer", "inner", "outer"]
