"""Counters in Prometheus text, and log lines that carry ids, never words people wrote or secrets."""

from __future__ import annotations

import logging
import re
from collections import Counter

LOGGER = logging.getLogger("folkmoot")
_SECRET = re.compile(r"(fm_[0-9a-f]{12}_)[0-9a-f]+|((?:token|secret)=)[^&\s\"']+")


def redact(line: str) -> str:
    """Return a line with every token's secret replaced."""
    return _SECRET.sub(lambda found: (found.group(1) or found.group(2)) + "…", line)


class Redactor(logging.Filter):
    """Keeps secrets out of every log line of the process it is installed in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the line; never drops one."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


class Metrics:
    """Counts what happened. Names follow Prometheus: `folkmoot_intents_total`, labels in braces."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, label: str = "", by: int = 1) -> None:
        """Raise (or lower) a counter; `label` is a whole `key="value"` pair from a fixed set."""
        self._counts[(name, label)] += by

    def value(self, name: str, label: str = "") -> int:
        """Return one counter."""
        return self._counts[(name, label)]

    def text(self) -> str:
        """Return all counters in the Prometheus text format."""
        lines = []
        seen = ""
        for (name, label), count in sorted(self._counts.items()):
            if name != seen:
                lines.append(f"# TYPE folkmoot_{name} {'counter' if name.endswith('_total') else 'gauge'}")
                seen = name
            lines.append(f"folkmoot_{name}{{{label}}} {count}" if label else f"folkmoot_{name} {count}")
        return "\n".join(lines) + "\n"
