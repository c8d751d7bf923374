"""Text commands on a piece table: what is asked for, what it depends on, and what would work where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.editing.commands import (
    AddToSection,
    AppendText,
    Case,
    CaseSection,
    CutLines,
    CutSection,
    DeleteSection,
    DeleteText,
    InsertText,
    OrderList,
    RenameHeading,
    ReplaceSection,
    ReplaceText,
    TextCommand,
)
from agent.editing.pieces import PieceTable
from agent.editing.text import CannotDo, TextEditor, change_case, shown

TEXT = "# Plan\n\nHi folks.\n\n## Guests\n\n- Zoe\n- ana\n- Ben\n- ana\n\n## End\nbye\n"


def editor(text: str = TEXT, selected: tuple[int, int] | None = None) -> TextEditor:
    return TextEditor("plan", PieceTable(text), selected, set())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (ReplaceText("folks", "all"), TEXT.replace("folks", "all")),
        (ReplaceText("FOLKS", "all"), TEXT.replace("folks", "all")),
        (ReplaceText("ana", "x", which="last"), TEXT[::-1].replace("ana", "x", 1)[::-1]),
        (ReplaceText("ana", "x", which="all"), TEXT.replace("ana", "x")),
        (DeleteText("Hi "), TEXT.replace("Hi ", "")),
        (InsertText("!", "before", "folks"), TEXT.replace("folks", "!folks")),
        (InsertText("!", "after", "folks"), TEXT.replace("folks", "folks!")),
        (AppendText("end"), f"{TEXT}end\n"),
        (AppendText("top", at_start=True), f"top\n{TEXT}"),
        (CutLines(1, 2), TEXT.removeprefix("# Plan\n\n")),
        (DeleteSection("Guests"), TEXT[: TEXT.index("## Guests")] + "## End\nbye\n"),
        (ReplaceSection("End", "gone"), TEXT.replace("bye", "gone")),
        (AddToSection("End", "really"), TEXT.replace("bye", "bye\nreally")),
        (CutSection("Guests", 2), TEXT.replace("- Ben\n- ana", "").replace("- ana\n\n\n", "- ana\n\n")),
        (RenameHeading("End", "Fin"), TEXT.replace("## End", "## Fin")),
        (CaseSection("End", "upper"), TEXT.replace("bye", "BYE")),
        (OrderList("Guests"), TEXT.replace("- Zoe\n- ana\n- Ben\n- ana", "- ana\n- ana\n- Ben\n- Zoe")),
        (OrderList("Guests", reverse=True), TEXT.replace("- Zoe\n- ana\n- Ben\n- ana", "- Zoe\n- Ben\n- ana\n- ana")),
        (OrderList("Guests", dedupe=True), TEXT.replace("- ana\n- Ben\n", "- Ben\n")),
    ],
)
def test_each_command_gives_the_text_that_was_asked_for(command: TextCommand, expected: str) -> None:
    made = editor()
    said = made.carry_out(command)
    assert made.table.text == expected
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ReplaceText("ana", "x"), "ambiguous"),
        (ReplaceText("", "x"), "not_found"),
        (ReplaceText("Hi", "x", which="second"), "not_found"),
        (DeleteText("nobody"), "not_found"),
        (CutLines(2, 99), "not_found"),
        (CutLines(3, 2), "not_found"),
        (DeleteSection("Nope"), "not_found"),
        (OrderList("End"), "not_found"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_has_a_code(command: TextCommand, code: str) -> None:
    made = editor()
    with pytest.raises(CannotDo) as raised:
        made.carry_out(command)
    assert raised.value.refused.code == code
    assert raised.value.refused.reason
    assert made.table.replacements() == []


def test_only_what_is_selected_is_looked_at() -> None:
    start = TEXT.index("- ana\n- Ben")
    made = editor(selected=(start, start + 5))
    made.carry_out(ReplaceText("ana", "Anna"))
    made.carry_out(ReplaceText("Anna", "Annie"))
    assert made.table.text == TEXT.replace("ana", "Annie", 1), "the selection has grown with its words"
    with pytest.raises(CannotDo, match="your selection"):
        made.carry_out(DeleteText("Zoe"))


def test_a_command_depends_on_the_words_beside_which_it_writes() -> None:
    made = editor()
    made.carry_out(InsertText("!", "after", "folks"))
    assert made.reads == {(TEXT.index("folks"), TEXT.index("folks") + 5)}
    unchanged = editor()
    unchanged.carry_out(CaseSection("End", "lower"))
    assert unchanged.table.replacements() == []
    assert unchanged.reads == {(TEXT.index("bye"), TEXT.index("bye") + 3)}, "what stays as it is was looked at"


@given(text=st.text(max_size=80), case=st.sampled_from(["upper", "lower", "title"]))
def test_a_case_is_taken_once(text: str, case: Case) -> None:
    once = change_case(text, case)
    if text.isascii():
        assert change_case(once, case) == once
        assert once.casefold() == text.casefold()
    assert change_case("it's näher", "title") == "It's Näher"


@given(words=st.text(max_size=300))
def test_what_a_sentence_quotes_is_short_and_one_line(words: str) -> None:
    quoted = shown(words)
    assert len(quoted) <= 62
    assert len(quoted.splitlines()) == 1
    assert (quoted[0], quoted[-1]) == ("“", "”")


def test_a_command_for_another_document_is_the_same_here() -> None:
    command = ReplaceText("folks", "all")
    one, other = editor(), editor()
    assert one.carry_out(command) == other.carry_out(replace(command, doc="whatever"))
