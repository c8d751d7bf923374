"""`python -m tests.api_fuzz --examples 100 --seed 1`: schemathesis against a real server, by its own description.

It asks as the server's owner and as nobody. A failure is a 500, a status, type or body that is not described, a refusal
that does not come, a method that is not refused as it must be.
"""

from __future__ import annotations

import argparse
import sys

from tests.api_fuzz.run import PEOPLE, fuzz


def main() -> None:
    """Say of each round what schemathesis found; exit with 1 where it found anything."""
    parser = argparse.ArgumentParser(prog="tests.api_fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="how many requests of each kind a route gets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--who", choices=(*PEOPLE, "all"), default="all")
    parser.add_argument("--only", default="", help="a pattern of paths")
    given = parser.parse_args()
    failed = []
    for who in PEOPLE if given.who == "all" else (given.who,):
        found = fuzz(who, examples=given.examples, seed=given.seed, only=given.only)
        print(found.report, flush=True)
        if not found.is_clean:
            failed.append(who)
    print(f"seed {given.seed}: {'nothing found' if not failed else 'found something as ' + ' and '.join(failed)}")
    sys.exit(1 if failed else 0)


main()
