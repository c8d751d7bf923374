"""The page on the wire: all of it compressed for whoever takes that, and the same bytes for everybody."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.server import running_server
from workspace.http import pages
from workspace.http.pages import assets, best_encoding
from workspace.settings import Settings

# Bytes by gzip, which every browser takes also where the server has no TLS: scripts that a workspace waits for, those
# that editing a text needs on top, and how all of it is styled.
SHELL_GZIP_MAX, EDITOR_GZIP_MAX, STYLE_GZIP_MAX = 60_000, 115_000, 5_000
PAGES = {"/": "index.html", "/w/demo": "workspace.html", "/admin": "admin.html"}
TEXT = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
# What a script asks for before it runs; the others it loads when they are shown.
STATIC = re.compile(r'(?:from|import)"\./([\w-]+\.js)"')
BROTLI = "process.stdout.write(require('node:zlib').brotliDecompressSync(require('node:fs').readFileSync(0)))"


def dist() -> Path:
    folder = assets()
    assert folder is not None, "the page is built before its tests: make web"
    return folder


def paths() -> dict[str, Path]:
    """Return where each file of the page is asked for, and where it lies."""
    files = {f"/static/assets/{path.name}": path for path in (dist() / "assets").iterdir()}
    whole = {where: path for where, path in files.items() if path.suffix not in (".br", ".gz")}
    return {**{where: dist() / name for where, name in PAGES.items()}, **whole}


def plain(body: bytes, encoding: str) -> bytes:
    """Return what was compressed, by Python's gzip and node's brotli: neither is what the server has."""
    if encoding == "gzip":
        return gzip.decompress(body)
    assert encoding == "br"
    return subprocess.run(["node", "-e", BROTLI], input=body, capture_output=True, check=True).stdout


@asynccontextmanager
async def browsing(settings: Settings | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_server(settings=settings) as server:
        async with httpx2.AsyncClient(base_url=server.url, headers={"accept-encoding": "identity"}) as client:
            yield client


async def raw(client: httpx2.AsyncClient, path: str, **headers: str) -> tuple[httpx2.Response, bytes]:
    """Ask for something and return its bytes as they came over the wire."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.stream("GET", path, headers=named) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("encoding", ["br", "gzip"])
async def test_nothing_of_the_page_goes_uncompressed_to_whoever_takes_it_compressed(encoding: str) -> None:
    async with browsing() as client:
        for where, path in paths().items():
            whole, bytes_whole = await raw(client, where)
            answer, body = await raw(client, where, accept_encoding=encoding)
            assert "content-encoding" not in whole.headers
            assert answer.headers["content-encoding"] == encoding, where
            assert plain(body, encoding) == bytes_whole == path.read_bytes(), where
            assert len(body) < len(bytes_whole)
            assert int(answer.headers["content-length"]) == len(body)
            for told in (whole.headers, answer.headers):
                assert told["vary"] == "accept-encoding"
                assert told["content-type"] == TEXT.get(path.suffix, "text/html; charset=utf-8")
            forever = "public, max-age=31536000, immutable" if "/assets/" in where else "no-cache"
            assert answer.headers["cache-control"] == whole.headers["cache-control"] == forever


async def test_a_browser_that_has_a_form_is_told_so_for_that_form_alone() -> None:
    async with browsing() as client:
        for where in paths():
            tags = {}
            for encoding in ("identity", "gzip", "br"):
                answer, _ = await raw(client, where, accept_encoding=encoding)
                tags[encoding] = answer.headers["etag"]
                again, body = await raw(client, where, accept_encoding=encoding, if_none_match=tags[encoding])
                assert (again.status_code, body, again.headers["vary"]) == (304, b"", "accept-encoding")
                assert "content-encoding" not in again.headers
            assert len(set(tags.values())) == 3
            other, _ = await raw(client, where, accept_encoding="br", if_none_match=tags["gzip"])
            assert other.status_code == 200


