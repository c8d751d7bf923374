"""The language understands many wordings of one meaning, and never raises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.builtin.language import COMMANDS_MAX, parse
from agent.editing.commands import (
    AddItem,
    AddNumber,
    AddToSection,
    AppendText,
    AskAuthor,
    CaseSection,
    Command,
    CutLines,
    CutSection,
    DeleteSection,
    DeleteText,
    InsertText,
    Instruction,
    MakeDocument,
    MoveItem,
    NotUnderstood,
    OrderList,
    RemoveData,
    RemoveItem,
    RenameHeading,
    ReplaceSection,
    ReplaceText,
    SetData,
)
from tests.support.examples import examples

PAGE = Path(__file__).parents[3] / "docs" / "language.md"
LINES = [
    line
    for block in re.findall(r"```folkmoot\n(.*?)```", PAGE.read_text(), re.S)
    for line in block.splitlines()
    if line.strip()
]

MEANINGS = [
    (
        ReplaceText("a", "b", "plan"),
        [
            'replace "a" with "b" in plan',
            "Please replace 'a' by 'b' in plan.",
            "in plan, replace “a” with “b”",
            'could you change "a" to "b" in plan?',
            "REPLACE «a» WITH «b» IN plan",
            'turn "a" into "b" in the document plan',
            'swap "a" for "b" in plan please',
            "replace „a“ with ‘b’ in plan",
            'ok, agent, now just replace "a" with "b" in plan!',
            "Let's replace \"a\" with 'b' in the doc plan, thanks",
        ],
    ),
    (ReplaceText("a", "b", "plan", "all"), ['replace all "a" with "b" in plan', 'replace every "a" with "b" in plan']),
    (ReplaceText("a", "b", None, "last"), ['replace the last "a" with "b"', 'change the last "a" to "b"']),
    (
        ReplaceText("a", "b", "plan", "third"),
        ['replace the third "a" with "b" in plan', 'on plan: swap the third occurrence of "a" for "b"'],
    ),
    (
        InsertText("t", "after", "x", "plan"),
        [
            'insert "t" after "x" in plan',
            'put "t" below "x" in plan',
            'add "t" behind "x" in plan',
            'write "t" after the text "x" in plan',
        ],
    ),
    (InsertText("t", "before", "x"), ['insert "t" before "x"', 'add "t" above "x"', 'put "t" in front of "x"']),
    (AppendText("t"), ['append "t"', 'add "t" at the end', 'write "t"']),
    (AppendText("t", "plan", at_start=True), ['prepend "t" to plan', 'start with "t" in plan']),
    (DeleteText("t", "plan"), ['delete "t" in plan', 'remove "t" in plan', 'erase "t" in the document plan']),
    (
        CutLines(3, 5, "plan"),
        ["delete lines 3 to 5 in plan", "remove lines 3-5 in plan", "drop lines 3 through 5 in plan"],
    ),
    (CutLines(3, 3), ["delete line 3", "please remove line 3"]),
    (
        DeleteSection("Intro", "plan"),
        ['delete section "Intro" in plan', "remove the Intro section in plan", "drop section Intro of plan"],
    ),
    (
        ReplaceSection("2", "t"),
        ['replace section 2 with "t"', 'rewrite section 2 as "t"', 'replace the text of section 2 with "t"'],
    ),
    (
        AddToSection("Intro", "t"),
        ['add "t" to section "Intro"', 'put "t" under section Intro', 'append "t" to the Intro section'],
    ),
    (
        CutSection("2", 3),
        ["cut section 2 to 3 lines", "shorten section 2 to 3 lines", "trim section 2 down to 3 lines"],
    ),
    (
        RenameHeading("A", "B", "plan"),
        [
            'rename heading "A" to "B" in plan',
            'retitle the heading "A" as "B" in plan',
            'rename section "A" to "B" in plan',
        ],
    ),
    (
        CaseSection("Intro", "upper"),
        [
            'make section "Intro" uppercase',
            "turn the Intro section into capitals",
            "uppercase section Intro",
            "put section Intro in upper case",
        ],
    ),
    (CaseSection("Intro", "title"), ["make section Intro title case", "title-case the Intro section"]),
    (CaseSection(None, "lower"), ["make everything lowercase", "turn it into lower case", "make the text lowercase"]),
    (
        OrderList("Guests", doc="plan"),
        ['sort list under "Guests" in plan', "alphabetize the items under Guests in plan"],
    ),
    (
        OrderList("Guests", dedupe=True),
        ["dedupe the list under Guests", 'remove duplicates from the list under "Guests"'],
    ),
    (
        SetData("budget.travel", 300),
        [
            "set budget.travel to 300",
            "budget.travel = 300",
        ],
    ),
    (
        SetData("budget.travel", 300, "make"),
        ["make budget.travel equal to 300", "let budget.travel be 300"],
    ),
    (
        SetData("budget.travel", 300, "change"),
        [
            "change budget.travel to 300",
            "please update the budget.travel to 300.",
        ],
    ),
    (SetData("a.b", "Friday noon"), ["set a.b to Friday noon", 'set a.b to "Friday noon"']),
    (SetData("a", {"x": [1, "y"]}), ['set a to {"x": [1, "y"]}']),
    (SetData("a", True), ["set a to true"]),
    (AddNumber("x.y", 5), ["increase x.y by 5", "raise x.y by 5", "bump the x.y by 5", "increment x.y by 5"]),
    (
        AddNumber("x.y", -1200),
        ["decrease x.y by 1,200", "reduce x.y by 1200", "lower x.y by 1_200", "subtract 1200 from x.y"],
    ),
    (AddNumber("x", 10, is_percent=True), ["increase x by 10%", "increase x by 10 percent"]),
    (RemoveData("x.y"), ["remove x.y", "delete x.y", "unset x.y", "clear the x.y"]),
    (AddItem("x.l", "Dee"), ['add "Dee" to x.l', "add Dee to x.l", 'append "Dee" to the list x.l', "put Dee into x.l"]),
    (RemoveItem("x.l", "Dee"), ['remove "Dee" from x.l', "take Dee out of x.l", "drop Dee from x.l"]),
    (
        MoveItem("x.l", "Dee", 1),
        [
            'move "Dee" in x.l to top',
            "move Dee in x.l to 1",
            "move Dee within x.l to position 1",
            "move Dee in x.l to the first place",
        ],
    ),
    (MoveItem("x.l", "Dee", -1), ["move Dee in x.l to the end", "move Dee in x.l to bottom"]),
    (
        MakeDocument("notes", "text"),
        ["create text document notes", "create a document called notes", "make a new text doc notes"],
    ),
    (MakeDocument("stock", "data"), ["create data document stock", 'add a new data document named "stock"']),
    (AskAuthor("Which?"), ['ask "Which?"', 'please ask me "Which?"']),
    (AskAuthor("Which?", ("a", "b")), ['ask "Which?" options "a", "b"', 'ask "Which?" with options: "a" or "b"']),
]
TABLE = [(wording, meaning) for meaning, wordings in MEANINGS for wording in wordings]


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(TABLE) >= 100


@pytest.mark.parametrize(("wording", "meaning"), TABLE)
def test_one_meaning_has_many_wordings(wording: str, meaning: object) -> None:
    assert parse(wording) == Instruction((meaning,))  # type: ignore[arg-type]


@pytest.mark.parametrize(("wording", "meaning"), TABLE)
@pytest.mark.parametrize("form", ["{} after 2 seconds", "after 2 seconds: {}", "{} after 2s."])
def test_a_delay_changes_nothing_else(wording: str, meaning: object, form: str) -> None:
    assert parse(form.format(wording.rstrip("?."))) == Instruction((meaning,), 2.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("line", LINES)
def test_every_line_of_the_page_is_understood(line: str) -> None:
    assert isinstance(parse(line), Instruction)


@given(st.text(max_size=300))
def test_no_words_make_it_raise(text: str) -> None:
    assert isinstance(parse(text), Instruction | NotUnderstood)


@given(old=st.text(min_size=1, max_size=30), new=st.text(max_size=30))
def test_quoted_words_are_taken_as_they_are(old: str, new: str) -> None:
    quoted = [part.replace("\\", "\\\\").replace('"', '\\"') for part in (old, new)]
    parsed = parse(f'replace "{quoted[0]}" with "{quoted[1]}" in plan')
    assert parsed == Instruction((ReplaceText(old, new, "plan"),))


def test_several_commands_keep_their_order() -> None:
    parsed = parse('set a.b to 2; append "x; and then y" to plan and then remove a.c, then ask "ok?"')
    assert isinstance(parsed, Instruction)
    assert parsed.commands == (SetData("a.b", 2), AddItem("plan", "x; and then y"), RemoveData("a.c"), AskAuthor("ok?"))


def test_a_delay_is_bounded() -> None:
    parsed = parse("set a to 1 after 99999 seconds")
    assert isinstance(parsed, Instruction)
    assert parsed.delay_seconds == 120


def test_what_is_not_understood_is_named_with_the_nearest_form() -> None:
    parsed = parse("set a to 1; relpace the thing")
    assert isinstance(parsed, NotUnderstood)
    assert parsed.part == "relpace the thing"
    assert parsed.nearest.startswith("replace")


@pytest.mark.parametrize(
    ("wording", "seconds"),
    [
        ("after 0 seconds set a to 1", 0.0),
        ("wait 3 seconds, then set a to 1", 3.0),
        ("in 3s: set a to 1", 3.0),
        ("set a to 1, after 2.5 secs", 2.5),
        ("set a to 1 in 120 seconds, please", 120.0),
        ("after 120.5 seconds set a to 1", 120.0),
        ("after 99999 seconds: set a to 1", 120.0),
    ],
)
def test_a_delay_stands_at_either_end_and_is_bounded(wording: str, seconds: float) -> None:
    assert parse(wording) == Instruction((SetData("a", 1),), seconds)


@pytest.mark.parametrize("words", ["after 5 seconds", "x and then y; z", "please", "replace 'a' with 'b'", "⟦0⟧"])
def test_quoted_words_are_never_commands(words: str) -> None:
    assert parse(f'append "{words}"') == Instruction((AppendText(words),))


def test_more_commands_than_allowed_are_refused_as_a_whole() -> None:
    assert isinstance(parse("; ".join(["set a to 1"] * COMMANDS_MAX)), Instruction)
    assert isinstance(parse("; ".join(["set a to 1"] * (COMMANDS_MAX + 1))), NotUnderstood)


def quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def canonical_form(command: Command) -> str:
    """Return the words of the page for a command, with everything quoted that may be."""
    doc = getattr(command, "doc", None)
    place = f" in {quoted(doc)}" if doc is not None else ""
    which = getattr(command, "which", "only")
    order = {"only": "", "all": "all "}.get(which, f"the {which} ")
    match command:
        case ReplaceText(old, new):
            return f"replace {order}{quoted(old)} with {quoted(new)}{place}"
        case InsertText(text, side, anchor):
            return f"insert {quoted(text)} {side} {order}{quoted(anchor)}{place}"
        case DeleteText(text):
            return f"delete {order}{quoted(text)}{place}"
        case CutLines(first, last):
            return f"delete lines {first} to {last}{place}"
        case DeleteSection(section):
            return f"delete section {quoted(section)}{place}"
        case ReplaceSection(section, text):
            return f"replace section {quoted(section)} with {quoted(text)}{place}"
        case AddToSection(section, text):
            return f"add {quoted(text)} to section {quoted(section)}{place}"
        case CutSection(section, lines):
            return f"cut section {quoted(section)} to {lines} lines{place}"
        case RenameHeading(old, new):
            return f"rename heading {quoted(old)} to {quoted(new)}{place}"
        case SetData(target, value):
            return f"set {quoted(target)} to {json.dumps(value, ensure_ascii=False)}"
        case AddNumber(target, by, is_percent):
            return f"{'increase' if by >= 0 else 'decrease'} {quoted(target)} by {abs(by)}{'%' if is_percent else ''}"
        case RemoveData(target):
            return f"remove {target}"
        case AddItem(target, value):
            return f"add {quoted(str(value))} to {quoted(target)}"
        case RemoveItem(target, value):
            return f"remove {quoted(str(value))} from {quoted(target)}"
        case MoveItem(target, value, position):
            return f"move {quoted(str(value))} in {quoted(target)} to {'end' if position < 0 else position}"
        case MakeDocument(name, kind):
            return f"create {kind} document {quoted(name)}"
        case AskAuthor(question, options):
            listed = ", ".join(quoted(option) for option in options)
            return f"ask {quoted(question)}" + (f" options {listed}" if options else "")
        case _:
            raise AssertionError(command)


WORDS = st.text(max_size=20)
PLACES = st.none() | st.text(min_size=1, max_size=10)
ORDERS = st.sampled_from(("only", "first", "second", "third", "last", "all"))
# Json escapes inside a quoted value are not part of the language, so control characters stay out of values.
PLAIN = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=10).filter(lambda text: "\\" not in text)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | PLAIN
VALUES = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(PLAIN, part, max_size=3), max_leaves=6
)
NUMBERS = st.integers(-(10**9), 10**9) | st.integers(-(10**6), 10**6).map(lambda cents: (2 * cents + 1) / 8)
PATHS = st.from_regex(r"[a-z]{1,6}(\.[a-z0-9]{1,6}){1,3}", fullmatch=True)
COMMANDS = st.one_of(
    st.builds(ReplaceText, WORDS, WORDS, PLACES, ORDERS),
    st.builds(InsertText, WORDS, st.sampled_from(("before", "after")), WORDS, PLACES, ORDERS),
    st.builds(DeleteText, WORDS, PLACES, ORDERS),
    st.builds(CutLines, st.integers(1, 99), st.integers(1, 99), PLACES),
    st.builds(DeleteSection, WORDS, PLACES),
    st.builds(ReplaceSection, WORDS, WORDS, PLACES),
    st.builds(AddToSection, WORDS, WORDS, PLACES),
    st.builds(CutSection, WORDS, st.integers(0, 999), PLACES),
    st.builds(RenameHeading, WORDS, WORDS, PLACES),
    st.builds(SetData, PATHS, VALUES),
    st.builds(AddNumber, PATHS, NUMBERS, st.booleans()),
    st.builds(RemoveData, PATHS),
    st.builds(AddItem, PATHS, WORDS),
    st.builds(RemoveItem, PATHS, WORDS),
    st.builds(MoveItem, PATHS, WORDS, st.integers(1, 99) | st.just(-1)),
    st.builds(MakeDocument, WORDS, st.sampled_from(("text", "data"))),
    st.builds(AskAuthor, WORDS, st.lists(WORDS, max_size=3).map(tuple)),
)


@pytest.mark.long
@settings(max_examples=examples(500), deadline=None)
@given(commands=st.lists(COMMANDS, min_size=1, max_size=4), delay=st.sampled_from((0, 1, 7.5, 120)))
def test_canonical_forms_parse_back(commands: list[Command], delay: float) -> None:
    text = "; ".join(canonical_form(command) for command in commands)
    assert parse(text + (f" after {delay} seconds" if delay else "")) == Instruction(tuple(commands), delay)
