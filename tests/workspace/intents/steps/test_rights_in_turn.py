"""Rules of rights count as they stand in the turn: at an edit, a plan, an approval, a commit, an undo."""

from __future__ import annotations

import json
from base64 import b64encode

import msgspec
import pytest

from crdt.operations.ops import CreateDocument, Insert
from crdt.updates.scan import scan_update
from tests.workspace.intents.driver import TEXT, Driver, sound
from workspace.intents.model.bodies import CommitBody, ConfigBody, PolicyConfig, UpdateBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.events import Configured, Edited, EditRefused, Nacked, RulesChanged, SocketOpened
from workspace.intents.model.intent import Need, Role, Scope
from workspace.intents.model.record import read_row
from workspace.intents.model.role_rules import Group, RoleRule, RuleRole

TOP = "AQdjb250ZW50QQ=="
AT_ONCE = PolicyConfig(window_ms=0)
PLAN = (Scope("plan"),)


def top(words: str, doc: str = "plan") -> list[Insert]:
    return [Insert(doc, TOP, words)]


def group(name: Group, role: RuleRole) -> RoleRule:
    return RoleRule(role, group=name)


def person(name: str, role: RuleRole) -> RoleRule:
    return RoleRule(role, actor=name)


def refusals(driver: Driver) -> list[EditRefused]:
    return [notice for notice in driver.notices if isinstance(notice, EditRefused)]


def test_only_she_types_there_and_whoever_else_does_is_told_by_which_rule() -> None:
    driver = Driver()
    driver.rule("plan", group("everyone", "commenter"), person("Zoe", "editor"))
    assert any(isinstance(notice, RulesChanged) for notice in driver.notices)
    before, rows = driver.text(), len(driver.journal)
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "mine "), role="owner")
    (refused,) = refusals(driver)
    assert (refused.action, refused.code) == ("drop", "document_read_only")
    assert "Ben is commenter in plan, by the rule for everybody at plan" in refused.reason
    assert refused.removal, "what he typed goes from his own replica, too"
    assert (driver.text(), len(driver.journal)) == (before, rows)
    driver.type("Zoe", "plan", lambda document: document.insert_text(0, "hers "), role="viewer")
    assert driver.text() == f"hers {before}"
    driver.wait(1)
    (typed,) = [body for row in driver.rows[driver.start :] if isinstance(body := read_row(row).body, UpdateBody)]
    assert typed.role == "viewer", "the log says by which role, so that it can be held against the rules"
    sound(driver)


def test_what_is_refused_leaves_an_authors_replica_as_everybody_has_it() -> None:
    driver = Driver()
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "before "))
    driver.rule("plan", person("Ben", "viewer"))
    driver.type("Ben", "plan", lambda document: document.insert_text(3, "after"))
    hand = driver.hands[("Ben", "plan")]
    assert "after" in hand.text()
    hand.apply(refusals(driver)[-1].removal)
    assert hand.text() == driver.text()


def test_an_edit_counts_by_the_rule_of_its_turn_whatever_was_before_and_comes_after() -> None:
    driver = Driver()
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "first "), role="editor")
    driver.rule("plan", person("Ben", "viewer"))
    kinds = [row.kind for row in driver.rows]
    assert kinds[-2:] == ["update", "config"], "what was typed before a rule stands before it in the log"
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "second "), role="editor")
    driver.rule("plan")
    driver.hands.clear()  # he has loaded it anew
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "third "), role="editor")
    assert driver.text() == f"third first {TEXT}"
    driver.wait(1)
    sound(driver)


def test_an_instruction_behind_a_refused_edit_of_its_socket_ends_and_one_of_a_new_socket_does_not() -> None:
    """What was cut may have been all that it says: a state vector does not move for it (F1), the count does."""
    driver = Driver(AT_ONCE)
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    driver.rule("plan", person("Ben", "commenter"))
    before = driver.ask("Ben", needs={"plan": Need(sent=1)}, lane="SBen")
    driver.type("Ben", "plan", lambda document: document.delete_text(0, 1))
    assert driver.state(before) == "planning", "what was asked before knew nothing of it"
    behind = driver.ask("Ben", needs={"plan": Need(sent=2)}, lane="SBen")
    assert driver.verdict(behind).code == "document_read_only"
    driver.handle(SocketOpened("SBen", "plan"))
    anew = driver.ask("Ben", needs={"plan": Need(sent=0)}, lane="SBen", scope=PLAN)
    assert driver.sequencer.fold.board.entries[anew].is_live
    sound(driver)


