"""A bounded queue of frames to one client, and what "full" means: the socket is closed with "resync" (4508).

Never buffered for ever, never waited for: a slow reader costs only itself. What a client has asked for, a whole
document at most, is not what it is slow for: while it is under way, as much again may wait behind it.
"""

from __future__ import annotations

from collections import deque

Frame = bytes | str
BYTES_MAX = 1 << 20
FRAMES_MAX = 4096
# One frame more may wait for every so many bytes of an answer: about what typing takes.
BYTES_A_FRAME = 64


class SendQueue:
    """Frames waiting for one socket, at most `bytes_max` and `frames_max`; one larger frame may stand alone."""

    __slots__ = ("_bytes", "_expected", "_frames", "bytes_max", "frames_max")

    def __init__(self, bytes_max: int = BYTES_MAX, frames_max: int = FRAMES_MAX) -> None:
        assert bytes_max > 0, "a queue holds something"
        self.bytes_max = bytes_max
        self.frames_max = frames_max
        self._frames: deque[Frame] | tuple[()] = ()
        self._bytes = 0
        self._expected = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def is_empty(self) -> bool:
        """True while nothing waits."""
        return not self._frames

    def expect(self, size: int) -> None:
        """Let twice the bytes of an answer wait until everything was taken: it, and what comes meanwhile."""
        assert size >= 0, "an answer has a size"
        self._expected = max(self._expected, 2 * size)

    def settle(self) -> None:
        """Note that the client has caught up."""
        assert self.is_empty, "who has caught up has taken everything"
        self._expected = 0

    def put(self, frame: Frame) -> bool:
        """Queue a frame; False when the queue is full and the client must resync."""
        size, expected = len(frame), self._expected
        is_full = self._bytes + size > self.bytes_max + expected
        is_full = is_full or len(self._frames) >= self.frames_max + expected // BYTES_A_FRAME
        if self._frames and is_full:
            return False
        if isinstance(self._frames, tuple):  # most sockets never need one: 600 bytes each
            self._frames = deque()
        self._frames.append(frame)
        self._bytes += size
        return True

    @property
    def has_room(self) -> bool:
        """True while less than half is used: who can wait, waits for this."""
        return 2 * self._bytes < self.bytes_max and 2 * len(self._frames) < self.frames_max

    def take(self) -> Frame | None:
        """Return the oldest frame, or None."""
        if isinstance(self._frames, tuple) or not self._frames:
            return None
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        assert self._bytes >= 0, "no more is taken than was put"
        return frame
