"""The files of the built page on the wire: compressed as the build has left them beside, by what a browser takes.

`web/pack.mjs` puts `x.js.br` and `x.js.gz` beside `x.js`, where they are smaller. Values and files only: which page is
asked for, and under which address, is `workspace/http/pages.py`.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

# By name, as HTTP has it, what its file ends with; the one that is preferred where a browser takes both comes first.
ENCODINGS = {"br": ".br", "gzip": ".gz"}
# What is spelt otherwise in an old `Accept-Encoding`.
SAME = {"x-gzip": "gzip"}
VARY = {"vary": "accept-encoding"}


class PageFiles(StaticFiles):
    """The files that a page loads. What lies compressed beside one is that one, and has no address of its own."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return a file; none for what is another's compressed form."""
        if path.endswith(tuple(ENCODINGS.values())):
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer GET and HEAD; anything that is no file of the page's is not found."""
        if path in ("", "."):
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file as the browser takes it."""
        assert stat.S_ISREG(stat_result.st_mode), "what is asked for is a file"
        return file_for(Path(full_path), Headers(scope=scope), {})


def file_for(path: Path, asked: Headers, more: Mapping[str, str]) -> Response:
    """Return a file in the best form that is there and that a browser takes; 304 where it has that one already.

    Whoever asks for a range of a file is answered by the file itself: the bytes that were counted are its own.
    """
    encoding = "" if "range" in asked else best_encoding(asked.get("accept-encoding", ""), present_beside(path))
    sent = Path(f"{path}{ENCODINGS[encoding]}") if encoding else path
    kept = os.stat(sent)
    headers = {**more, **VARY, "etag": f'"{_digest(sent, (kept.st_mtime_ns, kept.st_ctime_ns, kept.st_size))}"'}
    if encoding:
        headers["content-encoding"] = encoding
    kind = guess_type(path.name)[0] or "application/octet-stream"
    response = FileResponse(sent, headers=headers, media_type=kind, stat_result=kept)
    return NotModifiedResponse(response.headers) if _has_it(asked, response.headers) else response


def present_beside(path: Path) -> frozenset[str]:
    """Return the names of the forms in which a file lies beside itself."""
    return frozenset(name for name, ending in ENCODINGS.items() if Path(f"{path}{ending}").is_file())


def best_encoding(accepted: str, present: frozenset[str]) -> str:
    """Return the form to send, of those that are there, by an `Accept-Encoding` (RFC 9110 §12.5.3); empty for none."""
    wanted = dict[str, float]()
    for part in accepted.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weights = [word[2:].strip() for word in parameters if word.startswith("q=")]
        wanted[SAME.get(name, name)] = _weight(weights[-1]) if weights else 1.0
    others = wanted.get("*", 0.0)
    weighed = {name: wanted.get(name, others) for name in ENCODINGS if name in present}
    best = max(weighed, key=weighed.__getitem__, default="")
    return best if best and weighed[best] > 0 and weighed[best] >= wanted.get("identity", 0.0) else ""


def _weight(text: str) -> float:
    """Return a weight; 0 for what is none, so that nobody is sent what they may not have asked for."""
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0 <= found <= 1 else 0.0


@functools.lru_cache(maxsize=256)
def _digest(path: Path, _: tuple[int, ...]) -> str:
    """Return what tells the bytes of a file from all others, read again where it was written meanwhile.

    Not its age and size: a wheel gives one date to all of its files, and a page that names other files is as long.
    """
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _has_it(asked: Headers, told: Headers) -> bool:
    """Tell whether a browser has this very form of a file, by its tag; its age says nothing, as above."""
    tags = [tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")]
    return told["etag"] in tags or "*" in tags
