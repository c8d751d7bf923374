"""`/openapi.json`: what every handler says of itself, put together by the routes of the application (OpenAPI 3.1).

The schemas are made from the types that decode bodies, and from those that answers are held against.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from starlette.routing import BaseRoute, Mount, Route

from crdt.digest import Json
from workspace import __version__
from workspace.http.openapi.examples import example_of
from workspace.http.openapi.operation import FILE, JSON, PROBLEM, Operation, Parameter, Reply, operation_of
from workspace.http.openapi.parameters import IN_PATHS, OPEN_NAME
from workspace.http.problem import STATUS, ProblemDetails
from workspace.sockets.credentials import SESSION_COOKIE

Object = dict[str, Json]
REF = "#/components/schemas/{name}"
ABOUT = (
    "JSON in and out. A body says `Content-Type: application/json`; a field or parameter that nobody reads is refused"
    " by name. Errors are problems (RFC 9457) with a stable `code`, the `detail` for people, and often a `remedy`."
    " Whatever answers GET answers HEAD, without the body; a method that a path does not have is answered 405"
    " (`method_not_allowed`), with those that it has in `Allow`. A path with one slash more at its end"
    " is answered 307, with the one without it in `Location`, but below"
    " `/documents/`. Times are in UTC; a number is at most 2^53."
)
SECURITY: dict[str, list[Json]] = {
    "anybody": [],
    "holder": [{"bearer": []}, {"cookie": []}],
    "workspace": [{"bearer": []}, {"cookie": []}],
    "maybe_holder": [{}, {"bearer": []}, {"cookie": []}],
}
# What an answer of this status always says in its head.
HEADS: dict[int, dict[str, str]] = {
    301: {"location": "where it is now"},
    401: {"www-authenticate": "`Bearer`"},
    429: {"retry-after": "in how many seconds to ask again"},
    503: {"retry-after": "in how many seconds to ask again"},
}


def description(routes: Sequence[BaseRoute], *, root: str) -> Object:
    """Return the whole description of an application; `root` is the prefix under which it is reached, or empty."""
    found = list(operations(routes))
    shared = _schemas([operation for *_, operation in found])
    paths: dict[str, Object] = {}
    responses: Object = {}
    for path, method, handler, operation in found:
        told = _operation(path, handler, operation, responses)
        taken = sum(told["operationId"] == other["operationId"] for one in paths.values() for other in one.values())
        told["operationId"] += "_again" * taken
        paths.setdefault(path, {})[method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {"title": "Folkmoot", "version": __version__, "description": ABOUT},
        "servers": [{"url": root or "/"}],
        "tags": _tags(handler for _, _, handler, _ in found),
        "paths": paths,
        "components": {
            "schemas": shared,
            "responses": dict(sorted(responses.items())),
            "parameters": {"name": _parameter(OPEN_NAME)},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "a token, or the key of a session"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": "the page's session; it counts from the server's own pages alone",
                },
            },
        },
    }


def operations(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, str, Any, Operation]]:
    """Yield path, method, handler and what is said of it, of each route; HEAD is GET's."""
    for route in routes:
        handler: Any
        if isinstance(route, Mount):
            path, handler, methods = f"{route.path}/{{file}}", type(route.app), {"GET"}
        else:
            assert isinstance(route, Route), "a route of HTTP, or a folder of files"
            path, handler, methods = route.path.replace(":path}", "}"), route.endpoint, set(route.methods or ())
        operation = operation_of(handler)
        assert operation is not None, f"{path} says what it takes (`@describe`)"
        yield from ((path, method, handler, operation) for method in sorted(methods - {"HEAD"}))


def summary_of(handler: Any) -> str:
    """Return the first line of a handler's docstring as a sentence, without the route before it."""
    line = inspect.cleandoc(handler.__doc__ or "").partition("\n")[0]
    said = re.sub(r"^`[A-Z]+ [^`]*`(?: and `[^`]*`)?[:.] ?", "", line) or line
    return said[:1].upper() + said[1:]


def _operation(path: str, handler: Any, operation: Operation, responses: Object) -> Object:
    names = re.findall(r"\{(\w+)\}", path)
    parameters: list[Json] = [_parameter(one) for one in (*(IN_PATHS[name] for name in names), *operation.parameters)]
    if operation.asks != "anybody":
        parameters.append({"$ref": "#/components/parameters/name"})
    told: Object = {
        "summary": summary_of(handler),
        "operationId": f"{_group(handler)}_{handler.__name__}",
        "tags": [_tag(handler)],
        "parameters": parameters,
        "security": SECURITY[operation.asks],
    }
    if operation.body is not None and operation.body.kind is bytes:
        told["requestBody"] = {"required": True, "content": {FILE: {}}}
    elif operation.body is not None:
        content = {"schema": _reference(operation.body.kind), "example": operation.body.example}
        # A body of which nothing must be given may be left out: it is read as an empty one.
        is_needed = any(field.required for field in msgspec.structs.fields(operation.body.kind))
        told["requestBody"] = {"required": is_needed, "content": {JSON: content}}
    told["responses"] = _responses(operation, responses)
    return told


