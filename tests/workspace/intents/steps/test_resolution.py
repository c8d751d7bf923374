"""Groups that collide are settled before anything is written: by rank, by order, by lot, by the people."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import PLACES, TEXT, Driver, sound, two_prices
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import DecisionBody, PolicyConfig
from workspace.intents.model.intent import Region
from workspace.intents.model.record import read_row
from workspace.intents.rules.policy import Member, check, decide
from workspace.intents.state.board import Standing


def test_unaware_rivals_are_asked_about_before_anything_is_written() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    assert driver.state(ana) == "ready", "waits for the rival's plan"
    driver.replace(ben, "Second", "Casual")
    driver.wait(1)
    assert driver.state(ana) == driver.state(ben) == "held"
    assert driver.text() == TEXT
    answer = driver.ask("Ben", "", kind="answer", refs=(driver.question,), value=ana)
    driver.wait(1)
    assert driver.verdict(answer).state == "done"
    assert driver.verdict(ana).state == "done"
    assert driver.verdict(ben).state == "overruled"
    assert driver.verdict(ben).winner == ana
    assert "Formal" in driver.text()


def test_one_author_alone_does_not_settle_against_an_equal() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    driver.replace(ana, "Second", "Formal")
    driver.replace(ben, "Second", "Casual")
    driver.wait(1)
    question = driver.question
    driver.ask("Ana", "", kind="answer", refs=(question,), value=ana)
    assert driver.state(ana) == "held"
    assert driver.ask("Gil", "", role="commenter", kind="answer", refs=(question,), value=ana) == "FORBIDDEN"
    assert driver.ask("Ana", "", kind="answer", refs=(question,), value="nonsense") == "MALFORMED"
    driver.ask("Dee", "", kind="answer", refs=(question,), value=ben)
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert driver.verdict(ana).state == "overruled"


def test_rank_decides_without_asking() -> None:
    driver = Driver()
    ben, ana = (
        driver.ask("Ben", seen=driver.start, scope=PLACES),
        driver.ask("Ana", seen=driver.start, role="owner", scope=PLACES),
    )
    driver.replace(ben, "Second", "Casual")
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    assert driver.verdict(ana).state == "done"
    assert driver.verdict(ben).code == "priority"


@pytest.mark.parametrize(("chain", "winner"), [(("first",), 0), (("priority", "first"), 0)])
def test_first_come_first_served_where_chosen(chain: tuple[str, ...], winner: int) -> None:
    driver = Driver(PolicyConfig(chain=chain))
    ids = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    for intent, word in zip(ids, ("A", "B"), strict=True):
        driver.replace(intent, "Second", word)
    driver.wait(1)
    assert [driver.verdict(id).state for id in ids] == ["done" if at == winner else "overruled" for at in (0, 1)]


def test_fair_lets_nobody_win_for_ever() -> None:
    driver = Driver(PolicyConfig(chain=("fair",)))
    wins = {"Ana": 0, "Ben": 0}
    for _ in range(6):
        seen = driver.sequencer.fold.seq
        ids = {name: driver.ask(name, seen=seen, scope=PLACES) for name in wins}
        for name, intent in ids.items():
            driver.replace(intent, driver.text().split("\n")[1], f"{name} {driver.sequencer.fold.seq}")
        driver.wait(1)
        winner = next(name for name, intent in ids.items() if driver.verdict(intent).state == "done")
        wins[winner] += 1
    assert wins == {"Ana": 3, "Ben": 3}


def test_doubling_and_subtracting_are_never_merged_to_a_price_nobody_asked_for() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start), driver.ask("Ben", seen=driver.start)
    driver.set(ana, "price", 200)
    driver.add(ben, "price", -30)
    driver.wait(1)
    assert driver.state(ana) == driver.state(ben) == "held"
    driver.wait(61)
    assert driver.value("price") in (200, 70)


def above_and_below() -> tuple[Driver, str, str]:
    driver = Driver()
    owners = driver.ask("Olga", role="owner")
    weak = driver.ask("Ben", "mine", kind="override", refs=(owners,))
    return driver, owners, weak


def test_an_override_from_below_runs_with_the_consent_of_the_one_above() -> None:
    driver, owners, weak = above_and_below()
    assert driver.ask("Ben", "", kind="answer", refs=(driver.question,), value=weak) == "FORBIDDEN"
    driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=weak)
    assert driver.verdict(owners).state == "overruled"
    driver.set(weak, "price", 4)
    driver.wait(1)
    assert driver.value("price") == 4
    assert decide_again(driver.rows, driver.journal).first is None


@pytest.mark.parametrize("answer", [True, False])
def test_an_override_from_below_without_consent_leaves_everything_as_it_was(answer: bool) -> None:
    driver, owners, weak = above_and_below()
    if answer:
        driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=owners)
    else:
        driver.wait(61)
    assert driver.verdict(weak).state == "overruled"
    driver.set(owners, "price", 5)
    driver.wait(1)
    assert driver.verdict(owners).state == "done"
    assert driver.value("price") == 5


def test_a_vote_is_carried_by_a_quorum_or_ends_at_its_deadline() -> None:
    driver = Driver(policy=PolicyConfig(chain=("vote", "first"), vote_quorum=3))

    def group() -> dict[str, str]:
        seen = driver.sequencer.fold.seq
        ids = {name: driver.ask(name, seen=seen, scope=PLACES) for name in ("Ana", "Ben")}
        for name, id in ids.items():
            driver.set(id, "price", f"{name} {seen}")
        driver.wait(0.4)
        return ids

    ids = group()
    for voter, choice in (("Chen", "Ben"), ("Dee", "Ana"), ("Dee", "Ben")):
        driver.ask(voter, "", role="commenter", kind="answer", refs=(driver.question,), value=ids[choice])
    assert driver.state(ids["Ben"]) == "held", "two people are no quorum, though one spoke twice"
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=ids["Ana"])
    driver.wait(1)
    assert driver.verdict(ids["Ben"]).state == "done"
    assert driver.verdict(ids["Ana"]).code == "vote"
    ids = group()
    driver.ask("Chen", "", kind="answer", refs=(driver.question,), value=ids["Ben"])
    driver.wait(61)
    assert driver.verdict(ids["Ben"]).state == "done", "most votes at the deadline"
    ids = group()
    driver.wait(61)
    assert driver.verdict(ids["Ana"]).state == "done", "nobody voted: the next policy"
    assert decide_again(driver.rows, driver.journal).first is None


def test_who_lost_three_times_in_a_row_wins_the_next_group_of_equals() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "fair")))

    def group() -> dict[str, str]:
        seen = driver.sequencer.fold.seq
        ids = {name: driver.ask(name, seen=seen, scope=PLACES) for name in ("Ana", "Ben")}
        for name, id in ids.items():
            driver.set(id, "price", f"{name} {seen}")
        driver.wait(0.4)
        return ids

    for _ in range(3):
        ids = group()
        driver.ask("Owner", "", role="owner", kind="answer", refs=(driver.question,), value=ids["Ben"])
        driver.wait(1)
        assert driver.verdict(ids["Ana"]).state == "overruled"
    assert driver.sequencer.fold.board.losses() == {"Ana": 3}
    ids = group()
    driver.wait(120)
    assert driver.verdict(ids["Ana"]).state == "done"
    members = tuple(Member(ids[name], name, "editor", 20, at) for at, name in enumerate(ids))
    owed = decide(members, PolicyConfig(chain=("fair",)), Standing({"Ana": 9}, {"Ana": 3}), {})
    assert (owed.winner, owed.reason) == (ids["Ana"], "Ana had lost 3 times in a row")
    both = decide(members, PolicyConfig(chain=("fair",)), Standing({"Ana": 9}, {"Ana": 3, "Ben": 4}), {})
    assert both.winner == ids["Ben"], "two who are owed: who won least often"
    assert driver.sequencer.fold.board.losses().get("Ana", 0) == 0


@pytest.mark.parametrize("path, by", [((), "first@1"), (("price",), "first@1"), (("other",), "fair@3")])
def test_a_region_settles_by_its_own_chain(path: tuple[str, ...], by: str) -> None:
    regions = (Region("budget", ("first",), path), Region("plan", ("ask",)))
    driver = Driver(policy=PolicyConfig(chain=("fair",), regions=regions))
    two_prices(driver)
    decisions = [read_row(row).body for row in driver.rows if row.kind == "decision"]
    assert [decision.policy for decision in decisions if isinstance(decision, DecisionBody)] == [by]
    sound(driver)


def test_the_narrowest_region_counts_and_unknown_chains_are_refused() -> None:
    regions = (Region("budget", ("fair",)), Region("budget", ("first",), ("price",)))
    driver = Driver(policy=PolicyConfig(chain=("ask", "fair"), regions=regions))
    two_prices(driver)
    assert "asked first" in next(read_row(r).body.reason for r in driver.rows if r.kind == "decision")  # type: ignore[union-attr]
    refused = check(PolicyConfig(regions=(Region("budget", ("coin",)),)))
    assert refused is not None
    assert refused.code == "malformed"
    assert check(PolicyConfig(regions=(Region("budget", ()),))) is not None


@pytest.mark.parametrize("draw", range(8))
def test_between_equals_what_is_done_stands(draw: int) -> None:
    driver = Driver(policy=PolicyConfig(chain=("fair",), overlap_wait_ms=0))
    for _ in range(draw):  # another group, another draw
        driver.type("Chen", "plan", lambda document: document.insert_text(0, "x"))
        driver.wait(0.3)
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(0.4)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert (driver.verdict(ana).state, driver.verdict(ben).state) == ("done", "overruled")
    assert driver.value("price") == 1
    sound(driver)
