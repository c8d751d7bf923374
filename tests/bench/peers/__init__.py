"""Folkmoot beside other servers: one load generator, the same scenarios, interleaved runs, ratios.

    python -m tests.bench.peers --reps 5 --write

`install` fetches the peers, `suite` says what is run, `generator` and its scenarios are the load, `page` the result.
"""
