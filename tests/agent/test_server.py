"""The finished server: which planner serves, what it listens on, and that it ends when its block is left."""

from __future__ import annotations

import gc
import logging
import socket
import sys
from pathlib import Path
from typing import cast

import httpx2
import pytest

from agent.builtin.judge import BuiltinJudge
from agent.builtin.planner import BuiltinPlanner
from agent.model.judge import ModelJudge
from agent.model.planner import ModelPlanner
from agent.model_settings import ModelSettings
from agent.server import bind, build_app, make_agents, server_of, serving, take_short_turns, tune_garbage_collector
from tests.support.process import folkmoot
from workspace.http.bounded_protocol import BoundedProtocol
from workspace.settings import Settings
from workspace.sockets.bounded_line import BoundedLine
from workspace.telemetry import Redactor


def test_a_server_without_models_has_the_built_in_ones() -> None:
    planner, judge = make_agents(ModelSettings())
    assert isinstance(planner, BuiltinPlanner)
    assert isinstance(judge, BuiltinJudge)
    planner, judge = make_agents(ModelSettings(api_key="k"))
    assert isinstance(planner, ModelPlanner)
    assert isinstance(judge, ModelJudge)
    assert "claude-opus-5-5" in planner.name


def test_frames_are_bounded_and_tokens_kept_out_of_every_log(tmp_path: Path) -> None:
    settings = Settings(port=0, database=f"sqlite:///{tmp_path}/x.sqlite")
    config = server_of(build_app(settings), settings).config
    assert config.ws_max_size == settings.frame_bytes_max
    assert issubclass(cast("type", config.ws), BoundedLine)
    assert issubclass(cast("type", config.http), BoundedProtocol)
    assert cast("type[BoundedProtocol]", config.http).settings is settings
    assert not config.ws_per_message_deflate
    for name in ("uvicorn.error", "uvicorn.access", "folkmoot"):
        assert any(isinstance(kept, Redactor) for kept in logging.getLogger(name).filters)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_is_taken_once(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        listener = bind(host, 0)
    except OSError:
        pytest.skip(f"{host} is not there")
    with listener:
        listener.listen()
        assert listener.proto == socket.IPPROTO_TCP, "else answers wait for Nagle's delay"
        with pytest.raises(OSError, match="in use"):
            bind(host, listener.getsockname()[1])


async def test_it_serves_while_its_block_is_open_and_not_longer(tmp_path: Path) -> None:
    settings = Settings(port=0, database=f"sqlite:///{tmp_path}/x.sqlite")
    async with serving(settings) as server:
        async with httpx2.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/healthz")).text == "ok\n"
        assert server.registry.planner is not None
        assert server.ws_url == server.url.replace("http", "ws", 1)
        with pytest.raises(OSError, match="in use"):
            async with serving(Settings(port=int(server.url.rpartition(":")[2]))):
                raise AssertionError("the port was taken")
    assert server.task.done()
    with pytest.raises(httpx2.ConnectError):
        async with httpx2.AsyncClient(base_url=server.url) as client:
            await client.get("/healthz")


async def test_a_server_whose_database_does_not_open_ends_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    process = await folkmoot("serve", "--port", "0", "--database", f"sqlite:///{tmp_path}/file/x.sqlite")
    out, err = await process.communicate()
    assert process.returncode not in (0, None)
    assert b"cannot open" in err
    assert b"listens" not in out


def test_who_waits_for_pythons_lock_has_it_soon() -> None:
    before = sys.getswitchinterval()
    try:
        take_short_turns()
        assert sys.getswitchinterval() < 0.003
    finally:
        sys.setswitchinterval(before)


def test_garbage_is_looked_for_seldom_but_it_is() -> None:
    before = gc.get_threshold()
    try:
        tune_garbage_collector()
        assert gc.get_threshold()[0] > 700
        assert all(gc.get_threshold())
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
