"""A token that only reads does no more by a rule that gives its person more somewhere: over HTTP and by sockets."""

from __future__ import annotations

import asyncio
import json

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from crdt.sync.y_sync import ControlFrame, decode_frame, encode_control, encode_update
from tests.support.http import WS, client_of
from tests.support.server import running_server
from tests.workspace.room.stage import Typist

WRITES = (
    ("POST", "intents", {"text": 'append "x" to plan'}),
    ("PUT", "documents/plan", {"kind": "text", "content": "x"}),
    ("PATCH", "documents/plan", {"name": "other"}),
    ("DELETE", "documents/plan", None),
    ("PUT", "rights", {"places": {"plan": []}}),
    ("PUT", "stop", {"reason": "x"}),
)


async def test_a_rule_gives_nothing_to_a_token_that_only_reads() -> None:
    async with running_server() as server, client_of(server, "olga", "owner") as owner:
        made = await owner.post(f"{WS}/tokens", json={"actor": "ed", "role": "editor", "scope": "read"})
        token = made.json()["token"]
        rules = {"places": {"plan": [{"actor": "ed", "role": "editor"}]}}
        assert (await owner.put(f"{WS}/rights", json=rules)).status_code == 200
        async with client_of(server, "whoever") as reader:
            reader.headers["authorization"] = f"Bearer {token}"
            assert (await reader.get(f"{WS}/documents/plan")).status_code == 200
            here = (await reader.get(f"{WS}/rights", params={"document": "plan"})).json()["here"]
            assert here["role"] == "viewer"
            for method, path, body in WRITES:
                answer = await reader.request(method, f"{WS}/{path}", json=body)
                assert answer.status_code == 403, (method, path, answer.text)
        offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{token}")]
        address = f"{server.url.replace('http', 'ws')}/ws/demo/plan"
        async with connect(address, subprotocols=offered) as socket, asyncio.timeout(20):
            await socket.send(encode_update(Typist().type("x").update))
            await socket.send(encode_control(json.dumps({"type": "hello"}).encode()))
            intent = {"type": "intent", "n": 1, "kind": "do", "text": 'append "x" to plan', "seen": 0}
            await socket.send(encode_control(json.dumps(intent).encode()))
            told, denied = dict[str, str](), False
            while "nack" not in told:
                frame = await socket.recv()
                denied = denied or frame[:1] == b"\x02"
                decoded = decode_frame(frame) if isinstance(frame, bytes) and frame[:1] != b"\x02" else None
                if isinstance(decoded, ControlFrame):
                    message = json.loads(decoded.payload)
                    told[message["type"]] = message.get("code", message.get("role", ""))
            assert told["nack"] == "read_only"
            assert told["welcome"] == "viewer"
            assert told.get("rights", "viewer") == "viewer"
            assert denied
        room = await server.registry.room("demo")
        assert await room.read(lambda: room.sequencer.fold.documents["plan"].text()) == ""
