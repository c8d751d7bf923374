"""Parts of files are those that another implementation hands out, too: Starlette's, for files of a disk."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Route

from tests.support.http import WS, http, problem
from tests.workspace.http.blobs.test_routes import put, sha
from workspace.http.blobs.ranges import Part, Unsatisfiable, part_of
from workspace.intents.model.blobs import PIECE_BYTES

ETAG = '"sha256-1"'
NUMBERS = st.one_of(st.just(""), st.integers(0, 300).map(str))


@given(NUMBERS, NUMBERS, st.integers(0, 250))
def test_a_part_is_the_bytes_that_the_words_say(first: str, last: str, size: int) -> None:
    """Against slices: what `bytes=a-b` says of a list of bytes."""
    octets = bytes(range(size))
    header = f"bytes={first}-{last}"
    try:
        part = part_of(header, None, size=size, etag=ETAG)
    except Unsatisfiable:
        if first:
            assert int(first) >= size
        else:
            assert size == 0 or int(last) == 0
        return
    if (not first and not last) or (first and last and int(last) < int(first)):
        assert part is None
        return
    assert part is not None
    wanted = octets[int(first) : int(last) + 1 if last else size] if first else octets[-int(last) :]
    assert octets[part.first : part.last + 1] == wanted
    assert part.size == len(wanted)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,3-4", "bytes=a-b", "bytes=٣-٤", "bytes=--5"),
        *("bytes=5-2", "bytes=0x1-2", "bytes=1", "bytes=0-1" + " " * 300),
    ],
)
def test_what_is_no_single_range_is_passed_over(header: str | None) -> None:
    assert part_of(header, None, size=10, etag=ETAG) is None


@pytest.mark.parametrize("digits", [17, 23, 150])
def test_a_number_of_many_digits_is_beyond_the_end(digits: int) -> None:
    far = "9" * digits
    assert part_of(f"bytes=3-{far}", None, size=10, etag=ETAG) == Part(3, 9)
    assert part_of(f"bytes=-{far}", None, size=10, etag=ETAG) == Part(0, 9)
    with pytest.raises(Unsatisfiable):
        part_of(f"bytes={far}-", None, size=10, etag=ETAG)


def test_a_condition_that_does_not_hold_asks_for_all_of_it() -> None:
    assert part_of("bytes=1-2", ETAG, size=10, etag=ETAG) == Part(1, 2)
    for other in ('"other"', f"W/{ETAG}", "Tue, 01 Dec 2026 00:00:00 GMT", ""):
        assert part_of("bytes=1-2", other, size=10, etag=ETAG) is None


async def test_every_part_is_what_another_server_says_it_is(tmp_path: Path) -> None:
    octets = bytes(at * 31 % 253 for at in range(2 * PIECE_BYTES + 777))
    path = tmp_path / "file"
    path.write_bytes(octets)
    other = Starlette(routes=[Route("/", lambda _: FileResponse(path))])
    size, edge = len(octets), PIECE_BYTES
    ranges = [
        "0-0", "0-", "-1", f"-{size}", f"-{size + 9}", f"{size - 1}-", f"{size}-", f"{size + 5}-{size + 9}",
        f"{edge - 1}-{edge}", f"{edge}-{edge}", f"{edge}-{2 * edge - 1}", f"1-{size + 100}",
        f"{edge - 3}-{2 * edge + 3}",
    ]  # fmt: skip
    transport = httpx2.ASGITransport(app=other)
    async with http() as (_, client), httpx2.AsyncClient(transport=transport, base_url="http://other") as reference:
        await put(client, octets)
        url = f"{WS}/blobs/{sha(octets)}"
        for wanted in ranges:
            headers = {"range": f"bytes={wanted}"}
            mine, theirs = await client.get(url, headers=headers), await reference.get("/", headers=headers)
            assert mine.status_code == theirs.status_code, wanted
            if mine.status_code == 416:
                problem(mine, 416, "range_not_satisfiable")
                assert mine.headers["content-range"] == f"bytes */{size}"
                continue
            assert mine.content == theirs.content, wanted
            # A range that is all of the file may be answered as all of it.
            assert mine.headers.get("content-range") == theirs.headers.get("content-range"), wanted
            assert mine.headers["content-length"] == theirs.headers["content-length"]
        etag = (await client.get(url)).headers["etag"]
        part = {"range": "bytes=5-9"}
        assert (await client.get(url, headers={**part, "if-range": etag})).status_code == 206
        assert (await client.get(url, headers={**part, "if-range": '"x"'})).content == octets
        assert (await client.head(url, headers=part)).headers["content-length"] == str(size)
