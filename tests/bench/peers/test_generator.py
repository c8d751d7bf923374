"""The load generator works against a real server and notices what it must: the bench cannot rot unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.peers import histories
from tests.bench.peers.goals import GOALS, weigh
from tests.bench.peers.order import Order
from tests.bench.peers.plot import Bar, Panel, draw
from tests.bench.peers.results import Results, Run
from tests.bench.peers.servers import PEERS, ROOT, prepare, running

SECONDS = 60


def generated(order: Order) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.peers.generator", order.to_json()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_delivery_is_counted_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    peer = PEERS["folkmoot-shared"]
    path = prepare(tmp_path, peer, 2)
    file = str(tmp_path / "seen.json")
    with running(peer, tmp_path, path) as server:
        found = generated(server.order("fanout", clients=3, rate=20.0, seconds=0.5, warm=0.1))
        assert found["converged"]
        assert 0 < found["p50_ms"] <= found["p99_ms"]
    with running(peer, tmp_path, path) as server:
        killed = generated(server.order("kill", rooms=2, clients=2, seconds=0.5, file=file, operations=500))
        assert killed["seen"] > 0
    with running(peer, tmp_path, path) as server:
        assert generated(server.order("lost", rooms=2, file=file))["lost"] == 0


def test_appended_updates_are_a_chain_of_their_own() -> None:
    first, second = histories.appended(0, 3), histories.appended(1, 3)
    text = histories.text_of(*first, *second)
    assert text.count("<opAA") == text.count("<opAB") == 3
    assert len(text) == 6 * 12


def test_the_worse_of_our_two_layouts_counts() -> None:
    figures = {"folkmoot": 40.0, "folkmoot-shared": 10.0, "hocuspocus": 10.0}
    results = Results([Run("b", 0, peer, {"deliveries_s": value}) for peer, value in figures.items()])
    goal = next(outcome for outcome in weigh(results) if outcome.goal.name == "deliveries_s")
    assert goal.found is not None
    assert goal.found.median == 1.0
    assert goal.verdict == "missed"
    assert sum(outcome.found is None for outcome in weigh(results)) == len(GOALS) - 1


def test_a_plot_has_a_bar_for_every_figure() -> None:
    results = Results([Run("a", rep, "folkmoot", {"p50_ms@10": value}) for rep, value in enumerate((1.0, 3.0, 2.0))])
    figure = results.figure("a", "folkmoot", "p50_ms@10")
    assert figure is not None
    drawn = draw("fan-out", [Panel("p50, ms", (Bar("folkmoot", figure), Bar("limit: <ws>", figure)))])
    assert drawn.count("<rect") == 2
    assert "&lt;ws&gt;" in drawn
    assert "2 (1–3)" in drawn
