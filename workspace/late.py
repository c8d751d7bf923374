"""The one place through which a module is loaded later than at the start.

Who may use it for what, and why, stands in one list, held by a test: `LATE_IMPORTS` in `tests/test_late_imports.py`.
Every other import is at the top of its file.
"""

from __future__ import annotations

import importlib
from typing import Any


def load(module: str) -> Any:
    """Return a module by its full name, importing it with the first call.

    Slow imports are called beside the loop. Returned untyped: callers give what they take from it a type at once.

    Raises:
        ModuleNotFoundError: it, or something it needs, is not installed.
    """
    assert not module.startswith("."), "a late module is named in full"
    return importlib.import_module(module)
