"""What decisions and verdicts say of people is what the log says: who answered, who did not, who ended what.

The oracle below reads rows only: intents of kind answer that were taken, verdicts and who gave them. It calls nothing
of the code that makes the words.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.paths import set_path
from tests.support.examples import examples
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.events import Configured, Judged, MergeProposed, Proposed
from workspace.intents.model.oracle import Judgement, Merged
from workspace.intents.model.plan import Asked, Option, Planned
from workspace.intents.model.record import BLANKED

AUTHORS = ("Ana", "Ben", "Cleo Maria", "Dörte")
OTHERS = {"Chen": "editor", "Olga": "owner", "Vic": "commenter", "Wu": "editor"}
NAMES = "|".join(sorted((*AUTHORS, *OTHERS), key=len, reverse=True))
LIST = rf"(?:{NAMES})(?:, (?:{NAMES}))*(?: and (?:{NAMES}))?"
SAID = re.compile(rf"({LIST}) (answered|voted) “([^”]*)”")
SILENT = re.compile(rf"({LIST}) did not answer in time")
ENDED = re.compile(rf"({NAMES}) (cancelled|replaced) ({NAMES}|the own)(?:'s)? instruction")
NOBODY = re.compile(r"\b[Nn]obody (?:answered|voted) in time")
TO_ONE = re.compile(r"\b(?:you|your|yours|yourself)\b", re.I)
STATES = {"cancelled": "cancelled", "replaced": "superseded"}
ENOUGH = {"ask": 6, "vote": 3}


class Log:
    """What the rows say, as plain JSON."""

    def __init__(self, driver: Driver) -> None:
        self.rows = [(row, msgspec.json.decode(row.body)) for row in driver.rows if not row.body.startswith(BLANKED)]
        self.intents = {body["id"]: (row, body) for row, body in self.of("intent")}
        self.verdicts = {body["intent"]: (row, body) for row, body in self.of("verdict")}
        self.questions = {body["question"]["id"]: body for _, body in self.of("decision") if body.get("question")}

    def of(self, kind: str) -> list[tuple[Any, Any]]:
        return [(row, body) for row, body in self.rows if row.kind == kind]

    def author(self, id: str) -> str:
        return str(self.intents[id][0].actor)

    def answers(self, question: str, before: int) -> dict[str, str]:
        """Return the last answer of each person that was taken before a record."""
        found = {}
        for row, body in self.of("intent"):
            is_one = body["kind"] == "answer" and body["refs"] == [question] and row.seq < before
            if is_one and self.verdicts[body["id"]][1]["state"] == "done":
                found[row.actor] = body["value"]
        return found

    def ends(self, before: int) -> set[tuple[str, str, str]]:
        """Return who ended whose instruction how, before a record."""
        return {
            (self.author(body["by"]), body["state"], self.author(body["intent"]))
            for row, body in self.of("verdict")
            if body.get("by", "") in self.intents and row.seq < before
        }

    def stood(self, id: str, before: int) -> bool:
        """Tell whether an instruction was under way or done at a record."""
        row, body = self.verdicts.get(id, (None, None))
        return row is None or row.seq >= before or bool(body.get("commit"))


def people(words: str) -> list[str]:
    return re.findall(NAMES, words)


def is_meant(log: Log, opened: Any, words: str, value: str) -> bool:
    """Tell whether a choice as it is quoted is this answer."""
    question = opened["question"]
    labels = {option["value"]: option["label"] for option in question["options"]}
    if opened["layer"] == "rights":
        return words == ("yes" if value == question["group"][-1] else "no")
    whose = re.match(rf"(?:run|keep) ({NAMES})'s", words)
    if whose is not None:
        return value in log.intents and log.author(value) == whose[1]
    return words == "together" if value == "merge" else words == labels[value]


def check(driver: Driver) -> int:
    """Hold every word about people against the log; return how many claims were looked at."""
    log, claims = Log(driver), 0
    for row, body in log.of("decision"):
        if not body.get("of"):
            continue
        opened, reason = log.questions[body["of"]], body["reason"]
        answers = log.answers(body["of"], row.seq)
        claimed: dict[str, str] = {}
        for names, _, words in SAID.findall(reason):
            for name in people(names):
                assert name in answers, f"{name} has not answered: {reason}"
                assert is_meant(log, opened, words, answers[name]), f"{name} answered {answers[name]}: {reason}"
                claimed[name] = words
        silent = [name for names in SILENT.findall(reason) for name in people(names)]
        for name in silent:
            assert name not in answers, f"{name} has answered: {reason}"
        assert not (NOBODY.search(reason) and answers), f"{list(answers)} have answered: {reason}"
        is_moot = body["by"] == "policy"
        if not is_moot:
            assert set(claimed) == set(answers), f"{answers} came, this says {claimed}: {reason}"
        asked = opened["group"][:1] if opened["layer"] == "rights" else opened["group"]
        named = {log.author(id) for id in asked if log.stood(id, row.seq)} - set(answers)
        if body["by"] == "timer" and "most votes" not in reason and opened["policy"] != "vote@1" and answers:
            assert set(silent) == named, f"{named} were asked and silent: {reason}"
        assert set(body.get("silent", ())) == (named if opened["policy"] != "vote@1" else set())
        for who, verb, whose in ENDED.findall(reason):
            end = (who, STATES[verb], who if whose == "the own" else whose)
            assert end in log.ends(row.seq), f"nobody ended it so: {reason}"
        claims += len(claimed) + len(silent)
    for words in texts(log):
        assert not TO_ONE.search(words), f"a record speaks to one reader: {words}"
    return claims


def texts(log: Log) -> list[str]:
    """Return every text of the log that the server or the planner that needs no model has written."""
    found = []
    for _, body in log.of("decision"):
        found.append(body["reason"])
    for _, body in [*log.of("verdict"), *log.of("plan"), *log.of("oracle"), *log.of("commit")]:
        found += [body.get(name, "") for name in ("reason", "remedy", "summary")]
    for question in [b["question"] for _, b in [*log.of("decision"), *log.of("oracle")] if b.get("question")]:
        found += [question["text"], question.get("because", ""), *(option["label"] for option in question["options"])]
    return found


def told(driver: Driver) -> list[str]:
    """Return the reasons of the decisions that settled a question."""
    return [body["reason"] for _, body in Log(driver).of("decision") if body.get("of")]


def group(driver: Driver, count: int = 2, **more: object) -> list[str]:
    """Let so many people want one price, unseen by each other."""
    seen = driver.sequencer.fold.seq
    ids = [driver.ask(name, f"set {at}", seen=seen, **more) for at, name in enumerate(AUTHORS[:count])]
    for at, id in enumerate(ids):
        driver.set(id, "price", at)
    driver.wait(0.4)
    return ids


def answer(driver: Driver, who: str, value: str, question: str = "") -> str:
    role = OTHERS.get(who, "editor")
    return driver.ask(who, "", kind="answer", refs=(question or driver.question,), value=value, role=role)


# ---------------------------------------------------------------- examples


def test_who_answered_and_who_did_not_are_named_when_the_time_is_up() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    _, ben, cleo = group(driver, 3)
    answer(driver, "Ben", cleo)
    driver.wait(61)
    assert told(driver) == [
        "Ben answered “run Cleo Maria's”; Ana and Cleo Maria did not answer in time; by default “run Ana's”, because "
        "Ana asked first"
    ]
    assert driver.verdict(ben).reason.startswith("Ana's instruction runs instead: Ben answered")
    assert check(driver) == 3


def test_two_who_answered_and_did_not_agree_are_both_named() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    ana, ben = group(driver)
    answer(driver, "Ana", ana)
    answer(driver, "Ben", "none")
    driver.wait(61)
    assert told(driver) == [
        "Ana answered “run Ana's”, Ben answered “Neither”; that did not settle it in time; by default “run Ana's”, "
        "because Ana asked first"
    ]
    assert ben
    check(driver)


def test_an_answer_that_was_taken_back_is_nobodys() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    _, ben = group(driver)
    answer(driver, "Ana", ben)
    assert told(driver) == ["Ana answered “run Ben's”"]
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    _, ben, cleo = group(driver, 3)
    for who, value in (("Ana", ben), ("Ben", cleo), ("Ana", cleo)):
        answer(driver, who, value)
    assert told(driver) == ["Ana and Ben answered “run Cleo Maria's”"]
    check(driver)


def test_an_answer_for_what_has_gone_is_still_an_answer() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    ana, _, cleo = group(driver, 3)
    answer(driver, "Cleo Maria", ana)
    driver.ask("Ana", "", kind="cancel", refs=(ana,))
    driver.wait(61)
    (reason,) = told(driver)
    assert reason == (
        "Ana cancelled the own instruction; Cleo Maria answered “run Ana's”; Ben did not answer in time; "
        "by default “run Ben's”, because the first that still stands"
    )
    assert cleo
    check(driver)


def test_nobody_means_nobody_and_somebody_above_is_named() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "fair")))
    group(driver)
    driver.wait(61)
    assert told(driver)[0].startswith("nobody answered in time; by default “run ")
    driver = Driver(PolicyConfig(chain=("ask", "fair")))
    ana, ben = group(driver)
    answer(driver, "Ben", "none")
    answer(driver, "Olga", ben)
    assert told(driver) == ["Olga answered “run Ben's”, Ben answered “Neither”"]
    check(driver)
    assert ana


@pytest.mark.parametrize("votes, words", [(("Ana",), "most votes at the deadline"), (("Ana", "Ben"), "by default")])
def test_votes_are_told_as_they_fell(votes: tuple[str, ...], words: str) -> None:
    driver = Driver(PolicyConfig(chain=("vote", "first"), vote_quorum=5))
    ids = dict(zip(AUTHORS, group(driver), strict=False))
    for who, name in zip(("Chen", "Vic"), votes, strict=False):
        answer(driver, who, ids[name])
    driver.wait(61)
    assert words in told(driver)[0]
    assert "Chen voted “run Ana's”" in told(driver)[0]
    check(driver)


def test_what_is_done_is_kept_and_what_was_asked_says_so() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first"), overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", "set 1", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(1)
    ben = driver.ask("Ben", "set 2", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(1)
    question = driver.sequencer.fold.board.questions[driver.question]
    assert question.text == "Ana and Ben ask for things that exclude each other. Which one shall stand?"
    answer(driver, "Olga", ana)
    assert told(driver) == ["Olga answered “keep Ana's”"]
    assert driver.verdict(ben).reason == "Ana's instruction stays: Olga answered “keep Ana's”."
    check(driver)


def test_one_person_in_two_windows_is_one_person() -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    seen = driver.sequencer.fold.seq
    ids = [driver.ask("Ana", "set", seen=seen, lane=lane) for lane in ("one", "two")]
    for at, id in enumerate(ids):
        driver.set(id, "price", at)
    driver.wait(0.4)
    assert driver.sequencer.fold.board.questions[driver.question].text.startswith("Ana asks for things")
    answer(driver, "Ana", ids[1])
    assert told(driver) == [f"Ana answered “run Ana's ({ids[1]})”"]
    check(driver)


@pytest.mark.parametrize("says", ["yes", "no", ""])
def test_consent_and_edits_and_what_is_sent_say_who_spoke(says: str) -> None:
    for story in (wanting_consent, over_an_edit, sending):
        driver, yes, no, who = story()
        if says:
            answer(driver, who, yes if says == "yes" else no)
        driver.wait(61)
        (reason,) = told(driver)
        assert reason.startswith(f"{who} answered “" if says else "nobody answered in time; by default “")
        if not says:
            assert ", because " in reason
        check(driver)


def wanting_consent() -> tuple[Driver, str, str, str]:
    """Let Vic want to replace what Ana has asked for."""
    driver = Driver()
    ana = driver.ask("Ana", "set 1")
    vic = driver.ask("Vic", "set 2", kind="override", refs=(ana,), role="commenter")
    return driver, vic, ana, "Ana"


def over_an_edit() -> tuple[Driver, str, str, str]:
    """Let Ana's plan set what Chen has set since."""
    driver = Driver(policy=PolicyConfig(human_edit="ask"))
    ana = driver.ask("Ana", "set 1")
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    driver.set(ana, "price", 1)
    if ana in driver.tasks:
        driver.set(ana, "price", 1)
    driver.wait(0.4)
    return driver, ana, "none", "Ana"


