"""The house keeps its shape: floors, purity, sizes, words. Measured from the source itself."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.inlined import inlined

ROOT = Path(__file__).parent.parent
FLOORS = {"crdt": {"crdt"}, "workspace": {"crdt", "workspace"}, "agent": {"crdt", "workspace", "agent"}}
SOURCES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]
# Who makes tasks, and who ends them.
TASK_MAKERS = {
    "workspace/tasks.py",  # the owner of all others
    "workspace/sockets/uvicorn_protocol.py",  # uvicorn's: it keeps and awaits the task of each connection
    "workspace/store/postgres/writer.py",  # one for the life of a store, which awaits it as it closes
    "workspace/store/writer.py",  # a thread for the life of a store, joined as it closes
    "workspace/store/sql.py",  # a thread that reads, shut down as the store closes
    "workspace/client/loop_thread.py",  # a thread for the life of a script's connection, joined as it is left
    "agent/server.py",  # the process's own, awaited where it is made
    "agent/gateway/provider.py",  # made once, awaited by whoever needs what it makes
}
MAKE_TASKS = {
    "create_task", "ensure_future", "TaskGroup", "run_coroutine_threadsafe", "Thread", "Timer", "ThreadPoolExecutor",
    "ProcessPoolExecutor", "start_new_thread",
}  # fmt: skip
# Where a test lets time pass of its own, and why `tests.support.until` does not serve. Simulated worlds have a clock of
# their own, benchmarks a pace.
TIMELESS = ("tests/world/", "tests/bench/", "tests/hostile/")
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
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc", "types", "base", "data"}


@functools.cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text())


def is_module(name: str) -> bool:
    """Tell whether a dotted name is a module or a folder of the house."""
    path = ROOT / name.replace(".", "/")
    return name.split(".")[0] in FLOORS and (path.is_dir() or path.with_suffix(".py").is_file())


def imports_of(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every module that a tree imports: of `from a import b` both `a` and, where it is one, `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            module = node.module or ""
            yield module, node
            yield from ((full, node) for alias in node.names if is_module(full := f"{module}.{alias.name}"))


def imports(name: str) -> Iterator[tuple[str, ast.stmt]]:
    return imports_of(tree_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_imports_point_down(name: str) -> None:
    floor = name.split("/")[0]
    for module, _ in imports(name):
        top = module.split(".")[0]
        assert top not in FLOORS or top in FLOORS[floor], f"{name} imports {module} from above"
        assert top not in ("folkmoot", "tests"), f"{name} imports {module}, which stands on it"


@functools.cache
def inlined_tree_of(name: str) -> ast.Module:
    """Return the tree of a file in which local names of fields are spelt out."""
    return inlined((ROOT / name).read_text())


def made_tasks(tree: ast.Module) -> list[str]:
    """Return by what a module makes tasks or threads. `asyncio.Task` does where it is no type of something."""
    found = [
        alias.name
        for module, node in imports_of(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in MAKE_TASKS or (module, alias.name) == ("asyncio", "Task")
    ]
    said = [getattr(node, field, None) for node in ast.walk(tree) for field in ("annotation", "returns")]
    of_types = {id(inner) for one in said if one is not None for inner in ast.walk(one)}
    of_types |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    called_types = {
        id(node.func.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            made = node.attr if isinstance(node, ast.Attribute) else node.id
            is_task = ast.unparse(node) == "asyncio.Task" and id(node) not in of_types - called_types
            if made in MAKE_TASKS or is_task:
                found.append(made)
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TASK_MAKERS])
def test_background_tasks_have_an_owner(name: str) -> None:
    assert made_tasks(tree_of(name)) == [], f"{name} makes a task of its own"


def test_who_may_make_tasks_does() -> None:
    assert all(made_tasks(tree_of(name)) for name in TASK_MAKERS)


@pytest.mark.parametrize(
    "source",
    [
        "asyncio.create_task(work())", "from asyncio import ensure_future as later", "loop.create_task(work())",
        "threading.Thread(target=work).start()", "from threading import Thread as T", "threading.Timer(1, work)",
        "task = asyncio.Task(work())", "task = asyncio.Task[None](work())", "make = asyncio.Task",
        "from asyncio import Task", "ThreadPoolExecutor(1)", "_thread.start_new_thread(work, ())",
    ],
)  # fmt: skip
def test_a_task_is_seen_however_it_is_made(source: str) -> None:
    assert made_tasks(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "task: asyncio.Task[None] | None = None",
        "def start() -> asyncio.Task[None]: ...",
        "running: dict[str, asyncio.Task] = {}",
        "x = cast(list[asyncio.Task[None]], y)",
        "from workspace.intents.model.plan import Task\nTask(intent)",
    ],
)
def test_a_type_of_tasks_makes_none(source: str) -> None:
    assert made_tasks(ast.parse(source)) == []


def within(scope: ast.AST) -> Iterator[ast.AST]:
    """Walk what stands in a scope, but not in the functions that are defined in it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from within(node)


