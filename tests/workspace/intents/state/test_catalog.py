"""The catalog: one name for each document that lives or is archived, whatever is done with them, in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.document_acts import ActName, DocumentAct, new_id
from workspace.intents.rules.document_acts import changes_nothing, refuse_act, refuse_more
from workspace.intents.state.catalog import Catalog

NAMES = ("plan", "notes", "list", "plan/a")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("make", "rename", "archive", "delete", "restore")),
        st.sampled_from(NAMES),
        st.sampled_from((*NAMES, "")),
    ),
    max_size=30,
)


def do(catalog: Catalog, act: ActName, doc: str, name: str = "", seq: int = 9) -> None:
    catalog.enter(DocumentAct(act, doc, name), seq=seq, at="now", actor="Olga")


@given(STEPS)
def test_no_two_documents_that_can_be_seen_have_one_name(steps: list[tuple[ActName, str, str]]) -> None:
    catalog, made = Catalog(), list[str]()
    for seq, (step, name, other) in enumerate(steps, 1):
        if step == "make":  # type: ignore[comparison-overlap]
            if catalog.is_free(name) and refuse_more(catalog, documents_max=3) is None:
                made.append(new_id(name, catalog.ids, seq))
                catalog.make(made[-1])
            continue
        doc = catalog.find(name)
        act = DocumentAct(step, doc or name, other if step in ("rename", "restore") else "")
        if doc is None or (step == "rename" and not other) or refuse_act(catalog, act, documents_max=3) is not None:
            continue
        is_same = changes_nothing(catalog, act)
        catalog.enter(act, seq=seq, at="now", actor="Olga")
        assert changes_nothing(catalog, act), "done twice it changes nothing"
        assert not is_same or catalog.find(name) == doc
    seen = [doc for doc in made if catalog.state_of(doc) != "deleted"]
    names = [catalog.name_of(doc) for doc in seen]
    assert len(set(names)) == len(names)
    assert catalog.living == sum(catalog.is_living(doc) for doc in made) <= 3
    for doc in seen:
        assert catalog.find(catalog.name_of(doc)) == doc, "what can be seen is found by its name"
    for doc in made:
        assert catalog.find(f"_id/{doc}") == doc, "and everything by its id"


def test_a_name_is_free_again_after_a_rename_and_after_a_deletion_and_not_after_an_archiving() -> None:
    catalog = Catalog()
    for doc in ("a", "b", "c"):
        catalog.make(doc)
    do(catalog, "rename", "a", "x")
    do(catalog, "delete", "b")
    do(catalog, "archive", "c")
    assert [catalog.is_free(name) for name in ("a", "x", "b", "c")] == [True, False, True, False]
    assert (catalog.find("a"), catalog.is_called("a", "a"), catalog.is_called("a", "x")) == ("a", False, True)
    assert catalog.living == 1


def test_who_put_a_document_away_is_known_until_it_is_restored() -> None:
    catalog = Catalog()
    catalog.make("a")
    do(catalog, "archive", "a", seq=4)
    put = catalog.put_away["a"]
    assert (put.state, put.seq, put.at, put.actor) == ("archived", 4, "now", "Olga")
    do(catalog, "restore", "a", "z")
    assert (catalog.state_of("a"), catalog.name_of("a"), catalog.put_away) == ("living", "z", {})
    do(catalog, "rename", "a", "a")
    assert (catalog.names, catalog.is_plain) == ({}, True)


def test_what_no_record_holds_is_taken_back() -> None:
    catalog = Catalog()
    catalog.make("a")
    catalog.unmake("a")
    assert (catalog.find("a"), catalog.is_free("a"), catalog.ids) == (None, True, set())
