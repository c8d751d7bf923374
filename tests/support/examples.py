"""How many examples are tried: fewer where one waits for them, more where one has the night."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
SHARE = float(os.environ.get("FOLKMOOT_EXAMPLES", "1"))
assert 0 < SHARE <= 10_000, f"FOLKMOOT_EXAMPLES is a factor, as 0.2 or 50, not {SHARE}"


def examples(usual: int) -> int:
    """Return `usual` times the factor that FOLKMOOT_EXAMPLES names, at least one."""
    return max(1, round(usual * SHARE))


def every_second(cases: Sequence[T]) -> Sequence[T]:
    """Return half of cases that each start and kill servers; all of them where FOLKMOOT_EXAMPLES is above 1."""
    return cases if SHARE > 1 else cases[::2]
