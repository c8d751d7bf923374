"""What schemathesis is told of this API: requests that would end all others, or wait for long, are led elsewhere.

Loaded by schemathesis, in its own process (`SCHEMATHESIS_HOOKS`).
"""

from __future__ import annotations

from typing import Any

import schemathesis

DOOMED = "no-such-workspace"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Spare the workspace of the examples, wait for no verdict, follow no log that goes on."""
    path, query = case.operation.path, case.query or {}
    # Nothing is left to be asked where that workspace is gone.
    if case.method == "DELETE" and path == "/api/workspaces/{ws}" and (case.path_parameters or {}).get("ws") == "demo":
        case.path_parameters["ws"] = DOOMED
    if path.endswith("/intents") and str(query.get("wait", "")).isdecimal():
        query["wait"] = str(int(query["wait"]) % 2)
    if path.endswith("/log") and query.get("follow") in ("true", "1"):
        query["to"] = "1"
