"""Ten thousand hostile frames in a child process; every set of frames that broke something once is sent again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.__main__ import CORPUS, ROOT, has_one_order, run

pytestmark = pytest.mark.stock
REPLAY = """
import asyncio, json, pathlib, sys
from tests.fuzz.child import frames_in, replay
print(json.dumps(asyncio.run(replay(frames_in(pathlib.Path(sys.argv[1]))))))
"""


def test_ten_thousand_hostile_frames_change_nothing_for_others(tmp_path: Path) -> None:
    sent, failed = run(frames=10_000, seed=1, corpus=tmp_path)
    assert sent >= 10_000
    assert not failed, [path.read_text()[-2000:] for path in tmp_path.iterdir()]


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.frames")), ids=lambda path: path.stem)
def test_frames_that_broke_something_once(path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", REPLAY, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert child.returncode == 0, child.stderr[-3000:]
    doubtful = json.loads(child.stdout)
    assert not [kind for kind, journal in doubtful.items() if has_one_order(kind, journal)]
