"""Write `web/src/client/wire.ts`: the server's messages and records as TypeScript types, made from its structs.

The page and the client library read what `workspace/protocol/messages.py`, `workspace/room/arrival.py` and
`workspace/intents/model/bodies.py` write. Types made by hand would have to be held against them, field by field; types
that are made from them hold names, optionality and types at once, and the compiler says which line of the page a change
concerns. `.venv/bin/python -m tests.web.wire_types --write` writes it; `test_wire_types.py` fails until it is current.

A field is optional where it may be missing: a message leaves defaults out where its struct does, and a record of an
older log lacks what was added since, which is whatever has a default.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType, UnionType
from typing import Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from crdt.documents import pycrdt_document
from crdt.operations.ops import Op
from workspace.intents.model import bodies, calls, effects, intent, invariant, oracle, role_rules, stop
from workspace.intents.model.bodies import BODIES, DecisionBody, Question
from workspace.intents.model.record import Row
from workspace.protocol.messages import _CLIENT, QuestionMessage, ServerMessage, encode_record
from workspace.protocol.rights_message import RightsMessage
from workspace.room.arrival import BoardMessage, ClosedMessage

WIRE = Path(__file__).parents[2] / "web" / "src" / "client" / "wire.ts"
LINE_MAX = 120
Values: TypeAlias = frozenset[object]
OPS = [kind.__name__ for kind in get_args(Op)]
SERVER = (*get_args(ServerMessage), ClosedMessage, BoardMessage, RightsMessage)
CLIENT: dict[type, str] = {kind: tag for tag, kind in _CLIENT.items()}
# Modules whose literals have names that the page uses, too.
NAMED_IN: tuple[ModuleType, ...] = (
    pycrdt_document,
    intent,
    bodies,
    stop,
    calls,
    effects,
    oracle,
    invariant,
    role_rules,
)
# What a question shows is `dict[str, Json]` on the server: several steps put their part in. The page names the parts.
EVIDENCE: frozenset[type] = frozenset({Question, QuestionMessage, DecisionBody})
HEAD = """\
/**
 * Messages and records as they travel (protocol §2). Made from the server's types: do not edit.
 *
 * `.venv/bin/python -m tests.web.wire_types --write` makes it anew.
 */
