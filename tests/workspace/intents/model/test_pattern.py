"""Patterns of rules: what Python finds is found, and the work grows with the text and not with its fourth power."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from workspace.intents.model.pattern import PLACES_MAX, STEPS_KEPT_MAX, NotLinear, Pattern, compile_pattern

ATOMS = [
    "a",
    "b",
    ".",
    r"\d",
    r"\w",
    r"\W",
    r"\s",
    "[ab]",
    "[^a]",
    "[a-c1]",
    "[]a]",
    r"[\]b]",
    r"\.",
    r"\x61",
    "é",
    "ſ",
    r"\n",
]
ANCHORS = ["^", "$", r"\b", r"\B", r"\A", r"\Z"]
COUNTS = ["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}", "{2,}", "{,2}"]


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.builds("{}{}{}".format, st.sampled_from(["(", "(?:", "(?i:", "(?s:", "(?-i:"]), parts, st.just(")"))
    return st.one_of(st.builds("{}{}".format, parts, parts), st.builds("{}|{}".format, parts, parts),
                     st.builds("{}{}".format, group, st.sampled_from(COUNTS)))  # fmt: skip


sources = st.builds(
    "{}{}".format,
    st.sampled_from(["", "", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?im)"]),
    st.recursive(
        st.one_of(st.builds("{}{}".format, st.sampled_from(ATOMS), st.sampled_from(COUNTS)), st.sampled_from(ANCHORS)),
        joined,
        max_leaves=8,
    ),
)
texts = st.text(st.sampled_from("aAbB1é .\n\\]sſK"), max_size=8)


@settings(max_examples=examples(500), deadline=None)
@given(source=sources, text=texts)
def test_what_python_finds_is_found(source: str, text: str) -> None:
    try:
        python = re.compile(source)
    except re.error:
        with pytest.raises(re.error):
            compile_pattern(source)
        return
    pattern = compile_pattern(source)
    assert pattern.is_found(text) == (python.search(text) is not None)
    assert pattern.is_whole(text) == (python.fullmatch(text) is not None)


@pytest.mark.parametrize(
    "source",
    ["(?=a)b",  "(?!a)b", "(?<=a)b", "(a)\\1", "(?P<n>a)(?P=n)", "a*+", "(?>a)", "(a)(?(1)b|c)", "(?x)a b",
     f"a{{{PLACES_MAX + 1}}}", "(?m:^a)", ".{200}.{200}"],
)  # fmt: skip
def test_what_is_not_regular_or_too_long_is_named(source: str) -> None:
    re.compile(source)
    with pytest.raises(NotLinear):
        compile_pattern(source)


def steps_of(monkeypatch: pytest.MonkeyPatch, source: str, text: str) -> int:
    """Return how many steps are taken, each counted by the states that it starts from."""
    count, step = 0, Pattern._step

    def counted(
        pattern: Pattern, current: frozenset[int], holding: str, char: str, is_whole: bool
    ) -> tuple[bool, frozenset[int]]:
        nonlocal count
        count += len(current)
        return step(pattern, current, holding, char, is_whole)

    monkeypatch.setattr(Pattern, "_step", counted)
    assert not compile_pattern(source).is_found(text)
    return count


@pytest.mark.parametrize("source", ["a*a*a*b", "a?" * 60 + "a" * 20 + "b", "(a|aa)+$b", "(a*)*b", ".*.*.*=.*b"])
def test_the_work_grows_with_the_text(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    short, long = (steps_of(monkeypatch, source, "a" * size) for size in (200, 2_000))
    assert long <= 11 * short, "ten times the text is ten times the work"


def test_a_set_of_states_that_never_comes_again_is_not_kept_for_ever() -> None:
    pattern = compile_pattern("a.{60}b")
    text = "".join("ax"[bin(at * 2654435761).count("1") % 2] for at in range(20_000))
    assert not pattern.is_found(text)
    assert len(pattern._steps) <= STEPS_KEPT_MAX + 1
