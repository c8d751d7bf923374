"""Couriers against a real loopback server and a real folder: signed, once, bounded, honest about what nobody knows."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.digest import Json
from tests.support.server import running_server
from workspace.client import connect
from workspace.couriers.mail import MailDrop
from workspace.couriers.webhook import Webhook, is_public, sign
from workspace.errors import CourierFault
from workspace.intents.effects import Effect, Receiver
from workspace.intents.events import Configured
from workspace.intents.record import ConfigBody
from workspace.ports import Letter
from workspace.settings import Settings


def letter(receiver: Receiver, **args: Json) -> Letter:
    return Letter("sha256:" + "ab" * 32, "w", "c9", Effect(0, "r", receiver.effect_class, args), receiver)


@contextlib.asynccontextmanager
async def endpoint(answers: list[str]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve `answers` in order (an HTTP status line, or "cut"), and keep the requests."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        requests.append(head + await reader.readexactly(size))
        answer = answers.pop(0)
        if answer != "cut":
            writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in", requests


async def test_a_webhook_is_signed_and_carries_its_key() -> None:
    async with endpoint(["200 OK"]) as (url, requests):
        hook = Webhook({"w_hook": "s3cret"}, allows_private=True)
        assert await hook.deliver(letter(Receiver("webhook", url, secret="hook"), value="é😀")) == "200 ok"
    head, _, body = requests[0].partition(b"\r\n\r\n")
    headers = {line.split(b": ")[0].lower(): line.split(b": ")[1].decode() for line in head.split(b"\r\n")[1:]}
    assert headers[b"x-folkmoot-signature"] == sign("s3cret", headers[b"x-folkmoot-time"], body)
    assert headers[b"idempotency-key"] == "sha256:" + "ab" * 32
    assert '"value":"é😀"' in body.decode()


@pytest.mark.parametrize(
    "answer, retry, unknown",
    [("503 Busy", True, False), ("400 Bad", False, False), ("302 Found", False, False), ("cut", True, True)],
)
async def test_a_webhook_says_whether_to_try_again_and_whether_it_may_have_arrived(
    answer: str, retry: bool, unknown: bool
) -> None:
    async with endpoint([answer]) as (url, _):
        with pytest.raises(CourierFault) as caught:
            await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", url)))
    assert (caught.value.retry, caught.value.may_have_arrived) == (retry, unknown)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://localhost/x", "http://example.org/", "https://10.0.0.1/"]
)
async def test_a_webhook_does_not_lead_into_inner_networks(url: str) -> None:
    with pytest.raises(CourierFault) as caught:
        await Webhook({}).deliver(letter(Receiver("webhook", url)))
    assert not caught.value.retry


@pytest.mark.parametrize(
    "number, public",
    [("93.184.216.34", True), ("169.254.169.254", False), ("::1", False), ("::ffff:10.0.0.1", False),
     ("fd00::1", False), ("64:ff9b::a00:1", False), ("2606:4700::1111", True),
     ("224.0.0.1", False), ("0.0.0.0", False)],
)  # fmt: skip
def test_which_addresses_are_public(number: str, public: bool) -> None:
    assert is_public(number) == public


async def test_a_missing_key_is_named_and_nothing_is_sent() -> None:
    with pytest.raises(CourierFault, match="no key for hook: set FOLKMOOT_KEY_W_HOOK"):
        await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", "http://127.0.0.1:9", secret="hook")))


async def test_mail_is_one_whole_file_however_often(tmp_path: Path) -> None:
    drop = MailDrop(tmp_path / "deep" / "mail")
    mail = letter(Receiver("mail", "bot@example.org"), to="zoe@example.org", subject="Grüße", text="Hi\n😀")
    for _ in range(2):
        await drop.deliver(mail)
    (path,) = (tmp_path / "deep" / "mail").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == ("zoe@example.org", "Grüße")
    assert message.get_content().splitlines() == ["Hi", "😀"]
    with pytest.raises(CourierFault):
        await drop.deliver(letter(Receiver("mail", "bot@example.org"), to="x@y", subject="a\nBcc: z@y", text=""))


async def test_from_an_instruction_to_the_receiver_over_real_sockets(tmp_path: Path) -> None:
    """A webhook that is down at first, and a mail that waits for its author's word."""
    async with endpoint(["503 Busy", "200 OK"]) as (url, requests):
        settings = Settings(mail=str(tmp_path), keys={"demo_hook": "k"}, allows_private_webhooks=True)
        async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
            receivers = {
                "ops": Receiver("webhook", url, "reversible", secret="hook"),
                "post": Receiver("mail", "bot@example.org"),
            }
            room = await server.lobby.room("demo")
            await room.ask(lambda: room.handle(Configured("owner", ConfigBody(receivers=receivers))))
            token = await server.token("Ana", "editor")
            async with connect(f"{server.ws_url}/ws/demo", token=token) as ana:
                called = await ana.intent('set budget.price to 5; call ops with {"price": 5}')
                assert (await called.verdict(10))["state"] == "done"
                await ana.until(lambda r: any(one["kind"] == "effect" for one in r.records), 20)
                effect = next(one["body"] for one in ana.records if one["kind"] == "effect")
                assert (effect["status"], effect["attempts"]) == ("sent", 2)
                assert len(requests) == 2
                mailed = await ana.intent('mail "zoe@example.org" subject "Price" saying "It is 5."')
                question = await ana.question(10)
                assert "zoe@example.org" in question["text"]
                assert not os.listdir(tmp_path), "nothing is sent before somebody has said so"
                await ana.answer(question["id"], mailed.id)
                assert (await mailed.verdict(10))["state"] == "done"
                await ana.until(lambda r: sum(one["kind"] == "effect" for one in r.records) == 2, 20)
            assert [name.endswith(".eml") for name in os.listdir(tmp_path)] == [True]
