"""One server and one browser for all editors; a workspace of its own for each test, which must verify at its end."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.editors.site import House, Site, open_space, open_stage

NUMBERS = itertools.count(1)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[House, Browser, str]]:
    """The server, the browser, and the origin of the pages."""
    async with open_stage(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="package")
async def place(stage: tuple[House, Browser, str]) -> AsyncIterator[Site]:
    """A fresh workspace, no window open yet."""
    house, browser, origin = stage
    await house.start()
    site = Site(await open_space(house, f"w{next(NUMBERS)}"), browser, origin)
    try:
        yield site
        await site.space.verify()
    finally:
        await site.close()