SLEEPS = frozenset({"asyncio.sleep", "time.sleep", "sleep"})


def names_of_sleep(tree: ast.AST) -> frozenset[str]:
    """Return what a module calls `asyncio.sleep` and `time.sleep`, whatever it imports them as."""
    names = set(SLEEPS)
    for module, node in imports_of(tree):
        if isinstance(node, ast.ImportFrom) and module in ("asyncio", "asyncio.tasks", "time"):
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "sleep"}
        elif isinstance(node, ast.Import) and module in ("asyncio", "time"):
            names |= {f"{alias.asname}.sleep" for alias in node.names if alias.asname}
    return frozenset(names)


def sleeps(scope: ast.AST, names: frozenset[str] = SLEEPS) -> list[ast.Call]:
    """Return where time passes: `asyncio.sleep(…)` and `time.sleep(…)`, by these names."""
    calls = [node for node in within(scope) if isinstance(node, ast.Call)]
    return [call for call in calls if ast.unparse(call.func) in names]


def waits_by_hand(function: ast.AST, names: frozenset[str] = SLEEPS) -> bool:
    """Tell whether a function sleeps for a time, or goes round a loop until something is so."""
    loops = [node for node in within(function) if isinstance(node, ast.While)]
    spins = any(isinstance(loop.body[0], ast.Pass) and "await" in ast.unparse(loop.test) for loop in loops)
    slept = sleeps(function, names)
    return (
        spins or any(sleeps(loop, names) for loop in loops) or any(ast.unparse(call.args[0]) != "0" for call in slept)
    )


def functions_that_wait(name: str) -> set[str]:
    # Most files say at a glance that they do not: reading them takes longer than all the rest here.
    if re.search(r"\bsleep\b|\bwhile\b.*\bawait\b", (ROOT / name).read_text()) is None:
        return set()
    names = names_of_sleep(tree_of(name))
    functions = [node for node in ast.walk(tree_of(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {f"{Path(name).name}: {node.name}" for node in functions if waits_by_hand(node, names)}


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
        (True, "await sleep(0.05)"),
        (False, "await asyncio.sleep(0)"),
        (False, "for _ in range(3): await asyncio.sleep(0)"),
        (False, "while True:\n  await until(lambda: done)"),
        (False, "async def slow(): await asyncio.sleep(1)"),
    ],
)
def test_waiting_by_hand_is_seen(waits: bool, body: str) -> None:
    function = ast.parse("async def test():\n " + body.replace("\n", "\n ")).body[0]
    assert waits_by_hand(function) == waits


@pytest.mark.parametrize(
    "source",
    [
        "from asyncio import sleep as nap\nasync def test(): await nap(1)",
        "from time import sleep as nap\ndef test():\n while True: nap(0)",
        "import asyncio as a\nasync def test(): await a.sleep(1)",
    ],
)
def test_waiting_by_hand_is_seen_by_another_name(source: str) -> None:
    tree = ast.parse(source)
    assert waits_by_hand(tree.body[1], names_of_sleep(tree))


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


ID_MADE = re.compile(
    r"f([\"'])[ipdqck]\{[^{}]*\}\1|f([\"'])[LH]:?\{[^{}]*\}"  # f"i{n}"
    r"|(?<![\w\"'])([\"'])[ipdqckLH]:?\3 *(?:\+|, *str\()"  # "i" + str(n), "".join(("i", str(n)))
    r"|(?<![\w\"'])([\"'])[ipdqckLH]:?(?:%[\w.]*[dis]\4 *%|\{\w*[^{}]*\}\4\.format)"  # "i%d" % n, "i{}".format(n)
)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "workspace/intents/model/ids.py"])
def test_ids_are_made_and_read_in_one_place(name: str) -> None:
    source = (ROOT / name).read_text()
    made = ID_MADE.search(source)
    assert made is None, f"{name} makes an id: {made.group() if made else ''}"
    read = re.search(r"\b(?:id|ref|intent|commit|plan|decision|question|call|value)\[1:\]", source)
    assert read is None, f"{name} reads an id: {read.group() if read else ''}"


