"""What computes beside the loop comes to what it would in it, in one thread, and rests in between."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import SimpleNamespace

import pytest

from crdt.breath import take_breath
from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from workspace import threads as module
from workspace.threads import SHORT_TURN_SECONDS, compute


def count_to(number: int, seen: list[int]) -> int:
    for at in range(number):
        seen.append(threading.get_ident())
        if at == 666:
            raise ValueError("the number")
        take_breath()
    return number


async def test_all_of_it_is_done_in_one_other_thread() -> None:
    seen: list[int] = []
    assert await compute(count_to, 10, seen) == 10
    assert len(seen) == 10
    assert len(set(seen)) == 1
    assert seen[0] != threading.get_ident()


async def test_what_it_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="the number"):
        await compute(count_to, 1_000, [])


async def test_who_has_worked_for_a_while_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    now, rests = [0.0], list[float]()

    def perf_counter() -> float:
        now[0] += 0.001
        return now[0]

    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=perf_counter, sleep=rests.append))
    assert await compute(count_to, 100, []) == 100
    assert 15 <= len(rests) <= 25, "a rest for every four milliseconds"
    assert set(rests) == {module.REST_SECONDS}


async def test_a_document_is_read_with_rests_beside_the_loop_and_without_any_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rests = list[int]()
    monkeypatch.setattr(module, "WORK_SECONDS", 0.0)
    monkeypatch.setattr(module.time, "sleep", lambda _: rests.append(threading.get_ident()))
    document = Document("data", client=5)
    set_path(document, ("list",), list(range(50)))
    state = document.encode()

    def read() -> Json:
        return Document.of_state("data", state, client=6).value()

    assert await compute(read) == document.value()
    assert len(rests) > 50
    assert threading.get_ident() not in rests
    before = len(rests)
    read()
    assert len(rests) == before


async def test_turns_are_short_while_anything_computes_beside_the_loop_and_no_longer() -> None:
    before = sys.getswitchinterval()
    seen, may_end = list[float](), [threading.Event(), threading.Event()]

    def work(at: int) -> int:
        assert may_end[at].wait(10)
        seen.append(sys.getswitchinterval())
        return at

    sys.setswitchinterval(0.004)
    try:
        two = [asyncio.ensure_future(compute(work, at)) for at in range(2)]
        await asyncio.sleep(0)
        may_end[0].set()
        assert await two[0] == 0
        may_end[1].set()
        assert await two[1] == 1
        assert seen == pytest.approx([SHORT_TURN_SECONDS] * 2, abs=1e-5)
        assert sys.getswitchinterval() == pytest.approx(0.004, abs=1e-5)
        with pytest.raises(ZeroDivisionError):
            await compute(lambda: 1 // 0)
        assert sys.getswitchinterval() == pytest.approx(0.004, abs=1e-5)
    finally:
        sys.setswitchinterval(before)