def sending() -> tuple[Driver, str, str, str]:
    """Let Ana's plan send what cannot be taken back."""
    driver = Driver()
    driver.handle(Configured("Owner", ConfigBody(receivers={"shop": Receiver("webhook", "https://example.test/x")})))
    ana = driver.ask("Ana", "order")
    task = driver.tasks.pop(ana)
    effects = (Effect(0, "shop", "irreversible", {"n": 1}),)
    driver.handle(Proposed(ana, task.attempt, Planned(ops=(), summary="order", effects=effects)))
    driver.wait(1)
    return driver, ana, "none", "Ana"


def test_what_the_agent_asks_is_answered_by_name() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    ids = [driver.ask(who, "which", seen=seen) for who in ("Ana", "Ben")]
    for id in ids:
        task = driver.tasks.pop(id)
        driver.handle(Proposed(id, task.attempt, Asked("Warm or cold?", (Option("warm", "warm"),))))
    (first, second) = driver.sequencer.fold.board.questions
    given = driver.ask("Olga", "", kind="answer", refs=(first,), value="warm", role="owner")
    assert driver.verdict(given).reason == "Olga answered “warm”."
    assert [(e.answer, e.actor) for e in driver.tasks[ids[0]].exchanges] == [("warm", "Olga")]
    driver.wait(61)
    assert driver.verdict(ids[1]).reason == "Nobody answered in time what Ben was asked: Warm or cold?"
    late = driver.ask("Ben", "", kind="answer", refs=(second,), value="warm")
    assert driver.verdict(late).reason == "That question was settled before Ben's answer came."
    driver.plan(ids[0])
    driver.wait(1)
    check(driver)


