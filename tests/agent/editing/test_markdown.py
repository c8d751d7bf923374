"""Where sections and lists stand in a text: by lines of Markdown, in code points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.editing.markdown import find_list, find_sections, item_text, sections_of

TEXT = "# Plan 😀\n\nHi.\n\n## One ##\nbody\n### Deep\nx\n\n```\n# no heading\n```\n## Two\r\nlast\n"
LINES = st.sampled_from(["# A", "## B", "### c #", "- item", "text 😀", "", "```", "1. n", "#none", "~~~"])


def test_a_section_reaches_to_the_next_heading_of_its_level_or_above() -> None:
    found = {section.title: TEXT[section.start : section.end] for section in sections_of(TEXT)}
    assert list(found) == ["Plan 😀", "One", "Deep", "Two"], "what stands between fences is no heading"
    assert found["Plan 😀"] == TEXT
    assert found["One"] == TEXT[TEXT.index("## One") : TEXT.index("## Two")]
    assert found["Deep"].startswith("### Deep\nx")


@given(lines=st.lists(LINES, max_size=20))
def test_sections_are_in_order_nested_and_made_of_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = sections_of(text)
    assert [section.start for section in found] == sorted({section.start for section in found})
    for section in found:
        assert 0 <= section.start < section.body <= section.end <= len(text) or section.body == len(text)
        assert text[section.title_start : section.title_end] == section.title
        assert text[section.start] == "#"
        for other in found:
            apart = other.start >= section.end or other.end <= section.start
            inside = section.start <= other.start and other.end <= section.end
            around = other.start <= section.start and section.end <= other.end
            assert apart or inside or around, "sections never cut each other"


@pytest.mark.parametrize(
    ("name", "titles"),
    [("One", ["One"]), ("one ", ["One"]), ("2", ["Two"]), ("3", []), ("0", []), ("9" * 9, []), ("nope", [])],
)
def test_a_section_is_found_by_name_or_counted_on_the_second_level(name: str, titles: list[str]) -> None:
    assert [section.title for section in find_sections(TEXT, name)] == titles


def test_an_exact_name_goes_before_one_of_another_case() -> None:
    assert len(find_sections("# a\n# A\n", "a")) == 1
    assert len(find_sections("# a\n# A\n", "á")) == 0
    assert len(find_sections("# B\n# b\n", "b ")) == 2


@pytest.mark.parametrize("mark", ["- ", "* ", "+ ", "1. ", "12) ", "\t- "])
def test_items_are_lines_that_begin_with_a_mark(mark: str) -> None:
    text = f"intro\n{mark}a\r\n{mark}b\nend\n{mark}c\n"
    found = find_list(text, 0, len(text))
    assert found is not None
    assert [item_text(item) for item in found.items] == ["a", "b"]
    assert text[found.start : found.end] == f"{mark}a\r\n{mark}b"


def test_where_no_item_is_there_is_no_list() -> None:
    assert find_list("text\nmore -x\n", 0, 12) is None
    assert find_list("- a\n", 4, 4) is None
