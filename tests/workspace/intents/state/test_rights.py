"""The rules of rights that stand: each record gives those of whole places, and nothing else changes them."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver, sound
from workspace.intents.model.role_rules import RoleRule
from workspace.intents.state.replay import fold_log
from workspace.intents.state.rights import Rights

VIEWERS, ANA = RoleRule("viewer", group="everyone"), RoleRule("editor", actor="Ana")


def test_a_record_gives_the_rules_of_whole_places_and_leaves_others() -> None:
    rights = Rights()
    assert not rights
    rights.enter({"plan": (VIEWERS, ANA), "a/": (VIEWERS,)})
    assert (len(rights), bool(rights)) == (3, True)
    rights.enter({"plan": (ANA,)})
    assert rights.places == {"plan": (ANA,), "a/": (VIEWERS,)}
    rights.enter({"a/": (), "b/": ()})
    assert list(rights.all()) == [ANA]


def test_they_are_folded_from_the_log_and_come_back_with_it() -> None:
    driver = Driver()
    driver.rule("plan", VIEWERS, ANA)
    driver.rule("a/", VIEWERS)
    driver.rule("a/")
    stands = {"plan": (VIEWERS, ANA)}
    assert fold_log(driver.rows, driver.journal).rights.places == stands
    driver.open()
    assert driver.sequencer.fold.rights.places == stands
    sound(driver)
