"""A source with its local names spelt out: what is done through `moves = entry.moves` is done to `entry.moves`."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope = Function | ast.Module


def own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a scope, and not what stands in the functions inside of it."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, Function):
            yield from own_nodes(node)


def _bound(scope: ast.AST) -> list[str]:
    """Return the names that a scope binds, as often as it does."""
    arguments = scope.args if isinstance(scope, Function) else None
    names = [one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)] if arguments else []
    names += [node.id for node in own_nodes(scope) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)]
    # What a pattern of `match` gives a name to, and an import.
    names += [node.name for node in own_nodes(scope) if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name]
    return names


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what is given a name in an assignment, with what it is the name of."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if (
                    isinstance(target, ast.Tuple)
                    and isinstance(value, ast.Tuple)
                    and len(target.elts) == len(value.elts)
                ):
                    yield from zip(target.elts, value.elts, strict=True)
                else:
                    yield target, value
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield target, value
        case _:
            pass


def _aliases(scope: ast.AST) -> dict[str, ast.expr]:
    """Return the names that a scope binds once, each to a field of something: `entry.moves`, `kernel.fold.board`."""
    pairs = [pair for node in own_nodes(scope) for pair in _pairs(node)]
    found = {one.id: value for one, value in pairs if isinstance(one, ast.Name) and _is_field(value)}
    bound = Counter(_bound(scope)) if found else Counter()
    return {name: value for name, value in found.items() if bound[name] == 1}


def _is_field(value: ast.expr) -> bool:
    """Tell whether this is `entry.moves` or `body["kind"]`, and not what is made anew from it."""
    return isinstance(value, ast.Attribute) or (
        isinstance(value, ast.Subscript)
        and isinstance(value.slice, ast.Constant)
        and isinstance(value.slice.value, str)
    )


class _Speller(ast.NodeTransformer):
    """Spells names out in one scope, and in the functions inside of it that have no other use for them."""

    def __init__(self, known: dict[str, ast.expr]) -> None:
        self.known = known

    def _enter(self, scope: ast.AST) -> Any:
        before, own = self.known, set(_bound(scope))
        self.known = {name: value for name, value in before.items() if name not in own}
        if self.known:
            self.generic_visit(scope)
        self.known = before
        return scope

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _enter

    def visit_Name(self, node: ast.Name) -> Any:
        if not isinstance(node.ctx, ast.Load) or node.id not in self.known:
            return node
        # A name of a name: spelt out by what is known but for itself.
        value = self.known.pop(node.id)
        spelt = self.visit(copy.deepcopy(value))
        self.known[node.id] = value
        return ast.copy_location(spelt, node)


def inlined(source: str) -> ast.Module:
    """Return the tree of a module in which each local name of a field is that field.

    A name counts where its function binds it once, and to a field; what a call returns is nobody's field.
    """
    tree = ast.parse(source)
    for scope in [node for node in ast.walk(tree) if isinstance(node, Scope)]:
        if aliases := _aliases(scope):
            _Speller(aliases).generic_visit(scope)
    return tree
