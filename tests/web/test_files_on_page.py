"""Files on the page: dropped and pasted ones become blobs, pictures show, nothing half is ever in the document."""

from __future__ import annotations

import asyncio
import base64
import re
import struct
import zlib

import msgspec
import pytest
from playwright.async_api import Page, Route, expect

from tests.support.http import WS, client_of
from tests.support.server import Running
from tests.support.until import until
from tests.web.test_names_on_page import text_on_server
from tests.web.test_page import WAIT, shoot, stage, text_of, visit

pytestmark = pytest.mark.browser
LINE = "A short walk, then the talks."


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
    """Drop or paste at the end of a line: files as (name, type, bytes), texts by their type."""
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


def bound(server: Running, **bounds: int) -> None:
    """Give the server other bounds from now on."""
    server.registry.settings = msgspec.structs.replace(server.registry.settings, **bounds)


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
        await give(
            ana, "paste", files=[("image.png", "image/png", png())], html='<img src="https://example.org/x.png">'
        )
        await until(lambda: text_on_server(server, "plan"), lambda now: f"{LINE}![image.png](blob:sha256-" in now)
        await until(lambda: decoded(ana), lambda size: size == [240, 150])
        assert problems == []


async def test_base64_in_pasted_pages_and_markdown_becomes_files_and_never_enters() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        one, two, three = (base64.b64encode(png(60, 40, hue=hue)).decode() for hue in (1, 2, 3))
        page = (
            f'<p>first <img alt="a boot" src="data:image/png;base64,{one}"> and</p>'
            '<p><img alt="broken" src="data:image/png;base64,iVBOR">'
            f'<img alt="a hat" src="data:image/png;base64,{two}"></p>'
        )
        await give(ana, "paste", html=page, plain="first and")
        text = await until(lambda: text_on_server(server, "plan"), lambda now: now.count("](blob:sha256-") == 2)
        assert "first ![a boot](blob:sha256-" in text
        assert "![a hat](blob:sha256-" in text
        failed = ana.get_by_test_id("arrival")
        await expect(failed).to_contain_text("broken")
        await expect(failed).to_contain_text("could not be read")
        await failed.get_by_role("button", name="Close").click()
        await expect(failed).to_have_count(0)
        await give(ana, "paste", line="Dinner at seven", plain=f" see ![the map](data:image/png;base64,{three}) there")
        text = await until(lambda: text_on_server(server, "plan"), lambda now: "![the map](blob:" in now)
        assert "base64" not in text
        assert "data:" not in text
        await until(lambda: decoded(ana, 2), lambda size: size == [60, 40])
        assert problems == []


async def test_nothing_is_in_the_text_while_a_file_is_on_its_way_and_it_comes_to_its_place() -> None:
    async with stage() as (server, browser):
        context, ana, _ = await visit(server, browser, "Ana")
        _, ben, _ = await visit(server, browser, "Ben")
        before = await text_on_server(server, "plan")
        goes_on = asyncio.Event()

        async def hold(route: Route) -> None:
            await goes_on.wait()
            await route.continue_()

        await context.route("**/blobs?filename=*", hold)
        await give(ana, "drop", files=[("a.png", "image/png", png())])
        arrival = ana.get_by_test_id("arrival")
        await expect(arrival).to_contain_text("a.png")
        await expect(ben.get_by_test_id("arrival")).to_have_count(0)
        assert await text_on_server(server, "plan") == before
        await ben.locator(".cm-line", has_text=LINE).click()
        await ben.keyboard.press("Home")
        await ben.keyboard.type("Ben: ")
        await until(lambda: text_of(ana), lambda now: f"Ben: {LINE}" in now)
        await shoot(ana, "files-on-their-way")
        goes_on.set()
        await until(lambda: text_on_server(server, "plan"), lambda now: f"Ben: {LINE}![a.png](blob:" in now)
        await expect(arrival).to_have_count(0)
        goes_on.clear()
        await give(ana, "drop", files=[("b.png", "image/png", png(hue=7))], line="Dinner at seven")
        await arrival.get_by_role("button", name="Cancel").click()
        goes_on.set()
        await expect(arrival).to_have_count(0)
        await expect(ana.get_by_test_id("connection")).to_contain_text("saved", timeout=WAIT)
        assert "b.png" not in await text_on_server(server, "plan")


async def test_a_file_that_the_server_refuses_says_so_and_comes_when_there_is_room() -> None:
    async with stage() as (server, browser):
        bound(server, blob_bytes_max=64 * 1024)
        _, ana, _ = await visit(server, browser, "Ana")
        await give(ana, "drop", files=[("long.bin", "application/octet-stream", bytes(8_000_000))])
        arrival = ana.get_by_test_id("arrival")
        await expect(arrival).to_contain_text("FOLKMOOT_BLOB_BYTES_MAX", timeout=WAIT)
        await expect(arrival).to_contain_text("Send a smaller one, or ask who runs the server for more.")
        await shoot(ana, "files-refused")
        bound(server, blob_bytes_max=1 << 24)
        await arrival.get_by_role("button", name="Try again").click()
        await until(lambda: text_on_server(server, "plan"), lambda now: "[long.bin](blob:sha256-" in now)
        bound(server, blob_share_bytes_max=1)
        await give(ana, "drop", files=[("b.png", "image/png", png())], line="Dinner at seven")
        await expect(arrival).to_contain_text("FOLKMOOT_BLOB_SHARE_BYTES_MAX", timeout=WAIT)
        await arrival.get_by_role("button", name="Remove").click()
        await expect(arrival).to_have_count(0)
        assert "b.png" not in await text_on_server(server, "plan")


