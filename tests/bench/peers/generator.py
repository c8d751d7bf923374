"""The load generator as a process of its own: one order as JSON in, one line of JSON out.

python -m tests.bench.peers.generator '{"scenario": "fanout", "port": 8000, "pid": 123, "clients": 100}'
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Awaitable, Callable

from tests.bench.peers import line
from tests.bench.peers.fanout import fan_out
from tests.bench.peers.growth import grow
from tests.bench.peers.idle import idle
from tests.bench.peers.instructing import instruct
from tests.bench.peers.loss import Figures, count_lost
from tests.bench.peers.opening import reopen, seed
from tests.bench.peers.order import Order
from tests.bench.peers.throughput import saturate, saturate_and_kill

SCENARIOS: dict[str, Callable[[Order], Awaitable[Figures]]] = {
    "fanout": fan_out,
    "throughput": saturate,
    "kill": saturate_and_kill,
    "lost": count_lost,
    "idle": idle,
    "seed": seed,
    "reopen": reopen,
    "growth": grow,
    "instruct": instruct,
}


def main() -> None:
    """Carry out the order on the command line."""
    order = Order.of_json(sys.argv[1])

    async def work() -> Figures:
        # A collection in the middle of a run would be measured as the server's latency.
        gc.disable()
        return await SCENARIOS[order.scenario](order)

    print(json.dumps(line.run(work)))


if __name__ == "__main__":
    main()
