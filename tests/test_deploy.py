"""What an operator copies from `docs/deploy` is read, tried and held against the server: options, ports, times, sizes.

Each block of docs/deploy.md is the file itself. Where nginx is installed it runs with that very file, in front of a
server under a prefix; in CI it is.
"""

from __future__ import annotations

import asyncio
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets
import yaml
from typer.main import get_command

from agent.builtin.planner import BuiltinPlanner
from agent.cli import app
from agent.server import GRACE_SECONDS
from tests.support.process import free_port
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.app import OPERATIONS
from workspace.http.bounded_protocol import PING_SECONDS
from workspace.settings import KIB, MIB, Settings, read_settings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "deploy"
PAGE = (ROOT / "docs" / "deploy.md").read_text()
NAMES = ("Dockerfile", "Dockerfile.dockerignore", "compose.yaml", "folkmoot.service", "nginx.conf", "Caddyfile")
# A value for each variable that changes what a server does.
VALUES = {"FOLKMOOT_ROOT_PATH": "/moot", "FOLKMOOT_FORWARDED_ALLOW_IPS": "10.0.0.1", "FOLKMOOT_URL": "https://h.example",
          "FOLKMOOT_BODY_BYTES_MAX": "70000", "FOLKMOOT_BLOB_BYTES_MAX": "70000", "FOLKMOOT_PORT": "9001",
          "FOLKMOOT_CONNECTIONS_PER_ADDRESS_MAX": "99"}  # fmt: skip
PREFIX = "/moot"


def text(name: str) -> str:
    return (FOLDER / name).read_text()


# ---------------------------------------------------------------- the page


def blocks(page: str) -> dict[str, str]:
    """Return each block of the page that is a file, by its name."""
    return dict(re.findall(r"^`deploy/(\S+)`:\n\n```\w*\n(.*?)```$", page, re.M | re.S))


def test_every_block_of_the_page_is_the_file_itself() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(NAMES)
    assert blocks(PAGE) == {name: text(name) for name in NAMES}


def test_a_block_that_has_drifted_is_noticed() -> None:
    assert blocks(PAGE.replace("proxy_buffering off", "proxy_buffering on"))["nginx.conf"] != text("nginx.conf")


# ---------------------------------------------------------------- variables and options


def variables(words: str) -> dict[str, str]:
    """Return the variables that a file sets or speaks of, with the values that it gives; empty where it gives none."""
    found = re.findall(r"\b(FOLKMOOT_[A-Z_]*[A-Z])(?:(?:=|: )([^\s$\\`,)]+))?", words)
    return {name: next((value for other, value in found if other == name and value), "") for name, _ in found}


@pytest.mark.parametrize("name", [*NAMES[:1], *NAMES[2:], "../deploy.md"])
def test_every_variable_changes_what_a_server_does(name: str) -> None:
    found = variables(text(name))
    assert found, name
    for variable, value in found.items():
        given = VALUES.get(variable, value)
        assert given, f"{name} says nothing of {variable}: let VALUES have one"
        assert read_settings({variable: given}) != read_settings({}), (name, variable)


def test_a_variable_that_nobody_reads_is_noticed() -> None:
    assert read_settings({"FOLKMOOT_ROOT": "/moot"}) == read_settings({})


def commands(words: str) -> Iterator[list[str]]:
    """Yield the words of each call of the program in a file."""
    for line in re.findall(r"(?:^|[ /])folkmoot\b((?: (?:serve|token|doctor|admin)\b[^\n#`]*))", words, re.M):
        yield shlex.split(line)


def check_options(words: list[str]) -> None:
    root: Any = get_command(app)
    command = root.commands[words[0]]
    if words[0] == "serve":
        # As the command line reads them: an option that it has not ends here.
        command.make_context("serve", list(words[1:]))


@pytest.mark.parametrize("name", ["folkmoot.service", "../deploy.md"])
def test_every_option_is_one_of_the_command(name: str) -> None:
    found = list(commands(text(name)))
    assert found
    for words in found:
        check_options(words)


def test_an_option_that_is_none_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        check_options(["serve", "--rootpath", "/moot"])


# ---------------------------------------------------------------- the image


