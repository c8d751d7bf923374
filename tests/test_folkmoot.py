"""`from folkmoot import connect` works for somebody who has the wheel and nothing else of this repository."""

from __future__ import annotations

import ast
import asyncio
import os
import subprocess
import sys
import tomllib
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
    assert Path(client) == installed / "folkmoot.py"
    assert Path(floor).is_relative_to(installed)


def test_the_wheel_holds_the_program_and_none_of_its_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"crdt", "workspace", "agent", "folkmoot.py"}


def test_the_version_is_the_package_s() -> None:
    assert folkmoot.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_every_name_that_is_handed_on_is_there_and_documented() -> None:
    for name in folkmoot.__all__:
        value = getattr(folkmoot, name)
        assert value.__doc__, name
    assert {"connect", "connect_document", "RoomClient", "Refused", "Disconnected"} <= set(folkmoot.__all__)


def test_it_hands_names_on_and_defines_none() -> None:
    for node in ast.parse((ROOT / "folkmoot.py").read_text()).body[1:]:
        if isinstance(node, ast.ImportFrom):
            assert node.module == "__future__" or (node.module or "").startswith("workspace"), ast.unparse(node)
        else:
            assert isinstance(node, ast.Assign), ast.unparse(node)
            assert [ast.unparse(target) for target in node.targets] == ["__all__"]
