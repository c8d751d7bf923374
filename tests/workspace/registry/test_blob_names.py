"""What documents of an open room name is told as they are now, whoever changed them, small or large."""

from __future__ import annotations

from tests.support.http import WS, http
from tests.workspace.http.blobs.test_routes import sha
from workspace.client.document import connect_document


async def test_names_follow_what_is_typed_and_taken_out() -> None:
    async with http() as (server, client):
        names, room = server.registry.blob_names, await server.registry.room("demo")
        assert set().union(*(await names.of(room)).values()) == set()
        reference = f"blob:{sha(b'x')}"
        token = await server.token("ben")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as ben:
            for at in range(0, len(reference), 7):
                await ben.insert(at, reference[at : at + 7])
            await room.flush_runs()
            assert await names.naming(room, sha(b"x")) == ["plan"]
            await ben.delete(0, len(reference))
            await room.flush_runs()
            assert await names.naming(room, sha(b"x")) == []
        large = {"kind": "text", "content": "word " * 20_000 + f"![](blobs/{sha(b'y')})"}
        await client.put(f"{WS}/documents/large", json=large)
        assert await names.naming(room, sha(b"y")) == ["large"]
        await client.put(f"{WS}/documents/values", json={"kind": "data", "content": {"a": [{"b": sha(b"z")}]}})
        assert await names.naming(room, sha(b"z")) == ["values"]
