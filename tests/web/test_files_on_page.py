"""Files on the page: dropped and pasted ones become blobs, pictures show, nothing half is ever in the document."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from agent.demo.seed import write_seed
from tests.support.server import Running
from tests.support.until import until
from tests.web.test_names_on_page import text_on_server
from tests.web.test_page import WAIT, shoot, stage, visit

pytestmark = pytest.mark.browser
LINE = "A short walk, then the talks."
MIB = 1 << 20


def png(width: int = 240, height: int = 150, *, hue: int = 40) -> bytes:
    """Return a picture of bands; another `hue` is another file."""

    def chunk(kind: bytes, octets: bytes) -> bytes:
        return struct.pack(">I", len(octets)) + kind + octets + struct.pack(">I", zlib.crc32(kind + octets))

    rows = b"".join(b"\0" + bytes((hue, y % 256, 160)) * width for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


async def give(
    page: Page, how: str, *, files: list[tuple[str, str, bytes]] | None = None, line: str = LINE, **texts: str
) -> None:
    """Drop or paste at the end of a line, as a browser tells of it: files as (name, type, bytes), texts by their type."""
    await page.locator(".cm-line", has_text=line).first.click()
    await page.keyboard.press("End")
    await page.evaluate(
        """([how, files, texts, line]) => {
            const data = new DataTransfer()
            for (const [name, type, octets] of files)
                data.items.add(new File([Uint8Array.from(atob(octets), (one) => one.charCodeAt(0))], name, { type }))
            for (const [type, text] of Object.entries(texts)) data.setData(type, text)
            const target = document.querySelector('.cm-content')
            const found = [...document.querySelectorAll('.cm-line')].find((one) => one.textContent.includes(line))
            const box = found.getBoundingClientRect()
            const where = { clientX: box.right - 1, clientY: box.top + 10 }
            const more = { bubbles: true, cancelable: true }
            target.dispatchEvent(how === 'drop'
                ? new DragEvent('drop', { ...more, ...where, dataTransfer: data })
                : new ClipboardEvent('paste', { ...more, clipboardData: data }))
        }""",
        [
            how,
            [[name, media, base64.b64encode(octets).decode()] for name, media, octets in files or []],
            {f"text/{kind}": text for kind, text in texts.items()},
            line,
        ],
    )


async def decoded(page: Page, at: int = 0) -> list[int]:
    """Return how wide and high a picture is that is shown; [0, 0] while it is not."""
    size: list[int] = await page.evaluate(
        """(at) => {
            const one = document.querySelectorAll('.cm-picture img')[at]
            return one?.complete ? [one.naturalWidth, one.naturalHeight] : [0, 0]
        }""",
        at,
    )
    return size


@asynccontextmanager
async def scene(**bounds: int) -> AsyncIterator[tuple[Running, Browser]]:
    """A stage whose server has bounds of its own."""
    async with stage() as (server, browser):
        for name, value in bounds.items():
            object.__setattr__(server.registry.settings, name, value)
        yield server, browser


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_a_dropped_picture_is_shown_to_everybody_and_after_a_reload(scheme: str, width: int) -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana", scheme=scheme, width=width)
        _, ben, _ = await visit(server, browser, "Ben", role="viewer")
        files = [("my [boots].png", "image/png", png()), ("plan.pdf", "application/pdf", b"%PDF-1.7 a plan")]
        await give(ana, "drop", files=files)
        text = await until(lambda: text_on_server(server, "plan"), lambda now: now.count("](blob:sha256-") == 2)
        assert f"{LINE}![my \\[boots\\].png](blob:sha256-" in text
        assert "[plan.pdf](blob:sha256-" in text
        for page in (ana, ben):
            await until(lambda page=page: decoded(page), lambda size: size == [240, 150])
            await expect(page.get_by_alt_text("my [boots].png")).to_be_visible()
        await ana.mouse.move(0, 0)
        await shoot(ana, f"files-{scheme}-{width}")
        await ana.reload()
        await until(lambda: decoded(ana), lambda size: size == [240, 150])
        async with ana.expect_download() as coming:
            await ana.get_by_label("Save plan.pdf").click()
        saved = await coming.value
        assert saved.suggested_filename == "plan.pdf"
        assert (await saved.path()).read_bytes() == b"%PDF-1.7 a plan"
        assert problems == []


async def test_a_pasted_picture_becomes_a_file() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        await give(ana, "paste", files=[("image.png", "image/png", png())], html='<img src="https://example.org/x.png">')
        await until(lambda: text_on_server(server, "plan"), lambda now: f"{LINE}![image.png](blob:sha256-" in now)
        await until(lambda: decoded(ana), lambda size: size == [240, 150])
        assert problems == []
