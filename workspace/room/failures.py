"""What makes a workspace stop: told in the log where an intent did it, and not taken again where an event did.

Data may stop a room once. An intent on which the sequencer raised has that in the log, and ends at the second time
(`workspace.intents.steps.failures`). An event that belongs to no intent of the log, a client's edit for example, comes
back because its sender reconnects and sends it again: it is known by its content and refused. Openings that fail and
rooms that stop again and again have pauses between them. All of it but the log is the process's own, and bounded.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

from crdt.digest import sha256_of
from workspace.intents.model.events import Configured, Edited, Event, Submitted
from workspace.intents.model.record import Record, seal
from workspace.intents.model.times import timestamp
from workspace.intents.steps.failures import failure
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT

EVENTS_MAX, WORKSPACES_MAX = 100, 1_000
REASON_POINTS_MAX = 200
CALM_SECONDS = 30.0
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 1.0, 5.0


@dataclass(slots=True)
class Failing:
    """How one workspace has failed lately. Times are the loop's, in seconds."""

    events: dict[str, None] = field(default_factory=dict)
    count: int = 0
    at: float = 0.0
    reason: str = ""
    is_lasting: bool = False


class Failures:
    """How the workspaces of a server have failed; of those that have not, nothing is kept."""

    def __init__(self) -> None:
        self._kept: dict[str, Failing] = {}

    def record(self, event: Event, bug: BaseException, kernel: KernelState, *, seq: int, prev: str) -> Record | None:
        """Return what the log says of a turn that raised behind its record `seq`, hashed `prev`.

        None where it was no intent that the log has: then the event is remembered, and not taken a second time.
        """
        entry = kernel.fold.board.entries.get(kernel.subject)
        if entry is None or entry.seq > seq:
            self._remember(kernel.ws, event)
            return None
        assert 0 < entry.seq <= seq, "the log has the intent on which the turn raised"
        body, at = failure(entry.id, "raised", place_of(bug)), timestamp(kernel.now)
        return seal(body, seq=seq + 1, epoch=kernel.epoch, at=at, actor=AGENT, prev=prev)

    def knows(self, ws: str, event: Event) -> bool:
        """Tell whether an event has made its workspace stop before."""
        kept = self._kept.get(ws) if self._kept else None
        return kept is not None and bool(kept.events) and _name_of(event) in kept.events

    def note(self, ws: str, now: float, reason: str, *, did_open: bool, is_lasting: bool = False) -> None:
        """Count a room that stopped by itself, or an opening that failed; `is_lasting` where waiting does not help."""
        kept = self._of(ws)
        if now - kept.at >= CALM_SECONDS:
            kept.count = 0
        kept.count += 1 if did_open or kept.count else 2
        kept.at, kept.reason, kept.is_lasting = now, reason, is_lasting

    def pause(self, ws: str, now: float) -> tuple[float, str]:
        """Return for how long a workspace stays closed, and why: after one stop not at all, then a second and more."""
        kept = self._kept.get(ws)
        if kept is None or kept.count < 2:
            return 0.0, ""
        seconds = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2.0 ** min(kept.count - 2, 8))
        assert PAUSE_SECONDS <= seconds <= PAUSE_SECONDS_MAX, "a pause has a bound"
        return max(0.0, kept.at + seconds - now), kept.reason

    def is_lasting(self, ws: str) -> bool:
        """Tell whether a workspace will not open by waiting: its log is not this version's, or is damaged."""
        return ws in self._kept and self._kept[ws].is_lasting

    def forget(self, ws: str) -> None:
        """Begin anew with a workspace of that name."""
        self._kept.pop(ws, None)

    def _of(self, ws: str) -> Failing:
        kept = self._kept.pop(ws, None) or Failing()
        self._kept[ws] = kept  # the newest are last
        while len(self._kept) > WORKSPACES_MAX:
            del self._kept[next(iter(self._kept))]
        assert len(self._kept) <= WORKSPACES_MAX, "what is kept is bounded"
        return kept

    def _remember(self, ws: str, event: Event) -> None:
        name = _name_of(event)
        events = self._of(ws).events
        if name:
            events[name] = None
            while len(events) > EVENTS_MAX:
                del events[next(iter(events))]


def place_of(bug: BaseException) -> str:
    """Return which error it is and where it was raised: no words of a document or of a person."""
    frames = traceback.extract_tb(bug.__traceback__)
    where = f" at {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(bug).__name__}{where}"[:REASON_POINTS_MAX]


def _name_of(event: Event) -> str:
    """Return what an event is known by when it comes again; "" for those that nobody sends again."""
    match event:
        case Edited():
            return sha256_of(b"\n".join((event.doc.encode(), event.actor.encode(), event.update)))
        case Submitted():
            return sha256_of(repr((event.actor, event.frame)).encode("utf-8", "surrogatepass"))
        case Configured():
            return sha256_of(repr((event.actor, event.config)).encode("utf-8", "surrogatepass"))
        case _:
            return ""
