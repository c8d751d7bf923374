"""Every reference resolves: sections, facts, conditions, promises, stories, decisions, invariants, traps, links, files.

What can be referred to is read from the headings and tables of `docs/`. References are looked for in the words of the
project: docstrings and comments of the code, and the pages.
"""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workspace.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LEFT_OUT = {"node_modules", ".venv", "dist", ".git", ".peers"}
PAGES = ("semantics", "protocol", "promises")
# A page's name, then what is named of it: "semantics §3, §4", "semantics §2 to §5", "promises F7".
OF_A_PAGE = re.compile(
    r"\b([Ss]emantics|[Pp]rotocol|[Pp]romises)((?:(?:,|;)? (?:(?:to|and|or) )?(?:§[\d.]*\d|[FL]\d+\b))+)"
)
OF_OTHERS = re.compile(r"RFC \d+ §[\d.]+")
SECTION, FACT = re.compile(r"§([\d.]*\d)"), re.compile(r"\bF(\d+)\b")
NUMBERED = {
    "condition": re.compile(r"\bC(\d+)\b"),
    "promise": re.compile(r"\bG(\d+)\b"),
    "story": re.compile(r"\bS(\d+)\b"),
    "invariant": re.compile(r"\bI(\d+)\b"),
    "decision": re.compile(r"\b[Dd]ecision (\d+)\b|\b[Dd]ecisions (\d+(?:(?:, | and | to )\d+)*)"),
    "trap": re.compile(r"\btraps? (\d+)\b"),
}
LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]+)\)")
FILE = re.compile(r"`((?:crdt|workspace|agent|tests|web|docs)/[\w./-]+\.\w+)`")
# A file that is called by its last name, or by the end of its path.
BARE_FILE = re.compile(r"`([\w-]+(?:/[\w-]+)*\.(?:py|tsx?|mjs|sh))`")
TEST = re.compile(r"`(test_\w+)`")
# A folder, or a module without its ending; what is run by its name; a variable; what a module or a class has.
FOLDER = re.compile(r"`((?:crdt|workspace|agent|tests|web|docs)/[\w/-]*)`")
RUN = re.compile(r"-m ((?:crdt|workspace|agent|tests|folkmoot)(?:\.\w+)*)")
VARIABLE = re.compile(r"\bFOLKMOOT_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9]|_[*…])")
MEMBER = re.compile(r"`(?:[\w/]*/)?(\w+)\.(\w+)(?:\([^`]*\))?`")
# Places for what is not there yet; a record, a local name, a file of a database that are called as modules are.
TO_BE = {"agent/privacy/", "agent/pricing/"}
NO_MODULES = {"plan.ops", "turn.append", "folkmoot.sqlite"}
# Variables that are made of another's name: the page shows examples.
MADE_VARIABLES = ("FOLKMOOT_KEY_",)
# What begins a reference, so that a file without any need not be read closely.
ANY_REFERENCE = re.compile(r"§|\b[CFGILS]\d|[Dd]ecision|\btrap|docs/")
# What was written at one time and is not rewritten: its files may have moved since.
OF_THEIR_TIME = ("docs/decisions/", "CHANGELOG.md", "docs/world.md")
# Conditions as an audit and a monitor name them, alone in a string.
NAMED = re.compile(r"(?:[CG]\d/)?I\d+")


@dataclass(frozen=True, slots=True)
class Law:
    """What can be referred to: sections and facts by page, numbers by kind, tests and their modules, ends of paths."""

    sections: dict[str, set[str]]
    facts: dict[str, set[str]]
    numbers: dict[str, list[int]]
    tests: set[str]
    files: set[str]


def rows(page: str, letter: str) -> list[int]:
    """Return the numbers that begin the rows of a page's tables."""
    return [int(number) for number in re.findall(rf"^\| {letter}(\d+) \|", (DOCS / page).read_text(), re.M)]


