"""The sender of webhooks is loaded with its first delivery, and is the real one from then on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.workspace.delivery.test_webhook import endpoint, letter
from workspace.delivery.late_webhook import LateWebhook
from workspace.errors import DeliveryFault
from workspace.intents.model.effects import Receiver


async def test_it_delivers_as_the_one_it_loads() -> None:
    sender = LateWebhook({}, allows_private=True)
    async with endpoint(["200 OK", "200 OK"]) as (url, requests):
        said = [await sender.deliver(letter(Receiver("webhook", url), value=n)) for n in (1, 2)]
    assert said == ["200 ok", "200 ok"]
    assert len(requests) == 2


async def test_what_it_may_not_reach_it_may_not_reach_late_either() -> None:
    with pytest.raises(DeliveryFault, match="https"):
        await LateWebhook({}).deliver(letter(Receiver("webhook", "http://127.0.0.1:9/in"), value=1))


def test_a_server_that_sends_nothing_has_no_http_client() -> None:
    code = "import sys, workspace.app; print('workspace.delivery.webhook' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
