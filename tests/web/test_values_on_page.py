"""Values that JSON cannot say, in the table of values: shown as what they are, and unchanged by an edit beside them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.stock.test_y_websocket import StockPeer, stock_peer
from tests.support.until import until
from tests.web.test_page import WAIT, shoot, stage, visit

pytestmark = pytest.mark.browser
SHOWN = {
    "big": ("9007199254740993", "big number"),
    "least": ("-9223372036854775808", "big number"),
    "bytes": ("AAH/", "bytes"),
    "missing": ("undefined", "undefined"),
    "nothing": ("null", "nothing"),
    "nan": ("NaN", "number"),
    "endless": ("-Infinity", "number"),
    "zero": ("-0", "number"),
    "digits": ("12345678901234567890", "text"),
    "lines": ("one\ntwo\nthree", "text"),
    "words": ("shared words", "shared text"),
    '"a.b"': ("1", "number"),
    '""': ("2", "number"),
    "constructor": ("3", "number"),
    "__proto__": ("a name like others", "text"),
    "plain.kept": ("4611686018427387904", "big number"),
    "plain.inner.constructor": ("1", "big number"),
    "list.1": ("CQ==", "bytes"),
}


async def opened(page: Page) -> None:
    await page.get_by_test_id("doc-tab").filter(has_text="budget").click()
    await expect(page.get_by_test_id("value-big")).to_be_visible(timeout=WAIT)


async def typed(page: Page, name: str, words: str) -> None:
    """Type over a field and leave it."""
    field = page.get_by_test_id(f"value-{name}")
    await field.fill(words)
    await field.blur()


async def exact(stock: StockPeer) -> dict[str, Any]:
    """Return all values as the stock client has them, each with its kind."""
    return await stock.tell("exact")


async def changed(stock: StockPeer, before: dict[str, Any], *names: str) -> dict[str, Any]:
    """Wait until values of these names differ from what they were; return all of them. No other may differ, ever."""

    async def differing() -> set[str]:
        now = await exact(stock)
        return {name for name in {*now, *before} if now.get(name) != before.get(name)}

    assert await until(differing, lambda found: found >= set(names)) == set(names)
    return await exact(stock)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_every_value_is_shown_as_what_it_is(scheme: str, width: int) -> None:
    async with stage() as (server, browser), stock_peer(server, "Dee", "budget", "values.mjs") as stock:
        await stock.tell("write")
        _, ana, problems = await visit(server, browser, "Ana", scheme=scheme, width=width)
        await opened(ana)
        for name, (words, kind) in SHOWN.items():
            await expect(ana.get_by_test_id(f"value-{name}")).to_have_value(words, timeout=WAIT)
            mark = ana.get_by_test_id(f"kind-{name}")
            await expect(mark).to_have_value(kind)
        await expect(ana.get_by_test_id("kind-xml")).to_have_text("XML, read-only")
        await expect(ana.get_by_test_id("value-xml")).to_have_value('<p class="a">in XML</p>')
        await expect(ana.get_by_test_id("value-xml")).not_to_be_editable()
        await expect(ana.get_by_test_id("value-long")).not_to_be_editable()
        await ana.get_by_test_id("all-long").click()
        await expect(ana.get_by_test_id("value-long")).to_have_value("x" * 60_000)
        assert await ana.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the page"
        await ana.get_by_test_id("value-big").scroll_into_view_if_needed()
        await shoot(ana, f"odd-values-{scheme}-{width}")
        before = await exact(stock)
        # Looking at a field changes nothing, whatever it holds.
        for name in SHOWN:
            await ana.get_by_test_id(f"value-{name}").focus()
            await ana.get_by_test_id(f"value-{name}").blur()
        assert await exact(stock) == before
        assert problems == []


async def test_an_edit_changes_one_value_and_that_is_what_its_author_typed() -> None:
    async with stage() as (server, browser), stock_peer(server, "Dee", "budget", "values.mjs") as stock:
        await stock.tell("write")
        _, ana, problems = await visit(server, browser, "Ana")
        await opened(ana)
        before = await exact(stock)
        edits: list[tuple[str, str, list[Any]]] = [
            ("tenth", "12345678901234567890", ["string", "12345678901234567890"]),
            ("tenth", "9007199254740995", ["string", "9007199254740995"]),
            ("zero", "9007199254740995", ["bigint", "9007199254740995"]),
            ("nan", "1e400", ["string", "1e400"]),
            ("endless", "-0", ["number", "-0"]),
            ("constructor", "007", ["string", "007"]),
            ("true", '"7"', ["string", "7"]),
            ("big", "5", ["bigint", "5"]),
            ("bytes", "AQI=", ["bytes", [1, 2]]),
            ("lines", "one\ntwo!\nthree", ["string", "one\r\ntwo!\nthree"]),
            ("missing", "8", ["number", "8"]),
            ("words", "shared new words", ["shared text", [{"insert": "shared new words"}]]),
        ]
        for name, words, value in edits:
            await typed(ana, name, words)
            after = await changed(stock, before, name)
            assert after[name] == value, (name, words)
            before = after
        await expect(ana.get_by_test_id("kind-tenth")).to_have_value("text")
        await typed(ana, "plain.price", "6")
        after = await changed(stock, before, "plain")
        was, now = (dict(stored["plain"][1]) for stored in (before, after))
        assert after["plain"][0] == "object"
        assert now == {**was, "price": ["number", "6"]}
        before = after
        await typed(ana, "list.0", "FIRST")
        after = await changed(stock, before, "list")
        assert after["list"] == ["shared list", [["string", "FIRST"], *before["list"][1][1:]]]
        assert problems == []


async def test_a_kind_is_changed_from_its_menu_and_what_cannot_be_is_said() -> None:
    async with stage() as (server, browser), stock_peer(server, "Dee", "budget", "values.mjs") as stock:
        await stock.tell("write")
        _, ana, problems = await visit(server, browser, "Ana")
        await opened(ana)
        before = await exact(stock)
        for kind, value in (("text", ["string", "0.1"]), ("number", ["number", "0.1"]), ("nothing", ["object", []])):
            await ana.get_by_test_id("kind-tenth").select_option(kind)
            after = await changed(stock, before, "tenth")
            assert kind == "nothing" or after["tenth"] == value
            before = after
        await ana.get_by_test_id("kind-digits").select_option("number")
        await expect(ana.get_by_test_id("value-note")).to_contain_text("is no number")
        await expect(ana.get_by_test_id("kind-digits")).to_have_value("text")
        await typed(ana, "bytes", "not base64!")
        await expect(ana.get_by_test_id("value-note").first).to_contain_text("base64")
        await expect(ana.get_by_test_id("value-bytes")).to_have_value("not base64!")
        assert await exact(stock) == before
        assert problems == []


async def test_what_is_being_typed_stays_while_others_write_beside_it_and_in_it() -> None:
    async with stage() as (server, browser), stock_peer(server, "Dee", "budget", "values.mjs") as stock:
        await stock.tell("write")
        _, ana, problems = await visit(server, browser, "Ana")
        await opened(ana)
        await ana.get_by_test_id("value-words").fill("shared words of Ana")
        await stock.tell("set", key="beside", value=1)
        await stock.tell("type", key="words", at=0, words="Dee: ")
        await expect(ana.get_by_test_id("value-beside")).to_have_value("1", timeout=WAIT)
        await expect(ana.get_by_test_id("value-words")).to_have_value("shared words of Ana")
        await ana.get_by_test_id("value-words").blur()
        await expect(ana.get_by_test_id("value-words")).to_have_value("Dee: shared words of Ana")
        words = ["shared text", [{"insert": "Dee: shared words of Ana"}]]
        await until(lambda: exact(stock), lambda now: now["words"] == words)
        assert problems == []


async def test_an_item_that_two_people_change_at_once_is_there_once() -> None:
    async with stage() as (server, browser), stock_peer(server, "Dee", "budget", "values.mjs") as stock:
        await stock.tell("write")
        context, ana, _ = await visit(server, browser, "Ana")
        _, ben, _ = await visit(server, browser, "Ben")
        for page in (ana, ben):
            await opened(page)
        before = await exact(stock)
        await context.set_offline(True)
        await expect(ana.get_by_test_id("connection")).to_contain_text("offline", timeout=40_000)
        await typed(ana, "list.0", "Ana")
        await typed(ana, "list.0", "Ana again")
        await typed(ben, "list.0", "Ben")
        await until(lambda: exact(stock), lambda now: now["list"][1][0] == ["string", "Ben"])
        await context.set_offline(False)
        await expect(ana.get_by_test_id("connection")).to_contain_text("saved", timeout=40_000)

        async def seen() -> list[Any]:
            now = (await exact(stock))["list"][1]
            firsts = [await page.get_by_test_id("value-list.0").input_value() for page in (ana, ben)]
            return [now, firsts]

        def is_once(found: list[Any]) -> bool:
            now, firsts = found
            return now[1:] == before["list"][1][1:] and {words for _, words in now[:1]} == set(firsts)

        (first, *_), firsts = await until(seen, is_once)
        assert first[1] in ("Ana again", "Ben")
        assert firsts == [first[1]] * 2


async def test_ten_thousand_names_are_a_page_that_answers() -> None:
    async with stage() as (server, browser), stock_peer(server, "Dee", "budget", "values.mjs") as stock:
        await stock.tell("write")
        await stock.tell("many", count=10_000)
        _, ana, problems = await visit(server, browser, "Ana")
        await opened(ana)
        await expect(ana.get_by_test_id("value-more")).to_contain_text("Show 100 more of 9,9", timeout=WAIT)
        await ana.get_by_test_id("value-find").fill("key 09999")
        field = ana.get_by_test_id("value-key 09999")
        await expect(field).to_have_value("9999")
        await typed(ana, "key 09999", "7")
        await until(lambda: exact(stock), lambda now: now["key 09999"] == ["number", "7"])
        assert problems == []
