"""`docs/protocol.md` says what the code speaks: fields, types and defaults of messages, records and tools, and codes.

A table of fields stands under a heading that names what has them; its rows are | `field` | type | given | meaning |.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pytest

from agent.model.tool_schemas import KINDS as TOOLS
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.item_readings import Reading
from crdt.operations.ops import Op
from workspace import errors
from workspace.app import API, OPERATIONS
from workspace.errors import Close
from workspace.http.problem import STATUS
from workspace.intents.model import (
    bodies,
    calls,
    document_acts,
    effects,
    intent,
    invariant,
    oracle,
    plan,
    policies,
    role_rules,
    segment,
    stop,
)
from workspace.intents.steps.admission import STOPS
from workspace.protocol import messages
from workspace.protocol.rights_message import RightsMessage
from workspace.room import arrival as arriving

PAGE = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text()
HEADING = re.compile(r"^(#{2,4}) (.*)$", re.M)
ROW = re.compile(r"^\| `([\w?]+)` \| (.*?) \| (required|optional) \| .* \|$", re.M)
CLIENT: dict[str, type[msgspec.Struct]] = {
    "hello": messages.Hello,
    "intent": intent.IntentFrame,
    "seen": messages.Seen,
    "composing": messages.Composing,
    "acknowledge": messages.Acknowledge,
}
SERVER: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (*get_args(messages.ServerMessage), arriving.BoardMessage, arriving.ClosedMessage, RightsMessage)
}
RECORDS: dict[str, type[msgspec.Struct]] = {str(kind): body for kind, body in bodies.BODIES.items()}
VALUES: tuple[type[msgspec.Struct], ...] = (
    intent.Scope, intent.Need, intent.Expect, intent.Region, intent.Forked, plan.Option, plan.Tokens, stop.Stop,
    stop.Switch, messages.InboxEntry, arriving.BoardIntent, arriving.Begun, arriving.BoardQuestion, bodies.Question,
    bodies.Answer, document_acts.DocumentAct, bodies.CommitDoc, bodies.PolicyConfig, segment.Segment, effects.Effect,
    effects.Receiver, invariant.Invariant, oracle.Judgement, oracle.Merged, calls.CallOpened, calls.CallClosed,
    calls.CallUsage, calls.Compared, calls.Budget, calls.RouteTable, calls.Rule, calls.Shadow, Reading,
    role_rules.RoleRule,
)  # fmt: skip
OPERATIONS_OF_PLANS: dict[str, type[msgspec.Struct]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Op)}
PARTS: dict[str, dict[str, type[msgspec.Struct]]] = {
    "From the client": CLIENT,
    "From the server": SERVER,
    "Values": {kind.__name__: kind for kind in VALUES},
    "Bodies": RECORDS,
    "Operations": OPERATIONS_OF_PLANS,
    "Tools of the model": dict(TOOLS),
}
NAMES: dict[object, str] = {
    str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null", dict: "object", Any: "any",
}  # fmt: skip
# What stands in many places has a name of its own on the page.
TYPES: dict[str, Any] = {
    "path": intent.Path, "spans": bodies.Spans, "state": intent.State, "end": intent.TerminalState,
    "role": intent.Role, "intent kind": intent.IntentKind, "kind": DocumentKind, "layer": bodies.Layer, "operation": Op,
}  # fmt: skip

# Rows whose values stand in the meaning because the type is checked in words of its own, and where the code has them.
IN_WORDS: dict[tuple[str, str], Collection[str]] = {
    ("PolicyConfig", "chain"): policies.POLICIES,
    ("RouteTable", "fallbacks"): calls.STEPS,
    ("intent", "value"): STOPS,
}
LISTED = re.compile(r"`\w+`(?: (?:or |and )?`\w+`)+")


def spelt(kind: Any) -> str:
    """Return how the page writes a type."""
    named = next((name for name, one in TYPES.items() if kind == one), NAMES.get(kind))
    if named is not None:
        return named
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        parts = [spelt(one) for one in inner if one not in (msgspec.UnsetType, NoneType)]
        return " or ".join([*dict.fromkeys(parts), *(["null"] if NoneType in inner else [])])
    if origin is tuple and inner[-1] is Ellipsis:
        return f"list of {spelt(inner[0])}"
    if origin is tuple:
        return f"[{', '.join(map(spelt, inner))}]"
    if origin is dict:
        return f"object of {spelt(inner[1])}"
    assert issubclass(kind, msgspec.Struct), kind
    return f"`{kind.__name__}`"


def fields_of(kind: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    """Return name, type and whether it must be given, of every field of a struct."""
    return [
        (field.encode_name, spelt(field.type), "required" if field.required else "optional")
        for field in msgspec.structs.fields(kind)
    ]


def sections(page: str) -> dict[tuple[str, str], str]:
    """Return the text under every heading that names one thing in backticks, by the chapter above and that name."""
    found: dict[tuple[str, str], str] = {}
    heads = list(HEADING.finditer(page))
    chapter = ""
    for at, head in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(page)
        name = re.fullmatch(r"`(\w+)`", head[2])
        if name is None:
            chapter = re.sub(r"^§[\d.]+ ", "", head[2])
        else:
            found[(chapter, name[1])] = page[head.end() : end]
    return found


def table(first: str) -> set[str]:
    """Return what stands in backticks in the first column of the table whose head begins so."""
    body = PAGE.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0]
    return {word for line in body.split("\n")[2:] for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


@pytest.mark.parametrize("part", PARTS)
def test_every_struct_has_its_table_and_every_table_its_struct(part: str) -> None:
    assert {name for chapter, name in sections(PAGE) if chapter == part} == set(PARTS[part])


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, kinds in PARTS.items() for name in kinds])
def test_a_table_has_the_fields_of_its_struct(part: str, name: str) -> None:
    # The page has the order in which one reads them; a struct that takes over another's fields has those first.
    rows = ROW.findall(sections(PAGE)[(part, name)])
    assert sorted(rows) == sorted(fields_of(PARTS[part][name]))


def listed(page: str) -> dict[tuple[str, str], set[str]]:
    """Return the values that a row lists in its meaning, by struct and field."""
    found: dict[tuple[str, str], set[str]] = {}
    for (part, name), text in sections(page).items():
        for field, _, _, meaning in re.findall(ROW.pattern.replace("\\| .* \\|$", "\\| (.*) \\|$"), text, re.M):
            if part in PARTS and (values := LISTED.search(re.sub(r"\bfor (`\w+`,? ?(and )?)+", "", meaning))):
                found[(name, field)] = set(re.findall(r"`(\w+)`", values[0]))
    return found


def test_values_that_a_row_lists_are_the_types_or_the_codes() -> None:
    """A closed list of words is a literal, which the column of types has; few are checked in a way of their own."""
    assert listed(PAGE) == {row: set(values) for row, values in IN_WORDS.items()}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("what its author can do now |", "what its author can do now: `override` `approve` |"),
        ("1 to 8 of `priority` `first`", "1 to 8 of `first`"),
        ("`retry` `next` `escalate`", "`retry` `next`"),
        ("`mine` or `all` for", "`mine` or `ours` for"),
    ],
)
def test_a_value_that_is_wrong_on_the_page_is_noticed(right: str, wrong: str) -> None:
    assert right in PAGE
    assert listed(PAGE.replace(right, wrong)) != listed(PAGE)


def wrong_names(page: str) -> set[str]:
    """Return the types with a name on the page whose values it lists otherwise than the code has them."""
    listing = page[page.index("*state* is one of") : page.index("### §2.1")]
    parts = re.split(r"\*([a-z ]+)\*", listing)[1:]
    told = {name: re.findall(r"`(\w+)`", text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    told["state"] += told["end"]
    return {name for name in told.keys() | NAMED_LISTS if set(told.get(name, ())) != values_of(TYPES[name])}


NAMED_LISTS = {"state", "end", "intent kind", "role", "kind", "layer", "path", "spans"}


def values_of(kind: Any) -> set[str]:
    """Return the values of a literal, or of a union of them."""
    inner = get_args(kind) if get_origin(kind) in (Literal, Union, UnionType) else ()
    return {value for one in inner for value in (values_of(one) or ({one} if isinstance(one, str) else set()))}


def test_a_type_with_a_name_on_the_page_has_its_values_there() -> None:
    assert wrong_names(PAGE) == set()


@pytest.mark.parametrize("value", ["`parked` ", "`expired` ", "`approve` `undo`", "`viewer` ", "`rich`", "`scope`;"])
def test_a_value_that_is_missing_there_is_noticed(value: str) -> None:
    assert value in PAGE[PAGE.index("*state* is one of") :]
    head, tail = PAGE[: PAGE.index("*state* is one of")], PAGE[PAGE.index("*state* is one of") :]
    assert wrong_names(head + tail.replace(value, "", 1))


def test_a_field_that_is_wrong_on_the_page_is_noticed() -> None:
    wrong = PAGE.replace("| `seen` | integer | optional |", "| `seem` | integer | optional |", 1)
    assert sorted(ROW.findall(sections(wrong)[("From the client", "hello")])) != sorted(fields_of(messages.Hello))


def test_every_route_is_told_and_no_other() -> None:
    told = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) [^`?]+)", PAGE.split("\n## §3 ")[1].split("\n## ")[0]))
    short = {"{ws}": "WS", "{doc:path}": "DOC", "{id}": "ID", "{actor:path}": "NAME"}
    real = set[str]()
    for route in (*API, *OPERATIONS):
        path = re.sub(r"\{[^}]*\}", lambda part: short[part[0]], route.path)
        real |= {f"{method} {path}" for method in route.methods or () if method != "HEAD"}
    assert told == real


def test_every_code_of_a_problem_is_told_with_its_status() -> None:
    body = PAGE.split("\n| code of a problem |", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^\| (`.*?) \| (\d{3}) \|", body, re.M)
    assert {code: int(status) for codes, status in rows for code in re.findall(r"`(\w+)`", codes)} == STATUS


def test_every_close_code_is_told() -> None:
    used = {str(one.status) for module in (errors,) for one in vars(module).values() if type(one) is Close}
    assert used <= table("close code")


def test_every_close_code_in_the_source_is_told() -> None:
    root = Path(__file__).parent.parent / "workspace"
    source = "\n".join(path.read_text() for path in sorted(root.rglob("*.py")))
    used = set(re.findall(r"Close\((\d{4}),|fail\((\d{4}),|^STATUS_\w+ = (\d{4})$", source, re.M))
    assert {code for found in used for code in found if code} == table("close code") - {"1000"}


def test_every_code_of_a_nack_is_told() -> None:
    root = Path(__file__).parent.parent / "workspace" / "intents"
    modules = ("admission.py", "causality.py", "accounting.py", "quarantine.py")
    source = "\n".join(path.read_text() for path in root.rglob("*.py") if path.name in modules)
    said = set(re.findall(r"Refusal\(\s*\"(\w+)\"", source)) - {"cancelled"}
    assert said <= table("code of a nack")