@pytest.mark.parametrize(
    "source",
    [
        'f"i{n}"', "f'p{seq + 1}'", 'f"L:{lane}"', '"i" + str(n)', "'d'+str(n)", '"i%d" % n', '"c%s" % (n,)',
        '"q{}".format(n)', '"k{n}".format(n=n)', '"".join(("i", str(n)))',
    ],
)  # fmt: skip
def test_an_id_is_seen_however_it_is_made(source: str) -> None:
    assert ID_MADE.search(source)


@pytest.mark.parametrize("source", ['f"in{n}"', '"hi" + name', '["i", "p"]', '"%d" % n', 'f"{i}"', '"paid %d" % n'])
def test_what_is_no_id_is_left_alone(source: str) -> None:
    assert ID_MADE.search(source) is None


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
FOLDER_FILES_MAX, LOOSE_FILES_MAX = 25, 12
DOINGS = {"planning", "judging", "steering", "accounting"}
# `wording` is what is said, `waiting` a state that intents are in, `backing` what stands behind a document.
NOUNS_IN_ING = {"wording", "waiting", "backing"}
# One name in two files of a floor; nothing imports both. Each of the two stores has a writer with jobs of its own;
# one of them has a connection to its database, as a browser has one to a room.
NAMED_TWICE = {
    "Job": {"workspace/store/writer.py", "workspace/store/postgres/writer.py"},
    "Connection": {"workspace/sockets/connection.py", "workspace/store/postgres/link.py"},
}


def folder_in_kernel(name: str) -> str:
    parts = name.removeprefix(KERNEL).split("/")
    return parts[0] if len(parts) > 1 else ""


@pytest.mark.parametrize("name", [name for name in KERNEL_NAMES if folder_in_kernel(name) != "steps"])
def test_only_a_step_takes_the_kernel_and_a_turn(name: str) -> None:
    if not folder_in_kernel(name):
        return
    known = {node.id for node in ast.walk(tree_of(name)) if isinstance(node, ast.Name)}
    known |= {alias.name for _, node in imports(name) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not known & {"Turn", "KernelState"}, f"{name} takes values and returns values"


TURN_MODULE = "workspace.intents.steps.turn"


def turn_makers(tree: ast.AST) -> list[str]:
    """Return how a module comes by `Turn`: by its name, or by the module that has it."""
    taken = {node for module, node in imports_of(tree) if module == TURN_MODULE}
    names = [alias.name for node in taken if isinstance(node, ast.ImportFrom) for alias in node.names]
    is_whole = any(isinstance(node, ast.Import) or node.module != TURN_MODULE for node in taken)  # type: ignore[attr-defined]
    return [TURN_MODULE] if is_whole else [name for name in names if name in ("Turn", "*")]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(KERNEL)])
def test_nobody_outside_the_kernel_appends_to_a_log(name: str) -> None:
    assert not turn_makers(tree_of(name)), f"{name} makes a turn"


@pytest.mark.parametrize(
    "source",
    [
        "from workspace.intents.steps.turn import Turn as T",
        "from workspace.intents.steps.turn import *",
        "from workspace.intents.steps import turn",
        "import workspace.intents.steps.turn as t",
    ],
)
def test_a_turn_is_seen_however_it_is_taken(source: str) -> None:
    assert turn_makers(ast.parse(source))


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


