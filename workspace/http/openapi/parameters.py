"""Values beside the body that several routes take, and what stands in their paths."""

from __future__ import annotations

from workspace.access import GUEST_ROLE
from workspace.http.openapi.operation import Parameter

SEQ_MAX = 2**53
AT = Parameter("at", "as it was after this record of the log; left out: now", low=1, high=SEQ_MAX, example=1)
WS = Parameter("ws", "in which workspace, by its id; left out: on the whole server", example="demo")
# `request.check_query` lets it through everywhere.
OPEN_NAME = Parameter(
    "name", f"who one is, on a server started with `--open`: a {GUEST_ROLE}'s name; elsewhere nothing", example="Ben"
)
IN_PATHS: dict[str, Parameter] = {
    "ws": Parameter("ws", "a workspace's id", example="demo", where="path"),
    "doc": Parameter("doc", "a document's name, encoded once", example="plan", where="path"),
    "actor": Parameter("actor", "a member's name, encoded once", example="Ben", where="path"),
    "id": Parameter("id", "an id, as the list beside has it", example="i7", where="path"),
    "file": Parameter("file", "a file of the page, as the page names it", example="index.js", where="path"),
    "slashes": Parameter("slashes", "nothing, or slashes too many", example="/", where="path"),
}
