"""A text is read and written by code points, plain or not, and stock Yjs reads the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.documents.ruler import EMBED
from crdt.errors import OffsetOutside, WrongKind
from tests.crdt.histories import ALPHABET
from tests.support.examples import examples
from tests.support.oracle import Oracle


def written(seed: int, *, is_plain: bool) -> tuple[Document, str]:
    """Return a text that was edited at random, and what a plain string became by the same edits."""
    chance, document, model = random.Random(seed), Document("text", client=7), ""
    for _ in range(chance.randint(1, 12)):
        with document.transaction():
            for _ in range(chance.randint(1, 3)):
                at = chance.randint(0, len(model))
                if model and chance.random() < 0.3:
                    end = min(len(model), at + chance.randint(0, 4))
                    document.delete_text(at, end)
                    model = model[:at] + model[end:]
                elif not is_plain and chance.random() < 0.4:
                    document.insert_embed(at, {"n": 1}, {"bold": True} if at % 2 else None)
                    model = model[:at] + EMBED + model[at:]
                else:
                    words = "".join(chance.choice(ALPHABET) for _ in range(chance.randint(1, 4)))
                    marks = None if is_plain else chance.choice((None, {}, {"bold": True}))
                    document.insert_text(at, words, marks)
                    model = model[:at] + words + model[at:]
    return document, model


@settings(max_examples=examples(100), deadline=None)
@given(seed=st.integers(0, 10**6), is_plain=st.booleans())
def test_edits_by_code_points_do_what_they_do_to_a_string(seed: int, is_plain: bool) -> None:
    document, model = written(seed, is_plain=is_plain)
    assert document.text() == model
    assert document.ruler().text == model
    assert not is_plain or document.is_plain, "words and deletions leave a plain text plain"
    copy = Document("text", client=8, updates=[document.encode()])
    assert (copy.text(), copy.digest()) == (model, document.digest())


@pytest.mark.stock
@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_stock_yjs_reads_the_same_text(yjs: Oracle, seed: int) -> None:
    document, model = written(seed, is_plain=False)
    said = yjs.look("text", [document.encode()])["value"]
    assert "".join(EMBED if part is None else part for part, _ in said) == model
    at = 0
    for part, marks in said:
        assert (document.marks(at) or {}) == (marks or {})
        at += 1 if part is None else len(part)


def test_words_look_like_what_is_around_them_unless_told_otherwise() -> None:
    document = Document("text", client=7)
    with document.transaction():
        document.insert_text(0, "bold", {"bold": True})
        document.insert_text(2, "er")
        document.insert_text(6, "plain", {})
    assert document.text() == "boerldplain"
    assert [dict(document.marks(at) or {}) for at in (0, 2, 5, 6)] == [{"bold": True}] * 3 + [{}]
    assert Document("text", client=8).marks(0) is None


@pytest.mark.parametrize("is_plain", [True, False])
def test_places_outside_the_text_are_refused(is_plain: bool) -> None:
    document = Document("text", client=7)
    with document.transaction():
        document.insert_text(0, "abc", None if is_plain else {"bold": True})
    assert document.is_plain == is_plain
    for point in (-1, 4):
        with pytest.raises(OffsetOutside), document.transaction():
            document.insert_text(point, "x")
        with pytest.raises(OffsetOutside), document.transaction():
            document.delete_text(0, point)
    assert document.text() == "abc"


@pytest.mark.parametrize("kind", ["data", "rich"])
def test_other_kinds_have_no_text(kind: str) -> None:
    document = Document(kind, client=7)  # type: ignore[arg-type]
    for ask in (document.text, document.ruler, lambda: document.text_root, lambda: document.insert_text(0, "x")):
        with pytest.raises(WrongKind, match="has no text"):
            ask()
    assert not document.is_plain


def test_folkmoot_0_1_counted_no_embeds() -> None:
    document = Document("text", client=7)
    with document.transaction():
        document.insert_text(0, "ab")
        document.insert_embed(1, {"n": 1})
    assert document.text() == f"a{EMBED}b"
    document.read_as(is_strict=False)
    assert document.text() == "ab"
