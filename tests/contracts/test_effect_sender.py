"""One contract for every sender: once for a key, short in what it remembers, and honest where it could not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.workspace.delivery.test_webhook import endpoint, letter
from workspace.delivery.late_webhook import LateWebhook
from workspace.delivery.mail import MailDrop
from workspace.delivery.webhook import Webhook
from workspace.errors import DeliveryFault
from workspace.intents.model.effects import Receiver
from workspace.ports import Delivery, EffectSender

REMEMBERED_POINTS_MAX = 300
KINDS = pytest.mark.parametrize("kind", ["webhook", "late webhook", "mail"])


@asynccontextmanager
async def sender_of(
    kind: str, folder: Path, answers: list[str]
) -> AsyncIterator[tuple[EffectSender, Delivery, Delivery]]:
    """Yield a sender, a delivery that it can make, and one that it cannot."""
    if kind == "mail":
        good = letter(Receiver("mail", "bot@example.org"), to="zoe@example.org", subject="Hi", text="Hi")
        bad = letter(Receiver("mail", "bot@example.org"), to="zoe@example.org", subject="a\nBcc: x@y", text="")
        yield MailDrop(folder), good, bad
        return
    async with endpoint(answers) as (url, _):
        made = Webhook({}, allows_private=True) if kind == "webhook" else LateWebhook({}, allows_private=True)
        yield made, letter(Receiver("webhook", url)), letter(Receiver("webhook", "http://127.0.0.1:9/none"))


@KINDS
async def test_what_is_remembered_of_a_delivery_is_one_short_line(kind: str, tmp_path: Path) -> None:
    async with sender_of(kind, tmp_path, ["200 OK", "200 OK"]) as (sender, good, _):
        for _ in range(2):
            said = await sender.deliver(good)
            assert said == said.strip()
            assert "\n" not in said
            assert 0 < len(said) <= REMEMBERED_POINTS_MAX


@KINDS
async def test_what_did_not_work_says_whether_to_try_again_and_whether_it_may_have_arrived(
    kind: str, tmp_path: Path
) -> None:
    async with sender_of(kind, tmp_path, []) as (sender, _, bad):
        with pytest.raises(DeliveryFault) as caught:
            await sender.deliver(bad)
    assert isinstance(caught.value.retry, bool)
    assert caught.value.may_have_arrived is False, "nobody was reached"
    assert caught.value.reason
