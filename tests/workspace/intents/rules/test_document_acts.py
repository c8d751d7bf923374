"""What may be done with a document as a whole: one table of rights, and refusals with a code and a way out."""

from __future__ import annotations

import pytest

from workspace.errors import Refusal
from workspace.intents.model.document_acts import KEPT_FACTOR, ActName, DocumentAct
from workspace.intents.model.intent import Role
from workspace.intents.rules.document_acts import (
    find_away,
    refuse_act,
    refuse_idle,
    refuse_logged,
    refuse_more,
    refuse_put_away,
)
from workspace.intents.rules.places import refuse_act_at
from workspace.intents.state.catalog import Catalog
from workspace.intents.state.fold import WorkspaceState

RIGHTS: dict[ActName, set[Role]] = {
    "rename": {"owner", "editor"}, "archive": {"owner"}, "delete": {"owner"}, "restore": {"owner"},
}  # fmt: skip


@pytest.mark.parametrize("role", ["owner", "editor", "commenter", "viewer", "agent"])
@pytest.mark.parametrize("act", RIGHTS)
def test_the_table_of_rights(act: ActName, role: Role) -> None:
    fold = WorkspaceState(client=1)
    fold.catalog.make("plan")
    name = "other" if act == "rename" else ""
    refusal = refuse_act_at(fold, DocumentAct(act, "plan", name), actor="ana", role=role)
    assert (refusal is None) == (role in RIGHTS[act])
    assert refusal is None or (refusal.code == "forbidden" and act in refusal.reason and refusal.remedy)


def catalog() -> Catalog:
    """Return one with a document of each state: `here`, `old` archived, `gone` deleted."""
    found = Catalog()
    for doc in ("here", "old", "gone"):
        found.make(doc)
    for act, doc in (("archive", "old"), ("delete", "gone")):
        found.enter(DocumentAct(act, doc), seq=3, at="now", actor="Olga")  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (DocumentAct("rename", "here", "new"), None),
        (DocumentAct("rename", "here", "here"), None),
        (DocumentAct("rename", "here", "old"), "exists"),
        (DocumentAct("rename", "here", "gone"), None),
        (DocumentAct("rename", "nowhere", "new"), "not_found"),
        (DocumentAct("restore", "gone", "here"), "exists"),
        (DocumentAct("restore", "old", "here"), "exists"),
        (DocumentAct("restore", "nowhere"), "not_found"),
    ],
)
def test_what_is_refused_as_things_stand(act: DocumentAct, code: str | None) -> None:
    refusal = refuse_act(catalog(), act, documents_max=200)
    assert (refusal.code if refusal else None) == code
    assert refusal is None or refusal.remedy


MATRIX: dict[tuple[ActName, str], tuple[str | None, str | None, str | None]] = {
    # What refuses the act on what lives, was archived, was deleted; without a new name, and with one.
    ("rename", ""): (None, None, None),
    ("rename", "new"): (None, "document_archived", "document_deleted"),
    ("archive", ""): (None, None, "document_deleted"),
    ("archive", "new"): ("malformed", "malformed", "malformed"),
    ("delete", ""): (None, None, None),
    ("delete", "new"): ("malformed", "malformed", "malformed"),
    ("restore", ""): (None, None, None),
    ("restore", "new"): ("exists", None, None),
}


@pytest.mark.parametrize(("do", "name"), MATRIX)
def test_each_act_in_each_state(do: ActName, name: str) -> None:
    found = catalog()
    acts = [DocumentAct(do, doc, name or (doc if do == "rename" else "")) for doc in ("here", "old", "gone")]
    refusals = [refuse_act(found, act, documents_max=200) for act in acts]
    assert tuple(one.code if one else None for one in refusals) == MATRIX[do, name]
    assert all(one.reason and one.remedy for one in refusals if one)
    if do in ("rename", "restore"):
        assert [refuse_logged(found, act) for act in acts] == [None] * 3, "older servers did so: their logs are sound"


def test_a_restore_finds_what_was_called_so_when_it_was_put_away() -> None:
    found = catalog()
    assert [find_away(found, name) for name in ("here", "old", "gone", "nowhere")] == [None, "old", "gone", None]
    found.make("gone/_4")
    assert find_away(found, "gone") == "gone", "another has its name by now"
    found.enter(DocumentAct("rename", "gone/_4", "new"), seq=5, at="now", actor="Olga")
    assert find_away(found, "gone") == "gone", "and has given it up"
    assert (find_away(found, "_id/gone"), find_away(found, "_id/gone/_4")) == ("gone", None)


def test_of_several_that_were_called_so_a_restore_guesses_none_and_names_them() -> None:
    found = catalog()
    for seq in range(4, 11):
        found.make(f"gone/_{seq}")
        assert find_away(found, "gone") == "gone" or seq > 4
        found.enter(DocumentAct("delete", f"gone/_{seq}"), seq=seq, at="now", actor="Olga")
    assert find_away(found, "gone") == "gone/_10", "the last is nobody else's"
    found.make("gone/_11")
    refusal = find_away(found, "gone")
    assert isinstance(refusal, Refusal)
    ids = ", ".join(f"_id/gone/_{seq}" for seq in (10, 9, 8, 7, 6))
    told = f"8 documents that were called gone are put away: {ids} and 3 more."
    assert (refusal.code, refusal.reason) == ("ambiguous", told)
    planned = DocumentAct("restore", "gone/_0", "back", was="gone")
    assert refuse_act(found, planned, documents_max=200) == refusal, "a plan is told the same"


def test_nobody_is_told_that_what_lives_was_restored() -> None:
    found = catalog()
    idle = [refuse_idle(found, DocumentAct("restore", doc)) for doc in ("here", "old", "gone")]
    assert [one.reason if one else None for one in idle] == [
        "here lives, and nothing that was called so is put away.",
        None,
        None,
    ]


def test_what_lives_is_bounded_and_what_is_kept() -> None:
    found = catalog()
    assert refuse_more(found, documents_max=2) is None
    assert refuse_act(found, DocumentAct("restore", "old"), documents_max=2) is None
    full = refuse_act(found, DocumentAct("restore", "old"), documents_max=1)
    more = refuse_more(found, documents_max=1)
    assert full is not None
    assert more is not None
    assert (full.code, more.code) == ("too_large", "too_large")
    for number in range(KEPT_FACTOR - 1):
        found.make(f"d{number}")
        found.enter(DocumentAct("delete", f"d{number}"), seq=4, at="now", actor="Olga")
    assert found.living == 1
    kept = refuse_more(found, documents_max=1)
    assert kept is not None
    found.enter(DocumentAct("delete", "here"), seq=5, at="now", actor="Olga")
    kept = refuse_more(found, documents_max=1)
    assert kept is not None
    assert "keeps at most" in kept.reason


def test_nothing_is_written_in_what_was_put_away_and_it_says_by_whom() -> None:
    fold = WorkspaceState(client=3, catalog=catalog())
    refusals = [refuse_put_away(fold, (doc,)) for doc in ("here", "old", "gone", "nowhere")]
    told = [(refusal.code, refusal.reason) if refusal else None for refusal in refusals]
    assert told == [
        None,
        ("document_archived", "old was archived by Olga."),
        ("document_deleted", "gone was deleted by Olga."),
        None,
    ]