def test_what_was_removed_out_of_sight_is_refused_when_it_is_brought_and_what_all_have_removed_is_not() -> None:
    driver = Driver()
    driver.type("Ben", "plan", lambda document: document.delete_text(0, 1))
    driver.rule("plan", person("Ben", "viewer"))
    hand = driver.hands[("Ben", "plan")]
    known = hand.encode(hand.encode_state_vector())
    driver.handle(Edited("SBen", "Ben", "plan", known, scan_update(known), step2=True, role="editor"))
    assert refusals(driver) == [], "nothing of it is new"
    hand.delete_text(0, 3)
    brought = hand.encode(hand.encode_state_vector())
    driver.handle(Edited("SBen", "Ben", "plan", brought, scan_update(brought), step2=True, role="editor"))
    assert [one.code for one in refusals(driver)] == ["document_read_only"]
    assert driver.text() == TEXT[1:]


def test_an_instruction_that_builds_on_refused_words_ends_at_once_and_says_so() -> None:
    driver = Driver(AT_ONCE)
    driver.rule("plan", person("Ben", "commenter"))
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    vector = b64encode(driver.hands[("Ben", "plan")].encode_state_vector()).decode()
    needs = {"plan": Need(sv=vector, sent=1)}
    verdict = driver.verdict(driver.ask("Ben", needs=needs, lane="SBen"))
    assert (verdict.state, verdict.code) == ("rejected", "document_read_only")
    assert "It builds on what Ben wrote in plan" in verdict.reason
    driver.handle(SocketOpened("SBen", "plan"))
    assert driver.verdict(driver.ask("Ben", needs=needs, lane="SBen")).code == "document_read_only", "by what it names"
    driver.rule("plan")
    later = driver.ask("Ben", needs=needs, lane="SBen")
    assert driver.state(later) == "parked", "it may still come: nothing keeps it out any more"
    sound(driver)


def test_a_log_without_rules_is_the_log_it_was() -> None:
    driver = Driver()
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    driver.act("rename", name="other")
    driver.wait(1)
    assert not any({"role", "rights"} & json.loads(row.body).keys() for row in driver.rows if row.kind != "intent")


# ---------------------------------------------------------------- instructions


def test_who_may_suggest_there_suggests_and_who_may_edit_there_decides() -> None:
    driver = Driver(AT_ONCE)
    driver.rule("plan", group("everyone", "commenter"), person("Zoe", "editor"))
    asked = driver.ask("Ben", role="owner", scope=PLAN)
    driver.plan(asked, top("Better "))
    verdict = driver.verdict(asked)
    assert (verdict.state, verdict.code) == ("suggested", "needs_approval")
    assert "Ben is commenter in plan" in verdict.reason
    assert driver.ask("Olga", "", role="owner", kind="approve", refs=(asked,)) == "DOCUMENT_READ_ONLY"
    approval = driver.ask("Zoe", "", role="viewer", kind="approve", refs=(asked,))
    driver.plan(approval, top("Better "))
    assert driver.verdict(approval).state == "done"
    assert driver.text() == f"Better {TEXT}"
    sound(driver)


def test_a_rule_raises_whoever_may_otherwise_only_read() -> None:
    driver = Driver(AT_ONCE)
    assert driver.ask("Vic", role="viewer") == "READ_ONLY"
    driver.rule("plan", person("Vic", "editor"))
    asked = driver.ask("Vic", role="viewer", scope=PLAN)
    driver.plan(asked, top("Vic's "))
    assert driver.verdict(asked).state == "done"
    assert driver.ask("Vic", role="viewer", scope=(Scope("budget"),)) == "DOCUMENT_READ_ONLY"
    elsewhere = driver.ask("Vic", role="viewer")
    driver.set(elsewhere, "price", 7)
    verdict = driver.verdict(elsewhere)
    assert (verdict.state, verdict.code, bool(verdict.remedy)) == ("rejected", "document_read_only", True)
    assert driver.value("price") == 100
    sound(driver)


def test_who_may_only_read_there_is_told_before_anything_is_logged() -> None:
    driver = Driver()
    driver.rule("plan", person("Ben", "viewer"))
    rows = len(driver.rows)
    assert driver.ask("Ben", scope=PLAN) == "DOCUMENT_READ_ONLY"
    (nack,) = [notice for notice in driver.notices if isinstance(notice, Nacked)]
    assert "Ben is viewer in plan" in nack.refusal.reason
    assert nack.refusal.remedy
    assert len(driver.rows) == rows


def test_what_a_plan_writes_beside_where_its_author_may_is_refused_whole() -> None:
    driver = Driver(AT_ONCE)
    driver.rule("budget", person("Ben", "viewer"))
    asked = driver.ask("Ben")
    driver.plan(asked, [*top("x "), CreateDocument("new", "text"), *top("y", "new")])
    assert driver.verdict(asked).state == "done"
    both = driver.ask("Ben")
    driver.set(both, "price", 1)
    assert driver.verdict(both).code == "document_read_only"
    sound(driver)


