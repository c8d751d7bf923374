"""Who may import whom: the floors inside each floor as ARCHITECTURE.md draws them, and what pure modules stand on.

The picture says what is above what, `MAY_IMPORT` which arrows there are. Both are held against the imports themselves,
and both ways: an arrow that nobody needs any more is a fault, too.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterable, Iterator

import pytest

from tests.support.inlined import Function, own_nodes
from tests.test_house import FLOORS, KERNEL, MUTATORS, NAMES, ROOT, imports, imports_of, tree_of

PICTURE = re.compile(r"^## Floors$.*?^```text$(.*?)^```$", re.M | re.S)
# Modules that stand between the folders of a floor. All others are loose: they are the floor's foundation, which every
# folder may stand on; in `workspace` they stand on the kernel's words, and on nothing that does anything.
DRAWN_MODULES = {"agent/cli", "agent/server", "agent/model_settings", "workspace/app", "workspace/intents/sequencer"}
# Ways in, which the picture does not show: each stands above what it starts.
ENTRIES = {"agent/__main__": "agent/cli", "workspace/__main__": "workspace/app"}
# `recovery` is the kernel's other way in.
DRAWN_AS = {"workspace/intents/recovery": "workspace/intents/sequencer"}
MAY_IMPORT = {
    "crdt/sync": {"updates"},
    "crdt/undo": {"operations", "documents", "updates"},
    "crdt/operations": {"documents", "updates"},
    "crdt/documents": {"updates"},
    "crdt/updates": set(),
    "workspace/intents/sequencer": {"steps", "rules", "state", "model"},
    "workspace/intents/steps": {"rules", "state", "model"},
    "workspace/intents/audit": {"rules", "state", "model"},
    "workspace/intents/rules": {"state", "model"},
    "workspace/intents/state": {"model"},
    "workspace/intents/model": set(),
    "workspace/app": {"http", "sockets", "registry", "delivery"},
    "workspace/http": {"sockets", "registry", "room", "history", "protocol"},
    "workspace/sockets": {"registry", "room", "protocol"},
    "workspace/registry": {"room", "history"},
    "workspace/room": {"workers", "protocol"},
    "workspace/workers": {"history"},
    "workspace/history": set(),
    "workspace/protocol": set(),
    "workspace/client": {"protocol"},
    "workspace/delivery": set(),
    "workspace/store": set(),
    # Its commands are loaded by name, each when it is called (`tests/test_late_imports.py`).
    "agent/cli": set(),
    "agent/commands": {"demo", "server", "model_settings", "scripted", "gateway"},
    "agent/demo": {"server"},
    "agent/server": {"model_settings", "builtin", "model"},
    "agent/model_settings": {"gateway"},
    "agent/builtin": {"editing"},
    "agent/model": {"editing", "gateway"},
    "agent/scripted": set(),
    "agent/editing": set(),
    "agent/gateway": set(),
}


def drawn(page: str) -> dict[str, int]:
    """Return how deep the picture draws each folder and module: an arrow, or a new line, is one deeper."""
    found: dict[str, int] = {}
    (picture,) = PICTURE.findall(page)
    floor, depth = "", 0
    for line in picture.splitlines():
        head = re.match(r"(\w*)[ │▼┆]*", line)
        assert head is not None, "anything begins with nothing"
        rest = re.split(r" {3,}", line[head.end() :].strip())[0]
        if head[1]:
            floor = head[1]
        if inner := re.match(r"┌ (\w+)/", rest):
            floor, rest = f"{floor}/{inner[1]}", ""
        for group in rest.split("→") if floor.split("/")[0] in FLOORS and not rest.startswith("└") else ():
            names = [name.strip().rstrip("/") for name in re.split(r"[·│]", group) if name.strip(" │─┘")]
            depth += bool(names)
            for name in names:
                place = f"{floor}/{name}"
                assert place not in found, f"{place} is drawn twice"
                found[place] = depth
    return found


def place_of(name: str) -> str:
    """Return the folder, or the module that is drawn by itself, in which a file stands; of a loose one its own name."""
    place = name.removesuffix(".py").removesuffix("/__init__")
    place = DRAWN_AS.get(place, place)
    parts = place.split("/")
    depth = 3 if place.startswith(KERNEL) else 2
    return place if place in DRAWN_MODULES else "/".join(parts[:depth])


def arrows(sources: Iterable[tuple[str, Iterable[str]]]) -> dict[str, set[str]]:
    """Return which places import which others, of files with the modules that each imports."""
    found: dict[str, set[str]] = {}
    for name, modules in sources:
        here = place_of(name)
        for module in modules:
            path = module.replace(".", "/")
            if module.count(".") and path.split("/")[0] in FLOORS and (there := place_of(path)) != here:
                found.setdefault(here, set()).add(there)
    return found


@functools.cache
def imported() -> dict[str, set[str]]:
    return arrows((name, [module for module, _ in imports(name)]) for name in NAMES)


def against(order: dict[str, int], found: dict[str, set[str]]) -> list[str]:
    """Return the imports that go against a picture, or past the table of arrows, as `from -> to`."""
    wrong = []
    for here, theres in found.items():
        for there in theres:
            if here in ENTRIES or here.split("/")[0] != there.split("/")[0]:
                continue  # floors among themselves: `test_imports_point_down`
            if here in order and there in order:
                own = here.rsplit("/", 1)[0] == there.rsplit("/", 1)[0]
                is_allowed = order[here] < order[there] and (not own or there.rsplit("/", 1)[1] in MAY_IMPORT[here])
            elif here in order:
                is_allowed = not there.startswith(KERNEL) or not here.startswith(KERNEL)
                is_allowed = is_allowed and (there == "workspace/errors" or not here.startswith(KERNEL))
            else:
                is_allowed = there not in order or there == "workspace/intents/model"
            if not is_allowed:
                wrong.append(f"{here} -> {there}")
    return wrong


def page() -> str:
    return (ROOT / "ARCHITECTURE.md").read_text()


def test_the_picture_shows_every_folder_and_nothing_else() -> None:
    folders = {str(path.parent.relative_to(ROOT)) for floor in FLOORS for path in (ROOT / floor).glob("*/__init__.py")}
    kernel = {str(path.parent.relative_to(ROOT)) for path in (ROOT / KERNEL).glob("*/__init__.py")}
    assert set(drawn(page())) == (folders - {KERNEL.rstrip("/")}) | kernel | DRAWN_MODULES
    assert set(MAY_IMPORT) == set(drawn(page()))


def test_no_import_goes_against_the_picture() -> None:
    assert against(drawn(page()), imported()) == []


def test_every_arrow_of_the_table_is_somebodys() -> None:
    order = drawn(page())
    found = {
        here: {
            there.rsplit("/", 1)[1] for there in imported().get(here, ()) if there in order and _are_mates(here, there)
        }
        for here in MAY_IMPORT
    }
    assert found == MAY_IMPORT


def _are_mates(here: str, there: str) -> bool:
    return here.rsplit("/", 1)[0] == there.rsplit("/", 1)[0]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("crdt/updates/lib0.py", "crdt.documents.document"),
        ("crdt/sync/y_sync.py", "crdt.operations.ops"),
        ("crdt/text.py", "crdt.updates.lib0"),
        ("workspace/intents/model/plan.py", "workspace.intents.state.board"),
        ("workspace/intents/rules/gate.py", "workspace.ports"),
        ("workspace/intents/audit/verify.py", "workspace.intents.steps.turn"),
        ("workspace/room/room.py", "workspace.http.request"),
        ("workspace/room/room.py", "workspace.history.read"),
        ("workspace/store/sql.py", "workspace.room"),
        ("workspace/settings.py", "workspace.room.room"),
        ("workspace/access.py", "workspace.intents.steps.turn"),
        ("agent/gateway/cost.py", "agent.model.planner"),
        ("agent/builtin/planner.py", "agent.gateway.dispatch"),
        ("agent/server.py", "agent.demo.seed"),
    ],
)
def test_an_import_against_the_order_is_noticed(name: str, module: str) -> None:
    assert against(drawn(page()), arrows([(name, [module])]))


def test_a_picture_that_is_drawn_otherwise_is_noticed() -> None:
    turned = page().replace("undo/ → operations/", "operations/ → undo/")
    assert turned != page()
    assert against(drawn(turned), imported()) == ["crdt/undo -> crdt/operations"]


# ---------------------------------------------------------------- what is pure

PURE = [
    name
    for name in NAMES
    if name.startswith(("crdt/", KERNEL, "workspace/protocol/", "agent/editing/"))
    or name
    in (
        "workspace/access.py",
        "workspace/errors.py",
        "workspace/names.py",
        "agent/builtin/language.py",
        "agent/builtin/clauses.py",
    )
]
# What a pure module may import of others: of the standard library what computes, and no more of it than is named here.
# An empty tuple is the whole module. What knows a clock, chance, the network, files, processes, the environment or
# threads is not in it.
PURE_MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "__future__": ("annotations",),
    "array": ("array",),
    "base64": ("b64decode", "b64encode"),
    "binascii": (),
    "bisect": ("bisect_left", "bisect_right", "insort"),
    "collections": ("Counter", "deque"),
    "collections.abc": (),
    "contextlib": ("contextmanager", "suppress"),
    # Where long work may rest: what it comes to does not depend on it (`crdt.breath`).
    "contextvars": ("ContextVar",),
    "dataclasses": ("astuple", "dataclass", "field", "replace"),
    # Text of a moment that is given: `test_no_pure_module_asks_what_time_it_is`.
    "datetime": ("UTC", "datetime"),
    "decimal": ("Decimal",),
    "difflib": ("SequenceMatcher", "get_close_matches"),
    "functools": (),
    "hashlib": (),
    "heapq": (),
    "hmac": (),
    "itertools": (),
    "json": (),
    "json.encoder": ("encode_basestring",),
    "math": (),
    "msgspec": (),
    "msgspec.inspect": (),
    "operator": (),
    "pycrdt": (),
    "re": (),
    "struct": ("unpack",),
    "types": ("MappingProxyType",),
    "typing": (),
    "unicodedata": (),
    "zlib": ("crc32",),
}
# What of the house itself is not pure and may be imported all the same, for the values it describes.
DESCRIBED = {
    "workspace.settings": {"Settings"},  # bounds, read from the environment by who starts a server
}
# What pure modules do with what everybody has: nothing that depends on the process they run in. `id` tells two rows
# apart that are at hand; its number orders nothing.
IDENTITIES = {
    ("workspace/intents/state/shelves.py", "id(self.anywhere)"),
    ("workspace/intents/state/shelves.py", "id(row)"),
}
OUTSIDE = {"open", "input", "print", "breakpoint", "hash", "globals", "vars", "locals", "dir", "help", "exit", "quit"}
PURE_FLOORS = ("crdt/", KERNEL)


def impure(name: str, tree: ast.Module) -> Iterator[str]:
    """Yield what in a module of this name depends on anything but what it is given."""
    for module, node in imports_of(tree):
        names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
        if module.split(".")[0] in FLOORS:
            path = module.replace(".", "/")
            is_pure = f"{path}.py" in PURE or (ROOT / path / "__init__.py").is_file()
            if not is_pure and not (names and names <= DESCRIBED.get(module, set())):
                yield f"{module}, which is not pure"
        elif module not in PURE_MAY_IMPORT:
            yield module
        elif (allowed := PURE_MAY_IMPORT[module]) and not (names and names <= set(allowed)):
            yield f"{module}: {sorted(names - set(allowed)) or 'all of it'}"
    for node in ast.walk(tree):
        match node:
            case ast.AsyncFunctionDef() | ast.Await():
                yield f"line {node.lineno} awaits"
            case ast.Call(func=ast.Name(id="id")) if (name, ast.unparse(node)) not in IDENTITIES:
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case ast.keyword(arg="key", value=ast.Name(id="id")):
                yield "it sorts by where something lies in memory"
            case ast.Attribute(value=ast.Name(id="datetime"), attr=attr) if attr not in (
                "fromisoformat",
                "fromtimestamp",
            ):
                yield f"line {node.lineno} asks for {attr}"
            case ast.Call(func=ast.Attribute(attr="fromtimestamp"), args=args) if len(args) < 2:
                yield f"line {node.lineno} depends on the machine's time zone"
            # Without an id a document draws one by chance.
            case ast.Call(func=ast.Name(id="Doc"), keywords=keywords) if "client_id" not in {
                one.arg for one in keywords
            }:
                yield f"line {node.lineno} draws a client id"
            case _:
                pass
    yield from unbound(tree, frozenset())
    yield from kept(tree)


MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call)
MORE_MUTATORS = {"appendleft", "popleft", "popitem", "extendleft", "difference_update", "intersection_update"}


def kept(tree: ast.Module) -> Iterator[str]:
    """Yield where a function writes into what a module or a class keeps, or takes the next of it: that lasts."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    values = [
        node
        for body in (tree.body, *(one.body for one in classes))
        for node in body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, MUTABLE)
    ]
    targets = [one for node in values for one in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    held = {one.id for one in targets if isinstance(one, ast.Name)}
    owners = {"cls", *(one.name for one in classes)}
    for function in (node for node in ast.walk(tree) if isinstance(node, Function)):
        inside = list(own_nodes(function))
        own = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
        own |= {one.id for one in inside if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        for node in inside:
            if isinstance(node, ast.Global):
                yield f"line {node.lineno} keeps {', '.join(node.names)}"
            name = _name_of(_written(node), owners)
            if name in held - own:
                yield f"line {getattr(node, 'lineno', 0)} writes into {name}, which lasts"


def _written(node: ast.AST) -> ast.expr | None:
    """Return what a piece of code changes in place, if anything."""
    match node:
        case ast.Subscript(value=base, ctx=ast.Store() | ast.Del()) | ast.AugAssign(target=base):
            return base
        case ast.Call(func=ast.Attribute(value=base, attr=attr)) if attr in MUTATORS | MORE_MUTATORS:
            return base
        case ast.Call(func=ast.Name(id="next"), args=[base, *_]):
            return base
        case _:
            return None


def _name_of(base: ast.expr | None, owners: set[str]) -> str:
    """Return by what name a module, or one of these classes, has something; "" for what is another's."""
    while isinstance(base, ast.Subscript):
        base = base.value
    match base:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in owners:
            return name
        case _:
            return ""


def unbound(scope: ast.AST, bound: frozenset[str]) -> Iterator[str]:
    """Yield where a scope uses a name of everybody's that it has not given to something of its own."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            own = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
            body = ast.walk(node)
            own |= {one.id for one in body if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
            yield from unbound(node, bound | own)
        elif isinstance(node, ast.Name) and node.id in OUTSIDE - bound and isinstance(node.ctx, ast.Load):
            yield f"line {node.lineno}: {node.id}"
        else:
            yield from unbound(node, bound)


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_stand_on_what_computes_alone(name: str) -> None:
    assert list(impure(name, tree_of(name))) == []


def test_nothing_may_be_imported_that_nobody_imports() -> None:
    used = {module for name in PURE for module, _ in imports(name)}
    assert set(PURE_MAY_IMPORT) | set(DESCRIBED) <= used


def test_what_may_be_imported_is_named() -> None:
    assert all(module.split(".")[0] in {*sys.stdlib_module_names, "msgspec", "pycrdt"} for module in PURE_MAY_IMPORT)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("crdt/")])
def test_the_first_floor_stands_on_pycrdt_alone(name: str) -> None:
    tops = {module.split(".")[0] for module, _ in imports(name)}
    assert tops <= {"crdt", "pycrdt", "msgspec", *sys.stdlib_module_names}, name


@pytest.mark.parametrize(
    "source",
    [
        "import time", "from time import monotonic as m", "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime\nwhen = datetime.utcnow",
        "from datetime import datetime\ndatetime.fromtimestamp(1)", "from datetime import date", "import datetime",
        "import uuid", "import secrets", "import random", "import os", "from os import environ", "import socket",
        "import ssl", "import subprocess", "import threading", "import queue", "import tempfile",
        "from pathlib import Path", "import asyncio", "import logging", "import sqlite3", "import http.client",
        "import urllib.request", "import select", "import signal", "import platform", "import locale", "import gc",
        "import sys", "import io", "import shutil", "import zlib", "import warnings", "import weakref",
        "import starlette", "import contextvars", "open('x')", "print('x')", "sorted(x, key=hash)",
        "sorted(x, key=id)", "x = hash('a')", "x = id(y)", "map(hash, x)", "from workspace.ports import Clock",
        "import workspace.ports", "from workspace.clock import SystemClock", "from workspace.room.room import Room",
        "from pycrdt import Doc\nDoc()", "async def f(): pass",
        "SEEN = {}\ndef f(x): SEEN[x] = 1", "SEEN: list[int] = []\ndef f(x):\n SEEN.append(x)",
        "SEEN = set()\ndef f(x):\n def g(): SEEN.add(x)", "SEEN = []\nf = lambda x: SEEN.append(x)",
        "from collections import deque\nQ = deque()\ndef f(): Q.popleft()", "SEEN = {}\ndef f(x): SEEN['a'][x] = 1",
        "N = 0\ndef f():\n global N\n N += 1", "class A:\n seen = {}\ndef f(x): A.seen[x] = 1",
        "import itertools\nN = itertools.count()\ndef f(): return next(N)", "SEEN = [0]\ndef f(): SEEN[0] += 1",
        "class A:\n seen = {}\n @classmethod\n def f(cls, x): cls.seen[x] = 1", "SEEN = {}\ndef f(x): del SEEN[x]",
    ],
)  # fmt: skip
def test_whatever_is_not_pure_is_seen(source: str) -> None:
    assert list(impure("workspace/intents/rules/gate.py", ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "SEEN = {}\nSEEN['a'] = 1", "SEEN = {}\ndef f(x): return SEEN[x]", "SEEN = []\ndef f(SEEN): SEEN.append(1)",
        "SEEN = []\ndef f():\n SEEN = []\n SEEN.append(1)", "class A:\n def f(self): self.seen.append(1)",
    ],
)  # fmt: skip
def test_what_a_module_only_reads_is_left_alone(source: str) -> None:
    assert list(impure("workspace/intents/rules/gate.py", ast.parse(source))) == []
