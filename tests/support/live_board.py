"""The live board against the log: what nobody but a record may change, and how far what is shown may be from it.

The first holds always: the sequencer's board is the fold of its records, entry by entry. The second: what is shown of
an intent under way is what its entry says, unless something is in flight that no record holds, and then only so far.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import msgspec

from crdt.digest import canonical
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.board import Board, Entry

FIELDS = tuple(one.name for one in fields(Entry))
# What may be shown of an intent that stands so in the log: it is worked on, waits, or is planned again.
MAY_SHOW = {
    "queued": {"queued", "planning", "parked"},
    "ready": {"ready", "queued", "planning", "parked"},
    "held": {"held"},
}


def are_same(one: Any, other: Any) -> bool:
    """Tell whether two values are one in the log: a list and a tuple are."""
    return one == other or canonical(msgspec.to_builtins(one)) == canonical(msgspec.to_builtins(other))


def unlike_the_log(live: Board, folded: Board, ids: Iterable[str]) -> list[str]:
    """Return in words where these entries, and what is open, differ between a live board and a folded one."""
    found = []
    for id in ids:
        mine, its = live.entries.get(id), folded.entries.get(id)
        if mine is None or its is None:
            found.append(f"{id} is on one board only")
            continue
        found += [
            f"{id}.{name} is {getattr(mine, name)!r}, by the log {getattr(its, name)!r}"
            for name in FIELDS
            if not are_same(getattr(mine, name), getattr(its, name))
        ]
    if live.live.keys() != folded.live.keys():
        found.append(f"under way are {list(live.live)}, by the log {list(folded.live)}")
    if not are_same(live.questions, folded.questions) or live.votes != folded.votes:
        found.append("what people are asked or have answered is not what the log says")
    return found


def is_in_flight(sequencer: Sequencer) -> bool:
    """Tell whether something goes on that no record holds: steps, planning, comparing, edits on their way, a stop."""
    kernel, index = sequencer.kernel, sequencer.lives.index
    if not sequencer.is_settled:
        return True
    is_asked = bool(kernel.judging or kernel.merging or index.count("planning") or index.count("parked"))
    return is_asked or kernel.fold.stops.is_on or any(work.stale for work in kernel.progress.values())


def shown_amiss(sequencer: Sequencer) -> list[str]:
    """Return in words what is shown of intents under way and cannot be, by what the log says of them."""
    board, lives = sequencer.fold.board, sequencer.lives
    if lives.by_id.keys() != board.live.keys():
        return [f"shown are {list(lives.by_id)}, under way {list(board.live)}"]
    is_quiet, found = not is_in_flight(sequencer), []
    for entry in board.live.values():
        live = lives.of(entry)
        if live.shown != live.stands:
            found.append(f"{entry.id} was shown as {live.shown}, it stands {live.stands}")
        if live.state not in MAY_SHOW.get(entry.state, set()) or (is_quiet and live.state != entry.state):
            found.append(f"{entry.id} is shown {live.state}, the log has it {entry.state}")
        # Where nothing is in flight, all that the log does not know is whom somebody waits for.
        is_waiting = (
            live.state in ("queued", "ready") and bool(live.waits_for) and board.live.keys() >= {*live.waits_for}
        )
        if live.stands != entry.stands and (live.state == "held" or (is_quiet and not is_waiting)):
            found.append(f"{entry.id} is shown {live.stands}, the log has it {entry.stands}")
    laid_out = {id: state for state, part in lives.index.by_state.items() for id in part}
    laid_out |= dict.fromkeys(lives.index.asleep, "queued")
    if laid_out != {id: live.state for id, live in lives.by_id.items()}:
        found.append(f"laid out are {laid_out}")
    return found