# ---------------------------------------------------------------- the agent


@pytest.mark.parametrize("role", ["viewer", "commenter"])
@pytest.mark.parametrize("who", ["owner", "editor", "commenter"])
def test_where_the_agent_may_not_nobody_has_it_write(role: RuleRole, who: Role) -> None:
    driver = Driver(AT_ONCE)
    driver.rule("plan", group("agent", role))
    asked = driver.ask("Ana", role=who, scope=PLAN)
    driver.plan(asked, top("x "))
    verdict = driver.verdict(asked)
    assert (verdict.state, verdict.code) == ("rejected", "agent_denied")
    assert "the agent at plan" in verdict.reason
    assert verdict.remedy
    driver.type("Ana", "plan", lambda document: document.insert_text(0, "by hand "))
    assert driver.text() == f"by hand {TEXT}"
    driver.wait(1)
    sound(driver)


def test_a_rule_for_the_agent_counts_between_plan_and_commit_and_over_an_approval() -> None:
    driver = Driver(PolicyConfig(window_ms=5_000))
    ready = driver.ask("Ana", scope=PLAN)
    driver.plan(ready, top("x "))
    suggested = driver.ask("Cem", role="commenter", seen=driver.start)
    driver.plan(suggested, top("y "))
    assert driver.state(ready) == "ready"
    driver.rule("plan", group("agent", "viewer"))
    driver.wait(6)
    assert driver.verdict(ready).code == driver.verdict(suggested).code == "agent_denied"
    driver.rule("plan")
    driver.wait(1)
    suggested = driver.ask("Cem", role="commenter", scope=PLAN)
    driver.plan(suggested, top("y "))
    driver.wait(6)
    assert driver.verdict(suggested).state == "suggested"
    approval = driver.ask("Ana", "", kind="approve", refs=(suggested,))
    driver.plan(approval, top("y "))
    driver.rule("plan", group("agent", "commenter"))
    driver.wait(6)
    assert driver.verdict(approval).code == "agent_denied"
    assert driver.text() == TEXT
    sound(driver)


def test_an_undo_is_a_persons_act_and_no_rule_for_the_agent_stops_it() -> None:
    driver = Driver(AT_ONCE)
    done = driver.ask("Ana", scope=PLAN)
    driver.plan(done, top("x "))
    commit = driver.verdict(done).commit
    driver.rule("plan", group("agent", "viewer"))
    undo = driver.ask("Ana", "", kind="undo", refs=(commit,))
    from_now = driver.sequencer.fold.documents["plan"].text()
    assert from_now.startswith("x ")
    driver.replace(undo, "x ", "")
    assert driver.verdict(undo).state == "done"
    assert driver.text() == TEXT
    sound(driver)


# ---------------------------------------------------------------- in the middle


def test_a_rule_between_plan_and_commit_makes_a_suggestion_or_ends_it() -> None:
    roles: tuple[RuleRole, ...] = ("commenter", "viewer")
    for role in roles:
        driver = Driver(PolicyConfig(window_ms=5_000))
        asked = driver.ask("Ana", scope=PLAN)
        driver.plan(asked, top("x "))
        driver.rule("plan", person("Ana", role))
        driver.wait(6)
        verdict = driver.verdict(asked)
        assert (verdict.state, verdict.code) == (
            ("suggested", "needs_approval") if role == "commenter" else ("rejected", "document_read_only")
        )
        assert driver.text() == TEXT
        sound(driver)


def test_a_rule_between_an_approval_and_its_commit_counts() -> None:
    driver = Driver(PolicyConfig(window_ms=3_000))
    asked = driver.ask("Cem", role="commenter", scope=PLAN)
    driver.plan(asked, top("x "))
    driver.wait(4)
    approval = driver.ask("Ana", "", kind="approve", refs=(asked,))
    driver.plan(approval, top("x "))
    driver.rule("plan", person("Ana", "commenter"))
    driver.wait(4)
    assert driver.verdict(approval).state == "suggested"
    driver.rule("plan")
    again = driver.ask("Ben", "", kind="approve", refs=(approval,))
    driver.plan(again, top("x "))
    driver.wait(4)
    assert driver.text() == f"x {TEXT}"
    sound(driver)


def test_a_rule_between_asking_for_an_undo_and_its_doing_counts() -> None:
    driver = Driver(PolicyConfig(window_ms=3_000))
    done = driver.ask("Ana", scope=PLAN)
    driver.plan(done, top("x "))
    driver.wait(4)
    commit = driver.verdict(done).commit
    undo = driver.ask("Ana", "", kind="undo", refs=(commit,))
    driver.replace(undo, "x ", "")
    driver.rule("plan", person("Ana", "viewer"))
    driver.wait(4)
    assert driver.verdict(undo).code == "document_read_only"
    assert driver.ask("Ana", "", kind="undo", refs=(commit,)) == "DOCUMENT_READ_ONLY"
    assert driver.text() == f"x {TEXT}"
    sound(driver)


