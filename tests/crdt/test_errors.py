"""Every error of the document floor says by a code of its own what is wrong, why, and what to do."""

from __future__ import annotations

import pytest

import crdt.errors as errors
from crdt.errors import CrdtError, StaleRead, WrongKind

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CrdtError)]


def test_no_two_errors_have_one_code() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes) > 8
    assert all(code.isidentifier() for code in codes), "codes go over the wire and into conditions"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_the_reason_is_what_is_shown(kind: type[CrdtError]) -> None:
    error = kind("the list has 3 items")
    assert (str(error), error.reason, error.remedy) == ("the list has 3 items", "the list has 3 items", kind.remedy)
    assert isinstance(error, CrdtError), "one `except` is enough for all that a peer can do wrong"


def test_a_remedy_given_is_better_than_the_common_one() -> None:
    assert StaleRead("old").remedy == StaleRead.remedy != ""
    assert WrongKind("too long", remedy="Store it as text.").remedy == "Store it as text."
    assert WrongKind.remedy != "Store it as text.", "the one of the others stays"


def test_an_error_without_a_reason_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        StaleRead("")
