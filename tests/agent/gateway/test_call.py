"""A call renders to the same bytes in every process, and to other bytes where anything that is sent differs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.call import Call, Reply, Signals, render, tool_uses
from agent.gateway.dispatch import read_reply
from crdt.digest import Json, sha256_of
from workspace.intents.model.calls import CallUsage

CALL = Call(
    purpose="plan", prompt="plan@1", system="You plan.", tools=({"name": "view", "input_schema": {"type": "object"}},),
    messages=({"role": "user", "content": [{"type": "text", "text": "Hi 😀"}]},), tokens_max=100, intents=("i1",),
)  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        replace(CALL, system="You judge."),
        replace(CALL, tools=()),
        replace(CALL, messages=({"role": "user", "content": "Hi"},)),
        replace(CALL, tokens_max=101),
        replace(CALL, prompt="plan@2"),
        replace(CALL, tool_choice={"type": "any"}),
    ],
)
def test_whatever_is_sent_is_part_of_the_name(other: Call) -> None:
    assert render(other).sha != render(CALL).sha


@pytest.mark.parametrize(
    "other", [replace(CALL, intents=("i2",)), replace(CALL, signals=Signals(words=9)), replace(CALL, attempt=1)]
)
def test_what_is_not_sent_is_no_part_of_the_name(other: Call) -> None:
    assert render(other).sha == render(CALL).sha


@pytest.mark.long
def test_another_process_gives_the_same_name() -> None:
    code = "from tests.agent.gateway.test_call import CALL, render; print(render(CALL).sha)"
    found = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed,
            "PYTHONPATH": ":".join(sys.path)}
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip
    assert found == [render(CALL).sha] * 2


def test_the_archive_gets_every_part_and_a_manifest_that_names_them() -> None:
    rendered = render(CALL)
    blobs = {blob.sha: blob.content for blob in rendered.blobs("m")}
    assert all(sha256_of(content) == sha for sha, content in blobs.items())
    request = json.loads(blobs[rendered.request("m").sha])
    assert (request["model"], request["prompt_sha"]) == ("m", rendered.sha)
    parts = [json.loads(blobs[sha]) for sha in json.loads(request["parts"])["parts"]]
    assert parts == [CALL.system, list(CALL.tools), *CALL.messages]
    assert rendered.size == sum(map(len, rendered.parts))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(given_=st.dictionaries(st.text("abc", max_size=3), JSON, max_size=3), cut=st.sampled_from(["", "insert"]))
def test_a_reply_comes_out_of_the_archive_as_it_went_in(given_: dict[str, Json], cut: str) -> None:
    blocks = ({"type": "tool_use", "id": "t1", "name": "view", "input": given_}, {"type": "text", "text": "x"})
    reply = Reply(blocks, "max_tokens" if cut else "tool_use", CallUsage(1, 2, 3, 4), "m", cut)  # type: ignore[arg-type]
    read = read_reply(reply.encode())
    assert read.encode() == reply.encode()
    assert (read.usage, read.cut, read.is_cut, read.model) == (reply.usage, cut, bool(cut), "m")
    assert [use["name"] for use in tool_uses(read.content)] == ["view"]
