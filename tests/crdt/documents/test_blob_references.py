"""A file that a document names is found, in each kind of document, however the name came in; one that left is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import XmlElement, XmlText

from crdt.digest import Json
from crdt.documents.blob_references import (
    is_blob_id,
    references_in,
    references_in_state,
    references_in_value,
)
from crdt.documents.document import Document
from crdt.documents.paths import set_path

IDS = st.text("0123456789abcdef", min_size=64, max_size=64).map(lambda digits: f"sha256-{digits}")
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
FORMS = st.sampled_from(["![{0}](blob:{1})", "[{0}](blobs/{1})", "{0}blob:{1}", '<img src="blobs/{1}">{0}', "{0}{1}"])


@given(FORMS, st.lists(st.tuples(WORDS, IDS), max_size=4), st.data())
def test_what_a_text_names_is_found_in_one_piece_or_letter_by_letter(
    form: str, named: list[tuple[str, str]], data: st.DataObject
) -> None:
    document = Document("text", client=7)
    for words, id in named:
        text = form.format(words, id)
        if data.draw(st.booleans()):
            with document.transaction():
                document.insert_text(0, text)
        else:
            # Another's letter stands between any two, and goes again: no two of these are one piece.
            cut = data.draw(st.integers(1, len(text) - 1))
            with document.transaction():
                document.insert_text(0, text[cut:])
            with document.transaction():
                document.insert_text(0, text[:cut])
    assert references_in_state("text", document.encode()) >= {id for _, id in named}
    assert references_in_state("text", document.encode()) == references_in_value(document.text())


@given(st.lists(st.tuples(WORDS, IDS), min_size=1, max_size=3), st.integers(0, 3))
def test_what_data_names_is_found_wherever_it_stands(named: list[tuple[str, str]], depth: int) -> None:
    document = Document("data", client=7)
    with document.transaction():
        for at, (words, id) in enumerate(named):
            value: Json = f"{words} blob:{id}"
            for _ in range(depth):
                value = {"in": [value]}
            set_path(document, (f"k{at}",), value)
    assert references_in_state("data", document.encode()) == {id for _, id in named}
    with document.transaction():
        set_path(document, ("k0",), "nothing")
    left = {id for _, id in named[1:]}
    assert references_in_state("data", document.encode()) == left


@given(IDS, IDS, IDS, IDS)
def test_what_a_rich_document_names_is_found_in_attributes_marks_words_and_embeds(
    attribute: str, mark: str, words: str, embed: str
) -> None:
    document = Document("rich", client=7)
    root = document._root
    assert not isinstance(root, str)
    with document.transaction():
        root.children.append(XmlElement("image", {"src": f"blob:{attribute}"}))  # type: ignore[union-attr]
        paragraph = XmlElement("p")
        root.children.append(paragraph)  # type: ignore[union-attr]
        text = XmlText()
        paragraph.children.append(text)
        text.insert(0, f"see blobs/{words}")
        text.format(0, 3, {"link": {"href": f"blobs/{mark}"}})
        text.insert_embed(0, {"image": f"blob:{embed}"})
    assert references_in_state("rich", document.encode()) == {attribute, mark, words, embed}


@given(IDS)
def test_what_was_taken_out_is_not_named(id: str) -> None:
    document = Document("text", client=7)
    with document.transaction():
        document.insert_text(0, f"a blob:{id} b")
    with document.transaction():
        document.delete_text(2, 2 + len(f"blob:{id}"))
    assert references_in_state("text", document.encode()) == frozenset()


@given(st.binary(max_size=200), IDS)
def test_bytes_of_any_kind_are_looked_through(around: bytes, id: str) -> None:
    assert id in references_in(around + id.encode() + around)


def test_what_is_no_id_is_none() -> None:
    digits = "ab" * 32
    assert is_blob_id(f"sha256-{digits}")
    wrong = [digits, f"sha256:{digits}", f"sha256-{digits.upper()}", f"sha256-{digits}\n", f"sha256-{digits[:-1]}", ""]
    assert not any(map(is_blob_id, wrong))
    assert all(not references_in(text.encode()) for text in wrong if digits + "\n" not in text)
