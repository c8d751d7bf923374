"""Every decision has its head, the numbers have no gap, the index is current."""

from __future__ import annotations

import re

from tests.decisions import AREAS, FOLDER, INDEX, STATUS, decisions, index


def test_the_index_is_current() -> None:
    assert INDEX.read_text() == index(decisions()), "make decisions"


def test_numbers_are_dense_and_stand_in_the_names() -> None:
    found = decisions()
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(one.file.startswith(f"{one.number:04d}-") for one in found)


def test_every_decision_has_a_known_area_and_status() -> None:
    for one in decisions():
        assert one.area in AREAS, one
        assert STATUS.fullmatch(one.status), one


def test_a_status_names_a_later_decision_by_its_file() -> None:
    for one in decisions():
        for number, file in re.findall(r"\[(\d+)\]\(([^)]+)\)", one.status):
            assert int(number) > one.number, one
            assert file.startswith(f"{int(number):04d}-"), one
            assert (FOLDER / file).is_file(), one


def test_who_replaces_or_amends_another_is_named_by_it() -> None:
    said = {one.number: set(map(int, re.findall(r"\[(\d+)\]", one.status))) for one in decisions()}
    for one in decisions():
        text = (FOLDER / one.file).read_text()
        for earlier in re.findall(r"(?:Replaces|Amends|Continues)[^.:]*\[decision (\d+)\]", text):
            assert one.number in said[int(earlier)], f"{one.file} says so of {earlier}"
