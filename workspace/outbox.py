"""A bounded queue of frames to one client, and what "full" means: the socket is closed with "resync" (4508).

Never buffered for ever, never waited for: a slow reader costs only itself.
"""

from __future__ import annotations

from collections import deque

Frame = bytes | str


class Outbox:
    """Frames waiting for one socket, at most `bytes_max` and `frames_max`; one larger frame may stand alone."""

    __slots__ = ("_bytes", "_frames", "bytes_max", "frames_max")

    def __init__(self, bytes_max: int = 1 << 20, frames_max: int = 4096) -> None:
        self.bytes_max = bytes_max
        self.frames_max = frames_max
        self._frames: deque[Frame] | tuple[()] = ()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def is_empty(self) -> bool:
        """True while nothing waits."""
        return not self._frames

    def put(self, frame: Frame) -> bool:
        """Queue a frame; False when the queue is full and the client must resync."""
        size = len(frame)
        if self._frames and (self._bytes + size > self.bytes_max or len(self._frames) >= self.frames_max):
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
        return frame