def read_law() -> Law:
    """Return what the pages offer."""
    sections, facts = dict[str, set[str]](), dict[str, set[str]]()
    for page in PAGES:
        text = (DOCS / f"{page}.md").read_text()
        sections[page] = set(re.findall(r"^#+ §([\d.]+) ", text, re.M)) | set(
            re.findall(r"^\| (\d+\.\d+) \|", text, re.M)
        )
        facts[page] = {str(number) for number in rows(f"{page}.md", "F")}
    numbers = {
        "condition": rows("semantics.md", "C"),
        "promise": rows("promises.md", "G"),
        "story": rows("stories.md", "S"),
        "invariant": rows("../ARCHITECTURE.md", "I"),
        "trap": rows("pycrdt.md", ""),
        "decision": [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("[0-9]*.md"))],
    }
    modules = [path for path in (ROOT / "tests").rglob("test_*.py") if not LEFT_OUT & set(path.parts)]
    names = {name for path in modules for name in re.findall(r"def (test_\w+)", path.read_text())}
    ends = set[str]()
    for path in files(".py", ".ts", ".tsx", ".mjs", ".sh"):
        parts = path.relative_to(ROOT).parts
        ends |= {"/".join(parts[at:]) for at in range(len(parts))}
    return Law(sections, facts, numbers, names | {path.stem for path in modules}, ends)


@functools.cache
def files(*endings: str) -> list[Path]:
    """Return the project's own files with these endings."""
    found = (path for ending in endings for path in ROOT.rglob(f"*{ending}"))
    return sorted(path for path in found if not LEFT_OUT & set(path.relative_to(ROOT).parts))


LAW = read_law()


def wrong_numbers(text: str, *, page: str = "") -> list[str]:
    """Return the references in some words that lead nowhere; `page` is the page that they stand on, if any."""
    found, flat = list[str](), re.sub(r"\s*\n\s*(?:#|\*|//)?\s*|\s+", " ", text)
    flat = OF_OTHERS.sub(" ", flat)
    for name, named in OF_A_PAGE.findall(flat):
        found += _wrong_places(named, name.lower())
    rest = OF_A_PAGE.sub(" ", flat)
    found += _wrong_places(rest, page if page in PAGES else "semantics")
    for kind, pattern in NUMBERED.items():
        # A list names several: decisions 5, 7 and 9.
        named = (number for match in pattern.finditer(rest) for number in re.findall(r"\d+", match[0]))
        found += [f"{kind} {number}" for number in named if int(number) not in LAW.numbers[kind]]
    return found


def _wrong_places(words: str, page: str) -> list[str]:
    sections = [f"{page} §{one}" for one in SECTION.findall(words) if one not in LAW.sections[page]]
    facts = [f"{page} F{one}" for one in FACT.findall(words) if one not in LAW.facts[page]]
    return sections + facts


def wrong_links(text: str, path: Path) -> list[str]:
    """Return the links, files and tests in a page that are not there."""
    found = list[str]()
    for label, target in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.S)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            found.append(target)
        number, named = re.fullmatch(r"(?:decision )?(\d+)", label), re.fullmatch(r"(\d{4})-.*\.md", Path(file).name)
        if number and named and int(number[1]) != int(named[1]):
            found.append(f"{label} leads to {file}")
    if not str(path.relative_to(ROOT)).startswith(OF_THEIR_TIME):
        found += [name for name in FILE.findall(text) if not (ROOT / name).exists()]
        found += [name for name in BARE_FILE.findall(text) if name not in LAW.files]
        found += [name for name in TEST.findall(text) if name not in LAW.tests]
        found += wrong_names(text)
    return found