def test_everybodys_cancels_variants_and_expectations_have_names() -> None:
    driver = Driver(PolicyConfig(chain=("branch",)))
    ana, ben, _ = group(driver, 3)
    assert driver.verdict(ana).reason == (
        f"The variants stand side by side: Ana's is budget.{ana}; Ben's is budget.{ben}; Cleo Maria's is budget.{_}."
    )
    for more in ({"refs": (ana,)}, {"value": "mine"}, {"value": "all"}):
        driver.ask("Ana", "", kind="cancel", **more)
    for who, id in (("Olga", ana), ("Wu", ben)):
        driver.ask(who, "", kind="approve", refs=(id,), role="owner")
        driver.wait(1)
    check(driver)


# ---------------------------------------------------------------- any history


@st.composite
def deeds(draw: st.DrawFn) -> tuple[str, int, int, int]:
    kind = draw(st.sampled_from(("answer", "answer", "answer", "answer", "cancel", "override", "wait")))
    return kind, draw(st.integers(0, 7)), draw(st.integers(0, 4)), draw(st.integers(0, 3))


HISTORIES = st.tuples(
    st.sampled_from((("ask", "first"), ("ask", "fair"), ("vote", "first"), ("vote", "fair"), ("merge", "ask", "first"),
                     ("ask", "branch"))),
    st.integers(2, 4),
    st.integers(1, 4),
    st.booleans(),
    st.lists(deeds(), max_size=9),
)  # fmt: skip