def test_whoever_joined_and_may_not_change_it_is_parted_from_it() -> None:
    driver = Driver(AT_ONCE)
    driver.rule("plan", person("Ben", "commenter"))
    first = driver.ask("Ana", scope=PLAN)
    second = driver.ask("Ben", "and this", refs=(first,), scope=PLAN)
    assert driver.sequencer.fold.board.entries[second].joins == first
    driver.plan(first, top("x "))
    assert (driver.verdict(second).state, driver.state(first)) == ("suggested", "planning")
    driver.plan(first, top("x "))
    assert driver.verdict(first).state == "done"
    sound(driver)


# ---------------------------------------------------------------- folders


def test_a_new_document_obeys_its_folder_and_a_rename_changes_rights_from_its_turn_on() -> None:
    driver = Driver(AT_ONCE)
    driver.rule("a/", group("everyone", "commenter"), person("Zoe", "editor"))
    asked = driver.ask("Ben")
    driver.plan(asked, [CreateDocument("a/new", "text"), *top("x", "a/new")])
    assert driver.verdict(asked).state == "suggested"
    hers = driver.ask("Zoe")
    driver.plan(hers, [CreateDocument("a/new", "text"), *top("x", "a/new")])
    assert driver.verdict(hers).state == "done"
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "y "))
    driver.act("rename", name="a/plan")
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "z "))
    driver.act("rename", name="plan")
    driver.hands.clear()  # he has loaded it anew
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "w "))
    assert driver.text() == f"w y {TEXT}"
    driver.wait(1)
    sound(driver)


def test_an_instruction_renames_only_where_its_author_may_at_both_places() -> None:
    driver = Driver(AT_ONCE)
    driver.rule("a/", group("editor", "commenter"))
    move = (DocumentAct("rename", "plan", "a/plan"),)
    for role, state in (("editor", "suggested"), ("owner", "done")):
        asked = driver.ask("Ana", 'rename the document "plan"', role=role)
        driver.plan(asked, [], acts=move)
        driver.wait(1)
        assert driver.verdict(asked).state == state, driver.verdict(asked)
    sound(driver)


def test_who_is_commenter_there_ends_nobody_elses_work_and_an_owner_does() -> None:
    driver = Driver(PolicyConfig(window_ms=60_000))
    driver.rule("plan", person("Ben", "commenter"))
    zoes = driver.ask("Zoe", scope=PLAN)
    driver.plan(zoes, top("x "))
    assert driver.ask("Ben", "", kind="cancel", refs=(zoes,)) == "FORBIDDEN"
    override = driver.ask("Ben", "rather this", kind="override", refs=(zoes,))
    assert driver.state(override) == "held", "it is asked for, not done"
    driver.ask("Olga", "", role="owner", kind="cancel", refs=(zoes,))
    assert driver.verdict(zoes).state == "cancelled"
    sound(driver)


def test_a_server_that_comes_back_goes_on_under_the_rules_that_stood() -> None:
    driver = Driver(PolicyConfig(window_ms=5_000))
    driver.rule("plan", group("everyone", "commenter"), person("Zoe", "editor"))
    driver.type("Zoe", "plan", lambda document: document.insert_text(0, "hers "), role="viewer")
    driver.open()  # her words were in no record yet: nobody knows her role any more
    (typed,) = [body for row in driver.rows[driver.start :] if isinstance(body := read_row(row).body, UpdateBody)]
    assert typed.role is msgspec.UNSET
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "mine "))
    assert driver.text() == f"hers {TEXT}"
    driver.wait(1)
    sound(driver)


def test_an_edit_without_a_role_is_refused_where_a_rule_could_speak() -> None:
    driver = Driver()
    driver.rule("budget", person("Ben", "viewer"))
    made = driver.hands[("Owner", "plan")]
    with made.transaction() as done:
        made.insert_text(0, "x")

    driver.handle(Edited("S1", "Ana", "plan", done[0].update, scan_update(done[0].update)))
    assert driver.text() == TEXT


def test_a_set_up_says_by_which_role_where_rules_stand() -> None:
    driver = Driver()
    driver.handle(Configured("Olga", ConfigBody(name="v"), "owner"))
    driver.rule("plan", person("Ben", "viewer"))
    driver.handle(Configured("Ana", ConfigBody(documents={"more": "text"}), "editor"))
    roles = [body.role for row in driver.rows[driver.start :] if isinstance(body := read_row(row).body, ConfigBody)]
    assert roles == [None, "owner", "editor"]
    assert not any(isinstance(read_row(row).body, CommitBody) for row in driver.rows)
    sound(driver)