def _parameter(told: Parameter) -> Object:
    found: Object = {"name": told.name, "in": told.where, "description": told.meaning, "schema": told.schema()}
    if told.where == "path":
        found["required"] = True
    return found if told.example is None else {**found, "example": told.example}


def _responses(operation: Operation, shared: Object) -> Object:
    """Return what may come of an operation, by status; what many have in common is put into `shared`."""
    by_status: dict[int, list[str]] = {}
    for code in operation.codes:
        by_status.setdefault(STATUS[code], []).append(code)
    found: Object = {}
    for reply in operation.answers:
        _add(found.setdefault(str(reply.status), {"description": "", "content": {}}), reply)
    for status, codes in sorted(by_status.items()):
        problem = _problem(status, codes)
        if str(status) in found:
            found[str(status)]["content"] |= problem["content"]
            found[str(status)]["description"] += f"; or {problem['description']}"
        else:
            name = ".".join((str(status), *codes))
            shared[name] = problem
            found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    for told in found.values():
        if not told.get("content", True):
            del told["content"]
    return dict(sorted(found.items()))


def _add(told: Object, reply: Reply) -> None:
    told["description"] = "; ".join(filter(None, (told["description"], reply.meaning)))
    if reply.headers:
        told.setdefault("headers", {}).update(_headers(reply.headers))
    if reply.kind is None:
        if reply.media:
            # What is no JSON and no text is bytes.
            told["content"][reply.media] = {"schema": {"type": "string"}} if "text/" in reply.media else {}
        return
    media, schema, example = reply.media or JSON, _reference(reply.kind), example_of(reply.kind)
    if media != JSON:
        # One value a line is no value of this type as a whole.
        told["content"][media] = {"schema": {"type": "string"}, "x-each-line": schema, "x-example-line": example}
    elif media in told["content"]:
        before = told["content"][media]
        told["content"][media] = {"schema": {"anyOf": [before["schema"], schema]}, "example": before["example"]}
    else:
        told["content"][media] = {"schema": schema, "example": example}


def _problem(status: int, codes: Sequence[str]) -> Object:
    schema = {**_reference(ProblemDetails), "properties": {"code": {"enum": [*codes]}, "status": {"const": status}}}
    example = {
        "type": "about:blank", "title": codes[0].replace("_", " "), "status": status, "detail": "Why, for people.",
        "code": codes[0],
    }  # fmt: skip
    told: Object = {
        "description": ", ".join(f"`{code}`" for code in codes),
        "content": {PROBLEM: {"schema": schema, "example": example}},
    }
    return {**told, "headers": _headers(HEADS[status])} if status in HEADS else told


def _headers(meanings: dict[str, str]) -> Object:
    return {name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in meanings.items()}


def _reference(kind: Any) -> Object:
    (found,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return dict(found)


def _schemas(found: Sequence[Operation]) -> Object:
    """Return the schemas of all bodies and answers; those of bodies are closed, as what else is sent is refused."""
    bodies = [one.body.kind for one in found if one.body is not None and one.body.kind is not bytes]
    answers = [reply.kind for one in found for reply in one.answers if reply.kind is not None]
    _, taken = msgspec.json.schema_components(bodies, ref_template=REF)
    _, given = msgspec.json.schema_components([*answers, ProblemDetails], ref_template=REF)
    for schema in taken.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    schemas = {**given, **taken}
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return dict(sorted(schemas.items()))


def _group(handler: Any) -> str:
    """Return by what a handler's operations are grouped: its module, or the folder of which that holds the routes."""
    folder, _, module = str(handler.__module__).rpartition(".")
    return folder.rpartition(".")[2] if module == "routes" else module


def _tag(handler: Any) -> str:
    name = _group(handler)
    return "description" if name == "served" else name.replace("_", " ")


def _tags(handlers: Iterable[Any]) -> list[Json]:
    modules = {_tag(handler): inspect.getmodule(handler) for handler in handlers}
    return [
        {"name": name, "description": inspect.getdoc(module) or "".partition("\n\n")[0]}
        for name, module in modules.items()
    ]
