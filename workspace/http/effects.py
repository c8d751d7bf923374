"""What commits have sent outside, or still have to: over HTTP."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.http.openapi.board_answers import SentEffect
from workspace.http.openapi.operation import Reply, describe
from workspace.http.request import answer, enter
from workspace.intents.audit.effect_report import sent_by

EFFECTS_SHOWN = 500


@describe(Reply(200, "the effects, the newest first", list[SentEffect]))
async def index(request: Request) -> Response:
    """`GET …/effects`: the newest 500, newest first, with what became of each."""
    room, _ = await enter(request, "read")

    def listed() -> list[Json]:
        fold = room.sequencer.fold
        found: list[Json] = []
        for commit in reversed(fold.board.commits):
            found += sent_by(fold, commit)
            if len(found) >= EFFECTS_SHOWN:
                break
        assert fold.board.commits or not found, "only commits send"
        return found[:EFFECTS_SHOWN]

    return answer(await room.read(listed))
