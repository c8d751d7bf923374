"""The house keeps its shape: floors, purity, sizes, words. Measured from the source itself."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {"crdt": {"crdt"}, "workspace": {"crdt", "workspace"}, "agent": {"crdt", "workspace", "agent"}}
SOURCES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]
PURE = [
    name
    for name in NAMES
    if name.startswith(("crdt/", "workspace/intents/", "workspace/protocol/", "agent/editing/"))
    or name in ("workspace/access.py", "agent/builtin/language.py", "agent/builtin/clauses.py")
]
IMPURE_MODULES = {
    "asyncio", "time", "random", "secrets", "socket", "logging", "sqlite3", "sqlalchemy", "sqlmodel", "threading",
    "starlette", "uvicorn", "websockets", "anthropic", "os", "subprocess", "uuid", "tempfile", "pathlib",
}  # fmt: skip
CRDT_MAY_IMPORT = {"pycrdt", "msgspec", "crdt"}
# Who makes tasks, and who ends them.
TASK_MAKERS = {
    "workspace/tasks.py",  # the owner of all others
    "workspace/sockets/uvicorn_protocol.py",  # uvicorn's: it keeps and awaits the task of each connection
    "workspace/store/postgres/writer.py",  # one for the life of a store, which awaits it as it closes
    "agent/server.py",  # the process's own, awaited where it is made
    "agent/gateway/provider.py",  # made once, awaited by whoever needs what it makes
}
# Where a test lets time pass of its own, and why `tests.support.until` does not serve. Simulated worlds have a clock of
# their own, benchmarks a pace.
TIMELESS = ("tests/world/", "tests/bench/")
MAY_SLEEP = {
    # A clock of the test's own moves whenever all who sleep have gone to sleep: there is no other time.
    "test_dispatch.py: pass_while",
    # Time there is only counted: it passes at once.
    "test_alarm.py: play",
    # Somebody types on, at a person's pace, until the server is killed.
    "test_kill_9.py: type",
    # A million frames: a turn of the loop a look, nothing more.
    "child.py: settle",
    # A random moment passes, as a network or a person would let it, so that the order is another in every run.
    "stage.py: delay",
    "test_s09_fifty_come_back.py: instruct",
    "test_s09_fifty_come_back.py: fifty_come_back",
    # Nothing is to happen for as long as it takes a browser to slow a hidden tab down.
    "test_y_websocket.py: test_a_throttled_tab_stays_visible_and_its_next_word_is_heard",
    # Bytes lie in the kernel that the server must not have read: nothing shows that they have arrived.
    "test_large_frames.py: test_what_is_sent_at_once_after_the_handshake_is_taken_whole",
}
# Who loads what later than at the start, and why. `folkmoot --help` and the server's start must not wait for these.
LATE_IMPORTS = {
    # Each command loads its own part: the server, the database and the terminal's colours take most of a second.
    ("agent/cli.py", "agent.commands.{module}"),
    # The SDK takes seconds, and a server without a model never needs it.
    ("agent/model_settings.py", "agent.gateway.provider_anthropic"),
    # A price table of a megabyte: loaded beside the loop together with the SDK …
    ("agent/model_settings.py", "genai_prices"),
    # … and used from there by the first call that has to be paid.
    ("agent/gateway/cost.py", "genai_prices"),
    # An HTTP client is megabytes: most servers never send an effect to a webhook.
    ("workspace/delivery/late_webhook.py", "workspace.delivery.webhook"),
    # A server on SQLite needs neither the driver of PostgreSQL, which is an extra, nor the time to import it.
    ("workspace/store/address.py", "workspace.store.postgres.store"),
    # SQLModel and alembic take half of a start, and only who makes or migrates a database needs them.
    ("workspace/store/schema.py", "workspace.store.tables"),
    ("workspace/store/sqlite_file.py", "workspace.store.migrations.run"),
    ("workspace/store/postgres/schema.py", "workspace.store.postgres.migration"),
}
LATE_LOADER = "workspace/late.py"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc", "types", "base", "data"}


@functools.cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text())


def imports(name: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute"
            yield node.module or "", node


@pytest.mark.parametrize("name", NAMES)
def test_imports_point_down(name: str) -> None:
    floor = name.split("/")[0]
    for module, _ in imports(name):
        top = module.split(".")[0]
        assert top not in FLOORS or top in FLOORS[floor], f"{name} imports {module} from above"
        if top == "tests":
            raise AssertionError(f"{name} imports the tests")


@pytest.mark.parametrize("name", PURE)
def test_pure_folders_know_no_clock_network_chance_or_database(name: str) -> None:
    for module, _ in imports(name):
        assert module.split(".")[0] not in IMPURE_MODULES, f"{name} imports {module}"
    for node in ast.walk(tree_of(name)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{name} awaits"


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("crdt/")])
def test_the_first_floor_stands_on_pycrdt_alone(name: str) -> None:
    for module, _ in imports(name):
        top = module.split(".")[0]
        assert top in CRDT_MAY_IMPORT or top in sys.stdlib_module_names, f"{name} imports {module}"


@pytest.mark.parametrize("name", NAMES)
def test_no_import_is_hidden(name: str) -> None:
    tree = tree_of(name)
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(scope)), name
        if isinstance(scope, ast.If):
            assert "TYPE_CHECKING" not in ast.unparse(scope.test), name


def late_imports(name: str) -> Iterator[str]:
    """Yield what a module loads through the loader of late imports, `{…}` standing for what is filled in."""
    for node in ast.walk(tree_of(name)):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load"
        is_handed = isinstance(node, ast.Call) and any(isinstance(a, ast.Name) and a.id == "load" for a in node.args)
        if is_call or is_handed:
            assert isinstance(node, ast.Call)
            yield ast.unparse(node.args[0 if is_call else 1]).removeprefix("f").strip("'\"")


def test_a_late_import_stands_in_the_list_and_goes_through_one_loader() -> None:
    found = set()
    for name in NAMES:
        modules = {module for module, _ in imports(name)}
        assert name == LATE_LOADER or "importlib" not in modules, f"{name} imports by name beside the loader"
        calls = {node.id for node in ast.walk(tree_of(name)) if isinstance(node, ast.Name)}
        assert not calls & {"__import__", "exec", "eval"}, name
        if "workspace.late" in modules:
            found |= {(name, module) for module in late_imports(name)}
    assert found == LATE_IMPORTS


@pytest.mark.parametrize("module", sorted({module for _, module in LATE_IMPORTS if "{" not in module}))
def test_a_server_that_does_not_need_it_has_no_late_module(module: str) -> None:
    code = "import agent.commands.serve, agent.server, sys; print(sys.argv[1] in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, module], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TASK_MAKERS])
def test_background_tasks_have_an_owner(name: str) -> None:
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Attribute | ast.Name):
            made = node.attr if isinstance(node, ast.Attribute) else node.id
            assert made not in ("create_task", "ensure_future", "TaskGroup"), f"{name} makes a task of its own: {made}"


def within(scope: ast.AST) -> Iterator[ast.AST]:
    """Walk what stands in a scope, but not in the functions that are defined in it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from within(node)