@settings(max_examples=examples(250), deadline=None)
@given(history=HISTORIES)
def test_whatever_people_do_nobody_is_said_to_have_done_otherwise(history: Any) -> None:
    chain, count, quorum, is_late, acts = history
    policy = PolicyConfig(chain=chain, vote_quorum=quorum, overlap_wait_ms=0 if is_late else 30_000)
    driver = Driver(policy, has_judge="merge" in chain)
    seen = driver.sequencer.fold.seq
    ids = [driver.ask(name, f"set {at}", seen=seen) for at, name in enumerate(AUTHORS[:count])]
    for at, id in enumerate(ids):
        driver.set(id, "price", at)
        driver.wait(1 if is_late and at == 0 else 0)
    driver.wait(0.4)
    settle_with_judge(driver, ids)
    everybody = (*AUTHORS, *OTHERS)
    for kind, who, which, seconds in acts:
        act(driver, kind, everybody[who], which, seconds, ids)
    driver.wait(130)
    settle_with_judge(driver, ids)
    check(driver)
    assert verify(driver.rows, driver.journal).ok
    again = decide_again(driver.rows, driver.journal)
    assert (again.first, again.unsound) == (None, ())


def settle_with_judge(driver: Driver, ids: list[str]) -> None:
    """Let the judge find nothing and the merger find words."""
    for task in driver.judge_tasks:
        driver.handle(Judged(task, tuple(Judgement(pair, "compatible") for pair in task.pairs), "test", ""))
    for merge in driver.merge_tasks:
        ids_of = tuple(item.intent for item in merge.items)
        driver.handle(MergeProposed(Merged(ids_of, "set 9", reason="")))
    driver.judge_tasks.clear()
    driver.merge_tasks.clear()
    driver.wait(0.4)
    for id in ids:
        if id in driver.tasks:
            driver.set(id, "price", 9)
    driver.wait(0.4)


def act(driver: Driver, kind: str, who: str, which: int, seconds: int, ids: list[str]) -> None:
    """Carry one deed out; what is refused at admission is no deed."""
    board, role = driver.sequencer.fold.board, OTHERS.get(who, "editor")
    target = ids[which % len(ids)]
    if kind == "wait":
        driver.wait(seconds * 10.0)
    elif kind == "cancel":
        driver.ask(who, "", kind="cancel", refs=(target,), role=role)
    elif kind == "override":
        new = driver.ask(who, "set 50", kind="override", refs=(target,), role=role)
        if new in driver.tasks:
            driver.set(new, "other", 50)
            driver.wait(0.4)
    else:
        for question in list(board.questions.values())[:1]:
            option = question.options[which % len(question.options)].value if question.options else "so"
            driver.ask(who, "", kind="answer", refs=(question.id,), value=option, role=role)
    driver.wait(0.2)
