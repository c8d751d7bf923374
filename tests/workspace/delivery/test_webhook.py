"""Senders against a real loopback server and a real folder: signed, once, bounded, honest about what nobody knows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.digest import Json
from tests.support.server import running_server
from tests.support.until import until
from workspace.client import connect
from workspace.delivery import webhook
from workspace.delivery.webhook import ANSWER_BYTES_MAX, Webhook, sign
from workspace.errors import DeliveryFault
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.effects import Effect, Outgoing, Receiver
from workspace.intents.model.events import Configured, EffectSettled
from workspace.intents.model.requests import SendEffect
from workspace.ports import Delivery
from workspace.settings import Settings, read_settings
from workspace.workers import effect_delivery as sending


def letter(receiver: Receiver, **args: Json) -> Delivery:
    return Delivery("sha256:" + "ab" * 32, "w", "c9", Effect(0, "r", receiver.effect_class, args), receiver)


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
        hook = Webhook({"w/hook": "s3cret"}, allows_private=True)
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
        with pytest.raises(DeliveryFault) as caught:
            await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", url)))
    assert (caught.value.retry, caught.value.may_have_arrived) == (retry, unknown)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://localhost/x", "http://example.org/", "https://10.0.0.1/", "https://[fec0::1]/",
     "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://127.1/", "https://0/", "https://[::]/",
     "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://a@127.0.0.1/", "https://LOCALHOST/"],
)  # fmt: skip
async def test_a_webhook_does_not_lead_into_inner_networks(url: str) -> None:
    with pytest.raises(DeliveryFault) as caught:
        await Webhook({}).deliver(letter(Receiver("webhook", url)))
    assert not caught.value.retry


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
    ],
)
async def test_of_an_answer_without_end_the_beginning_is_read(answer: bytes) -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        part = b"4000\r\n" + b"x" * 0x4000 + b"\r\n" if b"chunked" in answer else b"x" * 0x4000
        with contextlib.suppress(OSError):
            while True:
                writer.write(part)
                await writer.drain()
                sent += len(part)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
        async with asyncio.timeout(5):
            told = await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", url)))
    assert told == "200 " + "x" * ANSWER_BYTES_MAX
    assert sent < 32 << 20, "what the sockets' buffers took"


async def test_an_answer_that_drips_is_delivered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "ANSWER_SECONDS_MAX", 0.1)
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 50\r\n\r\nab")
        await reader.read()
        gone.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(5):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
        assert await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", url))) == "202 ab"
        await gone.wait()


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's and a client's context for a name that nobody else vouches for."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    order = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -addext subjectAltName=DNS:{name}"
    subprocess.run([*order.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


async def test_a_name_that_changes_its_address_leads_to_the_one_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """127.0.0.1 stands for the open Internet here, 127.0.0.2 for an inner network."""
    serving, trust = certificate(tmp_path, "hook.example")
    heads: dict[str, bytes] = {}
    names: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads[writer.get_extra_info("sockname")[0]] = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    outer = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    port = outer.sockets[0].getsockname()[1]
    inner = await asyncio.start_server(serve, "127.0.0.2", port, ssl=serving)
    real, answers = socket.getaddrinfo, ["127.0.0.1", "127.0.0.2", "127.0.0.2"]

    def rebinding(host: str, *args: object, **named: object) -> object:
        return real(answers.pop(0) if host == "hook.example" else host, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(webhook, "is_public", lambda number: number == "127.0.0.1")
    url = f"https://hook.example:{port}/in"
    async with outer, inner:
        hook = Webhook({}, trust=trust)
        assert await hook.deliver(letter(Receiver("webhook", url))) == "200 ok"
        assert list(heads) == ["127.0.0.1"]
        assert f"host: hook.example:{port}".encode() in heads["127.0.0.1"].lower()
        assert names == ["hook.example"], "the certificate is asked for, and checked, under the name"
        with pytest.raises(DeliveryFault, match="inner address") as caught:
            await hook.deliver(letter(Receiver("webhook", url)))
        assert not caught.value.retry
        assert list(heads) == ["127.0.0.1"]
        answers[:] = ["127.0.0.1"]
        with pytest.raises(DeliveryFault, match="no connection"):
            await Webhook({}).deliver(letter(Receiver("webhook", url)))


async def test_the_next_address_is_called_where_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(["200 OK"]) as (url, requests):
        port = int(url.split(":")[2].split("/")[0])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (n, port)) for n in ("127.0.0.3", "127.0.0.1")]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *a, **n: found if host == "two.example" else real(host, *a, **n)
        )
        receiver = Receiver("webhook", f"http://two.example:{port}/in")
        assert await Webhook({}, allows_private=True).deliver(letter(receiver)) == "200 ok"
        assert len(requests) == 1


@pytest.mark.parametrize("url", ["https://", "ftp://example.org/", "https://[::1", "https://exa mple.org/", "nonsense"])
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(DeliveryFault) as caught:
        await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", url)))
    assert not caught.value.may_have_arrived


class Down:
    """A receiver that is down; counts calls."""

    calls = 0

    async def deliver(self, _: Delivery) -> str:
        self.calls += 1
        raise DeliveryFault("busy", retry=True)


class Told:
    """A context that keeps what it is told."""

    ws = "w"

    def __init__(self) -> None:
        self.events: list[EffectSettled] = []

    def durable_seq(self) -> int:
        return 0

    async def refuse_sending(self, _: Outgoing) -> str:
        return ""

    def post_event(self, event: EffectSettled) -> None:
        self.events.append(event)


@pytest.mark.parametrize("kind, most", [("webhook", 15), ("mail", 50)])
async def test_a_receiver_is_not_called_for_ever_by_a_server_that_keeps_crashing(
    kind: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every server stops just before it would have said how it ended."""
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    down = Down()
    receiver = Receiver(kind, "https://example.org", "reversible", keys=True)  # type: ignore[arg-type]
    outgoing = Outgoing("c9", "sha256:0", Effect(0, "r", "reversible", {}), receiver, 3)
    for openings in range(10):
        office = Told()
        task = sending.EffectDelivery({kind: down}, office)  # type: ignore[arg-type, dict-item]
        task.start(SendEffect(outgoing, openings))
        await until(lambda office=office: office.events)  # type: ignore[misc]
    assert down.calls == most
    (event,) = office.events
    assert event.status == "unknown"