def sleeps(scope: ast.AST) -> list[ast.Call]:
    """Return where time passes: `asyncio.sleep(…)` and `time.sleep(…)`."""
    calls = [node for node in within(scope) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) in ("asyncio.sleep", "time.sleep")]


def waits_by_hand(function: ast.AST) -> bool:
    """Tell whether a function sleeps for a time, or goes round a loop until something is so."""
    loops = [node for node in within(function) if isinstance(node, ast.While)]
    spins = any(isinstance(loop.body[0], ast.Pass) and "await" in ast.unparse(loop.test) for loop in loops)
    return spins or any(map(sleeps, loops)) or any(ast.unparse(call.args[0]) != "0" for call in sleeps(function))


def functions_that_wait(name: str) -> set[str]:
    # Most files say at a glance that they do not: reading them takes longer than all the rest here.
    if re.search(r"\bsleep\(|\bwhile\b.*\bawait\b", (ROOT / name).read_text()) is None:
        return set()
    functions = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {f"{Path(name).name}: {node.name}" for node in functions if waits_by_hand(node)}


def test_no_test_waits_by_hand() -> None:
    files = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts]
    looked = [name for name in files if not name.startswith(TIMELESS) and name != "tests/support/until.py"]
    assert set().union(*map(functions_that_wait, looked)) == MAY_SLEEP, "wait with tests.support.until"


@pytest.mark.parametrize(
    ("waits", "body"),
    [
        (True, "while not done: await asyncio.sleep(0)"),
        (True, "while True:\n  if done:\n   time.sleep(0.1)"),
        (True, "while await look() != 3: pass"),
        (True, "await asyncio.sleep(0.05)"),
        (True, "await asyncio.sleep(SECONDS)"),
        (False, "await asyncio.sleep(0)"),
        (False, "for _ in range(3): await asyncio.sleep(0)"),
        (False, "while True:\n  await until(lambda: done)"),
        (False, "async def slow(): await asyncio.sleep(1)"),
    ],
)
def test_waiting_by_hand_is_seen(waits: bool, body: str) -> None:
    function = ast.parse("async def test():\n " + body.replace("\n", "\n ")).body[0]
    assert waits_by_hand(function) == waits


