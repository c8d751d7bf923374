"""What a file is said to be counts for less than what it is, and only pictures are shown where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.http.blobs.media import SHOWN, UNKNOWN, disposition, is_filename, media_of

HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n....",
    "image/jpeg": b"\xff\xd8\xff\xe1....",
    "image/gif": b"GIF87a......",
    "image/webp": b"RIFF\x00\x01\x02\x03WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x20ftypavif",
    "application/pdf": b"%PDF-2.0....",
}


@pytest.mark.parametrize("media", HEADS)
@given(said=st.text(max_size=40))
def test_bytes_that_say_what_they_are_are_believed(media: str, said: str) -> None:
    assert media_of(HEADS[media], said) == media


@given(st.binary(max_size=64), st.one_of(st.sampled_from(sorted(SHOWN)), st.text(max_size=60)))
def test_nothing_is_shown_that_does_not_begin_like_a_picture(head: bytes, said: str) -> None:
    media = media_of(head, said)
    assert media not in SHOWN or media_of(head, "") == media
    assert media.isascii()
    assert media.isprintable()
    assert " " not in media


def test_what_was_said_counts_where_nothing_else_is_known() -> None:
    assert media_of(b"a,b", "Text/CSV; charset=utf-8") == "text/csv"
    assert media_of(b"<svg", "image/svg+xml") == "image/svg+xml"
    for said in ("", "application/x-www-form-urlencoded", "text", "a/b/c", "text/html\r\nx: y", "ä/b"):
        assert media_of(b"a", said) == UNKNOWN


@given(st.text(max_size=30).filter(is_filename), st.sampled_from(["image/png", "text/html", "image/svg+xml"]))
def test_a_disposition_is_one_header_whatever_the_name(filename: str, media: str) -> None:
    said = disposition(media, filename, is_saved=False)
    assert said.isascii()
    assert said.isprintable()
    assert said.count('"') in (0, 2)
    assert said.startswith("inline") == (media == "image/png")
    assert disposition(media, filename, is_saved=True).startswith("attachment")