def instructions(words: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, lines that go on joined."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", words, flags=re.M))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def test_the_image_is_built_of_what_is_there_and_runs_as_nobody_in_particular() -> None:
    steps = instructions(text("Dockerfile"))
    assert [word for word, _ in steps].count("FROM") == 3
    for word, rest in steps:
        if word == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest
    last = steps[max(at for at, (word, _) in enumerate(steps) if word == "FROM") :]
    said = dict(last)
    assert said["USER"] == "folkmoot"
    assert said["VOLUME"] == said["WORKDIR"] == "/data"
    words = [word for word, _ in last]
    assert words.index("USER") < words.index("CMD")
    assert "RUN" not in words[words.index("USER") :]
    set_here = variables(f"ENV {said['ENV']}")
    settings = read_settings(set_here)
    assert (settings.host, str(settings.port), settings.data) == ("0.0.0.0", said["EXPOSE"], "/data")
    check_options(json.loads(said["CMD"])[1:])
    extras = re.findall(r"\[([a-z,]+)\]", text("Dockerfile"))
    known = (ROOT / "pyproject.toml").read_text()
    assert extras
    assert all(re.search(rf"^{one} = \[", known, re.M) for part in extras for one in part.split(","))


async def test_the_images_health_check_tells_a_server_that_is_ready_from_none() -> None:
    (line,) = [rest for word, rest in instructions(text("Dockerfile")) if word == "HEALTHCHECK"]
    program, *words = json.loads(line[line.index("[") :])
    assert program == "python"
    path = re.search(r"127\.0\.0\.1:8000(/\w+)", words[1])
    assert path is not None
    assert path[1] in {route.path for route in OPERATIONS}

    async def checked(port: int) -> int:
        tried = [words[0], words[1].replace(":8000", f":{port}")]
        process = await asyncio.create_subprocess_exec(sys.executable, *tried, stderr=asyncio.subprocess.DEVNULL)
        return await asyncio.wait_for(process.wait(), 30)

    async with running_server() as server:
        assert await checked(server.port) == 0
    assert await checked(free_port()) != 0


def test_the_services_of_compose_are_the_image_behind_a_proxy_of_the_machine() -> None:
    told = yaml.safe_load(text("compose.yaml"))
    services = told["services"]
    own = {name: one for name, one in services.items() if "build" in one}
    assert {one["profiles"][0] for one in own.values()} == {"postgres", "sqlite"}
    for one in own.values():
        context = (FOLDER / one["build"]["context"]).resolve()
        assert context == ROOT
        assert (context / one["build"]["dockerfile"]) == FOLDER / "Dockerfile"
        assert one["ports"] == ["127.0.0.1:8000:8000"], "people come by the proxy"
        assert {part.split(":")[0] for part in one["volumes"]} <= set(told["volumes"])
        assert int(one["stop_grace_period"].rstrip("s")) > GRACE_SECONDS
    database = services["server"]["environment"]["FOLKMOOT_DATABASE"]
    user, host, name = re.fullmatch(r"postgresql://(\w+)@(\w+)/(\w+)", database).groups()  # type: ignore[union-attr]
    beside = services[host]["environment"]
    assert (user, name) == (beside["POSTGRES_USER"], beside["POSTGRES_DB"])
    assert host in services["server"]["depends_on"]
    assert "FOLKMOOT_DATABASE" not in services["server-on-a-file"]["environment"]


# ---------------------------------------------------------------- systemd


def unit() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text("folkmoot.service"))
    return parser


def test_the_unit_gives_the_server_its_folder_and_nothing_else() -> None:
    service = unit()["Service"]
    for name, value in {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
    }.items():
        assert service[name] == value
    assert service["Restart"] in ("on-failure", "always")
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert service["Environment"] == f"FOLKMOOT_DATA={service['WorkingDirectory']}"
    assert int(service["TimeoutStopSec"]) > GRACE_SECONDS
    assert int(service["LimitNOFILE"]) > Settings().connections_per_address_max * 2


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        assert not os.environ.get("CI"), "systemd-analyze is not installed: Debian's package is called systemd"
        pytest.skip("systemd-analyze is not installed")
    program = tmp_path / "folkmoot"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    def verified(words: str) -> tuple[int, str]:
        path = tmp_path / "folkmoot.service"
        path.write_text(words.replace("/opt/folkmoot/bin/folkmoot", str(program)))
        done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=60)
        return done.returncode, "".join(line for line in done.stderr.splitlines(True) if "folkmoot" in line)

    assert verified(text("folkmoot.service")) == (0, "")
    assert "ProtectSystems" in verified(text("folkmoot.service").replace("ProtectSystem", "ProtectSystems"))[1]


