"""A part of the hostile corpus beside people who type: nothing of theirs is lost, and what is there is there again.

Time is for `make accept-hostile`; here, on a machine that does other things, exactness and memory are held.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest

from tests.hostile.attack import Program
from tests.hostile.corpus import BY_NAME, PROGRAMS
from tests.hostile.run import attack_beside
from tests.hostile.scene import Server, Typist, running
from tests.hostile.verdict import GROWTH_BYTES_MAX, judge, latency_of, lost_words

EVERY, AT_ONCE, SECONDS = 11, 8, 1.0


def some() -> list[Program]:
    """Return every eleventh program of each family."""
    families = groupby(PROGRAMS, key=lambda program: program.family)
    return [program for _, listed in families for program in list(listed)[::EVERY]]


async def run_groups(programs: Sequence[Program], server: Server) -> str:
    """Run programs, some at once, in processes of their own."""
    sent = 0
    for at in range(0, len(programs), AT_ONCE):
        said = await attack_beside(programs[at : at + AT_ONCE], server, seed=at, seconds=SECONDS)
        found = re.match(r"(\d+) sent", said)
        assert found, said
        sent += int(found.group(1))
    assert sent > 10 * len(programs)
    return ""


async def test_nothing_of_others_is_lost_and_all_is_there_after_a_reload(tmp_path: Path) -> None:
    programs = some()
    assert len(programs) > 20
    whole = Program("some of each family", "sync", "viewer", lambda attack: asyncio.sleep(0))
    async with running(tmp_path) as server:
        outcome = await judge(whole, server, lambda _, there: run_groups(programs, there))
    assert not outcome.broken, (outcome.broken, [program.name for program in programs])
    assert outcome.growth_bytes <= GROWTH_BYTES_MAX


def test_the_corpus_has_many_programs_of_each_family_each_by_its_own_name() -> None:
    assert len(BY_NAME) == len(PROGRAMS) >= 150
    assert min(Counter(program.family for program in PROGRAMS).values()) >= 15
    assert len(Counter(program.family for program in PROGRAMS)) == 7


def test_a_word_that_is_lost_or_moved_is_told() -> None:
    typist = Typist("same", client=7, said=3)
    assert lost_words("xsame7-0;same7-1;ysame7-2;", typist) == ""
    assert lost_words("same7-0;same7-2;same7-1;", typist) == "same7-2; is lost or moved"
    assert lost_words("same7-0;same7-1;", typist) == "same7-2; is lost or moved"


@pytest.mark.parametrize("seconds, said", [([0.001], "1/1/1"), ([0.001] * 98 + [0.3, 0.5], "1/500/500")])
def test_latencies_are_the_middle_the_99th_and_the_longest(seconds: list[float], said: str) -> None:
    assert str(latency_of(seconds)) == said
