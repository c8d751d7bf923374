"""Times as the log has them: unix seconds to reckon with, ISO 8601 for people's eyes, days in UTC for budgets."""

from __future__ import annotations

from datetime import UTC, datetime

DAY_SECONDS = 86_400


def timestamp(now: float) -> str:
    """Return unix seconds as ISO 8601 in UTC with milliseconds, for people's eyes."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_time(at: str) -> float:
    """Return a record's `at` as unix seconds."""
    return datetime.fromisoformat(at).timestamp()


def day_of(now: float) -> int:
    """Return the day in UTC, counted from 1970-01-01."""
    return int(now // DAY_SECONDS)