async def test_a_viewer_brings_nothing_in_and_is_told() -> None:
    async with stage() as (server, browser):
        _, vic, problems = await visit(server, browser, "Vic", role="viewer")
        asked: list[str] = []
        vic.on("request", lambda request: asked.append(request.url) if "/blobs" in request.url else None)
        before = await text_on_server(server, "plan")
        await give(vic, "drop", files=[("a.png", "image/png", png())])
        arrival = vic.get_by_test_id("arrival")
        await expect(arrival).to_contain_text("you may only read this document")
        await arrival.get_by_role("button", name="Close").click()
        await expect(arrival).to_have_count(0)
        assert (await text_on_server(server, "plan"), asked, problems) == (before, [], [])


async def test_what_was_dropped_without_the_server_is_kept_over_a_reload_and_comes_when_it_is_back() -> None:
    async with stage() as (server, browser):
        context, ana, _ = await visit(server, browser, "Ana")
        await context.route("**/blobs?filename=*", lambda route: route.abort("connectionreset"))
        await give(ana, "drop", files=[("a.png", "image/png", png())])
        arrival = ana.get_by_test_id("arrival")
        await expect(arrival).to_contain_text("It is kept in this browser, and is tried again by itself.", timeout=WAIT)
        await ana.reload()
        await expect(arrival).to_contain_text("a.png", timeout=WAIT)
        assert "a.png" not in await text_on_server(server, "plan")
        await context.unroute("**/blobs?filename=*")
        await until(lambda: text_on_server(server, "plan"), lambda now: f"{LINE}![a.png](blob:" in now, seconds=30)
        await until(lambda: decoded(ana), lambda size: size == [240, 150])
        await ana.reload()
        await until(lambda: decoded(ana), lambda size: size == [240, 150])
        await expect(arrival).to_have_count(0)
        assert (await text_on_server(server, "plan")).count("a.png") == 1


async def test_a_picture_that_is_gone_is_words() -> None:
    async with stage() as (server, browser), client_of(server, "Olga", "owner") as owner:
        _, ana, _ = await visit(server, browser, "Ana")
        await give(ana, "drop", files=[("a.png", "image/png", png())])
        await until(lambda: decoded(ana), lambda size: size == [240, 150])
        (known,) = (await owner.get(f"{WS}/blobs")).json()["blobs"]
        assert (await owner.delete(f"{WS}/blobs/{known['id']}?named=1")).is_success
        _, ben, _ = await visit(server, browser, "Ben")
        shown = ben.get_by_test_id("picture")
        await expect(shown).to_contain_text("somebody deleted it. Bring it in again.", timeout=WAIT)
        await expect(shown.locator("img")).to_have_count(0)
        await ana.locator(".cm-line", has_text="Dinner at seven").click()
        await give(ana, "drop", files=[("again.png", "image/png", png())], line="Dinner at seven")
        await shown.first.get_by_role("button", name="Try again").click(timeout=WAIT)
        await until(lambda: decoded(ben), lambda size: size == [240, 150])


async def test_a_file_dropped_on_a_value_is_what_it_names() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        _, ben, _ = await visit(server, browser, "Ben", role="viewer")
        for page in (ana, ben):
            await page.get_by_test_id("doc-tab").get_by_text("budget", exact=True).click()
        await ana.get_by_label("Add a value").fill('photo = ""')
        await ana.keyboard.press("Enter")
        await expect(ana.get_by_test_id("value-photo")).to_be_visible()
        await ana.get_by_test_id("value-photo").evaluate(
            """(field, octets) => {
                const data = new DataTransfer()
                const bytes = Uint8Array.from(atob(octets), (one) => one.charCodeAt(0))
                data.items.add(new File([bytes], 'boots.png', { type: 'image/png' }))
                field.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }))
            }""",
            base64.b64encode(png()).decode(),
        )
        for page in (ana, ben):
            shown = page.get_by_test_id("file-value")
            await expect(shown).to_contain_text("boots.png", timeout=WAIT)
            await until(
                lambda shown=shown: shown.locator("img").evaluate("(one) => one.complete ? one.naturalWidth : 0"),
                lambda width: width == 240,
            )
        await expect(ana.get_by_test_id("value-photo")).to_have_value(re.compile("^blob:sha256-[0-9a-f]{64}$"))
        await shoot(ana, "files-value")
        assert problems == []


async def test_what_is_dropped_below_a_short_text_comes_to_its_end() -> None:
    async with stage() as (server, browser):
        _, ana, problems = await visit(server, browser, "Ana")
        await ana.locator(".editor").evaluate(
            """(paper) => {
                const data = new DataTransfer()
                data.items.add(new File(['%PDF-1.7'], 'plan.pdf', { type: 'application/pdf' }))
                paper.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }))
            }"""
        )
        ending = re.compile(r"\[plan\.pdf\]\(blob:sha256-[0-9a-f]{64}\)$")
        await until(lambda: text_on_server(server, "plan"), lambda now: ending.search(now) is not None)
        assert problems == []