async def test_a_missing_key_is_named_and_nothing_is_sent() -> None:
    with pytest.raises(DeliveryFault, match=r'no key hook of w: put {"w":{"hook":"…"}} into FOLKMOOT_KEYS$'):
        await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", "http://127.0.0.1:9", secret="hook")))


@pytest.mark.parametrize(
    "ws, secret, key",
    [
        ("acme", "corp_billing", None),
        ("acme-corp", "billing", "theirs"),
        ("acme", "corp-billing", None),
        ("acme-corp", "billing-x", None),
        ("acme", "billing", "old"),
    ],
)
async def test_no_workspace_signs_with_the_key_of_another(ws: str, secret: str, key: str | None) -> None:
    settings = read_settings(
        {
            "FOLKMOOT_KEYS": '{"acme-corp": {"billing": "theirs"}}',
            "FOLKMOOT_KEY_ACME_CORP_BILLING": "whose?",
            "FOLKMOOT_KEY_ACME_BILLING": "old",
        }
    )
    delivery = msgspec.structs.replace(letter(Receiver("webhook", "https://example.org", secret=secret)), ws=ws)
    hook = Webhook(settings.keys)
    if key is None:
        with pytest.raises(
            DeliveryFault, match=rf"no key {secret} of {ws}: put .* into FOLKMOOT_KEYS; .* several ways"
        ):
            hook._signed(delivery, b"{}")
        return
    headers = hook._signed(delivery, b"{}")
    assert headers["x-folkmoot-signature"] == sign(key, headers["x-folkmoot-time"], b"{}")


async def test_from_an_instruction_to_the_receiver_over_real_sockets(tmp_path: Path) -> None:
    """A webhook that is down at first, and a mail that waits for its author's word."""
    async with endpoint(["503 Busy", "200 OK"]) as (url, requests):
        settings = Settings(mail=str(tmp_path), keys={"demo/hook": "k"}, allows_private_webhooks=True)
        async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
            receivers = {
                "ops": Receiver("webhook", url, "reversible", secret="hook"),
                "post": Receiver("mail", "bot@example.org"),
            }
            room = await server.registry.room("demo")
            await room.submit(Configured("owner", ConfigBody(receivers=receivers)))
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


async def test_a_name_that_ends_in_a_dot_is_looked_at_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, trust = certificate(tmp_path, "hook.example")
    names: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    outer = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    port, real = outer.sockets[0].getsockname()[1], socket.getaddrinfo

    def resolve(host: str, *args: object, **named: object) -> object:
        return real("127.0.0.1" if host == "hook.example." else host, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    receiver = Receiver("webhook", f"https://hook.example.:{port}/in")
    async with outer:
        with pytest.raises(DeliveryFault, match="inner address"):
            await Webhook({}, trust=trust).deliver(letter(receiver))
        monkeypatch.setattr(webhook, "is_public", lambda number: number == "127.0.0.1")
        assert await Webhook({}, trust=trust).deliver(letter(receiver)) == "200 ok"
    assert names == ["hook.example"]


async def test_a_redirect_to_an_inner_address_is_not_followed() -> None:
    async with endpoint(["200 OK"]) as (inner, inner_requests):
        async with endpoint([f"307 Temporary Redirect\r\nLocation: {inner}"]) as (url, requests):
            with pytest.raises(DeliveryFault, match="answered 307"):
                await Webhook({}, allows_private=True).deliver(letter(Receiver("webhook", url)))
        assert (len(requests), len(inner_requests)) == (1, 0)
