"""A scripted model server on loopback, in the test's own event loop; the real SDK talks to it over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import uvicorn

from agent.gateway.dispatch import Gateway
from agent.model.planner import ModelPlanner
from agent.model_settings import ModelSettings, make_gateway
from agent.scripted.scenario import scenario_of
from agent.scripted.server import Answerer, ScriptedModel
from tests.support.until import until
from workspace.late import load

Reply = dict[str, Any]


@dataclass
class Model:
    """A scripted model under test."""

    url: str
    scripted: ScriptedModel

    def settings(self, **more: str) -> ModelSettings:
        """Return the settings that reach it."""
        return replace(ModelSettings(api_key="scripted", base_url=self.url), **more)  # type: ignore[arg-type]

    def gateway(self, **more: Any) -> Gateway:
        """Return a gateway to it that does not wait between tries, with a provider of its own bounds."""
        gateway = make_gateway(self.settings())

        async def no_sleep(_: float) -> None:
            await asyncio.sleep(0)

        gateway.sleep = no_sleep
        if more:
            gateway.provider = load("agent.gateway.provider_anthropic").AnthropicProvider(
                api_key="scripted", base_url=self.url, **more
            )
        return gateway

    def planner(self, **more: Any) -> ModelPlanner:
        """Return a planner on it."""
        return ModelPlanner(self.gateway(**more))


@asynccontextmanager
async def scripted_model(replies: Iterable[Reply] = (), *, answerer: Answerer | None = None) -> AsyncIterator[Model]:
    """Serve a scripted model until the block is left."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    scripted = ScriptedModel(scenario_of({"reply": list(replies)}), answerer=answerer)
    config = uvicorn.Config(scripted.app, log_level="critical", timeout_graceful_shutdown=1, access_log=False)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started or serving.done())
    try:
        yield Model(f"http://127.0.0.1:{port}", scripted)
    finally:
        server.should_exit = True
        await serving


def use(name: str, **given: Any) -> dict[str, Any]:
    """Return one tool call of a scripted answer."""
    return {"name": name, "input": given}


def reply(*tools: dict[str, Any], **more: Any) -> Reply:
    """Return one scripted answer. `text` and `turn` go into its `when`."""
    when = {key: more.pop(key) for key in ("when_text", "turn", "model", "last") if key in more}
    if "when_text" in when:
        when["text"] = when.pop("when_text")
    return {"when": when, "tool": list(tools), **more}
