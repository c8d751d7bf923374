"""The conditions that an audit names are those that the page of the audit explains, and each is somebody's to find."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.test_house import NAMES, ROOT, tree_of
from workspace.intents.audit.conditions import Condition

CONDITIONS = get_args(Condition)
PAGE = (ROOT / "docs/replay.md").read_text()
AUDIT = [name for name in NAMES if name.startswith("workspace/intents/audit/") and not name.endswith("/conditions.py")]


def explained(page: str) -> list[str]:
    """Return the conditions that the rows of the audit's table explain, in their order."""
    table = page[page.index("| condition | what is looked at |") :].split("\n\n")[0]
    rows = [row.split("|")[1].strip() for row in table.splitlines()[2:]]
    return [word.strip("` ") for row in rows for word in row.split(",")]


def words_in(name: str) -> set[str]:
    tree = tree_of(name) if name in NAMES else ast.parse((ROOT / name).read_text())
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_page_explains_every_condition_and_no_other() -> None:
    assert sorted(explained(PAGE)) == sorted(CONDITIONS)


def test_a_row_too_many_or_too_few_is_noticed() -> None:
    (row,) = re.findall(r"^\| C2 \|.*\n", PAGE, re.M)
    for page in (PAGE.replace(row, ""), PAGE.replace(row, row + row.replace("C2", "C7"))):
        assert sorted(explained(page)) != sorted(CONDITIONS)


@pytest.mark.long
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_one_that_the_audit_notes_and_a_test_has_found(condition: str) -> None:
    assert any(condition in words_in(name) for name in AUDIT), f"no audit notes {condition}"
    here = Path(__file__).relative_to(ROOT)
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests/workspace/intents").rglob("test_*.py")]
    assert any(condition in words_in(str(path)) for path in tests if path != here), f"no test has found {condition}"


def test_the_audit_notes_nothing_else() -> None:
    """Types hold it, too; a word in another spelling would be one more."""
    noted = {word for name in AUDIT for word in words_in(name) if re.fullmatch(r"[CI]\d+(/I\d+)?", word)}
    assert noted <= set(CONDITIONS)
