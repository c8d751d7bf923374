"""Plans of the built-in planner, carried out on forks, are the documents that were asked for."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from agent.builtin import planner
from agent.builtin.language import parse
from agent.builtin.planner import BuiltinPlanner, CommandRun
from agent.editing.commands import Instruction
from agent.editing.editor import Editor
from agent.editing.pieces import PieceTable
from agent.editing.text import CannotDo
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.operations.fork import run
from tests.support.examples import examples
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Asked, Exchange, Image, Planned, PlanRefused, Proposal, Snapshot, Steer, Task

TEXT = (
    "# Plan 😀\n\nHi e\u0301 folks.\n\n## Intro\n\nHello there.\nSecond line.\nThird.\n\n"
    "## Guests\n\n- Zoe\n- ana\n- Ben\n- ana\n\n## End\nbye\n"
)
DATA = {"travel": 400, "items": ["a", "b", "c"], "who": "Ana"}


def documents() -> dict[str, Document]:
    text, values = Document("text", client=5), Document("data", client=5)
    with text.transaction():
        text.insert_text(0, TEXT)
    with values.transaction():
        for name, value in DATA.items():
            set_path(values, (name,), value)
    return {"plan": text, "budget": values}


DOCS = documents()


async def plan(
    text: str,
    *,
    scope: tuple[Scope, ...] | None = None,
    exchanges: tuple[Exchange, ...] = (),
    steers: tuple[Steer, ...] = (),
) -> Proposal:
    waited: list[object] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    snapshot = Snapshot(1, {name: Image(doc.kind, doc.encode()) for name, doc in DOCS.items()})
    return await BuiltinPlanner(sleep).plan(
        Task("w", "i1", "ana", "editor", text, scope, snapshot, exchanges=exchanges, steers=steers), FakePlanContext()
    )


async def after(text: str, **more: object) -> dict[str, object]:
    proposal = await plan(text, **more)  # type: ignore[arg-type]
    assert isinstance(proposal, Planned), proposal
    ran = run(DOCS, proposal.ops, proposal.reads, client=99)
    return {name: document.value() for name, document in ran.documents.items()}


EDITS = [
    ('replace "folks" with "friends 👩‍👩‍👧"', TEXT.replace("folks", "friends 👩‍👩‍👧")),
    ('replace all "ana" with "Anna"', TEXT.replace("ana", "Anna")),
    ('replace the first "ana" with "x"', TEXT.replace("ana", "x", 1)),
    ('replace the last "ana" with "x"', TEXT[::-1].replace("ana", "x", 1)[::-1]),
    (
        "make section Intro uppercase",
        TEXT.replace("Hello there.\nSecond line.\nThird.", "HELLO THERE.\nSECOND LINE.\nTHIRD."),
    ),
    ("make section 1 title case", TEXT.replace("Hello there.\nSecond line.", "Hello There.\nSecond Line.")),
    ("cut section intro to 1 line", TEXT.replace("\nSecond line.\nThird.", "")),
    ("sort list under Guests", TEXT.replace("- Zoe\n- ana\n- Ben\n- ana", "- ana\n- ana\n- Ben\n- Zoe")),
    ("dedupe list under Guests", TEXT.replace("- Zoe\n- ana\n- Ben\n- ana", "- Zoe\n- Ben\n- ana")),
    ('delete section "Intro"', TEXT.replace("## Intro\n\nHello there.\nSecond line.\nThird.\n\n", "")),
    ('rename heading "End" to "Fin 😀"', TEXT.replace("## End", "## Fin 😀")),
    ('append "bye" to plan', TEXT + "bye\n"),
    ('prepend "Top" to plan', "Top\n" + TEXT),
    ('insert "dear " before "folks"', TEXT.replace("folks", "dear folks")),
    ('insert "!" after "folks"', TEXT.replace("folks", "folks!")),
    ('add "PS" to section End', TEXT.replace("bye", "bye\nPS")),
    ('replace section 2 with "nobody"', TEXT.replace("- Zoe\n- ana\n- Ben\n- ana", "nobody")),
    ("delete lines 1 to 2", TEXT.removeprefix("# Plan 😀\n\n")),
    ('delete "Second line.\\n"', TEXT.replace("Second line.\n", "")),
    ('append "one"; replace "one" with "two"', TEXT + "two\n"),
]
VALUES = [
    ("set budget.travel to 300", {**DATA, "travel": 300}),
    ("increase travel by 10%", {**DATA, "travel": 440}),
    ("decrease budget.travel by 0.5", {**DATA, "travel": 399.5}),
    ("add 5 to budget.travel", {**DATA, "travel": 405}),
    ('add "d" to budget.items', {**DATA, "items": ["a", "b", "c", "d"]}),
    ('add "d" to budget.items; add "e" to budget.items', {**DATA, "items": ["a", "b", "c", "d", "e"]}),
    ("set budget.² to 3", {**DATA, "²": 3}),
    ('remove "B" from items', {**DATA, "items": ["a", "c"]}),
    ('move "c" in budget.items to top', {**DATA, "items": ["c", "a", "b"]}),
    ('move "a" in budget.items to the end', {**DATA, "items": ["b", "c", "a"]}),
    ("remove budget.who", {"travel": 400, "items": ["a", "b", "c"]}),
    ("set budget.team.lead to Zoe", {**DATA, "team": {"lead": "Zoe"}}),
    ("set budget.travel to 1; increase budget.travel by 2", {**DATA, "travel": 3}),
]
REFUSALS = [
    ("set budget.travel to 99999999999999999999", "too_large"),
    ("set budget.travel to 1e999", "not_understood"),
    ("set budget.x to " + "[" * 300 + "]" * 300, "not_understood"),
    ("set a to " + "9" * 5000, "not_understood"),
    ('add "q" to budget.items; move "q" in budget.items to top', "too_early"),
    ("set budget.l to [1,2]; add 3 to budget.l", "too_early"),
    ("set" + " " * 7000 + "x", "not_understood"),
    ('insert "x" after "Third." please do', "not_understood"),
    ("make it pop", "not_understood"),
    ('replace "zzz" with "y"', "not_found"),
    ('replace "ana" with "y"', "ambiguous"),
    ('delete section "Nope"', "not_found"),
    ("delete lines 5 to 900", "not_found"),
    ("set plan.x to 3", "wrong_kind"),
    ("increase budget.items by 3", "wrong_kind"),
    ("remove budget.nope", "not_found"),
    ('append "x" to plan; remove budget.nope', "not_found"),
    ('replace "a" with "b" in nowhere', "no_document"),
    ("create text document plan", "exists"),
    ("set budget to 3", "which_value"),
    ('remove "q" from budget.items', "not_found"),
    ('create text document notes; append "x"', "which_document"),
    ("create data document stock; set x to 3", "which_document"),
    ('append "x" to budget', "which_value"),
]


@pytest.mark.parametrize(("words", "expected"), EDITS)
async def test_text_becomes_what_was_asked_for(words: str, expected: str) -> None:
    assert (await after(words))["plan"] == expected


@pytest.mark.parametrize(("words", "expected"), VALUES)
async def test_values_become_what_was_asked_for(words: str, expected: object) -> None:
    assert (await after(words))["budget"] == expected


@pytest.mark.parametrize(("words", "code"), REFUSALS)
async def test_what_cannot_be_done_is_refused_with_a_reason(words: str, code: str) -> None:
    proposal = await plan(words)
    assert isinstance(proposal, PlanRefused)
    assert proposal.code == code
    assert proposal.reason


async def test_a_selection_narrows_a_text_command() -> None:
    start = TEXT.rindex("- ana")
    place = place_range(DOCS["plan"], start, start + 5)
    scope = (Scope("plan", from_=place.start.encode(), to=place.end.encode()),)
    assert (await after('replace "ana" with "Eva"', scope=scope))["plan"] == TEXT[:start] + "- Eva" + TEXT[start + 5 :]


async def test_a_new_document_can_be_filled_at_once() -> None:
    assert (await after('create text document notes; append "first" to notes'))["notes"] == "first\n"


async def test_a_question_is_asked_until_it_is_answered() -> None:
    asked = await plan('ask "Which?" options "a", "b"')
    assert isinstance(asked, Asked)
    assert [option.value for option in asked.options] == ["a", "b"]
    answered = await plan('ask "Which?" options "a", "b"', exchanges=(Exchange("Which?", "b"),))
    assert isinstance(answered, Planned)
    assert not answered.ops
    assert "b" in answered.summary


@settings(max_examples=examples(200), deadline=None)
@given(seed=st.integers(0, 10**9))
def test_what_an_instruction_brings_in_has_plain_line_ends(seed: int) -> None:
    chance = random.Random(seed)
    table, model = PieceTable(""), ""
    for _ in range(chance.randint(1, 8)):
        start = chance.randint(0, len(model))
        end = chance.randint(start, len(model))
        words = "".join(chance.choice(("a", "\r", "\n", "\r\n")) for _ in range(chance.randint(0, 4)))
        if words.endswith("\r") and model[end : end + 1] == "\n":
            model = model[:start] + plain(words[:-1]) + model[end:]  # the line end that stands there is the rest of it
        else:
            model = model[:start] + plain(words) + model[end:]
        table.edit(start, end, words)
        assert table.text == model
        assert "\r" not in table.text


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


async def test_a_command_finds_lines_and_writes_them_whatever_their_ends() -> None:
    dos = Document("text", client=5)
    with dos.transaction():
        dos.insert_text(0, "one\r\ntwo\r\nthree\r\n- z\r\n- a\r\n")
    for words, expected in (
        ('replace "one\ntwo" with "1\r\n2" in dos', "1\n2\r\nthree\r\n- z\r\n- a\r\n"),
        ('replace "two\r\nthree" with "x\ry" in dos', "one\r\nx\ny\r\n- z\r\n- a\r\n"),
        ('append "four\r\nfive" to dos', "one\r\ntwo\r\nthree\r\n- z\r\n- a\r\nfour\nfive\n"),
        ('insert "in\r" after "one" in dos', "onein\n\r\ntwo\r\nthree\r\n- z\r\n- a\r\n"),
        ("sort the list", "one\r\ntwo\r\nthree\r\n- a\n- z\r\n"),
    ):
        snapshot = Snapshot(1, {"dos": Image("text", dos.encode())})
        planned = await BuiltinPlanner(None).plan(
            Task("w", "i1", "ana", "editor", words, None, snapshot), FakePlanContext()
        )  # type: ignore[arg-type]
        assert isinstance(planned, Planned), planned
        ran = run({"dos": dos}, planned.ops, planned.reads, client=99)
        assert ran.documents["dos"].value() == expected, words


async def test_a_delay_gives_the_same_plan() -> None:
    for words in ("set budget.travel to 300", 'append "x" to plan', 'replace "zzz" with "y"'):
        assert await plan(f"{words} after 9 seconds") == await plan(words)


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        ("make it pop", "not_understood", 'Nearest: make section "HEADING" uppercase in DOC'),
        ('replace "zzz" with "y"', "not_found", "Quote the words as they stand."),
        ('delete section "Nope"', "not_found", "“Guests”"),
        ("remove budget.nope", "not_found", "items, travel, who"),
        ('replace "ana" with "y"', "ambiguous", "the first"),
        ('create text document notes; append "x"', "which_document", "budget, notes, plan"),
        ("set plan.x to 3", "wrong_kind", "Name a data document."),
        ("increase budget.items by 3", "wrong_kind", "Set it to a number first."),
        ('replace "a" with "b" in nowhere', "no_document", "budget, plan"),
        ("set budget to 3", "which_value", "Say budget.NAME."),
    ],
)
async def test_a_refusal_says_what_would_work(words: str, code: str, remedy: str) -> None:
    proposal = await plan(words)
    assert isinstance(proposal, PlanRefused)
    assert proposal.code == code
    assert remedy in proposal.remedy


@pytest.mark.parametrize("words", ['replace "folks" with "friends"', "set budget.travel to 300"])
async def test_the_draft_is_shown_before_the_one_delay(words: str) -> None:
    context, waited = FakePlanContext(), []

    async def sleep(seconds: float) -> None:
        assert len(context.drafts) == 1
        waited.append(seconds)

    snapshot = Snapshot(1, {name: Image(doc.kind, doc.encode()) for name, doc in DOCS.items()})
    task = Task("w", "i1", "ana", "editor", f"{words} after 9 seconds", None, snapshot)
    await BuiltinPlanner(sleep).plan(task, context)
    assert waited == [9]


@pytest.mark.parametrize("words", ["set budget.travel to 300", 'replace "nobody" with "x"', "set budget.travel.x to 1"])
async def test_beside_the_loop_it_comes_to_the_same(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Snapshot(1, {name: Image(doc.kind, doc.encode(), doc.exact_values()) for name, doc in DOCS.items()})
    task, made = Task("w", "i1", "ana", "editor", words, None, snapshot), list[tuple[Proposal, object]]()
    threads, original = set[int](), planner.attempt
    monkeypatch.setattr(planner, "attempt", lambda *args: (threads.add(threading.get_ident()), original(*args))[1])
    for size in (0, 1 << 30):
        monkeypatch.setattr(planner, "BESIDE_BYTES", size)
        context = FakePlanContext()
        made.append((await BuiltinPlanner().plan(task, context), context.drafts))
    assert made[0] == made[1]
    assert len(threads) == 2, "a large snapshot is planned on in a thread of its own"


async def test_only_an_answer_to_this_question_counts() -> None:
    assert isinstance(await plan('ask "Which?"', exchanges=(Exchange("Where?", "b"),)), Asked)
    words = 'ask "Which?"; set budget.travel to 1; ask "Sure?"'
    first = await plan(words)
    second = await plan(words, exchanges=(Exchange("Which?", "b"),))
    third = await plan(words, exchanges=(Exchange("Which?", "b"), Exchange("Sure?", "yes")))
    assert isinstance(first, Asked)
    assert first.question == "Which?"
    assert isinstance(second, Asked)
    assert second.question == "Sure?"
    assert isinstance(third, Planned)
    assert len(third.ops) == 1


async def test_combining_characters_and_wide_ones_keep_their_places() -> None:
    words = 'replace "😀" with "e\u0301"; insert "!" after "e\u0301 folks"; rename heading "End" to "Fin"'
    expected = TEXT.replace("😀", "e\u0301").replace("e\u0301 folks", "e\u0301 folks!").replace("## End", "## Fin")
    assert (await after(words))["plan"] == expected


STEPS = (
    'replace the first "a" with "b😀"',
    'replace the last "e" with ""',
    'insert "Q" before the first "n"',
    'insert "W" after the last "n"',
    'append "end"',
    'prepend "top" to plan',
    "delete lines 1 to 3 in plan",
    "uppercase section Guests",
    'add "p" to section Guests',
    "sort list under Guests",
    'replace section Guests with "- c\\n- b"',
    'replace all "an" with "x"',
)


@settings(max_examples=examples(150), deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=6))
def test_one_plan_of_many_commands_gives_the_text_that_was_edited(steps: list[str]) -> None:
    instruction = parse("; ".join(steps))
    assert isinstance(instruction, Instruction)
    snapshot = Snapshot(1, {name: Image(doc.kind, doc.encode()) for name, doc in DOCS.items()})
    task = Task("w", "i1", "ana", "editor", "; ".join(steps), None, snapshot)
    work = CommandRun(task, Editor(task))
    try:
        planned = work.carry_out([(None, instruction.commands)])
    except CannotDo:
        reject()  # An earlier step took away what a later one names.
    assert isinstance(planned, Planned)
    ran = run(DOCS, planned.ops, planned.reads, client=99)
    now = ran.documents["plan"].text() if "plan" in ran.documents else TEXT
    assert now == work.editor.texts["plan"].table.text


PLAN, BUDGET = (Scope("plan"),), (Scope("budget"),)
NEVER_MADE = [
    ("change April to May", PLAN, "not_found"),
    ("change April to May", BUDGET, "not_found"),
    ("change April to May", None, "not_found"),
    ("change budget.April to May", BUDGET, "not_found"),
    ("set April to May", PLAN, "not_found"),
    ("set April to May", None, "not_found"),
    ("make it as short as possible", PLAN, "not_found"),
    ("make it as short as possible", BUDGET, "not_found"),
    ("let plan be shorter", PLAN, "wrong_kind"),
    ("update travle to 5", BUDGET, "not_found"),
    ('append "x" to the page', PLAN, "not_found"),
    ('add "x" to guests', PLAN, "not_found"),
    ("increase traval by 5", PLAN, "not_found"),
    ("increase budget.travle by 5", BUDGET, "not_found"),
    ("decrease travle by 5", BUDGET, "not_found"),
    ('add "x" to budget.list', BUDGET, "not_found"),
    ('add "x" to budget.team.cooks', PLAN, "not_found"),
    ("add 5 to budget.travle", BUDGET, "not_found"),
]


@pytest.mark.parametrize(("text", "scope", "code"), NEVER_MADE)
async def test_a_name_that_is_not_there_is_never_made_by_the_way(
    text: str, scope: tuple[Scope, ...] | None, code: str
) -> None:
    refused = await plan(text, scope=scope)
    assert isinstance(refused, PlanRefused), refused
    assert refused.code == code
    assert refused.remedy


@pytest.mark.parametrize(
    ("text", "scope", "made"),
    [
        ("set April to May", BUDGET, {"April": "May"}),
        ("set budget.April to May", PLAN, {"April": "May"}),
        ("budget.April = May", None, {"April": "May"}),
        ('set budget.list to ["x"]', PLAN, {"list": ["x"]}),
    ],
)
async def test_a_name_that_is_asked_for_is_made(
    text: str, scope: tuple[Scope, ...] | None, made: dict[str, object]
) -> None:
    assert (await after(text, scope=scope))["budget"] == {**DATA, **made}


@pytest.mark.parametrize("scope", [PLAN, None])
@pytest.mark.parametrize(
    "text", ["change folks to friends", "please change folks into friends", 'change "Hi é" to Hello']
)
async def test_to_change_words_of_a_text_changes_the_text(text: str, scope: tuple[Scope, ...] | None) -> None:
    if "é" in text:
        expected = TEXT.replace("Hi e\u0301", "Hello")
        text = text.replace("é", "e\u0301")
    else:
        expected = TEXT.replace("folks", "friends")
    proposal = await after(text, scope=scope)
    assert proposal == {"plan": expected}


async def test_a_value_that_is_there_is_changed_where_nothing_points_elsewhere() -> None:
    assert (await after("change travel to 5"))["budget"] == {**DATA, "travel": 5}


async def test_a_document_of_another_kind_is_no_value() -> None:
    refused = await plan('append "x" to Plan.end', scope=BUDGET)
    assert isinstance(refused, PlanRefused)
    assert refused.code == "wrong_kind"


async def test_a_selection_stays_where_it_is_while_its_words_change() -> None:
    document = DOCS["plan"]
    start = TEXT.index("Hello there.\nSecond line.")
    place = place_range(document, start, start + len("Hello there.\nSecond line."))
    scope = (Scope("plan", from_=place.start.encode(), to=place.end.encode()),)
    text = 'replace "Hello" with "Good morning to all of you"; replace "line" with "row"; replace "row" with "verse"'
    expected = TEXT.replace("Hello", "Good morning to all of you").replace("Second line", "Second verse")
    assert (await after(text, scope=scope))["plan"] == expected
    outside = await plan('replace "Hello there.\\nSecond line." with ""; replace "Third" with "x"', scope=scope)
    assert isinstance(outside, PlanRefused), "what stands behind it is not in it"


def steer(intent: str, text: str, scope: tuple[Scope, ...] | None = None) -> Steer:
    return Steer(intent, "Ben", text, scope)


async def test_it_says_which_of_those_that_joined_it_serves() -> None:
    proposal = await plan(
        'replace "folks" with "friends"',
        scope=PLAN,
        steers=(
            steer("i2", 'replace "friends" with "all"', PLAN),
            steer("i3", "no, keep the table", PLAN),
            steer("i4", "set travel to 5", BUDGET),
            steer("i5", 'ask "really?"', PLAN),
            steer("i6", 'replace "folks" with "people"', PLAN),
            steer("i7", 'append "bye" to plan; replace "nowhere" with "x"', PLAN),
        ),
    )
    assert isinstance(proposal, Planned)
    assert proposal.serves == ("i2", "i4")
    ran = run(DOCS, proposal.ops, proposal.reads, client=99)
    assert ran.documents["plan"].value() == TEXT.replace("folks", "all")
    assert ran.documents["budget"].value() == {**DATA, "travel": 5}


async def test_what_cannot_be_done_is_refused_whatever_joined_it() -> None:
    refused = await plan('replace "nowhere" with "x"', steers=(steer("i2", 'replace "folks" with "all"'),))
    assert isinstance(refused, PlanRefused)
