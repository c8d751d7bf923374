"""The package `folkmoot` as others get it: packed, installed without a network in a project, run, bundled, typed.

Its peers and dependencies are packed from where the page and the stock clients have them, so that npm installs files.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Page, async_playwright, expect

from agent.builtin.planner import BuiltinPlanner
from tests.editors.site import pages
from tests.support.process import free_port, make_token, serve
from tests.support.server import Running, running_server
from tests.support.until import until
from tests.web.test_late import HandPlanner
from tests.web.test_page import CHROMIUM, FLAGS, WAIT
from workspace import __version__
from workspace.client import connect
from workspace.intents.model.plan import Draft
from workspace.ports import Planner
from workspace.settings import Settings

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
PACKAGE = WEB / "client"
PROGRAMS = Path(__file__).parent / "package"
README = (PACKAGE / "README.md").read_text()
SECONDS = 60
# What a project with all of the package's entries has beside it; preact stands for React, whose hooks it has.
BESIDE = (
    "yjs", "y-protocols", "lib0", "isomorphic.js", "y-websocket", "y-codemirror.next",
    "@codemirror/state", "@codemirror/view", "style-mod", "w3c-keyname", "crelt",
    "@marijn/find-cluster-break", "preact",
)  # fmt: skip
pytestmark = [pytest.mark.browser, pytest.mark.stock, pytest.mark.long]


@dataclass(frozen=True)
class Project:
    """A project outside of the repository that has installed the package."""

    folder: Path

    def run(self, *command: str) -> str:
        """Run a command in it; return what it has printed."""
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name

    def bundle(self, script: str, **alias: str) -> Path:
        """Bundle a page of one script with vite, as anybody would; return the folder that is to be served."""
        head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
        self.write("index.html", f'{head}<body><script type="module" src="/{script}"></script>')
        config = {"resolve": {"alias": alias}, "build": {"target": "es2022", "outDir": f"dist-{Path(script).stem}"}}
        self.write("vite.config.mjs", f"export default {json.dumps(config)}")
        self.run("node", str(WEB / "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn")
        return self.folder / f"dist-{Path(script).stem}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Pack the package and all that stands beside it, and install it in an empty project: no network is asked."""
    npm = shutil.which("npm")
    assert npm, "npm is needed for the package"
    made = Project(tmp_path_factory.mktemp("project"))
    folders = [PACKAGE, *(WEB / "node_modules" / name for name in BESIDE), ROOT / "tests/stock/node_modules/ws"]
    files = {}
    for folder in folders:
        # The package builds itself; of the others only what they are is packed.
        scripts = () if folder == PACKAGE else ("--ignore-scripts",)
        (packed,) = json.loads(made.run(npm, "pack", "--json", "--silent", *scripts, str(folder)))
        files[packed["name"]] = f"file:{packed['filename']}"
    made.write(
        "package.json", json.dumps({"name": "project", "private": True, "type": "module", "dependencies": files})
    )
    made.run(npm, "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund")
    return made


def printed(kind: str, starting: str) -> str:
    """Return a program of the package's page, as it is printed."""
    (found,) = (code for code in re.findall(rf"```{kind}\n(.*?)```", README, re.S) if starting in code)
    return str(found)


