"""The sender of webhooks that is loaded with its first delivery: most servers never need an HTTP client."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from workspace.late import load
from workspace.ports import Delivery, EffectSender


class LateWebhook:
    """`workspace.delivery.webhook.Webhook`, loaded beside the loop when something is to be delivered."""

    def __init__(self, keys: Mapping[str, str], *, allows_private: bool = False) -> None:
        self._keys, self._allows_private = keys, allows_private
        self._made: EffectSender | None = None

    async def deliver(self, delivery: Delivery) -> str:
        """See `EffectSender.deliver`."""
        if self._made is None:
            module = await asyncio.to_thread(load, "workspace.delivery.webhook")
            self._made = module.Webhook(self._keys, allows_private=self._allows_private)
        assert delivery.receiver.kind == "webhook", "mail is a file, not a call"
        return await self._made.deliver(delivery)
