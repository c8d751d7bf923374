"""The tools a model may use (protocol §6): names and inputs are a contract, inputs are bounded and typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from crdt.digest import EXACT_MAX, Json
from crdt.documents.paths import Path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.ops import TEXT_POINTS_MAX
from workspace.intents.model.document_acts import ActName
from workspace.intents.model.effects import Receiver

LINE_MAX = 10_000_000
NAME_POINTS_MAX = 200
QUERY_POINTS_MAX = 500
QUESTION_POINTS_MAX = 1_000
SUMMARY_POINTS_MAX = 2_000
OPTIONS_MAX = 8
PATH_DEPTH_MAX = 16
KEY_POINTS_MAX = 500


class ListDocuments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which documents there are."""


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines of a text, or the value at a path of a data document."""

    document: str
    range: tuple[int, int] | None = None
    path: Path | None = None


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where words stand."""

    query: str
    document: str | None = None


class StrReplace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put `new_str` where `old_str` stands exactly once."""

    document: str
    old_str: str
    new_str: str


class InsertLines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put text behind a line; 0 is the top."""

    document: str
    insert_line: int
    text: str


class DeleteLines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take lines out, both ends included."""

    document: str
    first_line: int
    last_line: int


class CreateDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make a document."""

    document: str
    kind: DocumentKind
    content: str | None = None


class ChangeDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rename, archive, delete or restore a document; `new_name` is what it is called then."""

    document: str
    action: ActName
    new_name: str = ""


class SetValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a value at a path."""

    document: str
    path: Path
    value: Json


class Increment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add to the number at a path."""

    document: str
    path: Path
    by: float | int


class DeleteValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Remove the value at a path."""

    document: str
    path: Path


class ListAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Add an item to the list at a path; without an index at its end."""

    document: str
    path: Path
    value: Json
    index: int | None = None


class ListRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Remove the item that stands at an index and equals `value`."""

    document: str
    path: Path
    index: int
    value: Json


