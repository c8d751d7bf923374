"""What a verdict of a model's plan says: what was done, from the operations, and what the model says of it. Pure.

A model may say "done" of what it has not done, and no check of its words finds every such claim. So people read what
came of the operations first, and the model's words as its words.
"""

from __future__ import annotations

from collections.abc import Collection

from workspace.intents.model.plan import SUMMARY_POINTS_MAX
from workspace.intents.model.wording import NOTHING_CHANGED, plain, with_agents_words

LISTED_MAX = 8


def account_of(summary: str, done: Collection[str]) -> str:
    """Return what people are told of a plan; `done` is what came of it, in words."""
    words = plain(" ".join(summary.split()))
    if not done:
        # A model that says so itself is not told over again.
        says_so = words.casefold().startswith(NOTHING_CHANGED.casefold().rstrip("."))
        return words if says_so else _joined(NOTHING_CHANGED, words)
    lines = [" ".join(line.split()) for line in list(done)[:LISTED_MAX]]
    more = [f"and {len(done) - LISTED_MAX} more"] if len(done) > LISTED_MAX else []
    return _joined(f"What was done: {'; '.join([*lines, *more])}.", words)


def _joined(first: str, words: str) -> str:
    assert first, "what was done is always said, if it was nothing"
    text = with_agents_words(first, words)
    return text if len(text) <= SUMMARY_POINTS_MAX else f"{text[: SUMMARY_POINTS_MAX - 1]}…"
