"""What an audit can find broken: the conditions of semantics §5 and the invariants that a log alone can show.

A breach is named by one of these words, over HTTP and on the command line; `docs/replay.md` says what each looks at.
"""

from __future__ import annotations

from typing import Literal

Condition = Literal[
    "I2",
    "I4",
    "I5",
    "C1/I6",
    "C2",
    "C3/I8",
    "C3/I9",
    "C4/I7",
    "C5",
    "C5/I10",
    "I18",
    "done",
    "scope",
    "stop",
    "document",
    "rights",
]
