"""Four short stories of loss; `make loss` plays 200 long ones, and plants faults that they must notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.loss.stage import Stage
from tests.web.loss.story import ACTS, PLANTS, Story
from workspace.http.pages import assets

pytestmark = pytest.mark.browser
SEEDS = range(100, 104)
SHORT = 8


async def test_stories_lose_nothing_and_call_nothing_saved_that_is_not(tmp_path: Path) -> None:
    done, typed = set[str](), 0
    async with Stage(tmp_path) as stage:
        for seed in SEEDS:
            story = Story(stage, seed, acts=SHORT, people=2, tabs=1)
            assert await story.play() == [], (seed, story.log)
            done |= {act.rpartition(" ")[2] for act in story.log}
            typed += sum(map(len, story.told.typed.values()))
    assert len(done) >= len(ACTS) // 2, "nearly every act was played"
    assert typed > 10, "something was typed"


def test_faults_can_be_planted_in_the_page_as_it_is_built() -> None:
    folder = assets()
    assert folder is not None, "the page is not built: run 'make web'"
    source = "".join(file.read_text() for file in (folder / "assets").glob("index-*.js"))
    for name, (stands, _) in PLANTS.items():
        assert stands in source, f"nothing to plant {name!r} in: what stands there is spelt otherwise"