# ---------------------------------------------------------------- proxies


def directives(words: str) -> list[tuple[str, ...]]:
    """Return the directives of an nginx configuration, each with the blocks that it stands in before it."""
    tokens = re.findall(r"#[^\n]*|\"[^\"]*\"|[{};]|[^\s{};]+", words)
    found, inside, said = list[tuple[str, ...]](), list[str](), list[str]()
    for token in (token for token in tokens if not token.startswith("#")):
        match token:
            case ";":
                found.append((" ".join(inside), *said))
                said = []
            case "{":
                inside.append(" ".join(said))
                said = []
            case "}":
                assert inside, "what ends has begun"
                assert not said, "a block ends after a directive"
                inside.pop()
            case _:
                said.append(token.strip('"'))
    assert (inside, said) == ([], []), "all blocks and directives end"
    return found


UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(words: str) -> int:
    found = re.fullmatch(r"(\d+)([smh]?)", words)
    assert found is not None, words
    return int(found[1]) * UNITS[found[2]]


def size(words: str) -> int:
    found = re.fullmatch(r"(\d+)(k|m|MiB)", words)
    assert found is not None, words
    return int(found[1]) * {"k": KIB, "m": MIB, "MiB": MIB}[found[2]]


def test_nginx_waits_longer_than_the_server_is_silent_and_hands_on_what_it_takes() -> None:
    said = {one[1]: one[2:] for one in directives(text("nginx.conf")) if one[0].endswith("location /")}
    headers = {one[2]: one[3] for one in directives(text("nginx.conf")) if one[1] == "proxy_set_header"}
    assert min(seconds(said[name][0]) for name in ("proxy_read_timeout", "proxy_send_timeout")) > 2 * PING_SECONDS
    assert said["proxy_buffering"] == said["proxy_request_buffering"] == ("off",)
    assert (said["proxy_http_version"], headers["Upgrade"]) == (("1.1",), "$http_upgrade")
    assert headers["Connection"] == "$folkmoot_connection"
    assert headers["Host"] == "$http_host", "with its port: the server compares a page's origin with it"
    assert headers["X-Forwarded-Prefix"] == headers["X-Forwarded-Host"] == ""
    bodies = {one[0]: size(one[2]) for one in directives(text("nginx.conf")) if one[1] == "client_max_body_size"}
    files = next(place for place in bodies if "blobs" in place)
    assert "location / " in files, "within it: what is said there of the headers holds for files"
    assert bodies == {"server": Settings().body_bytes_max, files: Settings().blob_bytes_max}
    assert ("upstream folkmoot", "server", "127.0.0.1:8000") in directives(text("nginx.conf"))
    assert PREFIX in text("nginx.conf")


def test_caddy_waits_longer_than_the_server_is_silent_and_hands_on_what_it_takes() -> None:
    words = re.sub(r"#[^\n]*", "", text("Caddyfile"))
    assert words.count("{") == words.count("}")
    for name in ("read_timeout", "write_timeout"):
        (value,) = re.findall(rf"^\s+{name} (\S+)$", words, re.M)
        assert seconds(value) > 2 * PING_SECONDS
    sizes = {matcher: size(most) for matcher, most in re.findall(r"request_body (@\w+) \{\s+max_size (\S+)", words)}
    assert sizes == {"@files": Settings().blob_bytes_max, "@others": Settings().body_bytes_max}
    told = dict(re.findall(r"(@\w+) (?:not )?path_regexp (\S+)", words))
    assert len(set(told.values())) == 1, "the others are those that are no files"
    for path, is_file in (
        (f"{PREFIX}/api/workspaces/demo/blobs", True),
        ("/api/workspaces/demo/blobs/sha256-00", True),
        ("/api/workspaces/demo/intents", False),
        ("/api/workspaces/demo/documents/blobs", False),
    ):
        assert (re.search(told["@files"], path) is not None) == is_file, path
    assert re.findall(r"reverse_proxy (\S+)", words) == ["127.0.0.1:8000"]
    assert {"flush_interval -1", "header_up -X-Forwarded-Prefix"} <= {line.strip() for line in words.splitlines()}


