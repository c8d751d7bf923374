"""What a route takes and answers, said once on its handler: requests are read by it, and `/openapi.json` tells it.

`request.py` takes the parameters of an address from here, with their bounds, and holds the type of a body against it.
What a handler answers is held against it by the tests: each answer of each server under test
(`tests/support/described.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal, TypeVar

import msgspec

from crdt.digest import Json

H = TypeVar("H", bound=Callable[..., Any])
JSON, PROBLEM, TEXT, HTML = "application/json", "application/problem+json", "text/plain", "text/html"
# A file of any kind.
FILE = "*/*"
# Who may ask: anybody; whoever holds a key of the server or of one workspace; of the workspace in the path; of whom the
# answer says more where they have a key.
Asks = Literal["anybody", "holder", "workspace", "maybe_holder"]

# What may come of any request, whatever it asks for: the connection's own bounds, and what a server may suffer.
ANY = (
    "malformed",
    "foreign_host",
    "timeout",
    "rate_limited",
    "head_too_large",
    "internal",
    "store_busy",
    "store_fault",
)
CHANGES = ("foreign_origin",)
BODIED = ("unknown_field", "too_large", "not_json")
ASKED: dict[Asks, tuple[str, ...]] = {
    "anybody": (),
    "maybe_holder": ("unknown_parameter", "no_sequencer"),
    "holder": ("unknown_parameter", "unauthenticated", "forbidden", "too_much_work", "no_sequencer"),
    "workspace": (
        "unknown_parameter", "unauthenticated", "forbidden", "not_found", "too_much_work", "no_sequencer",
        "log_corrupt", "segment_corrupt", "log_newer", "record_unknown",
    ),
}  # fmt: skip


class Parameter(msgspec.Struct, frozen=True):
    """One value beside the body: a whole number where it has bounds, one of `words` where there are some, else text.

    `default` is what stands where it is left out; None where that is something else, which `meaning` says.
    """

    name: str
    meaning: str
    low: int | None = None
    high: int | None = None
    words: tuple[str, ...] = ()
    default: int | str | None = None
    example: Json = None
    where: Literal["query", "header", "path"] = "query"

    def schema(self) -> dict[str, Json]:
        """Return the JSON schema of the value."""
        kind: dict[str, Json] = {"type": "string"}
        if self.high is not None:
            kind = {"type": "integer", "minimum": self.low or 0, "maximum": self.high}
        if self.words:
            kind["enum"] = [*self.words]
        return {**kind, **({"default": self.default} if self.default is not None else {})}


class Body(msgspec.Struct, frozen=True):
    """The JSON body of a request: the type that decodes it, and an example. `bytes` is a body that is no JSON."""

    kind: type
    example: Json


class Reply(msgspec.Struct, frozen=True):
    """What comes of a request that is carried out; several of one status are the forms that it may have.

    `kind` None is an answer without a body, or one that is no JSON: then `media` says what it is. `headers` are what
    they mean, by name. The example of a kind stands in `examples.py`.
    """

    status: int
    meaning: str
    kind: Any = None
    media: str = ""
    headers: dict[str, str] = {}


class Operation(msgspec.Struct, frozen=True):
    """All that is said of one handler. `codes` are those of the problems that may come of it."""

    asks: Asks
    answers: tuple[Reply, ...]
    parameters: tuple[Parameter, ...]
    body: Body | None
    codes: tuple[str, ...]

    def parameter(self, name: str) -> Parameter:
        """Return what is said of a parameter; a handler that reads one it does not name is wrong."""
        return next(one for one in self.parameters if one.name == name)

    @property
    def query(self) -> tuple[str, ...]:
        """The names of the parameters of the address."""
        return tuple(one.name for one in self.parameters if one.where == "query")


_OPERATIONS: dict[Hashable, Operation] = {}


def describe(
    *answers: Reply,
    asks: Asks = "workspace",
    takes: tuple[Parameter, ...] = (),
    body: Body | None = None,
    refuses: tuple[str, ...] = (),
    is_read: bool = True,
) -> Callable[[H], H]:
    """Return a decorator that says of a handler what it takes and answers.

    `refuses` are the codes of its own problems, beside those of whoever asks so, of a body, and of any request.
    `is_read` False is a handler that changes something: it is refused to pages of another origin.
    """
    bodied = BODIED if body is not None and body.kind is not bytes else ()
    codes = (*ANY, *(() if is_read else CHANGES), *ASKED[asks], *bodied, *refuses)
    operation = Operation(asks, answers, takes, body, tuple(dict.fromkeys(codes)))

    def keep(handler: H) -> H:
        assert handler not in _OPERATIONS, "a handler is described once"
        _OPERATIONS[handler] = operation
        return handler

    return keep


def operation_of(handler: Hashable) -> Operation | None:
    """Return what is said of a handler, or of the class of one; None where nothing is."""
    return _OPERATIONS.get(handler) or _OPERATIONS.get(type(handler))