def named_twice(floor: str, classes: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the names that several files of a floor give to a class, with these files; `classes` are file and name."""
    found: dict[str, set[str]] = {}
    for name, kind in classes:
        if name.startswith(f"{floor}/"):
            found.setdefault(kind, set()).add(name)
    return {kind: names for kind, names in found.items() if len(names) > 1}


def classes_of_the_house() -> list[tuple[str, str]]:
    return [(name, node.name) for name in NAMES for node in ast.walk(tree_of(name)) if isinstance(node, ast.ClassDef)]


def test_no_class_name_stands_twice_on_a_floor() -> None:
    twice = [named_twice(floor, classes_of_the_house()) for floor in FLOORS]
    assert {kind: names for found in twice for kind, names in found.items()} == NAMED_TWICE


def test_a_third_class_of_an_exempted_name_is_noticed() -> None:
    more = [*classes_of_the_house(), ("workspace/room/mailbox.py", "Job")]
    assert named_twice("workspace", more) != NAMED_TWICE


# A noun is one idea, also where several folders have a module for it: its values, what decides by them, how it
# comes over HTTP; or one part for each database, for each kind of planner, at each end of a socket.
ONE_IDEA = {
    "judge": {"agent/builtin", "agent/model"},
    "planner": {"agent/builtin", "agent/model"},
    "server": {"agent", "agent/scripted"},  # what listens
    "intent": {"workspace/client", "workspace/intents/model"},
    "room": {"workspace/client", "workspace/room"},
    "attribution": {"workspace/http", "workspace/intents/audit"},
    "document_acts": {"workspace/http", "workspace/intents/model", "workspace/intents/rules"},
    "blobs": {"workspace/intents/model", "workspace/store"},
    "blob_names": {"workspace/history", "workspace/registry"},  # of a whole log, of an open room
    "effects": {"workspace/http", "workspace/intents/model", "workspace/intents/steps"},
    "inbox": {"workspace/http", "workspace/room"},
    "invitations": {"workspace/http", "workspace/registry"},
    "people": {"workspace/http", "workspace/registry", "workspace/store"},
    "rights": {"workspace/http", "workspace/intents/state"},
    "sign_in": {"workspace/http", "workspace/registry"},
    "stop": {"workspace/http", "workspace/intents/model"},
    "usage": {"workspace/http", "workspace/intents/state"},
    "failures": {"workspace/intents/steps", "workspace/room"},  # of turns: what the log says, what is kept of them
    "schema": {"workspace/store", "workspace/store/postgres"},
    "writer": {"workspace/store", "workspace/store/postgres"},
}


def test_two_modules_of_one_name_are_of_one_idea() -> None:
    found: dict[tuple[str, str], set[str]] = {}
    for path in (Path(name) for name in NAMES if not name.endswith("__.py")):
        found.setdefault((path.parts[0], path.stem), set()).add(str(path.parent))
    assert {stem: places for (_, stem), places in found.items() if len(places) > 1} == ONE_IDEA


MIRRORED = ("crdt/", "agent/", "workspace/")
# Whose tests bear another name, or none. The store's are the contract suite and the tests of its two servers; what the
# frame holds is tried by everybody who stands on it; a migration by `tests/workspace/store/test_migrations.py`.
TRIED_ELSEWHERE = ("workspace/store/",)
WITHOUT_A_TEST = {
    "workspace/access.py", "workspace/app.py", "workspace/clock.py", "workspace/errors.py", "workspace/late.py",
    "workspace/oversight.py", "workspace/ports.py", "workspace/telemetry.py", "workspace/protocol/lenient.py",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(MIRRORED) and not name.endswith("__.py")])
def test_a_module_has_a_test_of_its_own_name(name: str) -> None:
    folder, _, module = name.rpartition("/")
    if name in WITHOUT_A_TEST or name.startswith(TRIED_ELSEWHERE):
        return
    test = ROOT / "tests" / folder / f"test_{module}"
    assert test.is_file(), f"{name} has no test"
    found = [
        node
        for node in ast.walk(tree_of(str(test.relative_to(ROOT))))
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
    ]
    assert any(node.name.startswith("test_") for node in found), f"{test.name} tries nothing"


def fields_of(name: str, kind: str) -> set[str]:
    (found,) = [node for node in tree_of(name).body if isinstance(node, ast.ClassDef) and node.name == kind]
    return {
        node.target.id for node in found.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


BOARD = "workspace/intents/state/board.py"
LIVE_BOARD = "workspace/intents/state/live_board.py"
# What else has a field of one of these names, and who writes it: no intent.
OTHERS_WRITES = {
    ("workspace/room/failures.py", "kept.at"),  # of a room that failed to open
    ("workspace/room/failures.py", "kept.reason"),
    ("workspace/sockets/uvicorn_protocol.py", "self.conn.state"),  # of a connection
    ("workspace/workers/undo_planner.py", "told.lost"),  # what an undo would leave
    ("workspace/workers/undo_surroundings.py", "self.around.seq"),  # what stands around what is taken back
    ("workspace/workers/undo_surroundings.py", "self.around.commit"),
    ("workspace/intents/audit/concern.py", "concern.decisions"),  # what a redaction concerns
    # What people were shown last is the turn's to say, who shows it.
    ("workspace/intents/steps/turn.py", "live.shown"),
    # Sums of fields, by their names.
    ("workspace/intents/state/usage.py", "setattr(result, …)"),
}
MUTATORS = {
    "append", "extend", "insert", "pop", "remove", "clear", "update", "add", "discard", "setdefault", "sort", "reverse",
}  # fmt: skip
BY_NAME = {"setattr", "delattr", "__setattr__", "__delattr__", "force_setattr"}


def called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)


def writes(tree: ast.AST, fields: set[str]) -> Iterator[str]:
    """Yield where something is written that has one of these names, whatever it belongs to but `self`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), ctx=ast.Store() | ast.Del()):
                pass
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="self")), attr=done)) if (
                done in MUTATORS
            ):
                pass
            case ast.Attribute(attr=attr, ctx=ast.Store() | ast.Del()) if attr in fields:
                yield ast.unparse(node)
            case ast.Subscript(value=ast.Attribute(attr=attr), ctx=ast.Store() | ast.Del()) if attr in fields:
                yield ast.unparse(node.value)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=attr), attr=done)) if (
                attr in fields and done in MUTATORS
            ):
                yield ast.unparse(node.func.value)  # type: ignore[attr-defined]
            # `list.append(entry.decisions, one)`: the method of the type itself.
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="list" | "dict" | "set"), attr=done), args=[first, *_]
            ) if (
                done in MUTATORS | {"__setitem__", "__delitem__"}
                and isinstance(first, ast.Attribute)
                and first.attr in fields
            ):
                yield ast.unparse(first)
            case ast.Call() if called(node) in BY_NAME:
                yield f"{called(node)}({ast.unparse(node.args[0])}, …)"
            case ast.ClassDef(bases=bases) if {"Entry", "Live"} & {ast.unparse(base).split(".")[-1] for base in bases}:
                yield f"class {node.name}"