def of_the_test(port: int, upstream: int, prefix: str) -> str:
    """Return the file as it stands, on loopback, without a certificate."""
    words = text("nginx.conf").replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    words = re.sub(r"^ *ssl_certificate.*\n", "", words, flags=re.M).replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    return words.replace("location / {", f"location {prefix}/ {{")


@asynccontextmanager
async def nginx(server: Running, folder: Path, prefix: str) -> AsyncIterator[str]:
    """Run nginx in front of a server; yield its address."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        assert not os.environ.get("CI"), "nginx is not installed: Debian's package is called nginx"
        pytest.skip("nginx is not installed")
    port = free_port()
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "main.conf"
    (folder / "site.conf").write_text(of_the_test(port, server.port, prefix))
    main.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1; events {{}}"
        f" http {{ access_log off; {paths} include {folder}/site.conf; }}\n"
    )
    as_given = ("-p", str(folder), "-e", str(folder / "error.log"), "-c", str(main))
    checked = await asyncio.create_subprocess_exec(program, "-t", *as_given, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(checked.communicate(), 30)
    assert checked.returncode == 0, said.decode()
    process = await asyncio.create_subprocess_exec(program, *as_given)

    async def answers() -> bool:
        try:
            async with httpx2.AsyncClient() as client:
                return (await client.get(f"http://127.0.0.1:{port}{prefix}/healthz")).status_code == 200
        except httpx2.TransportError:
            return False

    try:
        await until(answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


@pytest.mark.parametrize("prefix", ["", PREFIX], ids=["root", "prefix"])
async def test_nginx_in_front_of_a_server_hands_on_page_socket_and_log(tmp_path: Path, prefix: str) -> None:
    settings = Settings(root_path=prefix)
    async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
        async with nginx(server, tmp_path, prefix) as url:
            await drive(server, url, prefix)


async def drive(server: Running, url: str, prefix: str) -> None:
    """Go through a proxy: a page and what it loads, a socket as a browser opens it, a log that goes on."""
    token = await server.token("ana", "editor")
    async with httpx2.AsyncClient(base_url=f"{url}{prefix}", headers={"authorization": f"Bearer {token}"}) as client:
        page = await client.get("/w/demo", headers={"accept-encoding": "gzip"})
        assert (page.status_code, page.headers["content-encoding"]) == (200, "gzip")
        (script,) = re.findall(r'<script[^>]* src="\.\.([^"]+)"', page.text)
        assert (await client.get(script)).status_code == 200
        full = await client.post("/api/workspaces/demo/intents", content=b"x" * (Settings().body_bytes_max + 1))
        assert full.status_code == 413
        await bring(client)
        address = f"{url.replace('http', 'ws', 1)}{prefix}/ws/demo"
        async with websockets.connect(address, subprotocols=["folkmoot", f"token.{token}"], origin=url) as socket:  # type: ignore[arg-type, list-item]
            await socket.send(json.dumps({"type": "hello", "seen": 0}))
            assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "welcome"
        async with client.stream("GET", "/api/workspaces/demo/log?follow=true&from=1") as log:
            lines = log.aiter_lines()
            first = json.loads(await asyncio.wait_for(anext(lines), 10))
            asked = await client.put("/api/workspaces/demo/documents/new", json={"kind": "text"})
            assert asked.status_code == 201
            later = json.loads(await asyncio.wait_for(anext(lines), 10))
            assert later["seq"] > first["seq"]


async def bring(client: httpx2.AsyncClient) -> None:
    """Bring a file of 2 MiB in, each way, and read it; nothing else may be as large."""
    octets = os.urandom(2 * MIB)
    made = await client.post("/api/workspaces/demo/blobs", content=octets)
    assert made.status_code == 201, made.text
    address = f"/api/workspaces/demo/blobs/{made.json()['id']}"
    assert (await client.put(address, content=octets)).status_code == 200
    assert (await client.get(address)).content == octets
    for other in ("/api/workspaces/demo/documents/blobs", "/api/workspaces/demo/documents/api"):
        assert (await client.put(other, content=octets)).status_code == 413


async def test_the_server_alone_hands_out_the_same() -> None:
    async with running_server(planner=BuiltinPlanner(), settings=Settings(root_path=PREFIX)) as server:
        await drive(server, server.url, PREFIX)
        await drive(server, server.url, "")
