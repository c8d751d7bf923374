"""The page has every route and every type, without a script and without a word that is read as markup."""

from __future__ import annotations

import re

from tests.support.app import bare_app
from workspace.http.openapi.description import description
from workspace.http.openapi.reader import page_of

TOLD = description(bare_app().routes, root="/moot")
PAGE = page_of(TOLD)


def test_every_route_and_every_type_has_its_place_and_every_link_leads_to_one() -> None:
    places = set(re.findall(r' id="([^"]+)"', PAGE))
    names = [told["operationId"] for methods in TOLD["paths"].values() for told in methods.values()]
    assert set(names) <= places
    assert {f"type-{name}" for name in TOLD["components"]["schemas"]} <= places
    assert set(re.findall(r'href="#([^"]+)"', PAGE)) <= places
    assert [one for one in re.findall(r'href="([^#"][^"]*)"', PAGE) if not one.startswith("data:")] == ["openapi.json"]


def test_it_loads_nothing_and_runs_nothing() -> None:
    assert "<script" not in PAGE
    assert not re.search(r"\bsrc=|@import|url\(", PAGE)
    assert not re.search(r"<[a-z]+ [^>]*\bon\w+=", PAGE)


def test_what_is_told_is_no_markup() -> None:
    told = {**TOLD, "info": {**TOLD["info"], "description": "a <b>bold</b> `<i>`"}}
    assert "a &lt;b&gt;bold&lt;/b&gt; <code>&lt;i&gt;</code>" in page_of(told)
