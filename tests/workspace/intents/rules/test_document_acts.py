"""What may be done with a document as a whole: one table of rights, and refusals with a code and a way out."""

from __future__ import annotations

import pytest

from workspace.intents.model.document_acts import KEPT_FACTOR, ActName, DocumentAct
from workspace.intents.model.intent import Role
from workspace.intents.rules.document_acts import refuse_act, refuse_more, refuse_put_away
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
        (DocumentAct("rename", "gone", "new"), None),
        (DocumentAct("rename", "nowhere", "new"), "not_found"),
        (DocumentAct("archive", "here"), None),
        (DocumentAct("archive", "old"), None),
        (DocumentAct("archive", "gone"), "document_deleted"),
        (DocumentAct("delete", "old"), None),
        (DocumentAct("delete", "gone"), None),
        (DocumentAct("restore", "here"), None),
        (DocumentAct("restore", "gone"), None),
        (DocumentAct("restore", "gone", "here"), "exists"),
        (DocumentAct("restore", "old", "here"), "exists"),
        (DocumentAct("restore", "nowhere"), "not_found"),
    ],
)
def test_what_is_refused_as_things_stand(act: DocumentAct, code: str | None) -> None:
    refusal = refuse_act(catalog(), act, documents_max=200)
    assert (refusal.code if refusal else None) == code
    assert refusal is None or refusal.remedy


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
