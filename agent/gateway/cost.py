"""What tokens cost: the shipped price table, with a file of one's own above it.

Amounts are whole millionths of a US dollar, rounded up per call. A model that nobody has a price for costs nothing
here and says so (`unpriced`): local servers are the usual case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from importlib.metadata import version
from pathlib import Path

import msgspec

from workspace.intents.model.calls import MICROS, CallUsage, Price
from workspace.late import load

PROVIDER = "anthropic"
SHIPPED = f"genai-prices {version('genai-prices')}"
FILE_BYTES_MAX = 1 << 20


class Prices:
    """Prices of models by name."""

    def __init__(self, overrides: Mapping[str, Price] | None = None) -> None:
        self.overrides = dict(overrides or {})

    def cost(self, model: str, usage: CallUsage, at: float) -> tuple[int, str]:
        """Return the cost of a call at unix time `at`, in millionths of a US dollar, and who set the price."""
        own = self.overrides.get(model)
        if own is not None:
            dollars = (
                own.input * usage.read
                + own.output * usage.written
                + own.cache_read * usage.cache_read
                + own.cache_write * usage.cache_written
            ) / 1e6
            return _micros(Decimal(repr(dollars))), "override"
        # Where a model is asked, `agent.model_settings` has loaded the table beside the loop, with the provider.
        genai_prices = load("genai_prices")
        counted = genai_prices.Usage(
            input_tokens=usage.read + usage.cache_read + usage.cache_written,
            output_tokens=usage.written,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_written,
        )
        try:
            price = genai_prices.calc_price(
                counted, model, provider_id=PROVIDER, genai_request_timestamp=datetime.fromtimestamp(at, UTC)
            )
        except LookupError:
            return 0, "unpriced"
        return _micros(price.total_price), SHIPPED


def _micros(dollars: Decimal) -> int:
    micros = int((dollars * MICROS).to_integral_value(ROUND_CEILING))
    assert micros >= 0, "nobody is paid for asking"
    return micros


def read_prices(path: Path) -> dict[str, Price]:
    """Return the overrides of a JSON file: `{"MODEL": {"input": 1.0, "output": 5.0}}`, dollars per million tokens.

    Raises:
        ValueError: it cannot be read, or a price is below zero.
    """
    try:
        raw = path.read_bytes()[: FILE_BYTES_MAX + 1]
        prices = msgspec.convert(json.loads(raw), dict[str, Price])
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"prices in {path} cannot be read: {error}") from error
    for model, price in prices.items():
        if min(price.input, price.output, price.cache_read, price.cache_write) < 0:
            raise ValueError(f"prices in {path}: {model} has a price below zero")
    return prices