def wrong_names(text: str) -> list[str]:
    """Return the folders, modules, variables and members that are named in a page and are not there."""
    found = [name for name in FOLDER.findall(text) if name not in TO_BE and not _is_there(name)]
    found += [name for name in RUN.findall(text) if not _is_there(name.replace(".", "/"))]
    found += [
        name for name in VARIABLE.findall(text) if name not in variables() and not name.startswith(MADE_VARIABLES)
    ]
    for where, what in MEMBER.findall(text):
        # `semantics.md`, `board.py`: files, which are looked for above.
        if f"{where}.{what}" not in NO_MODULES | file_names() and (known := members(where)) and what not in known:
            found.append(f"{where}.{what}")
    return found


def _is_there(name: str) -> bool:
    return (ROOT / name).exists() or (ROOT / f"{name}.py").exists()


@functools.cache
def file_names() -> set[str]:
    """Return the names, with their endings, of the files that a page may speak of."""
    return {
        path.name
        for path in files(
            ".py", ".md", ".ts", ".tsx", ".mjs", ".json", ".toml", ".svg", ".sh", ".css", ".html", ".service"
        )
    }


@functools.cache
def variables() -> set[str]:
    """Return the environment's variables that code or tests read: those of `Settings`, and all that are spelt."""
    sources = [path.read_text() for path in (*files(".py", ".mjs", ".sh"), ROOT / "Makefile") if path != Path(__file__)]
    spelt = {name for source in sources for name in re.findall(r"\bFOLKMOOT_[A-Z0-9_]*[A-Z0-9]", source)}
    return spelt | {f"FOLKMOOT_{name.upper()}" for name in Settings.__struct_fields__}


@functools.cache
def places() -> dict[str, set[Path]]:
    """Return the files in which the modules and the classes of the project stand, by the last of their names."""
    found: dict[str, set[Path]] = {}
    for path in files(".py"):
        for name in (path.stem, *re.findall(r"^ *class (\w+)", path.read_text(), re.M)):
            found.setdefault(name, set()).add(path)
    return found


@functools.cache
def members(name: str) -> frozenset[str]:
    """Return what modules of this name define at their top, and what classes of this name have, also from above.

    A module of the page of the same name counts with all its words. Empty where there is neither.
    """
    found, known, waiting = set[str](), {name}, [name]
    while waiting:
        above = waiting.pop()
        for path in places().get(above, ()):
            tree = ast.parse(path.read_text())
            found |= _defined(tree.body) if path.stem == name else set()
            for node in (one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == above):
                found |= _defined(node.body) | set(re.findall(r"\bself\.(\w+)", ast.unparse(node)))
                bases = {ast.unparse(base).split(".")[-1] for base in node.bases} - known
                known |= bases
                waiting += bases
    if found:
        scripts = [path for path in files(".ts", ".tsx") if path.stem == name]
        found |= {word for path in scripts for word in re.findall(r"\w+", path.read_text())}
    return frozenset(found)


