"""One server and one browser for all editors; a workspace of its own for each test, which must verify at its end."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.editors.house import House, Space, open_house, open_space
from tests.editors.peer import Crowd, open_crowd
from tests.editors.site import Site, chromium, pages

NUMBERS = itertools.count(1)


@pytest.fixture(scope="package")
def origin() -> Iterator[str]:
    """Where the pages are served."""
    with pages() as address:
        yield address


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def house(tmp_path_factory: pytest.TempPathFactory, origin: str) -> AsyncIterator[House]:
    """The server; it may be killed, and is started again for the next test."""
    async with open_house(tmp_path_factory.mktemp("house"), origin) as opened:
        yield opened


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def crowd() -> AsyncIterator[Crowd]:
    """Stock clients in node."""
    async with open_crowd() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="package")
async def space(house: House) -> AsyncIterator[Space]:
    """A fresh workspace; its log verifies when the test is over."""
    await house.start()
    opened = await open_space(house, f"w{next(NUMBERS)}")
    yield opened
    await opened.verify()


@pytest_asyncio.fixture(loop_scope="package")
async def place(space: Space, browser: Browser, origin: str) -> AsyncIterator[Site]:
    """A fresh workspace, no window open yet."""
    site = Site(space, browser, origin)
    yield site
    await site.close()
