"""Files over HTTP: who may bring, read, list and delete them, what is said of each, and what nobody is told."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path

import httpx2
import pytest

from tests.support.http import WS, client_of, http, problem
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.settings import Settings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
MIB = 1 << 20


def sha(octets: bytes) -> str:
    return f"sha256-{hashlib.sha256(octets).hexdigest()}"


async def put(client: httpx2.AsyncClient, octets: bytes, media: str = "", **more: str) -> httpx2.Response:
    headers = {"content-type": media} if media else {}
    return await client.put(f"{WS}/blobs/{sha(octets)}", content=octets, headers=headers, params=more)


async def name_in(client: httpx2.AsyncClient, doc: str, octets: bytes) -> None:
    content = f"See ![boots](blob:{sha(octets)}).\n"
    made = await client.put(f"{WS}/documents/{doc}", json={"kind": "text", "content": content})
    assert made.status_code == 201, made.text


async def test_a_file_is_brought_in_and_comes_back_byte_for_byte() -> None:
    async with http() as (_, client):
        made = await put(client, PNG, "image/png", filename="boots 😀.png")
        assert made.status_code == 201, made.text
        body = made.json()
        assert (body["id"], body["reference"]) == (sha(PNG), f"blob:{sha(PNG)}")
        assert (body["size"], body["media"]) == (len(PNG), "image/png")
        assert [(one["actor"], one["filename"]) for one in body["by"]] == [("ana", "boots 😀.png")]
        read = await client.get(made.headers["location"])
        assert (read.status_code, read.content) == (200, PNG)
        assert (await put(client, PNG)).status_code == 200, "the same again changes nothing"
        posted = await client.post(f"{WS}/blobs", content=PNG)
        assert (posted.status_code, posted.json()["id"]) == (200, sha(PNG))
        empty = await put(client, b"")
        assert (empty.status_code, empty.json()["size"]) == (201, 0)
        assert (await client.get(f"{WS}/blobs/{sha(b'')}")).content == b""


async def test_what_is_not_what_the_address_says_is_not_kept() -> None:
    async with http() as (server, client):
        wrong = await client.put(f"{WS}/blobs/{sha(b'this')}", content=b"that")
        problem(wrong, 422, "digest_mismatch")
        assert wrong.json()["remedy"]
        problem(await client.get(f"{WS}/blobs/{sha(b'this')}"), 404, "not_found")
        assert (await server.registry.store.blob_totals("demo")).count == 0
        for id in ("sha256-00", sha(b"x").upper(), "0" * 71):
            problem(await client.put(f"{WS}/blobs/{id}", content=b"x"), 400, "malformed")
        for name in ("a/b", 'a"b', "a\nb", "x" * 201, ".", "..", " " * 10, "\ufffd"):
            problem(await put(client, b"x", filename=name), 400, "bad_name")
        problem(await client.post(f"{WS}/blobs?filename=%ED%A0%BD", content=b"x"), 400, "bad_name")
        problem(await client.post(f"{WS}/blobs", files={"f": b"x"}), 400, "malformed")
        problem(await client.post(f"{WS}/blobs?filname=x", content=b"x"), 400, "unknown_parameter")


async def test_a_stranger_to_a_file_is_told_what_one_to_nothing_is_told() -> None:
    async with http() as (server, ana), client_of(server, "ben") as ben, client_of(server, "olga", "owner") as olga:
        await put(ana, PNG)
        unknown = await ben.get(f"{WS}/blobs/{sha(b'nowhere')}")
        forbidden = await ben.get(f"{WS}/blobs/{sha(PNG)}")
        problem(unknown, 404, "not_found")
        assert forbidden.content == unknown.content
        assert (await ben.delete(f"{WS}/blobs/{sha(PNG)}")).content == unknown.content
        assert (await ben.get(f"{WS}/blobs")).json()["blobs"] == []
        assert (await olga.get(f"{WS}/blobs/{sha(PNG)}")).content == PNG
        await name_in(ana, "wish", PNG)
        assert (await ben.get(f"{WS}/blobs/{sha(PNG)}")).content == PNG
        (listed,) = (await ben.get(f"{WS}/blobs")).json()["blobs"]
        assert (listed["id"], listed["named"]) == (sha(PNG), True)
        async with client_of(server, "vic", "viewer") as vic:
            assert (await vic.get(f"{WS}/blobs/{sha(PNG)}")).content == PNG
            problem(await put(vic, b"new"), 403, "forbidden")
        await olga.delete(f"{WS}/documents/wish")
        problem(await ben.get(f"{WS}/blobs/{sha(PNG)}"), 404, "not_found")
        assert (await ana.get(f"{WS}/blobs/{sha(PNG)}")).status_code == 200, "who brought it in has it"


async def test_who_brings_the_same_file_may_read_it_too() -> None:
    async with http() as (server, ana), client_of(server, "ben") as ben:
        await put(ana, PNG, filename="a.png")
        assert (await put(ben, PNG, filename="b.png")).status_code == 200
        assert (await ben.get(f"{WS}/blobs/{sha(PNG)}")).content == PNG
        problem(await ana.delete(f"{WS}/blobs/{sha(PNG)}"), 403, "forbidden")


async def test_a_file_is_deleted_by_whose_it_is_unless_a_document_names_it() -> None:
    async with http() as (server, ana), client_of(server, "ben") as ben, client_of(server, "olga", "owner") as olga:
        await put(ana, PNG)
        await put(ana, b"other")
        await name_in(ana, "wish", PNG)
        problem(await ben.delete(f"{WS}/blobs/{sha(PNG)}"), 403, "forbidden")
        named = await ana.delete(f"{WS}/blobs/{sha(PNG)}")
        problem(named, 409, "blob_named")
        assert "wish" in named.json()["detail"]
        problem(await ana.delete(f"{WS}/blobs/{sha(PNG)}?named=1"), 409, "blob_named")
        assert (await ana.delete(f"{WS}/blobs/{sha(b'other')}")).status_code == 200
        problem(await ana.get(f"{WS}/blobs/{sha(b'other')}"), 404, "not_found")
        assert (await olga.delete(f"{WS}/blobs/{sha(PNG)}?named=1")).status_code == 200
        gone = await ben.get(f"{WS}/blobs/{sha(PNG)}")
        problem(gone, 410, "blob_gone")
        assert "deleted" in gone.json()["detail"]
        assert (await put(ben, PNG)).status_code == 201, "it may come back"
        assert (await ana.get(f"{WS}/blobs/{sha(PNG)}")).content == PNG


async def test_files_come_in_pages_with_what_there_is_room_for() -> None:
    async with http() as (_, client):
        for at in range(5):
            await put(client, b"x" * (at + 1))
        found, after = [], ""
        while True:
            page = (await client.get(f"{WS}/blobs", params={"limit": 2, **({"after": after} if after else {})})).json()
            found += [one["id"] for one in page["blobs"]]
            if page["next"] is None:
                break
            after = page["next"]
        assert found == sorted(sha(b"x" * (at + 1)) for at in range(5))
        assert (page["space"]["files"], page["space"]["bytes"], page["space"]["own"]) == (5, 15, 15)
        problem(await client.get(f"{WS}/blobs?after=sha256-x"), 400, "malformed")
        problem(await client.get(f"{WS}/blobs?limit=1000"), 400, "malformed")


@pytest.mark.parametrize(
    ("octets", "said", "media", "how"),
    [
        (PNG, "text/html", "image/png", "inline"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg", "inline"),
        (b"GIF89a..", "image/png", "image/gif", "inline"),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "image/svg+xml", "attachment"),
        (b"<script>alert(1)</script>", "text/html; charset=utf-8", "text/html", "attachment"),
        (b"<script>alert(1)</script>", "image/png", "application/octet-stream", "attachment"),
        (b"%PDF-1.7", "application/pdf", "application/pdf", "attachment"),
        (b"what", "no type", "application/octet-stream", "attachment"),
    ],
)
async def test_no_file_is_ever_a_page_of_this_server(octets: bytes, said: str, media: str, how: str) -> None:
    async with http() as (_, client):
        await put(client, octets, said, filename="page ü.html")
        read = await client.get(f"{WS}/blobs/{sha(octets)}")
        assert read.headers["content-type"] == media
        assert read.headers["content-disposition"].startswith(f'{how}; filename="page u.html"; filename*=UTF-8')
        assert read.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in read.headers["content-security-policy"].split("; ")
        assert "default-src 'none'" in read.headers["content-security-policy"]
        assert read.headers["cross-origin-resource-policy"] == "same-origin"
        assert read.headers["cache-control"] == "private, max-age=31536000, immutable"
        saved = await client.get(f"{WS}/blobs/{sha(octets)}?download=1&filename=other.bin")
        assert saved.headers["content-disposition"].startswith('attachment; filename="other.bin"')
        again = await client.get(f"{WS}/blobs/{sha(octets)}", headers={"if-none-match": f'"x", {read.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        head = await client.head(f"{WS}/blobs/{sha(octets)}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(octets))


async def stored(server: Running) -> tuple[int, int]:
    totals = await server.registry.store.blob_totals("demo")
    return totals.count, totals.size


async def test_every_quota_is_a_refusal_with_its_code_and_what_to_do() -> None:
    settings = Settings(
        blob_bytes_max=2 * MIB, blob_share_bytes_max=3 * MIB, blob_space_bytes_max=4 * MIB, blobs_max=4, uploads_max=1
    )
    async with running_server(settings=settings) as server:
        async with client_of(server, "ana") as ana, client_of(server, "ben") as ben:
            refused = await ana.post(f"{WS}/blobs", content=bytes(2 * MIB + 1))
            problem(refused, 413, "blob_too_large")

            async def without_length():  # type: ignore[no-untyped-def]
                for _ in range(33):
                    yield bytes(64 << 10)

            problem(await ana.post(f"{WS}/blobs", content=without_length()), 413, "blob_too_large")
            assert await stored(server) == (0, 0)
            assert (await put(ana, b"1" * 2 * MIB)).status_code == 201
            share = await put(ana, b"2" * 2 * MIB)
            problem(share, 507, "blob_share_full")
            assert (await put(ana, b"1" * 2 * MIB)).status_code == 200, "what is here needs no room"
            assert (await put(ben, b"3" * MIB)).status_code == 201
            full = await put(ben, b"4" * (MIB + 1))
            problem(full, 507, "blobs_full")
            assert (await put(ben, b"5")).status_code == 201
            assert (await put(ben, b"6")).status_code == 201
            problem(await put(ben, b"7"), 507, "blobs_full")
            assert all(one.json()["remedy"] for one in (refused, share, full))
            assert await stored(server) == (4, 3 * MIB + 2)
            assert not server.registry.uploads


async def test_one_person_has_so_many_uploads_under_way() -> None:
    async with running_server(settings=Settings(uploads_max=1)) as server, client_of(server, "ana") as ana:
        goes_on = asyncio.Event()

        async def slow():  # type: ignore[no-untyped-def]
            yield b"begin"
            await goes_on.wait()
            yield b"end"

        first = asyncio.create_task(ana.post(f"{WS}/blobs", content=slow()))
        await until(lambda: server.registry.uploads.total() == 1)
        async with client_of(server, "ana") as again:
            problem(await put(again, b"x"), 429, "too_many_uploads")
        goes_on.set()
        assert (await first).json()["id"] == sha(b"beginend")
        assert (await put(ana, b"x")).status_code == 201


async def test_curl_brings_a_file_in_and_reads_a_part_of_it(tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    octets = bytes(at * 7 % 251 for at in range(700_000))
    source, target = tmp_path / "in.bin", tmp_path / "out.bin"
    source.write_bytes(octets)
    async with http() as (server, _):
        token = await server.token("cy")
        url = f"{server.url}{WS}/blobs/{sha(octets)}"

        async def run(*more: str) -> str:
            command = (curl, "-sS", "-H", f"Authorization: Bearer {token}", *more)
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            out, _ = await process.communicate()
            return out.decode()

        status = await run("-T", str(source), "-o", str(tmp_path / "made.json"), "-w", "%{http_code}", url)
        assert status == "201", (tmp_path / "made.json").read_text()
        assert await run("-r", "262100-262200", "-o", str(target), "-w", "%{http_code}", url) == "206"
        assert target.read_bytes() == octets[262100:262201]
        # It goes on where a part of it is there already.
        target.write_bytes(octets[:300_000])
        assert await run("-C", "-", "-o", str(target), "-w", "%{http_code}", url) == "206"
        assert target.read_bytes() == octets