@asynccontextmanager
async def node(project: Project, program: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        "node", program, *arguments, cwd=project.folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def output(project: Project, program: str, *arguments: str) -> str:
    """Run a program in node until it ends by itself; return what it has printed."""
    async with node(project, program, *arguments) as process:
        out, problems = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 0, problems.decode()
        assert problems == b"", problems.decode()
        return out.decode()


async def line(process: asyncio.subprocess.Process) -> Any:
    """Return the next line that a program prints, read as JSON."""
    assert process.stdout is not None
    assert process.stderr is not None
    found = await asyncio.wait_for(process.stdout.readline(), SECONDS)
    assert found, (await process.stderr.read()).decode()
    return json.loads(found)


async def link(server: Running, who: str = "Ana") -> str:
    return f"{server.url}/w/demo#token={await server.token(who)}"


# ---------------------------------------------------------------- what it is


def test_it_is_of_the_servers_version_and_holds_what_it_names() -> None:
    package = json.loads((PACKAGE / "package.json").read_text())
    page = json.loads((WEB / "package.json").read_text())
    assert package["version"] == page["version"] == __version__
    assert "private" not in package
    assert page["private"]
    for name, found in {**package["dependencies"], **package["peerDependencies"]}.items():
        if name != "react":
            assert name in page["dependencies"] or name.startswith("@codemirror/"), (name, found)


def test_every_entry_is_there_with_types_and_a_map(project: Project) -> None:
    installed = project.folder / "node_modules/folkmoot"
    exports = json.loads((installed / "package.json").read_text())["exports"]
    for entry in (".", "./codemirror", "./react"):
        code = installed / exports[entry]["default"]
        assert (installed / exports[entry]["types"]).is_file()
        mapped = json.loads(Path(f"{code}.map").read_text())
        assert all(mapped["sourcesContent"]), "a debugger shows the sources as they are written"
    # Yjs twice in one program does not know its own types.
    assert not list(installed.rglob("node_modules"))
    assert "class YText" not in "".join(path.read_text() for path in installed.rglob("*.js"))


@pytest.mark.parametrize(("module", "resolution"), [("esnext", "bundler"), ("node16", "node16")])
def test_a_program_is_typed(project: Project, module: str, resolution: str) -> None:
    project.write("program.ts", (PROGRAMS / "program.ts").read_text())
    project.write("imports.ts", printed("tsx", "folkmoot/react") + "export type Used = Instruction\n")
    # Its first program, with as much of Node as that needs.
    project.write("first.mts", printed("js", "instruction.states"))
    project.write(
        "node.d.ts",
        "declare const process: { argv: string[] }\n"
        "declare module 'ws' {\n  const Socket: typeof WebSocket\n  export default Socket\n}\n",
    )
    project.run(
        "node", str(WEB / "node_modules/typescript/bin/tsc"), "--ignoreConfig", "--noEmit", "--strict",
        "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", module, "--moduleResolution", resolution,
        "--types", "", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess",
        "program.ts", "imports.ts", "first.mts", "node.d.ts",
    )  # fmt: skip


# ---------------------------------------------------------------- in node


async def test_the_first_program_of_its_page_runs_as_printed(project: Project) -> None:
    program = project.write("first.mjs", printed("js", "instruction.states"))
    async with running_server(planner=BuiltinPlanner()) as server:
        out = await output(project, program, await link(server))
        room = await server.registry.room("demo")
        assert room.sequencer.fold.documents["plan"].text() == "A day at the lake.\nBring boots.\n"
    assert out.endswith("done A day at the lake.\nBring boots.\n\n"), out


async def test_a_file_is_brought_in_and_named_as_printed(project: Project) -> None:
    program = project.write("files.mjs", printed("js", "room.upload"))
    async with running_server(planner=BuiltinPlanner()) as server:
        *progress, reference = (await output(project, program, await link(server))).split("\n")[:-1]
        assert progress == ["8 of 8"]
        room = await server.registry.room("demo")
        assert room.sequencer.fold.documents["plan"].text() == f"![boots]({reference})\n"
        row = await room.store.blob_row("demo", reference.removeprefix("blob:"))
        assert row is not None
        assert (row.size, row.media) == (8, "image/png")


async def test_what_fails_says_so_as_printed(project: Project) -> None:
    out = await output(project, project.write("fails.mjs", printed("js", "catch (error)")))
    assert out.startswith("unreachable See whether")


async def test_no_wait_is_for_ever_and_each_end_has_a_code_and_a_remedy(project: Project) -> None:
    program = project.write("denied.mjs", (PROGRAMS / "denied.mjs").read_text())
    with pages(PROGRAMS) as elsewhere:
        async with running_server(planner=BuiltinPlanner()) as server:
            good = await link(server)
            shut = f"http://127.0.0.1:{free_port()}/w/demo#token=t"
            addresses = {
                f"{server.url}/w/demo#token=fm_wrong": "unauthenticated",
                f"{server.url}/w/demo": "unauthenticated",
                f"{server.ws_url}/ws/nowhere#token={good.split('=')[1]}": "unauthenticated",
                f"{server.url}/prefix/w/demo#token=t": "not_found",
                f"{server.url}/w/demo#invitation=x": "invitation",
                f"{server.url}/demo": "bad_address",
                f"{elsewhere}/w/demo#token=t": "wrong_address",
                shut: "unreachable",
            }
            async with node(project, program, good, *addresses) as process:
                first = await line(process)
                assert [code for code, _, _ in first["ends"]] == list(addresses.values())
                assert all(has_remedy and took_ms < 5_000 for _, has_remedy, took_ms in first["ends"]), first
                assert first["acts"] == [
                    [code, True]
                    for code in ("not_found", "bad_scope", "too_large", "too_large", "bad_option", "malformed")
                ]
                await server.registry.revoke("demo", actor="Ana", token_id=None)
                second = await line(process)
                assert second == {
                    "over": ["unauthenticated"] * 2,
                    "asked": "unauthenticated",
                    "saved": "unauthenticated",
                }
                assert await asyncio.wait_for(process.wait(), SECONDS) == 0, "nothing keeps the program alive"


async def test_nothing_is_asked_twice_where_the_server_is_killed_and_comes_back(
    project: Project, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/w/demo#token={await make_token(tmp_path, 'owner', 'owner')}"
    servers = [await serve(tmp_path, port)]
    program = project.write("patient.mjs", (PROGRAMS / "patient.mjs").read_text())
    try:
        async with node(project, program, url) as process:
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), SECONDS) == b"under way\n"
            servers[0].send_signal(signal.SIGKILL)
            await servers[0].wait()
            servers.append(await serve(tmp_path, port))
            told = await line(process)
            assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    finally:
        for server in servers:
            if server.returncode is None:
                server.kill()
                await server.wait()
    assert len(set(told["ids"])) == 24
    assert set(told["states"]) == {"done"}
    assert [told["text"].count(f"line {at} of many") for at in range(24)] == [1] * 24
    assert [told["text"].count(f"({at})") for at in range(24)] == [1] * 24