class Send(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Declare an effect outside: a mail, or a call to a webhook; it leaves after the commit."""

    receiver: str
    to: str | None = None
    subject: str | None = None
    text: str | None = None
    value: Json = None


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put a question to the author."""

    question: str
    options: tuple[str, ...] = ()


class Finish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan is complete; `served` are the numbers of those added instructions that it carries out, too."""

    summary: str
    served: tuple[int, ...] | None = None


ToolInput = (
    ListDocuments
    | View
    | Search
    | StrReplace
    | InsertLines
    | DeleteLines
    | CreateDocument
    | ChangeDocument
    | SetValue
    | Increment
    | DeleteValue
    | ListAdd
    | ListRemove
    | Send
    | Ask
    | Finish
)
KINDS: dict[str, type[ToolInput]] = {
    "list_documents": ListDocuments,
    "view": View,
    "search": Search,
    "str_replace": StrReplace,
    "insert": InsertLines,
    "delete_lines": DeleteLines,
    "create_document": CreateDocument,
    "change_document": ChangeDocument,
    "set_value": SetValue,
    "increment": Increment,
    "delete_value": DeleteValue,
    "list_add": ListAdd,
    "list_remove": ListRemove,
    "send": Send,
    "ask": Ask,
    "finish": Finish,
}


class BadInput(Exception):
    """A tool's input is not what its schema says; the text tells the model what to send instead."""


def read_use(name: str, given: Json) -> ToolInput:
    """Return a tool call as a typed value.

    Raises:
        KeyError: there is no such tool.
        BadInput: the input does not fit, or passes a bound.
    """
    kind = KINDS[name]
    try:
        use = msgspec.convert(given, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadInput(f"{name}: {error}") from error
    assert type(use) is kind, "a call is of its own tool"
    for field in kind.__struct_fields__:
        _check(name, field, getattr(use, field))
    return use


_BOUNDS = {
    "document": NAME_POINTS_MAX,
    "new_name": NAME_POINTS_MAX,
    "query": QUERY_POINTS_MAX,
    "question": QUESTION_POINTS_MAX,
    "summary": SUMMARY_POINTS_MAX,
}


def _check(tool: str, field: str, value: Any) -> None:
    """Raise `BadInput` for what passes a bound."""
    limit = _BOUNDS.get(field, TEXT_POINTS_MAX)
    if isinstance(value, str) and len(value) > limit:
        raise BadInput(f"{tool}: {field} has {len(value)} characters, at most {limit} are taken")
    if (field.endswith("line") or field == "index") and isinstance(value, int) and not 0 <= value <= LINE_MAX:
        raise BadInput(f"{tool}: {field} is {value}")
    if field == "by" and abs(value) > EXACT_MAX:
        raise BadInput(f"{tool}: by is {value}; numbers above 2**53 are not exact")
    is_path = field == "path" and isinstance(value, tuple)
    if is_path and (len(value) > PATH_DEPTH_MAX or any(len(str(key)) > KEY_POINTS_MAX for key in value)):
        raise BadInput(f"{tool}: a path has at most {PATH_DEPTH_MAX} keys of {KEY_POINTS_MAX} characters")
    if field == "options" and isinstance(value, tuple) and len(value) > OPTIONS_MAX:
        raise BadInput(f"{tool}: at most {OPTIONS_MAX} options")


def _tool(name: str, description: str, required: str = "", **properties: Json) -> dict[str, Json]:
    schema: dict[str, Json] = {
        "type": "object",
        "properties": properties,
        "required": list[Json](required.split()),
        "additionalProperties": False,
    }
    return {"name": name, "description": description, "input_schema": schema}


_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_PATH: Json = {
    "type": "array",
    "items": {"type": ["string", "integer"]},
    "description": 'Keys from the top, e.g. ["budget", "travel"].',
}
_ANY: Json = {"description": "Any JSON value."}
SCHEMAS: tuple[dict[str, Json], ...] = (
    _tool("list_documents", "List the documents of this workspace with kind, size and who has written in them."),
    _tool(
        "view",
        "Read a document. Text: numbered lines, at most 200 at a time; without a range a long text gives its outline. "
        "Data: the JSON value at path.",
        "document",
        document=_TEXT,
        range={"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2, "description": "[first, last] line"},
        path=_PATH,
    ),
    _tool(
        "search",
        "Find words in all documents, or in one. Gives line numbers or paths, at most 20.",
        "query",
        query=_TEXT,
        document=_TEXT,
    ),
    _tool(
        "str_replace",
        "Replace a stretch of a text. old_str must occur exactly once; take enough around it. Keep it short: what "
        "you do not touch stays safe when others type there.",
        "document old_str new_str",
        document=_TEXT,
        old_str=_TEXT,
        new_str=_TEXT,
    ),
    _tool(
        "insert",
        "Insert whole lines behind line insert_line of a text (0: at the top). Prefer it to str_replace when you only "
        "add.",
        "document insert_line text",
        document=_TEXT,
        insert_line=_WHOLE,
        text=_TEXT,
    ),
    _tool(
        "delete_lines",
        "Delete lines first_line to last_line of a text.",
        "document first_line last_line",
        document=_TEXT,
        first_line=_WHOLE,
        last_line=_WHOLE,
    ),
    _tool(
        "create_document",
        "Make a new document; content is its first text (kind text only).",
        "document kind",
        document=_TEXT,
        kind={"type": "string", "enum": ["text", "data"]},
        content=_TEXT,
    ),
    _tool(
        "change_document",
        "Rename, archive, delete or restore a document as a whole, only when the instruction asks for just that. "
        "new_name is needed to rename, optional to restore.",
        "document action",
        document=_TEXT,
        action={"type": "string", "enum": ["rename", "archive", "delete", "restore"]},
        new_name=_TEXT,
    ),
    _tool("set_value", "Set the value at path of a data document.", "document path value", document=_TEXT, path=_PATH,
          value=_ANY),
    _tool(
        "increment",
        "Add to the number at path (negative: subtract). Prefer it to set_value when the wish is relative.",
        "document path by",
        document=_TEXT,
        path=_PATH,
        by={"type": "number"},
    ),
    _tool("delete_value", "Remove the value at path.", "document path", document=_TEXT, path=_PATH),
    _tool(
        "list_add",
        "Add an item to the list at path, at its end or before index.",
        "document path value",
        document=_TEXT,
        path=_PATH,
        value=_ANY,
        index=_WHOLE,
    ),
    _tool(
        "list_remove",
        "Remove the item at index, which must equal value.",
        "document path index value",
        document=_TEXT,
        path=_PATH,
        index=_WHOLE,
        value=_ANY,
    ),
    _tool(
        "ask",
        "Ask the author when the instruction can be understood in ways that matter. The work waits for the answer.",
        "question",
        question=_TEXT,
        options={"type": "array", "items": _TEXT, "maxItems": 8},
    ),
    _tool("finish", "The work is complete: say in one or two sentences what was changed, for the people.", "summary",
          summary=_TEXT,
          served={"type": "array", "items": _WHOLE, "description": "Where something was added_while_you_worked: the "
                  "numbers of what this plan carries out. The rest is planned by itself."}),
)  # fmt: skip


def schemas_for(receivers: Mapping[str, Receiver]) -> tuple[dict[str, Json], ...]:
    """Return the tools of a task; `send` is among them where the workspace has declared receivers."""
    if not receivers:
        return SCHEMAS
    kinds = "; ".join(f"{name} ({receiver.kind})" for name, receiver in sorted(receivers.items()))
    send = _tool(
        "send",
        "Send something outside once the plan is committed. Only when the instruction asks for it. "
        f"Receivers: {kinds}. A mail takes to, subject and text; a webhook takes value.",
        "receiver",
        receiver={"type": "string", "enum": list[Json](sorted(receivers))},
        to=_TEXT,
        subject=_TEXT,
        text=_TEXT,
        value=_ANY,
    )
    assert SCHEMAS[-1]["name"] == "finish", "what ends a plan stands last"
    return (*SCHEMAS[:-2], send, *SCHEMAS[-2:])
