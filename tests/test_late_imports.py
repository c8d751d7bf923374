"""Every import stands at the top of its file, or goes through the one loader of late imports, and in one list here.

However it is spelt: by another name, by a function that imports by name, by code in a string.
"""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.test_house import NAMES, ROOT, imports_of, tree_of

# Who loads what later than at the start, and why. `folkmoot --help` and the server's start must not wait for these.
LATE_IMPORTS = {
    # Each command loads its own part: the server, the database and the terminal's colours take most of a second.
    ("agent/options.py", "agent.commands.{module}"),
    # The SDK takes seconds, and a server without a model never needs it.
    ("agent/model_settings.py", "agent.gateway.provider_anthropic"),
    # A price table of a megabyte: loaded beside the loop together with the SDK …
    ("agent/model_settings.py", "genai_prices"),
    # … and used from there by the first call that has to be paid.
    ("agent/gateway/cost.py", "genai_prices"),
    # An HTTP client is megabytes: most servers never send an effect to a webhook.
    ("workspace/delivery/late_webhook.py", "workspace.delivery.webhook"),
    # Neither do most let people sign in by an issuer: its client checks signatures, by an extra.
    ("workspace/delivery/late_oidc.py", "workspace.delivery.oidc"),
    # A server on SQLite needs neither the driver of PostgreSQL, which is an extra, nor the time to import it.
    ("workspace/store/address.py", "workspace.store.postgres.store"),
    # SQLModel and alembic take half of a start, and only who makes or migrates a database needs them.
    ("workspace/store/schema.py", "workspace.store.tables"),
    ("workspace/store/sqlite_file.py", "workspace.store.migrations.run"),
    ("workspace/store/postgres/schema.py", "workspace.store.postgres.migration"),
}
LATE_LOADER = "workspace/late.py"
# What a machine need not have: asked for at the top, and done without.
OPTIONAL = {
    ("agent/server.py", "uvloop"),
    ("workspace/http/bounded_protocol.py", "fcntl"),
    ("workspace/http/bounded_protocol.py", "termios"),
}
LOADER_MODULE = LATE_LOADER.removesuffix(".py").replace("/", ".")
# What imports by name, beside the loader. Of `importlib` a few parts load no code.
IMPORTERS = {
    "importlib", "imp", "pkgutil", "runpy", "zipimport", "builtins", "code", "codeop", "pydoc", "doctest", "unittest",
    "pickle", "shelve", "marshal", "pdb", "bdb", "trace", "profile", "cProfile", "timeit", "modulefinder",
}  # fmt: skip
# Modules of which parts do, by their whole names.
IMPORTING_PARTS = {"logging.config", "uvicorn.importer"}
READ_ONLY = {"importlib.metadata", "importlib.resources"}
FORBIDDEN_NAMES = {"__import__", "__builtins__", "__loader__", "exec", "eval", "compile"}
FORBIDDEN_PARTS = {
    "import_module",
    "__import__",
    "exec_module",
    "load_module",
    "find_spec",
    "resolve_name",
    "import_from_string",
    "entry_points",
    "__builtins__",
    "TYPE_CHECKING",
}


def hidden(tree: ast.Module) -> list[str]:
    """Return what imports in a module otherwise than at its top and beside the loader, in words."""
    found = []
    tops = {id(node) for node in tree.body}
    for module, node in imports_of(tree):
        names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
        whole = {f"{module}.{name}" for name in names} if isinstance(node, ast.ImportFrom) else {module}
        is_importer = module.split(".")[0] in IMPORTERS and module not in READ_ONLY
        is_importer = is_importer or bool(({module} | whole) & IMPORTING_PARTS)
        if is_importer and not whole <= READ_ONLY:
            found.append(f"{module} imports by name")
        if "TYPE_CHECKING" in names:
            found.append("it hides imports from the interpreter")
        is_load = isinstance(node, ast.ImportFrom) and [(one.name, one.asname) for one in node.names] == [
            ("load", None)
        ]
        if module == LOADER_MODULE and not is_load:
            found.append("the loader goes by another name")
        if id(node) not in tops:
            found.append(f"line {node.lineno} imports {module} inside of something")
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in FORBIDDEN_NAMES:
                found.append(name)
            case ast.Attribute(value=ast.Name(id="sys"), attr="modules" as name):
                found.append(name)
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)) if name in FORBIDDEN_PARTS:
                found.append(name)
            case _:
                pass
    return found


