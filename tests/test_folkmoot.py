"""`from folkmoot import connect` works for somebody who has the wheel and nothing else of this repository."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import folkmoot
from agent.builtin.planner import BuiltinPlanner
from tests.support.server import running_server

ROOT = Path(__file__).parent.parent
SECONDS = 60.0
PROGRAM = """
import asyncio, sys
import folkmoot, workspace
from folkmoot import *

async def main(url, token):
    async with connect(url, token=token) as room:
        verdict = await (await room.intent('append "From the wheel" to plan', doc="plan")).verdict()
    print(folkmoot.__version__, folkmoot.__file__, workspace.__file__, verdict["state"], sep="\\n")

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer builds it, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=SECONDS)
    (made,) = folder.glob("folkmoot-*.whl")
    return made


async def test_a_client_from_the_wheel_reaches_a_server(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(wheel).extractall(installed)
    async with running_server(planner=BuiltinPlanner()) as server, asyncio.timeout(SECONDS):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", PROGRAM, f"{server.ws_url}/ws/demo", await server.token("guest")),
            cwd=elsewhere,
            env=os.environ | {"PYTHONPATH": str(installed)},
            stdout=subprocess.PIPE,
        )
        out, _ = await process.communicate()
        room = await server.registry.room("demo")
        assert "From the wheel" in room.sequencer.fold.documents["plan"].text()
    version, client, floor, state = out.decode().split()
    assert state == "done"
    assert version == folkmoot.__version__
    assert Path(client) == installed / "folkmoot" / "__init__.py"
    assert Path(floor).is_relative_to(installed)


def test_the_wheel_holds_the_program_and_none_of_its_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"crdt", "workspace", "agent", "folkmoot"}


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel installed, outside of the repository; what it needs is this one's."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, timeout=SECONDS)
    # A plain path, whose own .pth files are not read: the checkout, which is installed there, is not found by it.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder


def run(environment: Path, *arguments: str, folder: Path, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
    """Run the environment's Python elsewhere, without what this process has in its environment of ours."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MYPY"))}
    command = [str(environment / "bin" / "python"), *arguments]
    return subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True, timeout=seconds, check=False)


async def test_the_lines_of_the_readme_run_where_only_the_wheel_is_installed(environment: Path, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (tmp_path / "readme.py").write_text(f"{code}\nimport folkmoot\nprint(folkmoot.__file__)\n")
    async with running_server(planner=BuiltinPlanner()) as server:
        link = f"{server.url}/w/demo#token={await server.token('guest')}"
        done = await asyncio.to_thread(run, environment, "readme.py", link, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    *states, where = done.stdout.splitlines()
    assert states[-1].startswith("done ")
    assert Path(where).is_relative_to(environment)


USER = """\
import asyncio

from folkmoot import ClientError, Refused, connect, connect_document, connect_sync


async def main(link: str) -> str:
    async with connect(link) as room, connect_document(link, "plan") as plan:
        await plan.insert(0, "a")
        intent = await room.intent("x", doc="plan")
        async for state in intent.states():
            reveal_type(state.name)
        async for record in room.log(after=room.head):
            print(record["seq"])
    with connect_sync(link) as script:
        return script.actor


try:
    print(asyncio.run(main("http://h/w/demo")))
except Refused as refused:
    reveal_type(refused.code)
except ClientError as error:
    print(error.remedy)
"""


@pytest.mark.long
def test_the_types_reach_whoever_checks_a_program_of_their_own(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "wrong.py").write_text(
        USER.replace("plan.insert(0,", 'plan.insert("0",').replace("room.head", "room.tail")
    )
    check = ("-m", "mypy", "--strict", "--no-incremental", "--cache-dir", os.devnull)
    good = run(environment, *check, "user.py", folder=tmp_path, seconds=3 * SECONDS)
    assert good.stdout.count('Revealed type is "str"') == 2, good.stdout + good.stderr
    assert good.stdout.splitlines()[-1].startswith("Success"), good.stdout
    bad = run(environment, *check, "wrong.py", folder=tmp_path, seconds=3 * SECONDS)
    assert sorted(re.findall(r"wrong.py:\d+: error: .*\[([a-z-]+)\]", bad.stdout)) == ["arg-type", "attr-defined"], (
        bad.stdout
    )


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"{top}/py.typed" for top in ("folkmoot", "workspace", "crdt", "agent")} <= set(names)


def test_the_version_is_the_package_s() -> None:
    assert folkmoot.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_every_name_that_is_handed_on_is_there_and_documented() -> None:
    for name in folkmoot.__all__:
        value = getattr(folkmoot, name)
        assert value.__doc__, name
    assert {"connect", "connect_document", "RoomClient", "Refused", "Disconnected"} <= set(folkmoot.__all__)


def test_it_hands_names_on_and_defines_none() -> None:
    for node in ast.parse((ROOT / "folkmoot" / "__init__.py").read_text()).body[1:]:
        if isinstance(node, ast.ImportFrom):
            assert node.module == "__future__" or (node.module or "").startswith("workspace"), ast.unparse(node)
        else:
            assert isinstance(node, ast.Assign), ast.unparse(node)
            assert [ast.unparse(target) for target in node.targets] == ["__all__"]