def test_what_the_log_says_of_an_intent_is_written_by_the_board_alone() -> None:
    """And what is known beside the log by the live board; whatever an entry is called there."""
    said, live = fields_of(BOARD, "Entry"), fields_of(LIVE_BOARD, "Live")
    above = [name for name in NAMES if not name.startswith("crdt/")]
    found = {(name, what) for name in above for what in writes(inlined_tree_of(name), said | live)}
    own = {one for one in found if one[0] == BOARD}
    own |= {(LIVE_BOARD, f"live.{field}") for field in live}
    assert found - own == OTHERS_WRITES


# Who has the board follow the log: the fold of the log.
BOARD_FOLLOWERS = {"workspace/intents/state/fold.py"}
BOARD_WRITES = {"came_through", "postpone"}
# Who has the fold follow the log: who appends a record, and who reads one.
FOLD_FOLLOWERS = {"workspace/intents/steps/turn.py", "workspace/intents/state/replay.py"}


def board_writes(tree: ast.AST, fields: set[str]) -> list[str]:
    """Return where a module writes on a board, or has it enter something, by whatever local name."""
    found = [what for what in writes(tree, fields) if what.rsplit(".", 1)[0].split(".")[-1] == "board"]
    return found + [
        ast.unparse(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (called(node) in BOARD_WRITES or is_applied(node, "board"))
    ]


def is_applied(node: ast.Call, *to: str) -> bool:
    """Tell whether a call is that of `apply` of a board, or of a fold: they enter a record."""
    match node.func:
        case ast.Attribute(value=ast.Attribute(attr=name) | ast.Name(id=name), attr="apply"):
            return name in to
        case _:
            return False


def test_the_board_is_told_by_the_fold_alone() -> None:
    board = next(node for node in tree_of(BOARD).body if isinstance(node, ast.ClassDef) and node.name == "Board")
    assert {node.name for node in board.body if isinstance(node, ast.FunctionDef)} >= BOARD_WRITES
    fields = fields_of(BOARD, "Board")
    for name in sorted(set(NAMES) - BOARD_FOLLOWERS - {BOARD}):
        written = board_writes(inlined_tree_of(name), fields)
        assert not written, f"{name} writes {written}"


def test_the_fold_is_told_by_who_appends_or_reads_a_record_alone() -> None:
    """A step appends through its turn: a record that only the fold has heard of is not in the log."""
    calls = {
        name
        for name in NAMES
        for node in ast.walk(inlined_tree_of(name))
        if isinstance(node, ast.Call) and is_applied(node, "fold")
    }
    assert calls == FOLD_FOLLOWERS


@pytest.mark.parametrize(
    "source",
    [
        "kernel.fold.board.apply(record)", "board.apply(record)", "b = kernel.fold.board\nb.apply(record)",
        "board.entries[id] = entry", "def f():\n entries = board.entries\n entries[id] = entry",
        "def f(kernel):\n b = kernel.fold.board\n all = b.entries\n all.pop(id)", "del kernel.fold.board.entries[id]",
        "fold.board.came_through(entry)",
    ],
)  # fmt: skip
def test_a_write_on_the_board_is_seen_by_whatever_name(source: str) -> None:
    assert board_writes(inlined(source), fields_of(BOARD, "Board"))


@pytest.mark.parametrize("source", ["kernel.fold.apply(record)", "def f():\n f = turn.fold\n f.apply(record)"])
def test_a_record_for_the_fold_alone_is_seen(source: str) -> None:
    assert any(is_applied(node, "fold") for node in ast.walk(inlined(source)) if isinstance(node, ast.Call))


@pytest.mark.parametrize(
    "source",
    [
        "e.state = 'done'", "board.entries[id].plan = None", "one.faults += 1", "a, e.reason = 1, 2", "del e.plan",
        "for e.state in x: pass", "with x as e.plan: pass", "e.decisions.append(1)", "e.decisions[0] = 1",
        "del e.moves[:]", "setattr(e, 'state', 1)", "object.__setattr__(e, 'state', 1)", "class Mine(Entry): pass",
        "class Mine(live_board.Live): pass", "def f(e):\n moves = e.moves\n moves.append(1)",
        "def f(e):\n if (moves := e.moves):\n  moves.append(1)", "def f(e):\n a, b = e.moves, e.plan\n a[0] = 1",
        "def f(e):\n moves = e.moves\n return [moves.append(x) for x in y]", "list.append(e.decisions, x)",
        "def f(e):\n moves = e.moves\n def g(): moves.clear()\n g()", "list.__setitem__(e.moves, 0, x)",
        "def f(e):\n d = e.decisions\n list.append(d, x)",
    ],
)  # fmt: skip
def test_a_write_is_seen_whatever_the_entry_is_called(source: str) -> None:
    assert list(writes(inlined(source), fields_of(BOARD, "Entry")))


@pytest.mark.parametrize(
    "source",
    [
        "def f(e):\n moves = list(e.moves)\n moves.append(1)",
        "def f(e):\n moves = e.moves\n moves = []\n moves.append(1)",
        "def f(e):\n moves = e.moves\n return len(moves)",
        "def f(e, moves):\n moves.append(e.moves)",
        "def f(e):\n moves = e.moves\n return lambda moves: moves.append(1)",
    ],
)
def test_a_write_on_something_else_is_left_alone(source: str) -> None:
    assert list(writes(inlined(source), fields_of(BOARD, "Entry"))) == []
