"""What a verdict of a model's plan says: what was done, from the operations, and what the model says of it. Pure.

A model may say "done" of what it has not done, and no check of its words finds every such claim. So people read what
came of the operations first, and the model's words as its words.
"""

from __future__ import annotations

from collections.abc import Collection

from workspace.intents.model.plan import SUMMARY_POINTS_MAX
from workspace.intents.model.wording import plain

LISTED_MAX = 8
NOTHING = "Nothing was changed."


def account_of(summary: str, done: Collection[str]) -> str:
    """Return what people are told of a plan; `done` is what came of it, in words."""
    words = plain(" ".join(summary.split()))
    if not done:
        return words if words.casefold().startswith("nothing was changed") else _joined(NOTHING, words)
    lines = [" ".join(line.split()) for line in list(done)[:LISTED_MAX]]
    more = [f"and {len(done) - LISTED_MAX} more"] if len(done) > LISTED_MAX else []
    return _joined(f"What was done: {'; '.join([*lines, *more])}.", words)


def _joined(first: str, words: str) -> str:
    text = f"{first} The agent said: {words}" if words else first
    return text if len(text) <= SUMMARY_POINTS_MAX else f"{text[: SUMMARY_POINTS_MAX - 1]}…"
