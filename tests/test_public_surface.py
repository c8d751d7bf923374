"""The pages that say what may change say it of this version: its numbers, and everything that raises one."""

from __future__ import annotations

import re
from pathlib import Path

import folkmoot
import workspace
from workspace import client
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.intents.model.policies import POLICIES
from workspace.protocol.messages import PROTOCOL_NUMBER
from workspace.store.schema import SCHEMA_VERSION

DOCS = Path(__file__).parent.parent / "docs"
SURFACE = (DOCS / "public-surface.md").read_text()
UPGRADING = (DOCS / "upgrading.md").read_text()


def numbers(page: str) -> dict[str, list[str]]:
    """Return each number that the page of the public surface states, by what it is the number of."""
    patterns = {
        "version": r"`MAJOR\.MINOR\.PATCH`, now ([\d.]+) ",
        "protocol": r"`protocol` in `welcome`: (\d+) ",
        "format": r"`format` among the `versions` in the log \((\d+)\)",
        "schema": r"the database's schema number \((\d+)\)",
    }
    return {name: re.findall(pattern, page) for name, pattern in patterns.items()}


def test_the_page_has_the_numbers_of_this_version() -> None:
    assert numbers(SURFACE) == {
        "version": [workspace.__version__],
        "protocol": [str(PROTOCOL_NUMBER)],
        "format": [str(LOG_FORMAT)],
        "schema": [str(SCHEMA_VERSION)],
    }


def python_names(page: str) -> set[str]:
    """Return the names of the Python client that the page lists."""
    (row,) = re.findall(
        r"^\| Python client \| `from folkmoot import …`, which is `workspace\.client`: ([^|]*?)\. ", page, re.M
    )
    return set(re.findall(r"`(\w+)`", row))


def test_the_page_the_package_and_the_client_offer_the_same_names() -> None:
    """Beside them the package has the version."""
    assert python_names(SURFACE) == set(client.__all__) == set(folkmoot.__all__) - {"__version__"}
    assert all(getattr(folkmoot, name) is getattr(client, name) for name in client.__all__)


def exported(*entries: str) -> set[str]:
    """Return the names that modules of the JavaScript package export, without their types."""
    found = set[str]()
    for entry in entries:
        source = (DOCS.parent / "web/src" / entry).read_text()
        found |= set(re.findall(r"^export (?:async )?function (\w+)", source, re.M))
        for names in re.findall(r"^export \{([^}]*)\}", source, re.M):
            found |= {name.strip() for name in names.split(",") if not name.strip().startswith("type ")}
    return found


def test_the_page_names_what_the_javascript_package_exports() -> None:
    (row,) = re.findall(r"^\| JavaScript client \|([^|]*)\|", SURFACE, re.M)
    named = set(re.findall(r"`(\w+)`", row)) - {"folkmoot"}
    assert named == exported("client/index.ts", "codemirror/index.ts", "react/hooks.ts")


def test_a_name_that_is_missing_on_the_page_is_noticed() -> None:
    assert python_names(SURFACE.replace("`Refused`, ", "")) == set(client.__all__) - {"Refused"}


def test_a_number_that_is_wrong_on_the_page_is_noticed() -> None:
    (stated,) = numbers(SURFACE)["format"]
    assert numbers(SURFACE.replace("in the log (", "in the log (9"))["format"] == [f"9{stated}"]


def test_a_new_policy_raises_the_format_on_every_page_that_says_what_does() -> None:
    """What the number rises for is said in three places: a kind, a field, a policy."""
    saying = {
        "upgrading.md": re.search(r"Each log has a number of its own, which rises when (.*?)\.", UPGRADING, re.DOTALL),
        "upgrading.md, end": re.search(r"whoever adds (.*?) raises `LOG_FORMAT`", UPGRADING, re.DOTALL),
        "public-surface.md": re.search(r"\| (new kinds.*?), each with a new `format`", SURFACE),
    }
    for place, found in saying.items():
        assert found is not None, place
        assert {word for word in ("kind", "field", "polic") if word in found[1]} == {"kind", "field", "polic"}, place


def test_every_number_of_a_format_has_its_row() -> None:
    rows = re.findall(r"^\| (\d+) \|", UPGRADING.split("| format | what it brought |")[1], re.M)
    assert rows == [str(number) for number in range(1, LOG_FORMAT + 1)]


def test_every_policy_stands_in_the_table_of_semantics_and_in_the_row_of_the_protocol() -> None:
    semantics = (DOCS / "semantics.md").read_text()
    table = semantics[semantics.index("| policy |") :].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == set(POLICIES)
    (row,) = re.findall(r"^\| `chain` \|.*policies in order.*\|$", (DOCS / "protocol.md").read_text(), re.M)
    assert set(re.findall(r"`(\w+)`", row)) - {"chain"} == set(POLICIES)
