"""A 200-page document is read by outline, search and ranges: what a plan takes stops growing with its length."""

from __future__ import annotations

from tests.bench.long_document import measure


async def test_tokens_of_a_plan_flatten_with_the_length_of_the_document() -> None:
    middle, long = await measure(20), await measure(200)
    assert long.points > 9 * middle.points
    assert long.tokens < 1.6 * middle.tokens
    assert long.largest < long.points / 20, "it is not pushed whole"
