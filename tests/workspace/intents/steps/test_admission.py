"""At admission: answered again, refused with nothing logged, or entered; cancels reach as far as rights do."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import Driver, sound
from workspace.intents.model.bounds import Bounds


def test_the_same_dot_is_answered_again_and_logged_once() -> None:
    driver = Driver()
    intent = driver.ask("Ana", seen=driver.start)
    before = driver.sequencer.fold.seq
    assert driver.ask("Ana", seen=driver.start, n=1) == intent
    assert driver.sequencer.fold.seq == before
    assert driver.ask("Ana", "something else", seen=driver.start, n=1) == "EQUIVOCATION"
    assert driver.ask("Ana", seen=driver.start, n=3) == "GAP"
    assert driver.ask("Ana", seen=10**6, n=2) == "BAD_CLOCK"
    assert driver.ask("Ana", seen=1, n=2) == "BAD_CLOCK"


def test_override_replaces_what_was_seen_with_the_authority_to() -> None:
    driver = Driver()
    ben = driver.ask("Ben")
    over = driver.ask("Ana", "rather this", kind="override", refs=(ben,))
    assert driver.verdict(ben).state == "superseded"
    driver.set(over, "price", 3)
    driver.wait(1)
    assert driver.value("price") == 3
    owners = driver.ask("Olga", role="owner")
    weak = driver.ask("Ben", "mine", kind="override", refs=(owners,))
    assert driver.state(weak) == "held"
    assert driver.state(owners) == "planning", "the one above goes on"


def test_no_more_instructions_are_under_way_than_the_bound_allows() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(live_intents=2)
    first, second = driver.ask("ana"), driver.ask("ben")
    assert driver.ask("ana") == "RATE_LIMITED"
    assert driver.ask("ana", "", kind="cancel", refs=(first,)).startswith("i"), "that makes room"
    assert driver.state(first) == "cancelled"
    assert driver.state(second) != "cancelled"
    assert driver.ask("chen").startswith("i")


def under_way(driver: Driver) -> dict[str, str]:
    return {
        "Olga": driver.ask("Olga", role="owner"),
        "Ana": driver.ask("Ana"),
        "Gil": driver.ask("Gil", role="commenter"),
        "Gus": driver.ask("Gus", role="commenter"),
    }


def live(driver: Driver, ids: dict[str, str]) -> set[str]:
    return {who for who, id in ids.items() if driver.sequencer.fold.board.entries[id].is_live}


def test_a_right_to_cancel_one_is_no_right_to_cancel_what_is_listed_behind_it() -> None:
    driver = Driver()
    ids = under_way(driver)
    refs = (ids["Gil"], ids["Olga"])
    assert driver.ask("Gil", "", role="commenter", kind="cancel", refs=refs) == "FORBIDDEN"
    assert live(driver, ids) == set(ids)


def test_naming_one_thing_twice_is_refused_and_stops_nothing() -> None:
    driver = Driver()
    ids = under_way(driver)
    refs = (ids["Gil"], ids["Gil"])
    assert driver.ask("Gil", "", role="commenter", kind="cancel", refs=refs) == "MALFORMED"
    assert live(driver, ids) == set(ids)


@pytest.mark.parametrize("kind", ["approve", "undo", "answer"])
def test_an_act_about_one_thing_names_one(kind: str) -> None:
    driver = Driver()
    ids = under_way(driver)
    more = {"value": "x"} if kind == "answer" else {}
    assert driver.ask("Ana", "", kind=kind, refs=(ids["Ana"], ids["Gil"]), **more) == "MALFORMED"


@pytest.mark.parametrize(
    ("who", "role", "value", "left"),
    [
        ("Gil", "commenter", "mine", {"Olga", "Ana", "Gus"}),
        ("Gil", "commenter", "all", {"Olga", "Ana", "Gus"}),
        ("Ana", "editor", "mine", {"Olga", "Gil", "Gus"}),
        ("Ana", "editor", "all", {"Olga"}),
        ("Olga", "owner", "all", set()),
    ],
)
def test_stop_has_a_scope_and_reaches_as_far_as_the_rights(who: str, role: str, value: str, left: set[str]) -> None:
    driver = Driver()
    ids = under_way(driver)
    stop = driver.ask(who, "", role=role, kind="cancel", value=value)
    assert driver.verdict(stop).state == "done"
    assert live(driver, ids) == left
    again = driver.ask(who, "", role=role, kind="cancel", value=value)
    assert (driver.verdict(again).state, driver.verdict(again).code) == ("rejected", "too_late")
    sound(driver)


def test_a_cancel_without_a_scope_is_refused() -> None:
    driver = Driver()
    under_way(driver)
    assert driver.ask("Olga", "", role="owner", kind="cancel") == "MALFORMED"
    assert driver.ask("Olga", "", role="owner", kind="cancel", value="everything") == "MALFORMED"


def test_what_was_added_to_a_cancelled_instruction_is_cancelled_once() -> None:
    driver = Driver()
    first = driver.ask("Ana", "write")
    joined = driver.ask("Ben", "and keep the table", refs=(first,))
    stop = driver.ask("Olga", "", role="owner", kind="cancel", value="all")
    assert [driver.state(id) for id in (first, joined, stop)] == ["cancelled", "cancelled", "done"]
    sound(driver)


def test_an_override_that_needs_consent_names_one() -> None:
    driver = Driver()
    first, second = driver.ask("Olga", role="owner"), driver.ask("Olga", role="owner")
    assert driver.ask("Ana", "mine", kind="override", refs=(first, second)) == "FORBIDDEN"
    one = driver.ask("Ana", "mine", kind="override", refs=(first,))
    assert driver.state(one) == "held"
    both = driver.ask("Otto", "instead", role="owner", kind="override", refs=(first, second))
    assert [driver.state(id) for id in (first, second)] == ["superseded", "superseded"]
    assert driver.state(both) in ("queued", "planning")
    sound(driver)