import type { Evidence } from './evidence'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
"""


def wire() -> str:
    """Return what `wire.ts` has to say."""
    structs = list(_structs((*CLIENT, *SERVER, *BODIES.values())))
    names = [struct.cls.__name__ for struct in structs]
    assert len(set(names)) == len(names), "two structs on the wire have one name"
    stored = {struct.cls for struct in _structs((*CLIENT, *BODIES.values()))}
    aliases = _aliases()
    parts = [HEAD, "\n".join(_union(name, members) for _, name, members in _named())]
    ranks = ", ".join(f"{role}: {rank}" for role, rank in intent.RANKS.items())
    parts.append(f"export const RANKS: Readonly<Record<Role, number>> = {{ {ranks} }}")
    parts += [interface_of(struct, aliases, may_lack=struct.cls in stored) for struct in structs]
    parts.append(_union("Op", OPS))
    parts.append(_record(aliases))
    parts.append(_union("ClientMessage", [kind.__name__ for kind in CLIENT]))
    parts.append(_union("ServerMessage", [*(kind.__name__ for kind in SERVER), "LogRecord"]))
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _structs(kinds: Iterable[type]) -> Iterator[inspect.StructType]:
    """Yield every struct within these, each once, outermost first."""
    waiting: list[inspect.Type] = list(inspect.multi_type_info(kinds))
    known: set[type] = set()
    while waiting:
        part = waiting.pop(0)
        match part:
            case inspect.StructType() if part.cls not in known:
                known.add(part.cls)
                waiting += [field.type for field in part.fields]
                yield part
            case inspect.UnionType():
                waiting += part.types
            case inspect.TupleType():
                waiting += part.item_types
            case inspect.VarTupleType():
                waiting.append(part.item_type)
            case inspect.DictType():
                waiting.append(part.value_type)
            case _:
                pass


def _aliases() -> dict[Values, str]:
    """Return the names that the server gives to literals and their unions, by their values."""
    return {values: name for values, name, _ in _named()}


def _named() -> Iterator[tuple[Values, str, list[str]]]:
    """Yield the values, the name and the members of each literal of the server that has a name, each once."""
    known: dict[Values, str] = {}
    for module in NAMED_IN:
        for name, value in vars(module).items():
            parts = get_args(value) if get_origin(value) in (Union, UnionType) else ()
            literals = [part for part in (value, *parts) if get_origin(part) is Literal]
            values = frozenset(one for literal in literals for one in get_args(literal))
            if values and values not in known and len(literals) == max(1, len(parts)):
                members = [f"'{one}'" for one in get_args(value)] if not parts else []
                known[values] = name
                yield values, name, members or [known[frozenset(get_args(part))] for part in parts]


def _union(name: str, members: list[str]) -> str:
    line = f"export type {name} = {' | '.join(members)}"
    if len(line) <= LINE_MAX:
        return line
    return f"export type {name} =\n" + _wrapped("| " + " | ".join(members), indent=" ")


def interface_of(struct: inspect.StructType, aliases: dict[Values, str], *, may_lack: bool) -> str:
    """Return a struct as an interface; `may_lack` where older logs may lack what has a default."""
    tag_field, tag = (struct.tag_field, struct.tag) if struct.tag_field else ("type", CLIENT.get(struct.cls))
    fields = [f"{tag_field}: '{tag}'"] if tag is not None else []
    for field in struct.fields:
        omits = struct.cls.__struct_config__.omit_defaults
        # A field without a default that need not be there is one that is left out while it is unset.
        is_unset = not field.required and field.default is field.default_factory is msgspec.NODEFAULT
        optional = is_unset or (not field.required and (may_lack or omits))
        kind = _type(field.type, aliases, drop_null=omits and field.default is None)
        if field.name == "evidence" and struct.cls in EVIDENCE:
            kind = "Evidence"
        fields.append(f"{field.encode_name}{'?' if optional else ''}: {kind}")
    docs = re.sub(r"\s+", " ", (struct.cls.__doc__ or "").strip())
    comment = f"/** {docs} */\n" if len(docs) + 7 <= LINE_MAX else f"/**\n{_wrapped(docs)}\n */\n"
    line = f"export interface {struct.cls.__name__} {{ {'; '.join(fields)} }}"
    if len(line) > LINE_MAX:
        line = f"export interface {struct.cls.__name__} {{\n" + "\n".join(f"  {field}" for field in fields) + "\n}"
    return comment + line


def _wrapped(words: str, indent: str = " *") -> str:
    lines = [indent]
    for word in words.split(" "):
        if len(lines[-1]) + 1 + len(word) > LINE_MAX:
            lines.append(indent)
        lines[-1] += f" {word}"
    return "\n".join(lines)


def _type(kind: inspect.Type, aliases: dict[Values, str], *, drop_null: bool = False) -> str:
    """Return a type as TypeScript; `drop_null` where None is the default that is left out."""
    match kind:
        case inspect.StructType():
            return kind.cls.__name__
        case inspect.LiteralType():
            return aliases.get(frozenset(kind.values)) or " | ".join(f"'{value}'" for value in kind.values)
        case inspect.UnionType():
            parts = [part for part in kind.types if not (drop_null and isinstance(part, inspect.NoneType))]
            literals = [part for part in parts if isinstance(part, inspect.LiteralType)]
            values = frozenset(value for part in literals for value in part.values)
            if len(literals) == len(parts) and values in aliases:
                return aliases[values]
            words = list(dict.fromkeys(_type(part, aliases) for part in parts))
            return "Op" if words == OPS else " | ".join(words)
        case inspect.TupleType():
            return f"[{', '.join(_type(part, aliases) for part in kind.item_types)}]"
        case inspect.VarTupleType():
            inner = _type(kind.item_type, aliases)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case inspect.DictType():
            return f"Record<string, {_type(kind.value_type, aliases)}>"
        case inspect.StrType():
            return "string"
        case inspect.IntType() | inspect.FloatType():
            return "number"
        case inspect.BoolType():
            return "boolean"
        case inspect.NoneType():
            return "null"
        case inspect.AnyType():
            return "Json"
        case _:
            raise TypeError(f"{kind} has no form on the page yet")


def _record(aliases: dict[Values, str]) -> str:
    """Return the record message: its head as it is sent, and one member for each kind of body."""
    row = Row(seq=1, epoch=1, kind="update", at="", actor="", body="{}", prev="", hash="")
    hints = get_type_hints(Row)
    sent = [name for name in msgspec.json.decode(encode_record(row)) if name not in ("type", "kind", "body")]
    head = [f"{name}: {_type(inspect.type_info(hints[name]), aliases)}" for name in sent]
    newline = "\n"
    bodies = newline.join(f"  {kind}: {body.__name__}" for kind, body in BODIES.items())
    return f"""\
/** What every record of the log begins with. `seq` is dense from 1; `at` is only for people. */
export interface RecordHead {{
  type: 'record'
{newline.join(f"  {field}" for field in head)}
}}
/** The body of each kind of record. */
export interface Bodies {{
{bodies}
}}
/** A record of one kind. */
export type RecordOf<Kind extends RecordKind> = RecordHead & {{ kind: Kind; body: Bodies[Kind] }}
/** A record of the log: its `kind` says what its body is. */
export type LogRecord = {{ [Kind in RecordKind]: RecordOf<Kind> }}[RecordKind]"""


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        WIRE.write_text(wire())
    else:
        print(wire(), end="")
