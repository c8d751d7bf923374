"""What shows nothing is found wherever Unicode says so; an emoji is seen; letters that look alike are one skeleton."""

from __future__ import annotations

import itertools

import pytest

from crdt.letters import BLANK, IGNORABLE, folded, is_unseen, mixes_scripts, skeleton, unseen_at, without_unseen


def test_the_stretches_are_in_order_and_apart() -> None:
    ends = [end for stretch in IGNORABLE for end in stretch]
    assert ends == sorted(ends)
    assert all(last + 1 < first for (_, last), (first, _) in itertools.pairwise(IGNORABLE))


def test_each_end_of_a_stretch_shows_nothing_and_its_neighbour_does() -> None:
    for first, last in IGNORABLE:
        assert is_unseen(chr(first))
        assert is_unseen(chr(last))
        assert not is_unseen(chr(first - 1))
        assert not is_unseen(chr(last + 1))
    assert is_unseen(BLANK)
    assert not is_unseen("\u2801")
    assert not any(is_unseen(chr(code)) for code in range(0x80))


@pytest.mark.parametrize(
    "name", ["☀\ufe0f", "1\ufe0f\u20e3", "👩\u200d💻", "👩🏽\u200d💻", "❤\ufe0f\u200d🔥", "plan ☀\ufe0f", ""]
)
def test_an_emoji_is_seen(name: str) -> None:
    assert unseen_at(name) is None


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("plan\ufe0f", 4),
        ("\ufe0f☀", 0),
        ("☀\ufe0f\ufe0f", 2),
        ("☀\ufe0e", 1),
        ("a\u200db", 1),
        ("👩\u200d", 1),
        ("\u200d👩", 0),
        ("\u2800\ufe0f", 0),
        ("pla\u034fn", 3),
        ("Ana\U000e0100", 3),
    ],
)
def test_what_makes_no_emoji_is_found_where_it_stands(name: str, place: int) -> None:
    assert unseen_at(name) == place


@pytest.mark.parametrize(
    ("name", "is_mixed"),
    [
        ("В\u0435n", True),
        ("Αna", True),
        ("Анна", False),
        ("Άννα", False),
        ("Анна Smith", False),
        ("план-B", False),
        ("Be1\u0441", True),
        ("ben漢字", False),
        ("Ben", False),
    ],
)
def test_a_word_is_of_one_script(name: str, is_mixed: bool) -> None:
    assert mixes_scripts(name) is is_mixed


def test_what_looks_the_same_has_one_skeleton() -> None:
    assert skeleton("\u0421\u043e\u0440\u0435") == skeleton("Cope") == "cope"
    assert skeleton("\u039d\u0399\u039a\u039f") == skeleton("NIKO")
    assert skeleton("B\ufe0fe\u034fn\u2800") == folded("BEN") == "ben"
    assert folded("Вера") == folded("ВЕРА") != folded("Bepa")
    assert without_unseen("☀\ufe0f") == "☀"