def _defined(body: list[ast.stmt]) -> set[str]:
    names = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return names


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made on the usual forges."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def words_of(source: str) -> Iterator[str]:
    """Yield the docstrings and comments of a module, neighbouring comment lines as one, and conditions in strings."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.fullmatch(node.value):
            yield node.value
    lines, last = list[str](), -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1:
                yield " ".join(lines)
                lines = []
            lines.append(token.string.lstrip("# "))
            last = token.start[0]
    yield " ".join(lines)


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("name", named(files(".py")))
def test_references_in_the_code_resolve(name: str) -> None:
    text = (ROOT / name).read_text()
    if ANY_REFERENCE.search(text) is None:
        return
    words = list(words_of(text))
    assert not [wrong for part in words for wrong in wrong_numbers(part)]
    pages = [page for part in words for page in re.findall(r"\bdocs/[\w./-]+\.md\b", part)]
    assert all((ROOT / page).exists() for page in pages), pages


@pytest.mark.parametrize("name", named(files(".ts", ".tsx", ".mjs")))
def test_references_in_scripts_resolve(name: str) -> None:
    comments = re.findall(r"/\*.*?\*/|(?<!:)//[^\n]*", (ROOT / name).read_text(), re.S)
    assert not [wrong for part in comments for wrong in wrong_numbers(part)]


@pytest.mark.parametrize("name", named(files(".md")))
def test_references_in_the_pages_resolve(name: str) -> None:
    path = ROOT / name
    assert not wrong_numbers(path.read_text(), page=path.stem if path.parent == DOCS else "")
    assert not wrong_links(path.read_text(), path)


@pytest.mark.parametrize("kind", NUMBERED)
def test_numbers_are_dense_and_each_stands_once(kind: str) -> None:
    assert LAW.numbers[kind] == list(range(1, len(LAW.numbers[kind]) + 1))


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    assert not [path.name for path in DOCS.glob("*.md") if f"({path.name})" not in index and path.name != "README.md"]


PLANTED = (
    "as told (semantics §13)", "see semantics §1.9", "(semantics §2 to §77)", "semantics F12", "protocol §9",
    "promises F27", "promises §3.7", "story S11", "gate condition C7", "promise G19", "invariant I99", "decision 4711",
    "decisions 4712", "(trap 99)", "the rule (§4, §44)",
)  # fmt: skip


@pytest.mark.parametrize("words", PLANTED)
def test_a_reference_that_leads_nowhere_is_noticed(words: str) -> None:
    assert wrong_numbers(f"Something else, {words}, and more.")


@pytest.mark.parametrize(
    "words", ["(semantics §3,\n    L0; story S3)", "RFC 6455 §5", "promises §0.2", "semantics §2 to §5"]
)
def test_a_reference_that_leads_somewhere_is_not(words: str) -> None:
    assert not wrong_numbers(words)


@pytest.mark.parametrize(
    "words",
    [
        "[gone](gone.md)",
        "[there](semantics.md#nowhere)",
        "`workspace/gone.py`",
        "`test_nobody_wrote`",
        "[7](decisions/0008-a.md)",
        "`tests/palace/`",
        "`workspace/intents/palace`",
        "`-m tests.palace`",
        "`.venv/bin/python -m workspace.palace --write`",
        "`FOLKMOOT_GONE=1`",
        "`gate.try_plans`",
        "`rules/gate.try_plans(…)`",
        "`Commands._utter`",
        "`gate.toml`",
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(words: str) -> None:
    assert wrong_links(words, DOCS / "README.md")


@pytest.mark.parametrize(
    "words",
    [
        "`tests/contracts/`", "`workspace/intents/rules/gate`", "`-m tests.world`", "`python -m workspace`",
        "`FOLKMOOT_MODEL`", "`FOLKMOOT_OIDC_…`", "`FOLKMOOT_KEY_DEMO_OPS`", "`gate.try_plan`", "`gate.py`",
        "`Commands._say`", "`protocol.md`", "`folkmoot.sqlite`", "`somebody.else`",
    ],
)  # fmt: skip
def test_a_name_that_is_there_is_not_noticed(words: str) -> None:
    assert not wrong_links(words, DOCS / "README.md")


def test_a_condition_in_a_string_is_looked_at() -> None:
    assert [wrong for part in words_of('note(1, "G4/I77", f"{doc} is another")') for wrong in wrong_numbers(part)]


OLD = re.compile(r"\bG[1-5]/I\d|\bG1 to G5\b|\b(?:story|scenario) D\d|^D\d+\b")


@pytest.mark.parametrize("name", named(files(".py", ".md")))
def test_nothing_goes_by_an_older_number(name: str) -> None:
    """Conditions were G1 to G5 and stories D1 to D10 before."""
    text = (ROOT / name).read_text()
    if re.search(r"\bG[1-5]\b|\bD\d", text):
        parts = list(words_of(text)) if name.endswith(".py") else [text]
        assert name.endswith("test_references.py") or not [part for part in parts if OLD.search(part)]
