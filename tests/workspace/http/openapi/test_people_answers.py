"""Every type of these answers is told of: by itself, or as a part of one that is."""

from __future__ import annotations

from tests.workspace.http.openapi.answers import hold_types
from workspace.http.openapi import people_answers


def test_every_type_here_stands_in_the_description() -> None:
    hold_types(people_answers, at_least=6)