def test_there_is_no_circle() -> None:
    known = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name for name in NAMES}
    graph: dict[str, set[str]] = {}
    for module, name in known.items():
        graph[module] = set()
        for target, node in imports(name):
            names = [target]
            if isinstance(node, ast.ImportFrom):
                names += [f"{target}.{alias.name}" for alias in node.names]
            graph[module] |= {part for part in names if part in known and part != module}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for target in graph[module]:
                visit(target, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("name", NAMES)
def test_files_and_functions_stay_readable(name: str) -> None:
    source = (ROOT / name).read_text()
    assert len(source.splitlines()) <= FILE_LINES_MAX, f"{name} has {len(source.splitlines())} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{name}:{node.name} has {length} lines"


@pytest.mark.parametrize("name", NAMES)
def test_every_module_and_public_name_is_documented(name: str) -> None:
    tree = tree_of(name)
    assert ast.get_docstring(tree), f"{name} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{name}: {node.name} is not documented"
    assert not FORBIDDEN_NAMES & set(name.removesuffix(".py").split("/")), name


@pytest.mark.parametrize("name", [name for name in NAMES if name != "workspace/intents/model/ids.py"])
def test_ids_are_made_and_read_in_one_place(name: str) -> None:
    source = (ROOT / name).read_text()
    made = re.search(r"f([\"'])[ipdqck]\{[^{}]*\}\1|f([\"'])[LH]:?\{[^{}]*\}", source)
    assert made is None, f"{name} makes an id: {made.group() if made else ''}"
    read = re.search(r"\b(?:id|ref|intent|commit|plan|decision|question|call|value)\[1:\]", source)
    assert read is None, f"{name} reads an id: {read.group() if read else ''}"


def test_the_project_names_no_registry_and_no_machine() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    pattern = re.compile(r"https?://(?:registry\.|pypi\.|files\.pythonhosted|deb\.debian)|resolved\"|/root/|/home/")
    for name in files:
        path = ROOT / name
        if name and path.suffix in {".py", ".md", ".json", ".toml", ".ts", ".tsx", ".mjs", ""} and path.is_file():
            if name == "tests/test_house.py":
                continue
            found = pattern.search(path.read_text(errors="replace"))
            assert found is None, f"{name}: {found.group() if found else ''}"


# ---------------------------------------------------------------- the kernel's floors

KERNEL = "workspace/intents/"
KERNEL_NAMES = [name for name in NAMES if name.startswith(KERNEL)]
# What each folder of the kernel may import of it. `sequencer` and `recovery`, its way in, may import all.
KERNEL_MAY_IMPORT = {
    "model": {"model"},
    "state": {"model", "state"},
    "rules": {"model", "state", "rules"},
    "steps": {"model", "state", "rules", "steps"},
    "audit": {"model", "state", "rules", "audit"},
}
# What each folder of the shell may import of it, the arrows of ARCHITECTURE.md. Loose modules are the frame: they stand
# on the kernel, and `app` alone, which puts a server together, imports folders.
SHELL_MAY_IMPORT = {
    "http": {"sockets", "registry", "room", "history", "protocol"},
    "sockets": {"registry", "room", "protocol"},
    "registry": {"room", "history"},
    "room": {"workers", "protocol"},
    "workers": {"history"},
    "history": set(),
    "protocol": set(),
    "client": set(),
    "delivery": set(),
    "store": set(),
}
MAY_IMPORT_FOLDERS = {"workspace/app.py", "workspace/__main__.py"}
FOLDER_FILES_MAX, LOOSE_FILES_MAX = 25, 10
DOINGS = {"planning", "judging", "steering", "accounting"}
# `wording` is what is said, `waiting` a state that intents are in, `backing` what stands behind a document.
NOUNS_IN_ING = {"wording", "waiting", "backing"}
# Each of the two stores has a writer and a wire of its own; nothing imports both.
NAMED_TWICE = {("workspace", "Job"), ("workspace", "Connection")}


def folder_in_kernel(name: str) -> str:
    parts = name.removeprefix(KERNEL).split("/")
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("name", [name for name in KERNEL_NAMES if folder_in_kernel(name)])
def test_the_kernels_folders_keep_their_order(name: str) -> None:
    folder = folder_in_kernel(name)
    for module, _ in imports(name):
        top, *rest = module.removeprefix("workspace.").split(".")
        if module == "workspace.errors" or not module.startswith("workspace"):
            continue
        assert top == "intents", f"{name} imports {module}: the kernel stands on crdt and the errors alone"
        assert rest[0] in KERNEL_MAY_IMPORT[folder], f"{name} imports {module}"


def test_every_folder_of_the_shell_has_its_place() -> None:
    folders = {path.parent.name for path in (ROOT / "workspace").glob("*/__init__.py")}
    assert folders - {"intents"} == set(SHELL_MAY_IMPORT)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith("workspace/") and not name.startswith(KERNEL)]
)
def test_the_shells_folders_keep_their_order(name: str) -> None:
    if name in MAY_IMPORT_FOLDERS:
        return
    parts = name.split("/")
    own = parts[1] if len(parts) > 2 else ""
    for module, _ in imports(name):
        top, *rest = module.split(".")
        is_folder = top == "workspace" and bool(rest) and (ROOT / "workspace" / rest[0]).is_dir()
        if is_folder and rest[0] not in ("intents", own):
            assert rest[0] in SHELL_MAY_IMPORT.get(own, ()), f"{name} imports {module}: see ARCHITECTURE.md"


