"""Which models a server uses, from its environment; without a key or an address there are none.

`ANTHROPIC_API_KEY` or `ANTHROPIC_BASE_URL` switch models on. `FOLKMOOT_MODEL` names one model for everything,
`FOLKMOOT_MODEL_SMALL`, `_MEDIUM` and `_LARGE` one per tier, `FOLKMOOT_PRICES` a file of prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.gateway.cost import Prices, read_prices
from agent.gateway.dispatch import Gateway
from agent.gateway.provider import LateProvider, Provider
from agent.gateway.route import default_table
from workspace.intents.model.calls import RouteTable, check_routes
from workspace.late import load

SMALL, MEDIUM, LARGE = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How models are reached; `is_on` is false when the built-in planner serves."""

    api_key: str = ""
    base_url: str = ""
    small: str = SMALL
    medium: str = MEDIUM
    large: str = LARGE
    prices: str = ""

    @property
    def is_on(self) -> bool:
        """True when a key or an address was given."""
        return bool(self.api_key or self.base_url)

    @property
    def table(self) -> RouteTable:
        """The route table of workspaces that have none of their own."""
        return default_table(self.small, self.medium, self.large)


def read_model_settings(environ: Mapping[str, str]) -> ModelSettings:
    """Return the model settings of an environment.

    Raises:
        ValueError: the address is none, or a model's name cannot be one.
    """
    everything = environ.get("FOLKMOOT_MODEL", "").strip()
    settings = ModelSettings(
        api_key=environ.get("ANTHROPIC_API_KEY", "").strip(),
        base_url=environ.get("ANTHROPIC_BASE_URL", "").strip(),
        small=environ.get("FOLKMOOT_MODEL_SMALL", "").strip() or everything or SMALL,
        medium=environ.get("FOLKMOOT_MODEL_MEDIUM", "").strip() or everything or MEDIUM,
        large=environ.get("FOLKMOOT_MODEL_LARGE", "").strip() or everything or LARGE,
        prices=environ.get("FOLKMOOT_PRICES", "").strip(),
    )
    if settings.base_url and not settings.base_url.startswith(("http://", "https://")):
        raise ValueError(f"ANTHROPIC_BASE_URL is {settings.base_url!r}: it begins with http:// or https://")
    refusal = check_routes(settings.table)
    if refusal is not None:
        raise ValueError(f"FOLKMOOT_MODEL: {refusal.reason}")
    assert settings.table.strongest == settings.large, "the last tier is the strongest"
    return settings


def make_gateway(settings: ModelSettings) -> Gateway:
    """Return the gateway to a server's models; the SDK is loaded on first need. Raises ValueError for bad prices."""
    prices = Prices(read_prices(Path(settings.prices)) if settings.prices else None)

    def make() -> Provider:
        module = load("agent.gateway.provider_anthropic")
        load("genai_prices")  # needed with the first answer, and slow: here it is loaded beside the loop
        provider: Provider = module.AnthropicProvider(
            api_key=settings.api_key or None, base_url=settings.base_url or None
        )
        return provider

    return Gateway(LateProvider(make), settings.table, prices)