async def test_a_page_that_names_other_files_is_another_though_as_long_and_as_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All files of a wheel have one date."""
    (tmp_path / "assets").mkdir()
    monkeypatch.setattr(pages, "assets", lambda: tmp_path)
    tags = set()
    for named in ("index-aaaaaaaa.js", "index-bbbbbbbb.js"):
        (tmp_path / "index.html").write_text(f"<script src=./static/assets/{named}></script>")
        os.utime(tmp_path / "index.html", (1_580_601_600, 1_580_601_600))
        async with browsing() as client:
            answer, body = await raw(client, "/", if_modified_since="Thu, 01 Jan 2026 00:00:00 GMT")
            assert (answer.status_code, named.encode() in body) == (200, True)
            assert (await raw(client, "/", if_none_match=", ".join(tags) or '"none"'))[0].status_code == 200
            tags.add(answer.headers["etag"])
    assert len(tags) == 2


async def test_a_range_is_not_mixed_of_two_forms() -> None:
    async with browsing() as client:
        where, path = next((where, path) for where, path in paths().items() if path.suffix == ".js")
        packed, _ = await raw(client, where, accept_encoding="br")
        tag = packed.headers["etag"]
        answer, body = await raw(client, where, accept_encoding="br", range="bytes=10-29", if_range=tag)
        assert (answer.status_code, body) == (200, path.read_bytes())


def test_a_wheel_holds_the_page_in_all_of_its_forms(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=root, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as held:
        names = {name.removeprefix("workspace/static/") for name in held.namelist() if "/static/" in name}
        assert names == {str(path.relative_to(dist())) for path in dist().rglob("*") if path.is_file()}
        whole = {name for name in names if not name.endswith((".br", ".gz"))}
        assert set(PAGES.values()) <= whole
        for name in whole:
            assert {f"{name}.br", f"{name}.gz"} <= names, "every file of the page is text, and smaller so"
            assert gzip.decompress(held.read(f"workspace/static/{name}.gz")) == held.read(f"workspace/static/{name}")


async def test_a_head_says_what_a_get_would_and_sends_nothing() -> None:
    async with browsing() as client:
        for where in paths():
            for encoding in ("identity", "gzip", "br"):
                got, _ = await raw(client, where, accept_encoding=encoding)
                async with client.stream("HEAD", where, headers={"accept-encoding": encoding}) as head:
                    assert b"".join([part async for part in head.aiter_raw()]) == b""
                wanted = {name: value for name, value in got.headers.items() if name != "date"}
                assert {name: value for name, value in head.headers.items() if name != "date"} == wanted


async def test_a_range_is_one_of_the_file_itself() -> None:
    async with browsing() as client:
        where, path = next((where, path) for where, path in paths().items() if path.suffix == ".js")
        answer, body = await raw(client, where, accept_encoding="br, gzip", range="bytes=10-29")
        assert (answer.status_code, body) == (206, path.read_bytes()[10:30])
        assert "content-encoding" not in answer.headers
        assert answer.headers["content-range"] == f"bytes 10-29/{path.stat().st_size}"


async def test_what_lies_compressed_has_no_address_of_its_own_and_nothing_else_is_there() -> None:
    async with browsing() as client:
        assert sorted((dist() / "assets").glob("*.br"))
        for path in (dist() / "assets").glob("*.??"):
            if path.suffix in (".br", ".gz"):
                assert (await client.get(f"/static/assets/{path.name}")).status_code == 404
        for odd in ("/static/index.html", "/static/assets/", "/static/assets/%2e%2e/index.html", "/static/assets/%00"):
            assert (await client.get(odd)).status_code == 404, odd


async def test_curl_reads_what_it_is_sent(tmp_path: Path) -> None:
    async with running_server() as server:
        for where, path in paths().items():
            asked = ("--compressed", "-H", "Accept-Encoding: gzip", "-D", "-", "-o", str(tmp_path / "x"))
            curl = await asyncio.create_subprocess_exec(
                "curl", "-sS", *asked, server.url + where, stdout=asyncio.subprocess.PIPE
            )
            told, _ = await asyncio.wait_for(curl.communicate(), 20)
            assert b"content-encoding: gzip" in told
            assert (tmp_path / "x").read_bytes() == path.read_bytes()


def links(page: str) -> dict[str, list[Path]]:
    """Return the files that a page names, by how: as what it waits for, for soon, for later."""
    html = (dist() / page).read_text()
    found = re.findall(r'<(script|link)\b([^>]*)(?:src|href)="[^"]*/assets/([^"]+)"', html)
    named: dict[str, list[Path]] = {}
    for tag, how, name in found:
        rel = "script" if tag == "script" else re.findall(r'rel="(\w+)"', how)[0]
        named.setdefault(rel, []).append(dist() / "assets" / name)
    return named


def test_who_opens_a_workspace_does_not_wait_for_what_is_not_shown_yet() -> None:
    named = links("workspace.html")
    (script,) = named["script"]
    shell = {script, *(dist() / "assets" / name for name in STATIC.findall(script.read_text()))}
    editor = set(named["modulepreload"]) - shell
    assert any(path.name.startswith("editor-") for path in editor)
    parts = {"shell": shell, "editor": editor, "style": named["stylesheet"]}
    for encoding in ("gz", "br"):
        sizes = {
            part: sum(Path(f"{path}.{encoding}").stat().st_size for path in files) for part, files in parts.items()
        }
        print(json.dumps({encoding: sizes}))
        assert sizes["shell"] <= SHELL_GZIP_MAX
        assert sizes["editor"] <= EDITOR_GZIP_MAX
        assert sizes["style"] <= STYLE_GZIP_MAX


def test_the_page_names_all_that_it_may_load_so_that_it_opens_without_the_server() -> None:
    """What is not named is not kept by its service worker, and not there when the server is gone."""
    named = {path.name for paths in links("workspace.html").values() for path in paths}
    loaded, left = set(), list((dist() / "assets").glob("index-*.js"))
    while left:
        path = left.pop()
        loaded.add(path.name)
        others = re.findall(r'["\`]\./([\w-]+\.(?:js|css))["\`]', path.read_text())
        left += [dist() / "assets" / name for name in others if name not in loaded and name.endswith(".js")]
    assert len(loaded) > 5
    assert loaded <= named


BOTH = frozenset({"br", "gzip"})


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("", ""), ("identity", ""), ("gzip", "gzip"), ("br", "br"), ("gzip, deflate, br, zstd", "br"), ("GZIP", "gzip"),
        ("br;q=0, gzip", "gzip"), ("br;q=0.5, gzip;q=0.9", "gzip"), ("*", "br"), ("*;q=0", ""), ("br;q=0, *", "gzip"),
        ("gzip;q=0", ""), ("x-gzip", "gzip"), ("gzip;q=nonsense", ""), ("gzip;q=2", ""), ("deflate", ""),
        ("identity;q=1, gzip;q=0.5", ""), ("gzip ; q=0.4", "gzip"), ("identity;q=0, gzip", "gzip"), (";;,,;q=", ""),
    ],
)  # fmt: skip
def test_what_is_sent_is_what_was_asked_for(accepted: str, sent: str) -> None:
    assert best_encoding(accepted, BOTH) == sent
    assert best_encoding(accepted, frozenset()) == ""
