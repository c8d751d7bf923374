"""What commits send or have sent, for people: each effect with its receiver, its key and how far it came."""

from __future__ import annotations

from crdt.digest import Json
from workspace.intents.model.effects import describe, effect_key
from workspace.intents.state.fold import WorkspaceState


def sent_by(fold: WorkspaceState, commit: str) -> list[Json]:
    """Return what a commit sends or has sent, for people."""
    found: list[Json] = []
    entry = fold.board.commits.get(commit)
    for effect in entry[1].effects if entry is not None else ():
        body = fold.effects.get((commit, effect.i))
        waiting = fold.outbox.get((commit, effect.i))
        key = body.key if body is not None else effect_key(waiting.seal, effect.i) if waiting is not None else ""
        status = body.status if body is not None else "waiting" if waiting is not None else "left out by a fork"
        found.append(
            {
                "commit": commit,
                "i": effect.i,
                "receiver": effect.tool,
                "class": effect.effect_class,
                "args": effect.args,
                "what": describe(effect, fold.receivers.get(effect.tool)),
                "key": key,
                "status": status,
                "detail": body.detail if body is not None else "",
                "attempts": body.attempts if body is not None else 0,
            }
        )
    return found
