"""Ids and names of documents: an id is never a name, tells what it was made as, and no two documents have one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.document_acts import LEAST_ROLE, PAST, Acts, DocumentAct, made_as, new_id, words_of_act
from workspace.names import is_document_name

FORM = r"[A-Za-zé漢0-9][A-Za-zé漢0-9 ._-]{0,8}(/[a-z0-9]{1,6})?"
NAMES = st.from_regex(FORM, fullmatch=True).filter(is_document_name)


@given(st.lists(NAMES, min_size=1, max_size=6))
def test_an_id_is_of_one_document_and_tells_its_name(names: list[str]) -> None:
    known = set[str]()
    for seq, name in enumerate(names, 1):
        id = new_id(name, known, seq)
        assert id not in known
        assert made_as(id) == name
        assert id == name or not is_document_name(id), "nobody can call a document so"
        known.add(id)


@given(NAMES)
def test_a_name_that_looks_like_an_id_is_read_as_itself(name: str) -> None:
    assert made_as(name) == name
    assert made_as(f"{name}/_x") == f"{name}/_x"


def test_every_act_has_a_least_role_and_words() -> None:
    assert LEAST_ROLE.keys() == PAST.keys() == {Acts.RENAME, Acts.ARCHIVE, Acts.DELETE, Acts.RESTORE}
    said = [words_of_act(DocumentAct(do, "plan", "other", was="plan")) for do in LEAST_ROLE]
    assert said == ["plan: renamed to other", "plan: archived", "plan: deleted", "plan: restored as other"]
