"""`make` says what it can do, and what is written of it elsewhere is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.M))
# `make quick`, 'make web', make bench REPS=9, make demo    # in a block of code
WRITTEN = re.compile(r"\bmake ([a-z][a-z-]*[a-z])(?=[`']| [A-Z0-9]+=|\s+#)")
PAGES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "tests/**/*.py", "web/src/**/*.ts")
    for path in sorted(ROOT.glob(pattern))
    # Folders with a dot are what was fetched: other servers to compare with.
    if not any(part == "node_modules" or part.startswith(".") for part in path.relative_to(ROOT).parts)
    and path.name != "test_makefile.py"
]


def test_make_alone_lists_the_targets_with_a_line_each() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    names = [line.split()[0] for line in shown]
    assert len(names) == len(set(names))
    assert all(len(line.split()) > 1 for line in shown)
    assert {"demo", "test", "quick", "check"} <= set(names) <= TARGETS
    # What has no line is a part of one that has.
    assert TARGETS - set(names) == {"style", "types", "units", "page-units", "tested"}


def test_every_target_is_made_whether_a_file_of_its_name_is_there_or_not() -> None:
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.M)
    assert set(phony.replace("\\", " ").split()) == TARGETS


def test_every_target_that_is_written_of_exists() -> None:
    written = {(name, path.name) for path in PAGES for name in WRITTEN.findall(path.read_text())}
    assert len(written) > 15
    assert {(name, page) for name, page in written if name not in TARGETS} == set()


def named_by(variable: str) -> list[str]:
    """Return what a variable of the Makefile names, other variables among it as they are written."""
    (value,) = re.findall(rf"^{variable} := ((?:.*\\\n)*.*)", MAKEFILE, re.M)
    return str(value).replace("\\", " ").split()


# What holds the shape of the house by its source alone: whoever changes something hears of it soon.
OF_THE_HOUSE = ("house", "floors", "late_imports", "invariants", "walks", "references", "vocabulary", "public_surface")


def test_the_check_holds_the_shape_of_the_house() -> None:
    assert named_by("HOUSE") == [f"tests/test_{name}.py" for name in OF_THE_HOUSE]
    assert re.search(r"^check: .*\n\t.* -m pytest \$\(HOUSE\)$", MAKEFILE, re.M)


def test_the_quick_run_names_tests_that_are_there() -> None:
    named = [name.removeprefix("--ignore=") for name in named_by("UNITS")]
    assert named
    for name in named:
        assert (ROOT / name).exists(), name
