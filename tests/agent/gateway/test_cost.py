"""Prices come from the table that ships, or from one's own file; amounts are whole and never too low."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.gateway.cost import Prices, read_prices
from workspace.intents.model.calls import CallUsage, Price

AT = 1_790_000_000.0


def test_known_models_are_priced_by_the_shipped_table_with_cache() -> None:
    fresh, by = Prices().cost("claude-sonnet-5-5", CallUsage(read=1_000_000), AT)
    assert (fresh, by.split()[0]) == (2_000_000, "genai-prices")
    cached, _ = Prices().cost("claude-sonnet-5-5", CallUsage(cache_read=1_000_000), AT)
    assert 0 < cached < fresh / 10
    assert Prices().cost("claude-haiku-5-5", CallUsage(read=1), AT)[0] == 1, "rounded up"


def test_a_model_nobody_priced_costs_nothing_and_says_so() -> None:
    assert Prices().cost("qwen3:8b", CallUsage(read=10**6), AT) == (0, "unpriced")


def test_a_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"qwen3:8b": {"input": 0.5, "output": 1.5}}')
    prices = Prices(read_prices(path))
    assert prices.cost("qwen3:8b", CallUsage(read=1_000_000, written=1_000_000), AT) == (2_000_000, "override")
    assert Prices({"m": Price(1, 1)}).cost("m", CallUsage(read=3), AT)[0] == 3


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"m": {"input": -1, "output": 1}}', '{"m": {"input": "x", "output": 1}}']
)
def test_a_bad_file_says_why(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="prices in"):
        read_prices(path)
    with pytest.raises(ValueError, match="prices in"):
        read_prices(tmp_path / "absent.json")
