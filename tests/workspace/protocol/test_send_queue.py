"""A slow reader costs only itself."""

from __future__ import annotations

from workspace.protocol.send_queue import SendQueue


def test_frames_leave_in_order_and_the_bound_holds() -> None:
    box = SendQueue(bytes_max=10, frames_max=3)
    assert [box.put(b"1234"), box.put(b"5678"), box.put(b"9abc")] == [True, True, False]
    assert [box.take(), box.take(), box.take()] == [b"1234", b"5678", None]
    assert all(box.put(b"") for _ in range(3))
    assert not box.put(b"")


def test_one_large_frame_may_stand_alone() -> None:
    box = SendQueue(bytes_max=10)
    assert box.put(b"x" * 100)
    assert not box.put(b"y")
    assert not box.has_room
    assert box.take() == b"x" * 100
    assert box.has_room


def test_behind_an_answer_as_much_again_may_wait_until_all_was_taken() -> None:
    box = SendQueue(bytes_max=10, frames_max=3)
    box.expect(1_000)
    assert box.put(b"y" * 5)
    assert box.put(b"x" * 1_000)
    assert all(box.put(b"z" * 50) for _ in range(20))
    assert not box.put(b"z" * 50)
    while box.take() is not None:
        pass
    box.settle()
    assert box.put(b"12345")
    assert not box.put(b"123456")
