"""Signed calls to the outside: HMAC-SHA256 over time and body, an idempotency key, no redirects, no inner networks.

A name is resolved once, all its addresses are looked at, and the call goes to one of those numbers, with the name in
`Host` and in the TLS handshake: a name that changes its mind in between (DNS rebinding) leads nowhere else. Of the
answer, its status and the first bytes are read, however much follows and however slowly.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Mapping

import httpx2
import msgspec

from crdt.digest import canonical
from workspace.delivery.addresses import is_public
from workspace.errors import DeliveryFault
from workspace.ports import Delivery
from workspace.settings import KEY_PREFIX, KEYS_VARIABLE, key_name

SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 4.0
ADDRESSES_MAX = 3
ANSWER_SECONDS_MAX = 2.0
ANSWER_BYTES_MAX = 200
RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Webhook:
    """`EffectSender` over HTTP. `keys` are signing keys by `settings.key_name`; `allows_private` is for tests and labs.

    `trust` says whose certificates count; None is the usual authorities.
    """

    def __init__(
        self, keys: Mapping[str, str], *, allows_private: bool = False, trust: ssl.SSLContext | None = None
    ) -> None:
        self._keys = dict(keys)
        self._allows_private = allows_private
        self._trust = trust

    async def deliver(self, delivery: Delivery) -> str:
        """POST the effect; 2xx is delivered. Raises `DeliveryFault`, which says whether trying again may help."""
        body = canonical(
            {
                "key": delivery.key,
                "workspace": delivery.ws,
                "commit": delivery.commit,
                "receiver": delivery.effect.tool,
                "args": msgspec.to_builtins(delivery.effect.args),
            }
        )
        headers = {"content-type": "application/json", "idempotency-key": delivery.key, **self._signed(delivery, body)}
        url = self._parse(delivery.receiver.address)
        numbers = await self._resolve(url)
        limits = httpx2.Timeout(SECONDS_MAX, connect=CONNECT_SECONDS_MAX)
        verify = self._trust if self._trust is not None else True
        problem = ""
        async with httpx2.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False, verify=verify) as client:
            assert numbers, "a name that was found has an address"
            # Decision 41: to one of the numbers that were looked at, never to the name again.
            for number in numbers[:ADDRESSES_MAX]:
                try:
                    return await _post(client, url, number, headers, body)
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:  # nothing was sent: the next may be there
                    problem = f"no connection: {error or type(error).__name__}"
                except httpx2.HTTPError as error:
                    reason = f"no answer: {type(error).__name__}"
                    raise DeliveryFault(reason, retry=True, may_have_arrived=True) from error
        assert problem, "every address that was tried has said why not"
        raise DeliveryFault(problem, retry=True)

    def _signed(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        if not delivery.receiver.secret:
            return {}
        # The workspace is part of the name: nobody signs with another workspace's key.
        key = self._keys.get(key_name(delivery.ws, delivery.receiver.secret))
        if key is None:
            secret = delivery.receiver.secret
            where = canonical({delivery.ws: {secret: "…"}}).decode()
            old = f"{KEY_PREFIX}{delivery.ws}_{secret}".replace("-", "_").upper()
            many = f"; {old} can be read in several ways and does not count" if old.count("_") > 3 else ""
            raise DeliveryFault(
                f"this server has no key {secret} of {delivery.ws}: put {where} into {KEYS_VARIABLE}{many}"
            )
        at = str(int(time.time()))
        return {"x-folkmoot-time": at, "x-folkmoot-signature": sign(key, at, body)}

    def _parse(self, address: str) -> httpx2.URL:
        """Return an address as the client will understand it: no second parser has an opinion."""
        try:
            url = httpx2.URL(address)
        except httpx2.InvalidURL as error:
            raise DeliveryFault(f"{address} is no address of a webhook") from error
        if not url.raw_host or url.scheme not in ("https", "http"):
            raise DeliveryFault(f"{address} is no address of a webhook")
        if url.scheme != "https" and not self._allows_private:
            raise DeliveryFault("a webhook is called over https")
        return url

    async def _resolve(self, url: httpx2.URL) -> list[str]:
        """Return the numbers of a host. Inner ones are refused: a workspace is no way into its server's networks."""
        name, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.to_thread(socket.getaddrinfo, name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise DeliveryFault(f"{name} is not found: {error}", retry=True) from error
        numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._allows_private and not all(is_public(number) for number in numbers):
            raise DeliveryFault(f"{name} is an inner address")
        return numbers


async def _post(
    client: httpx2.AsyncClient, url: httpx2.URL, number: str, headers: Mapping[str, str], body: bytes
) -> str:
    """POST to one number under the host's name, return what a 2xx says. Raises `DeliveryFault` for anything else."""
    # An answer that is packed could unpack into any size: none is asked for, and the raw bytes are read.
    named = {**headers, "host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    # A name that ends in a dot is the same name; the handshake has it without (RFC 6066 §3), certificates too.
    extensions = {"sni_hostname": url.raw_host.decode("ascii").removesuffix(".")}
    call = client.stream("POST", url.copy_with(host=number), content=body, headers=named, extensions=extensions)
    async with call as response:
        said = await _beginning(response)
        if response.is_success:
            return f"{response.status_code} {said}".strip()
        again = response.status_code in RETRY_STATUS
        raise DeliveryFault(f"the receiver answered {response.status_code}: {said}", retry=again)


async def _beginning(response: httpx2.Response) -> str:
    """Return the first bytes of an answer, as far as they come soon: the status has said what counts."""
    kept = b""
    with contextlib.suppress(httpx2.HTTPError, TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            async for part in response.aiter_raw():
                kept += part
                if len(kept) >= ANSWER_BYTES_MAX:
                    break
    return kept[:ANSWER_BYTES_MAX].decode(errors="replace")


def sign(key: str, at: str, body: bytes) -> str:
    """Return `v1=HEX`, HMAC-SHA256 over `TIME.BODY`: the receiver recomputes it and refuses old times."""
    return "v1=" + hmac.new(key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