@pytest.mark.parametrize("name", [name for name in KERNEL_NAMES if folder_in_kernel(name) != "steps"])
def test_only_a_step_takes_the_kernel_and_a_turn(name: str) -> None:
    if not folder_in_kernel(name):
        return
    known = {node.id for node in ast.walk(tree_of(name)) if isinstance(node, ast.Name)}
    known |= {alias.name for _, node in imports(name) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not known & {"Turn", "KernelState"}, f"{name} takes values and returns values"


def test_a_folder_can_be_looked_over() -> None:
    folders = {path.parent for path in SOURCES}
    for folder in folders:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= FOLDER_FILES_MAX, f"{folder.relative_to(ROOT)} has {len(files)} modules"
    loose = [path.name for path in (ROOT / "workspace").glob("*.py") if not path.name.startswith("__")]
    assert len(loose) <= LOOSE_FILES_MAX, f"loose in workspace/: {', '.join(sorted(loose))}"


@pytest.mark.parametrize("name", NAMES)
def test_modules_are_nouns(name: str) -> None:
    stem = Path(name).stem
    assert not stem.endswith("ing") or stem in DOINGS | NOUNS_IN_ING, f"{name} is named for a doing"


@pytest.mark.parametrize("floor", FLOORS)
def test_no_class_name_stands_twice_on_a_floor(floor: str) -> None:
    found: dict[str, list[str]] = {}
    for name in NAMES:
        if name.startswith(f"{floor}/"):
            for node in tree_of(name).body:
                if isinstance(node, ast.ClassDef):
                    found.setdefault(node.name, []).append(name)
    twice = {kind: names for kind, names in found.items() if len(names) > 1 and (floor, kind) not in NAMED_TWICE}
    assert not twice


MIRRORED = ("crdt/", "agent/", "workspace/")
# Whose tests bear another name, or none. The store's are the contract suite and the tests of its two servers; what the
# frame holds is tried by everybody who stands on it; a migration by `tests/workspace/store/test_migrations.py`.
TRIED_ELSEWHERE = ("workspace/store/",)
WITHOUT_A_TEST = {
    "workspace/access.py", "workspace/app.py", "workspace/clock.py", "workspace/errors.py", "workspace/late.py",
    "workspace/ports.py", "workspace/telemetry.py", "workspace/protocol/lenient.py",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(MIRRORED) and not name.endswith("__.py")])
def test_a_module_has_a_test_of_its_own_name(name: str) -> None:
    folder, _, module = name.rpartition("/")
    if name in WITHOUT_A_TEST or name.startswith(TRIED_ELSEWHERE):
        return
    assert (ROOT / "tests" / folder / f"test_{module}").is_file(), f"{name} has no test"


def fields_of(name: str, kind: str) -> set[str]:
    (found,) = [node for node in tree_of(name).body if isinstance(node, ast.ClassDef) and node.name == kind]
    return {
        node.target.id for node in found.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


@pytest.mark.parametrize("name", [name for name in NAMES if name != "workspace/intents/state/board.py"])
def test_what_the_log_says_of_an_intent_is_written_by_the_board_alone(name: str) -> None:
    """Who reads an entry calls it so; what else has a field of that name has another one (`live`, `work`, `self`)."""
    fields = fields_of("workspace/intents/state/board.py", "Entry")
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            is_entry = node.value.id in {"entry", "other", "target", "joining", "subject", "rival", "asked"}
            assert not (is_entry and node.attr in fields), f"{name}:{node.lineno} writes {ast.unparse(node)}"
