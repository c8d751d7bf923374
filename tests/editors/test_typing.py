"""Two people in two windows of one stock editor: typing at once, undo, a large paste, no net, a server that dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.editors.site import Site, Window

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
PASTED = 1_200_000


@dataclass(frozen=True)
class Editor:
    """A page, the document it edits, and where one types. `paste_chars` is what its screen can bear."""

    page: str
    doc: str
    box: str
    paste_chars: int = PASTED
    provider: int = 3


EDITORS = {
    "codemirror": Editor("codemirror", "plan", ".cm-content"),
    "codemirror, y-websocket 1": Editor("codemirror", "plan", ".cm-content", provider=1),
    "quill": Editor("quill", "plan", ".ql-editor"),
    "tiptap": Editor("tiptap", "notes", ".tiptap"),
    "lexical": Editor("lexical", "notes", ".editable"),
}
every_editor = pytest.mark.parametrize("editor", EDITORS.values(), ids=EDITORS)


async def two(place: Site, editor: Editor) -> tuple[Window, Window]:
    """Open both windows, a first line in them."""
    ana = await place.window("Ana", editor.page, editor.doc, provider=editor.provider)
    await ana.page.locator(editor.box).click()
    await ana.page.keyboard.type("First line 😀 of Ana.")
    ben = await place.window("Ben", editor.page, editor.doc, provider=editor.provider)
    await ben.until("desk.words().includes('of Ana.')")
    await ben.page.locator(editor.box).click()
    return ana, ben


async def write(window: Window, words: str, *, at: str) -> None:
    """Type at the document's "Home" or "End" as a hand does."""
    await window.page.keyboard.press(f"Control+{at}")
    await window.page.keyboard.type(words, delay=5)


def stands_in_order(words: str, text: str) -> bool:
    """Tell whether the letters of `words` stand in `text` in their order, whatever is between them."""
    letters = iter(text)
    return all(letter in letters for letter in words)


@every_editor
async def test_what_both_type_at_once_stays_and_undo_takes_only_ones_own(place: Site, editor: Editor) -> None:
    ana, ben = await two(place, editor)
    await asyncio.gather(write(ana, "aaaa aaaa ", at="Home"), write(ben, " bbbb bbbb", at="End"))
    await place.agree(editor.doc)
    both = "<ANA wrote>", "[BEN wrote]"
    await asyncio.gather(write(ana, both[0], at="End"), write(ben, both[1], at="End"))
    await place.agree(editor.doc)
    text = await ana.desk("desk.words()")
    assert all(stands_in_order(words, text) for words in both), text
    counted = Counter("First line 😀 of Ana." + "aaaa aaaa " + " bbbb bbbb" + "".join(both))
    assert Counter(text.replace("\n", "")) == counted, "every letter once"

    for window in (ana, ben):
        await window.until("desk.idle() > 600")  # an undo manager joins what is typed within half a second
    await asyncio.gather(write(ana, "111", at="Home"), write(ben, "222", at="Home"))
    await place.agree(editor.doc)
    await ana.page.keyboard.press("Control+z")
    await ben.until("!desk.words().includes('1') && desk.words().split('2').length === 4")
    await place.agree(editor.doc)
    await ana.page.keyboard.press("Control+y")
    await ben.until("desk.words().split('1').length === 4 && desk.words().split('2').length === 4")
    await place.agree(editor.doc)
    await place.shoot(f"{editor.page}-{editor.provider}")


@every_editor
async def test_a_large_paste_and_work_without_a_net_arrive_whole(place: Site, editor: Editor) -> None:
    ana, ben = await two(place, editor)
    line = "lorem ipsum 😀 dolor " * 50
    pasted = "\n".join(line for _ in range(editor.paste_chars // len(line) + 1))
    await ana.page.evaluate("(words) => navigator.clipboard.writeText(words)", pasted)
    await ana.page.keyboard.press("Control+End")
    await ana.page.keyboard.press("Control+v")
    await ben.until("desk.words().length >= given", editor.paste_chars, seconds=40)
    await place.agree(editor.doc, seconds=40)

    await ben.leave_the_net()
    await asyncio.gather(write(ana, "(while away) ", at="Home"), write(ben, "(offline) ", at="Home"))
    await write(ben, "(end)", at="End")
    await ben.come_back()
    await ana.until("desk.words().includes('(end)')", seconds=40)
    await place.agree(editor.doc, seconds=40)
    text = await ana.desk("desk.words()")
    assert stands_in_order("(while away) ", text[:60])
    assert stands_in_order("(offline) ", text[:60])
    assert text.count("lorem") == pasted.count("lorem")


@every_editor
async def test_nothing_is_lost_when_the_server_dies_while_both_type(place: Site, editor: Editor) -> None:
    ana, ben = await two(place, editor)

    async def type_on(window: Window, letter: str, *, at: str) -> str:
        await window.page.keyboard.press(f"Control+{at}")
        words = "".join(f"{letter}{number}," for number in range(50))
        await window.page.keyboard.type(words, delay=15)
        return words

    typing = asyncio.gather(type_on(ana, "a", at="Home"), type_on(ben, "b", at="End"))
    await ben.until("desk.words().includes('a9,')")
    await place.space.house.kill()
    await ana.until("desk.words().includes('a35,')")
    await place.space.house.start()
    words = await typing
    for window in (ana, ben):
        await window.connected()
    await place.agree(editor.doc, seconds=40)
    text = await ben.desk("desk.words()")
    assert all(part in text for part in words), text
