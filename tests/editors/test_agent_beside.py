"""The agent writes where a stock editor has images, emoji and bold words: exactly there, and nothing else changes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.editors.house import Space
from tests.editors.site import Site, Window
from tests.editors.test_typing import EDITORS, Editor, two, write

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
# An undo manager joins what is typed within half a second.
ALONE = "desk.idle() > 600"
# Noise does not compress: a square of 620 pixels is a data URL of over 1.2 MB.
LARGE, SMALL = 620, 12
PICTURE = """async (side) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side })
    const drawing = canvas.getContext('2d'), image = drawing.createImageData(side, side)
    for (let at = 0; at < image.data.length; at += 65536) crypto.getRandomValues(image.data.subarray(at, at + 65536))
    for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255
    drawing.putImageData(image, 0, 0)
    const picture = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })])
}"""


async def test_it_finds_its_place_behind_emoji_while_people_type(place: Site) -> None:
    ana, ben = await two(place, EDITORS["codemirror"])
    await write(ana, "\n👩‍👩‍👧 See the hill 😀\nbring 😀 boots\n漢字 é end", at="End")
    await place.agree("plan")
    before = await ana.desk("desk.words()")
    async with asyncio.TaskGroup() as typing:
        typing.create_task(write(ana, "aaa ", at="Home"))
        typing.create_task(write(ben, " bbb", at="End"))
        await place.space.done('replace "boots" with "shoes 👞" in plan', "plan")
    await place.space.done('insert " HERE" after "shoes 👞" in plan', "plan")
    await place.agree("plan")
    assert await ben.desk("desk.words()") == "aaa " + before.replace("boots", "shoes 👞 HERE") + " bbb"


async def paste_picture(window: Window, side: int) -> None:
    """Paste a picture as from a screenshot: Quill makes a data URL of it."""
    had = await window.desk("desk.words().split('\\ufffc').length")
    await window.page.evaluate(PICTURE, side)
    await window.page.keyboard.press("Control+v")
    await window.until("desk.words().split('\\ufffc').length > given", had)


async def test_images_and_bold_words_stay_where_they_are(place: Site) -> None:
    ana, ben = await two(place, EDITORS["quill"])
    await ana.page.keyboard.press("Control+Home")
    await paste_picture(ana, SMALL)
    await paste_picture(ana, SMALL)
    await write(ana, "\nbring 😀 ", at="End")
    await paste_picture(ana, SMALL)
    await bold(ana, "warm")
    await ana.page.keyboard.type(" boots and ")
    await bold(ana, "socks")
    await ana.page.keyboard.type("\nend")
    await place.agree("plan")
    expected = await ana.desk("desk.delta()")
    assert [run["insert"] for run in expected if run.get("attributes") == {"bold": True}] == ["warm", "socks"]
    assert len([run for run in expected if isinstance(run["insert"], dict)]) == 3

    for old, new, order in (
        ("boots", "shoes", 'replace "boots" with "shoes" in plan'),
        ("shoes", "shoes HERE", 'insert " HERE" after "shoes" in plan'),
        ("warm", "thick", 'replace "warm" with "thick" in plan'),
        ("end", "end?", 'insert "?" after "end" in plan'),
    ):
        await place.space.done(order, "plan")
        await place.agree("plan")
        expected = [changed(run, old, new) for run in expected]
        assert await ben.desk("desk.delta()") == expected
    await ben.page.keyboard.press("Control+Home")
    await ben.page.keyboard.type("Ben ")
    await place.agree("plan")
    await place.shoot("quill-images")


async def bold(window: Window, word: str) -> None:
    await window.page.keyboard.press("Control+b")
    await window.page.keyboard.type(word)
    await window.page.keyboard.press("Control+b")


def changed(run: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    words = run["insert"]
    return {**run, "insert": words.replace(old, new)} if isinstance(words, str) else run


async def test_a_photo_of_a_megabyte_is_an_embed_like_any_other(place: Site) -> None:
    ana, ben = await two(place, EDITORS["quill"])
    await write(ana, " bring boots\n", at="End")
    await ana.page.keyboard.press("Control+Home")
    await paste_picture(ana, LARGE)
    (size,) = await ana.desk("desk.delta().filter((run) => run.insert.image).map((run) => run.insert.image.length)")
    assert size > 1 << 20
    await ana.page.keyboard.type("after the photo ")
    await ben.until("desk.words().includes('\\ufffc') && desk.words().includes('after the photo')")
    await place.agree("plan")
    await place.space.done('replace "boots" with "shoes" in plan', "plan")
    await place.agree("plan")
    assert (await ben.desk("desk.words()")).startswith("\ufffcafter the photo First line 😀 of Ana. bring shoes\n")


async def test_an_emoji_that_replaces_its_neighbour_in_the_table_harms_nobody(place: Site) -> None:
    """😀 and 😁 share their first half: an editor that compares by halves sends only the second one."""
    editor = EDITORS["lexical"]
    ana, ben = await two(place, editor)
    await ana.until(ALONE)
    await swap_emoji(ana)
    await ana.until(ALONE)
    await write(ana, "(ana)", at="End")
    await ben.until("desk.words().includes('(ana)')")  # else they type into each other's word
    await write(ben, "(ben)", at="End")
    for window in (ana, ben):
        await window.until("desk.words().includes('(ana)') && desk.words().includes('(ben)')")
    await place.agree(editor.doc, shown=False)
    await ana.page.keyboard.press("Control+z")
    await ben.until("!desk.words().includes('(ana)')")
    await ana.page.keyboard.press("Control+z")
    await write(ben, "(again)", at="End")
    await ana.until("desk.words().includes('(again)')")
    await place.agree(editor.doc, shown=False)
    await newcomer_agrees(place, editor)
    await others_go_on(place.space)


async def swap_emoji(window: Window) -> None:
    """Select the one and type the other over it."""
    await window.page.keyboard.press("Control+Home")
    for _ in "First line ":
        await window.page.keyboard.press("ArrowRight")
    await window.page.keyboard.press("Shift+ArrowRight")
    assert await window.page.evaluate("getSelection().toString()") == "😀"
    await window.page.keyboard.insert_text("😁")
    await window.until("desk.shown().includes('😁')")


async def newcomer_agrees(place: Site, editor: Editor) -> None:
    await place.window("Cy", editor.page, editor.doc)
    await place.agree(editor.doc, shown=False)


async def others_go_on(space: Space) -> None:
    await space.done('append "hello" to plan', "plan")
    await space.done("set budget.x to 5", "budget")


@pytest.mark.parametrize("name", ["tiptap", "lexical"])
async def test_a_rich_document_beside_it_is_left_alone_by_the_agents_work(place: Site, name: str) -> None:
    editor = EDITORS[name]
    ana, ben = await two(place, editor)
    await bold(ana, "bold 😀")
    await ben.until("desk.words().includes('bold 😀')")
    before = json.loads(await place.agree(editor.doc))
    await others_go_on(place.space)
    assert json.loads(await place.agree(editor.doc)) == before
    await write(ben, "on ", at="Home")
    await ana.until("desk.words().includes('on First')")
    await place.agree(editor.doc)
