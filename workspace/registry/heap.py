"""Give memory that was freed back to the system, which the C library keeps for later."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc
        return None
    found.argtypes, found.restype = (ctypes.c_size_t,), ctypes.c_int
    return found


def give_back() -> bool:
    """Return freed pages to the system; tell whether there were any. Takes some milliseconds, without Python's lock."""
    trim = _malloc_trim()
    return trim is not None and trim(0) == 1
