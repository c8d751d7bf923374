"""Signed calls to the outside: HMAC-SHA256 over time and body, an idempotency key, no redirects, no inner networks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2
import msgspec

from crdt.digest import canonical
from workspace.errors import CourierFault
from workspace.ports import Letter

SECONDS_MAX = 10.0
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
ANSWER_BYTES_SHOWN = 200
RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Webhook:
    """`workspace.ports.Courier` over HTTP. `keys` are signing keys by name; `allows_private` is for tests and labs."""

    def __init__(self, keys: Mapping[str, str], *, allows_private: bool = False) -> None:
        self._keys = dict(keys)
        self._allows_private = allows_private

    async def deliver(self, letter: Letter) -> str:
        """POST the effect; 2xx is delivered. Raises `CourierFault`, which says whether trying again may help."""
        body = canonical(
            {
                "key": letter.key,
                "workspace": letter.ws,
                "commit": letter.commit,
                "receiver": letter.effect.tool,
                "args": msgspec.to_builtins(letter.effect.args),
            }
        )
        headers = {"content-type": "application/json", "idempotency-key": letter.key, **self._signed(letter, body)}
        await self._check_address(letter.receiver.address)
        try:
            async with httpx2.AsyncClient(timeout=SECONDS_MAX, follow_redirects=False, trust_env=False) as client:
                response = await client.post(letter.receiver.address, content=body, headers=headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise CourierFault(f"no connection: {error}", retry=True) from error
        except httpx2.HTTPError as error:
            raise CourierFault(f"no answer: {type(error).__name__}", retry=True, may_have_arrived=True) from error
        said = response.text[:ANSWER_BYTES_SHOWN]
        if response.is_success:
            return f"{response.status_code} {said}".strip()
        again = response.status_code in RETRY_STATUS
        raise CourierFault(f"the receiver answered {response.status_code}: {said}", retry=again)

    def _signed(self, letter: Letter, body: bytes) -> dict[str, str]:
        if not letter.receiver.secret:
            return {}
        # The workspace is part of the name: nobody signs with another workspace's key.
        name = f"{letter.ws}_{letter.receiver.secret}".replace("-", "_")
        key = self._keys.get(name)
        if key is None:
            raise CourierFault(f"this server has no key for {letter.receiver.secret}: set FOLKMOOT_KEY_{name.upper()}")
        at = str(int(time.time()))
        return {"x-folkmoot-time": at, "x-folkmoot-signature": sign(key, at, body)}

    async def _check_address(self, url: str) -> None:
        """Refuse what lies inside: a workspace must not be a way into the networks of its server."""
        parts = urlsplit(url)
        if parts.hostname is None or parts.scheme not in ("https", "http"):
            raise CourierFault(f"{url} is no address of a webhook")
        if self._allows_private:
            return
        if parts.scheme != "https":
            raise CourierFault("a webhook is called over https")
        try:
            found = await asyncio.to_thread(socket.getaddrinfo, parts.hostname, parts.port or 443)
        except OSError as error:
            raise CourierFault(f"{parts.hostname} is not found: {error.strerror}", retry=True) from error
        if not all(is_public(str(entry[4][0])) for entry in found):
            raise CourierFault(f"{parts.hostname} is an inner address")


def is_public(number: str) -> bool:
    """Tell whether an IP address is one of the open Internet, also where an IPv6 address carries an IPv4 one."""
    address = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo is not None else None)
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved


def sign(key: str, at: str, body: bytes) -> str:
    """Return `v1=HEX`, HMAC-SHA256 over `TIME.BODY`: the receiver recomputes it and refuses old times."""
    return "v1=" + hmac.new(key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