# ---------------------------------------------------------------- in a browser


@asynccontextmanager
async def shown(folder: Path, planner: Planner | None = None) -> AsyncIterator[tuple[Running, Page, str, list[str]]]:
    """A bundled page on an origin of its own, which the server lists, and what the browser complains about."""
    with pages(folder) as origin:
        settings = Settings(origins=(origin,))
        async with (
            running_server(planner=planner or BuiltinPlanner(), settings=settings) as server,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await browser.new_page()
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            yield server, page, origin, problems
            await browser.close()


async def test_the_editor_of_its_page_is_bundled_and_writes_with_others(project: Project) -> None:
    folder = project.bundle(project.write("editor.js", printed("js", "new EditorView")))
    async with shown(folder) as (server, page, origin, problems):
        await page.goto(f"{origin}/#{await link(server)}")
        await page.locator(".cm-content").click(timeout=WAIT)
        await page.keyboard.type("Hello ")
        ben = project.write("first.mjs", printed("js", "instruction.states"))
        await output(project, ben, await link(server, "Ben"))
        await expect(page.locator(".cm-content")).to_contain_text("Bring boots.", timeout=WAIT)
        room = await server.registry.room("demo")
        assert "Hello " in room.sequencer.fold.documents["plan"].text()
        assert problems == []


async def test_what_the_agent_is_writing_is_shown_at_its_place_and_never_in_the_text(project: Project) -> None:
    folder = project.bundle(project.write("editor.js", printed("js", "new EditorView")))
    planner = HandPlanner()
    async with shown(folder, planner) as (server, page, origin, problems):
        await page.goto(f"{origin}/#{await link(server)}")
        await page.locator(".cm-content").click(timeout=WAIT)
        await page.keyboard.type("Shoes.")
        async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ben")) as ben:
            intent = await ben.intent("write of boots", doc="plan")
            await until(lambda: intent.id in planner.tasks)
            _, context, _ = planner.tasks[intent.id]
            ghost = page.locator(".cm-line .cm-ghost-text")
            for words in ("Bring", "Bring boots."):
                context.show(Draft("plan", words))
                await expect(ghost).to_have_text(words, timeout=WAIT)
            await page.keyboard.type(" Socks.")
            await expect(page.locator(".cm-line")).to_have_text("Shoes. Socks.Bring boots.", timeout=WAIT)
            room = await server.registry.room("demo")
            await until(
                lambda: room.read(room.sequencer.fold.documents["plan"].text), lambda text: text == "Shoes. Socks."
            )
            await ben.cancel(intent.id)
            await expect(ghost).to_have_count(0, timeout=WAIT)
        assert problems == []


async def test_components_on_its_hooks_are_drawn_as_things_happen(project: Project) -> None:
    script = project.write("reading.js", (PROGRAMS / "reading.js").read_text())
    compat = {"react-dom/client": "preact/compat/client", "react": "preact/compat"}
    folder = project.bundle(script, **compat)
    async with shown(folder) as (server, page, origin, problems):
        await page.goto(f"{origin}/#{quote(await link(server), safe='')}")
        await expect(page.locator("#actor")).to_have_text("Ana 1", timeout=WAIT)
        await page.get_by_role("button").click()
        await expect(page.locator("#asked")).to_have_text("done", timeout=WAIT)
        await expect(page.locator("#words")).to_have_text("Bring boots.", timeout=WAIT)
        await page.goto("about:blank")
        await page.goto(f"{origin}/#{quote(f'{server.url}/w/demo#token=wrong', safe='')}")
        await expect(page.locator("#failure")).to_have_text("unauthenticated", timeout=WAIT)
        assert problems == []
