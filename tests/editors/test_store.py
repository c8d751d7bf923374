"""SyncedStore on a document of values: what JSON has no word for stays, byte for byte, beside people and the agent."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.editors.site import Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
ODD = """(() => { const { store, boxed, SyncedText } = desk, data = store.data
    data.food = 420
    data.nothing = null
    data.nan = NaN
    data.most = Infinity
    data.bytes = boxed(new Uint8Array([0, 255, 128, 10]))
    data.when = boxed(new Date(86400000))
    data.deep = [[1, [2, [NaN]]], { list: [{ a: 1 }], bytes: boxed(new Uint8Array([7])) }]
    data.rows = [{ name: new SyncedText('row 😀'), tags: ['a', 'b'] }]
    data.note = new SyncedText('')
    data.note.insert(0, 'bold 😀 note', { bold: true })
    data.todos = []
    return true })()"""


async def two(place: Site) -> tuple[Window, Window]:
    ana = await place.window("Ana", "syncedstore", "budget")
    assert await ana.desk(ODD)
    ben = await place.window("Ben", "syncedstore", "budget")
    await ben.until("desk.store.data.note && desk.store.data.todos")
    return ana, ben


def entries(held: str) -> dict[str, object]:
    return dict(json.loads(held)["roots"][0][1]["$map"]["$entries"])


async def add(window: Window, *titles: str) -> None:
    for title in titles:
        await window.page.locator("#todo").fill(title)
        await window.page.locator("#todo").press("Enter")


async def write(window: Window, words: str, *, at: str) -> None:
    await window.page.locator("#note").press(f"Control+{at}")
    await window.page.keyboard.type(words, delay=5)


async def test_the_agent_sets_a_value_beside_odd_ones_and_they_stay_byte_for_byte(place: Site) -> None:
    ana, ben = await two(place)
    before = entries(await place.agree("budget"))
    assert before["bytes"] == {"$bytes": "00ff800a"}
    assert before["nan"] == {"$number": "NaN"}
    await place.space.done("set budget.x to 5", "budget")
    await place.space.done("increase budget.food by 5", "budget")
    await ben.until("desk.store.data.x === 5 && desk.store.data.food === 425")
    assert entries(await place.agree("budget")) == {**before, "x": 5, "food": 425}
    await ana.desk("(desk.store.data.after = 1)")
    await ben.until("desk.store.data.after === 1")
    await place.agree("budget")


async def test_a_form_on_a_store_keeps_what_both_do_at_once(place: Site) -> None:
    ana, ben = await two(place)
    await asyncio.gather(add(ana, "a1", "a2"), add(ben, "b1", "b2"))
    await asyncio.gather(write(ana, "Ana ", at="Home"), write(ben, " Ben", at="End"))
    await place.agree("budget")
    assert sorted(await ben.desk("desk.store.data.todos.map((item) => item.title)")) == ["a1", "a2", "b1", "b2"]
    assert await ana.desk("desk.store.data.note.toString()") == "Ana bold 😀 note Ben"

    await ana.until("desk.idle() > 600")
    await asyncio.gather(add(ana, "taken back"), add(ben, "stays"))
    await place.agree("budget")
    await ana.desk("desk.undoManager.undo() && true")
    await ben.until("!desk.words().includes('taken back') && desk.words().includes('stays')")
    await place.agree("budget")
    await ana.desk("desk.undoManager.redo() && true")
    await ben.until("desk.words().includes('taken back')")
    await place.agree("budget")

    await ben.leave_the_net()
    await asyncio.gather(add(ana, "meanwhile"), add(ben, "offline"))
    await ben.page.locator("#title").fill("a title from the train")
    await ben.desk("(desk.store.data.deep[0].push(-Infinity), true)")
    await ben.come_back()
    await ana.until("desk.shown().includes('offline') && desk.shown().includes('from the train')")
    await place.agree("budget")
    await place.shoot("syncedstore")


async def test_a_large_paste_into_a_text_within_the_store_arrives(place: Site) -> None:
    ana, ben = await two(place)
    await ana.page.evaluate("navigator.clipboard.writeText(('lorem ipsum 😀 '.repeat(60) + '\\n').repeat(1_400))")
    await ana.page.locator("#note").press("Control+End")
    await ana.page.keyboard.press("Control+v")
    await ana.until("desk.store.data.note.length > 1_200_000")
    await add(ana, "afterwards")
    await ben.until("desk.store.data.note.length > 1_200_000 && desk.shown().includes('afterwards')")
    await place.agree("budget")


async def test_a_store_loses_nothing_when_the_server_dies(place: Site) -> None:
    ana, ben = await two(place)
    before = entries(await place.agree("budget"))
    typing = asyncio.gather(add(ana, *(f"a{n}," for n in range(40))), add(ben, *(f"b{n}," for n in range(40))))
    await ben.until("desk.words().includes('a5,')")
    await place.space.house.kill()
    await ana.until("desk.words().includes('a25,')")
    await place.space.house.start()
    await typing
    for window in (ana, ben):
        await window.connected()
    after = entries(await place.agree("budget", seconds=40))
    assert {**after, "todos": None} == {**before, "todos": None}
    titles = await ben.desk("desk.store.data.todos.map((item) => item.title)")
    assert sorted(titles) == sorted(f"{who}{n}," for who in "ab" for n in range(40))
