"""Who wrote this, and who told the agent to, over HTTP."""

from __future__ import annotations

import asyncio
import json

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.documents.paths import Path
from crdt.errors import CrdtError
from workspace.history.read import read_all
from workspace.http.documents import refuse_broken
from workspace.http.problem import Problem
from workspace.http.request import answer, document_name, enter, number, registry_of
from workspace.intents.audit.attribution import POINTS_MAX, Stretch, attribute_text, attribute_value
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.replay import fold_log

QUERY_POINTS_MAX = 2_000


async def show(request: Request) -> Response:
    """`GET …/attribution/DOC?quote=|from=&to=|path=[…]&at=SEQ`: each stretch with its record, commit, people."""
    room, _ = await enter(request, "read", "quote", "from", "to", "path", "at")
    name = document_name(request, room)
    latest = room.durable_seq if "at" in request.query_params else await room.flush_runs()
    at = number(request, "at", default=latest, low=1, high=2**53)
    # The log is read and folded beside the room: nobody types more slowly because somebody asks who wrote.
    rows, journal = await read_all(registry_of(request).store, room.ws)
    fold = await asyncio.to_thread(fold_log, rows, journal, to=at)
    refuse_broken(fold, name)
    if name not in fold.documents:
        raise Problem("not_found", "No such workspace or document, or it is not yours.")
    try:
        found = await asyncio.to_thread(_attribute, fold, name, request)
    except CrdtError as error:
        raise Problem("not_found", error.reason) from error
    except ValueError as error:
        raise Problem("malformed", str(error)) from error
    return answer({"document": name, "seq": fold.seq, "stretches": msgspec.to_builtins(found)})


def _attribute(fold: WorkspaceState, name: str, request: Request) -> tuple[Stretch, ...]:
    kind = fold.kinds[name]
    if kind == "data":
        return attribute_value(fold, name, _path(request.query_params.get("path", "")))
    if kind != "text":
        raise ValueError(f"{name} is a {kind} document; text and data documents are attributed")
    text = fold.documents[name].text()
    quote = request.query_params.get("quote", "")
    if quote:
        start = text.find(quote[:QUERY_POINTS_MAX])
        if start < 0:
            raise ValueError("the quote does not stand in this document")
        return attribute_text(fold, name, start, start + len(quote))
    start = number(request, "from", default=0, low=0, high=len(text))
    end = number(request, "to", default=min(len(text), start + POINTS_MAX), low=start, high=len(text))
    assert start <= end <= len(text), "bounds were checked as they were read"
    return attribute_text(fold, name, start, end)


def _path(text: str) -> Path:
    try:
        return msgspec.convert(json.loads(text[:QUERY_POINTS_MAX]), Path)
    except (ValueError, RecursionError) as error:
        raise ValueError('path is a JSON list of keys, e.g. ["budget", "travel"]') from error
