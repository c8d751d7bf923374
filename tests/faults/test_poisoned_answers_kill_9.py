"""kill -9 around an answer that is poisoned: half a character, NaN, blank text, cut by its bound, a false end, "wait".

Whatever the answer and the moment: one verdict, the effect once, at most one paid call more than without the crash, and
nothing sent that the real API refuses. An answer that comes out of the archive is taken as it was the first time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.examples import every_second
from tests.support.model import reply, use
from tests.support.model_crash import EFFECT, audit, run_with_crash

EDIT = use("insert", document="plan", insert_line=0, text=EFFECT)
LONG = use("insert", document="plan", insert_line=0, text="word " * 99)
WRONG = use("str_replace", document="plan", old_str="not there", new_str="x")
DONE = use("finish", summary="Added a line.")
END = [reply(EDIT, turn=2), reply(DONE, turn=3)]
HALF = {"name": "insert", "raw": '{"document":"plan","insert_line":0,"text":"\\ud83d"}'}
NAN = {"name": "set_value", "raw": '{"document":"budget","path":["x"],"value":NaN}'}
ODD = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": " "}]
# Which replies, how many calls they take without a crash, how the instruction ends.
POISONS: dict[str, tuple[list[dict[str, Any]], int, str]] = {
    "half a character": ([reply(HALF, turn=1), *END], 3, "done"),
    "NaN": ([reply(NAN, turn=1), *END], 3, "done"),
    "blank text and thinking": ([reply(turn=1, block=ODD), *END], 3, "done"),
    "cut behind an edit": ([reply(EDIT, LONG, turn=1, cut_at=60), reply(DONE, turn=2)], 2, "done"),
    "always cut": ([reply(LONG, cut_at=60)], 3, "rejected"),
    "finish beside a failure": ([reply(WRONG, DONE, turn=1), reply(EDIT, DONE, turn=2)], 2, "done"),
    "asked to wait": ([{"when": {}, "times": 1, "error": 429, "retry_after": 1}, reply(EDIT, DONE)], 2, "done"),
}
POINTS = [(kind, "asked", 2) for kind in POISONS] + [
    ("half a character", "answered", 1), ("cut behind an edit", "answered", 1), ("always cut", "answered", 2),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "moment", "at"), every_second(POINTS))
async def test_a_crash_around_a_poisoned_answer_costs_at_most_one_call(
    kind: str, moment: str, at: int, tmp_path: Path
) -> None:
    replies, calls, state = POISONS[kind]
    run = await run_with_crash(tmp_path, replies, moment=moment, at=at)
    assert run.refused == ()
    assert calls <= run.sent <= calls + 1
    await audit(tmp_path, run, state=state)
