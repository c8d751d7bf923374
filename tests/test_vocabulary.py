"""The words of the log have names: each class of names holds its whole type, and nothing is compared with a bare word.

A word that is misspelt in a comparison is never equal to anything, and no checker of types says so where the other side
is read from JSON or from a row. A name that is misspelt is found before anything runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tests.support.inlined import inlined
from tests.test_house import NAMES, inlined_tree_of
from workspace.intents.model.bodies import (
    Decider,
    Deciders,
    Layer,
    Layers,
    OracleKind,
    OracleKinds,
    RecordKind,
    RecordKinds,
    VerdictCodes,
)
from workspace.intents.model.calls import CallOutcome, CallOutcomes, Purpose, Purposes
from workspace.intents.model.effects import EffectStatus, EffectStatuses
from workspace.intents.model.intent import IntentKind, Kinds, LiveState, States, TerminalState
from workspace.intents.model.oracle import Opinion, Opinions
from workspace.intents.model.policies import EditMode, EditModes, Fates, Policies, Policy, RuledBy

NAMED: dict[type, tuple[Any, ...]] = {
    Kinds: (IntentKind,),
    States: (LiveState, TerminalState),
    RecordKinds: (RecordKind,),
    OracleKinds: (OracleKind,),
    Layers: (Layer,),
    Deciders: (Decider,),
    Purposes: (Purpose,),
    CallOutcomes: (CallOutcome,),
    Opinions: (Opinion,),
    EffectStatuses: (EffectStatus,),
    Policies: (Policy,),
    EditModes: (EditMode,),
}


def words_of(names: type) -> list[str]:
    """Return the words that a class gives names to, in their order."""
    return [word for name, word in vars(names).items() if name.isupper()]


# The last name of what is compared, and the classes of which its words are.
COMPARED: dict[str, tuple[type, ...]] = {
    "state": (States,),
    "kind": (Kinds, RecordKinds, CallOutcomes),
    "oracle": (OracleKinds,),
    "layer": (Layers,),
    "by": (Deciders,),
    "purpose": (Purposes,),
    "outcome": (CallOutcomes, Fates),
    "opinion": (Opinions,),
    "status": (EffectStatuses,),
    "policy": (RuledBy,),
    "chain": (Policies,),
    "human_edit": (EditModes,),
    "code": (VerdictCodes,),
}
WORDS = {name: {word for one in classes for word in words_of(one)} for name, classes in COMPARED.items()}


def last_name(node: ast.AST) -> str:
    """Return what an expression is called: `entry.state`, `body["state"]` and `state` are all `state`."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Subscript(value=inner) | ast.Call(func=ast.Attribute(value=inner, attr="get" | "values")):
            return last_name(inner)
        case _:
            return ""


def comparisons(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Give what is compared, by its last name, with what it is compared to."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                yield from ((last_name(one), other) for one in sides for other in sides if one is not other)
            case ast.Match(subject=subject, cases=cases):
                patterns = [case.pattern for case in cases]
                yield from ((last_name(subject), one) for one in patterns if not isinstance(one, ast.MatchClass))
            case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
                yield from zip(names, patterns, strict=True)
            case _:
                pass


def bare_words(tree: ast.AST) -> list[tuple[int, str]]:
    """Return the words of the log that something is compared with, and that are not written by their names."""
    return [
        (part.lineno, part.value)
        for name, side in comparisons(tree)
        for part in ast.walk(side)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value in WORDS.get(name, ())
    ]


@pytest.mark.parametrize("names", list(NAMED), ids=lambda names: names.__name__)
def test_a_class_of_names_holds_its_whole_type_and_nothing_else(names: type) -> None:
    assert words_of(names) == [word for kind in NAMED[names] for word in get_args(kind)]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("workspace/intents/model/")])
def test_words_of_the_log_are_compared_by_their_names(name: str) -> None:
    assert bare_words(inlined_tree_of(name)) == []


@pytest.mark.parametrize(
    "source",
    [
        'entry.state == "held"',
        '"held" in decision.outcome.values()',
        'decision.outcome.get(id) == "run"',
        'body["kind"] != "undo"',
        'other.state in ("done", "merged")',
        'policy.chain[0] == "ask"',
        'match row.kind:\n case "verdict" | "commit": pass',
        'match body:\n case Body(by="timer"): pass',
        'def f(entry):\n where = entry.state\n return where == "held"',
        'def f(body):\n what = body["kind"]\n return what in ("undo", "do")',
        'def f(row):\n match (kind_of := row.kind):\n  case "verdict": pass\n return kind_of == "commit"',
    ],
)
def test_a_bare_word_is_found_however_it_is_compared(source: str) -> None:
    assert bare_words(inlined(source))


@pytest.mark.parametrize("source", ['document.kind == "text"', 'use["name"] == "ask"', "entry.state == States.HELD"])
def test_what_is_no_word_of_the_log_is_left_alone(source: str) -> None:
    assert not bare_words(ast.parse(source))