def optional(tree: ast.Module) -> set[str]:
    """Return what a module asks for at its top and does without where it is not installed; taken out of the tree."""
    found = set[str]()
    for node in list(tree.body):
        if isinstance(node, ast.Try) and all(isinstance(one, ast.Import) for one in node.body):
            assert [ast.unparse(one.type) for one in node.handlers if one.type] == ["ImportError"], (
                "nothing else is meant"
            )
            found |= {alias.name for one in node.body if isinstance(one, ast.Import) for alias in one.names}
            tree.body.remove(node)
    return found


def late(tree: ast.Module) -> list[str]:
    """Return what a module loads through the loader, `{…}` standing for what is filled in; "?" for any other use."""
    found, used = [], set[int]()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        at = 0 if isinstance(node.func, ast.Name) and node.func.id == "load" else 1
        loader = node.func if at == 0 else node.args[0] if node.args else None
        if isinstance(loader, ast.Name) and loader.id == "load" and len(node.args) > at:
            used.add(id(loader))
            # A name or an expression could be any module.
            is_plain = isinstance(node.args[at], ast.Constant | ast.JoinedStr)
            found.append(ast.unparse(node.args[at]).removeprefix("f").strip("'\"") if is_plain else "?")
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "load"]
    return found + ["?" for node in names if id(node) not in used]


@pytest.mark.parametrize("name", [name for name in NAMES if name != LATE_LOADER])
def test_no_import_is_hidden(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text())
    assert {(name, module) for module in optional(tree)} == {one for one in OPTIONAL if one[0] == name}
    assert not hidden(tree), name


def test_a_late_import_stands_in_the_list() -> None:
    takers = [name for name in NAMES if any(module == LOADER_MODULE for module, _ in imports_of(tree_of(name)))]
    assert {(name, module) for name in takers for module in late(tree_of(name))} == LATE_IMPORTS


@pytest.mark.parametrize(
    "source",
    [
        "from importlib import import_module as im",
        "import importlib as i",
        "import importlib.util",
        "from importlib import util",
        "import builtins",
        "from runpy import run_module",
        "import workspace.late as x",
        "from workspace import late",
        "from workspace.late import load as later",
        "from workspace.late import *",
        "from typing import TYPE_CHECKING as T",
        "import typing\nif typing.TYPE_CHECKING: pass",
        "def f():\n import json",
        "if True:\n import json",
        "class A:\n from json import loads",
        "x = __import__('json')",
        "x = __builtins__['__import__']",
        "exec('import json')",
        "x = getattr(thing, 'import_module')",
        "x = thing.__loader__.load_module('json')",
        "import pydoc\nx = pydoc.locate('json')",
        "from pydoc import locate as find",
        "from pkgutil import resolve_name",
        "import logging.config",
        "from logging import config",
        "import pickle",
        "from unittest import defaultTestLoader",
        "from uvicorn.importer import import_from_string as find",
        "x = importlib.metadata.entry_points()",
        "import sys\nx = sys.modules['json']",
    ],
)
def test_an_import_is_seen_however_it_is_hidden(source: str) -> None:
    assert hidden(ast.parse(source))


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("load('a.b')", ["a.b"]),
        ("load(f'a.{b}')", ["a.{b}"]),
        ("asyncio.to_thread(load, 'a.b')", ["a.b"]),
        ("load(b)", ["?"]),
        ("later = load", ["?"]),
        ("map(load, names)", ["?"]),
        ("call(one, load)", ["?"]),
    ],
)
def test_whatever_is_done_with_the_loader_is_seen(source: str, seen: list[str]) -> None:
    assert late(ast.parse(source)) == seen


@pytest.mark.parametrize("module", sorted({module for _, module in LATE_IMPORTS if "{" not in module}))
def test_a_server_that_does_not_need_it_has_no_late_module(module: str) -> None:
    code = "import agent.commands.serve, agent.server, sys; print(sys.argv[1] in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, module], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
