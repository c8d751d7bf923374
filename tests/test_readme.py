"""What the README shows is true: its code runs, its commands exist, its words are the code's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from agent.builtin.planner import BuiltinPlanner
from agent.cli import app
from agent.scripted.scenario import read_scenario
from tests.support.server import running_server
from workspace.intents.model.bodies import BODIES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


async def test_the_python_client_runs_as_printed(capsys: object) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)
    async with running_server(planner=BuiltinPlanner()) as server:
        link = f"{server.url}/w/demo#token={await server.token('reader')}"
        await scope["main"](link)  # type: ignore[operator]
        room = await server.registry.room("demo")
        assert "See you there" in room.sequencer.fold.documents["plan"].text()
    assert "done" in capsys.readouterr().out  # type: ignore[attr-defined]
    assert (ROOT / "docs/examples/instruct.py").read_text().endswith(code), "README shows the example as it is"


def test_the_javascript_client_uses_what_the_library_has() -> None:
    (code,) = re.findall(r"```js\n(.*?)```", README, re.S)
    modules = ("acts.ts", "asking_room.ts", "instruction.ts", "open.ts", "room_document.ts")
    library = "\n".join((ROOT / "web/src/client" / name).read_text() for name in modules)
    spoken = re.sub(r"//[^\n]*", "", code)
    for name in re.findall(r"(?:room|plan|instruction)\.(\w+)", spoken):
        assert re.search(rf"^  (?:async |get |readonly )?{name}\b", library, re.M), name


@dataclass(frozen=True)
class Shown:
    """A command as a page shows it, or as the command line takes it."""

    arguments: tuple[str, ...]
    needed: frozenset[str]
    options: frozenset[tuple[str, bool]]  # the name, and whether a value stands behind it


def shown(page: str) -> dict[str, Shown]:
    """Return the rows of a page's table of commands, by the words of the command; `a|b` is two."""
    table = page[page.index("## Commands") :].split("\n\n")[1]
    found: dict[str, Shown] = {}
    for row in re.findall(r"^\| `folkmoot (.*?)` \|", table, re.M):
        words = re.match(r"(?:[a-z]+(?:-[a-z]+)*(?:\\\|[a-z]+)*(?: |$))+", row)
        assert words is not None, row
        rest, arguments, needed, options = row[words.end() :], list[str](), set[str](), set[tuple[str, bool]]()
        for part in re.findall(r"\[[^]]*\]|-{1,2}[\w-]+ [A-Z]+|\S+", rest):
            bare = part.strip("[]")
            name, _, value = bare.partition(" ")
            if name.startswith("-"):
                options.add((name, bool(value)))
            else:
                arguments.append(part)
            if part == bare:
                needed.add(name)
        said = Shown(tuple(arguments), frozenset(needed), frozenset(options))
        head, _, last = words[0].replace("\\", "").strip().rpartition(" ")
        found.update({f"{head} {one}".strip(): said for one in last.split("|")})
    return found


def taken() -> dict[str, Shown]:
    """Return every command of the command line."""
    found: dict[str, Shown] = {}

    def look(command: Any, words: str) -> None:
        if hasattr(command, "commands"):
            for name, one in command.commands.items():
                look(one, f"{words} {name}".strip())
            if not command.invoke_without_command:
                return
        own = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option"]
        found[words] = Shown(
            tuple(one.metavar if one.required else f"[{one.metavar}]" for one in own),
            frozenset({one.metavar for one in own if one.required} | {one.opts[0] for one in options if one.required}),
            frozenset((name, not one.is_flag) for one in options for name in one.opts),
        )

    look(get_command(app), "")
    return found


def unlike(page: str) -> list[str]:
    """Return the commands that a page shows otherwise than they are, or not at all."""
    real, wrong = taken(), list[str]()
    rows = shown(page)
    for words in sorted(real.keys() | rows.keys()):
        row, one = rows.get(words), real.get(words)
        if (
            row is None
            or one is None
            or row.arguments != one.arguments
            or row.needed != one.needed
            or not row.options <= one.options
        ):
            wrong.append(words)
    return wrong


def test_every_command_is_shown_as_it_is() -> None:
    assert unlike(README) == []


@pytest.mark.parametrize(
    ("row", "otherwise", "command"),
    [
        ("rename WS DOC NAME", "rename WS DOC", "documents rename"),
        ("rename WS DOC NAME", "rename WS NAME DOC", "documents rename"),
        ("blame WS DOC [WORDS]", "blame WS DOC WORDS", "blame"),
        ("log WS [--follow]", "log WS [--after SEQ]", "log"),
        ("log WS [--follow]", "log WS [--follow SEQ]", "log"),
        ("[--role ROLE]", "--role ROLE", "token"),
        ("`folkmoot usage WS`", "`folkmoot costs WS`", "usage"),
        ("archive\\|delete", "archive", "documents delete"),
    ],
)
def test_a_row_that_shows_a_command_otherwise_is_noticed(row: str, otherwise: str, command: str) -> None:
    assert row in README
    assert command in unlike(README.replace(row, otherwise))


def test_the_help_of_every_command_says_the_same() -> None:
    for words, one in taken().items():
        result = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "200"})
        assert result.exit_code == 0, words
        usage = next(line for line in result.output.splitlines() if "Usage:" in line)
        said = (
            usage.split("[OPTIONS]")[1].strip().removesuffix("COMMAND [ARGS]...")
        )  # a group that does something itself
        assert [word.strip("{}") for word in said.split()] == list(one.arguments), usage


def test_the_glossary_names_every_kind_of_record() -> None:
    assert all(kind in README for kind in BODIES)


def test_the_scripted_model_of_the_docs_is_a_scenario() -> None:
    assert len(read_scenario(ROOT / "docs" / "scripted-model.toml").replies) == 5


def test_pictures_and_pages_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
