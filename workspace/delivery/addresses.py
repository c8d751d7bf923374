"""Which IP addresses are of the open Internet: a table of the ranges that are not, each with its source. Values only.

Python's own `is_global` follows the registries of the version that runs, and knows some ranges not at all (`fec0::/10`
counts as global there). This table is read from the IANA registries of special-purpose addresses, for IPv4 and for
IPv6, and from the RFCs of what they leave out. An IPv6 address that carries an IPv4 one is judged by that one as well.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple


class Inner(NamedTuple):
    """A range that a server must not call on behalf of a workspace, and the document that sets it apart."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    source: str


def _inner(network: str, source: str) -> Inner:
    return Inner(ipaddress.ip_network(network), source)


INNER = (
    # IANA IPv4 Special-Purpose Address Registry. Parts of a range that it lists as global are left out with it: none
    # of them is where a webhook lives, and a packet to an anycast address ends at whoever is nearest.
    _inner("0.0.0.0/8", "RFC 791: this network"),
    _inner("10.0.0.0/8", "RFC 1918: private use"),
    _inner("100.64.0.0/10", "RFC 6598: shared address space of a carrier"),
    _inner("127.0.0.0/8", "RFC 1122: loopback"),
    _inner("169.254.0.0/16", "RFC 3927: link local, where clouds keep their credentials"),
    _inner("172.16.0.0/12", "RFC 1918: private use"),
    _inner("192.0.0.0/24", "RFC 6890: IETF protocol assignments"),
    _inner("192.0.2.0/24", "RFC 5737: documentation"),
    _inner("192.31.196.0/24", "RFC 7535: AS112"),
    _inner("192.52.193.0/24", "RFC 7450: automatic multicast tunneling"),
    _inner("192.88.99.0/24", "RFC 7526: 6to4 relays, deprecated"),
    _inner("192.168.0.0/16", "RFC 1918: private use"),
    _inner("192.175.48.0/24", "RFC 7534: AS112"),
    _inner("198.18.0.0/15", "RFC 2544: benchmarks"),
    _inner("198.51.100.0/24", "RFC 5737: documentation"),
    _inner("203.0.113.0/24", "RFC 5737: documentation"),
    _inner("224.0.0.0/4", "RFC 5771: multicast"),
    _inner("240.0.0.0/4", "RFC 1112: reserved, with the limited broadcast of RFC 919"),
    # IANA IPv6 Special-Purpose Address Registry, and what is none of RFC 4291's global unicast.
    _inner("::/96", "RFC 4291: unspecified, loopback, and addresses that carried IPv4, deprecated"),
    _inner("64:ff9b:1::/48", "RFC 8215: translation within a network"),
    _inner("100::/64", "RFC 6666: discard only"),
    _inner("100:0:0:1::/64", "RFC 9780: dummy prefix"),
    _inner("2001::/23", "RFC 2928: IETF protocol assignments, Teredo (RFC 4380) among them"),
    _inner("2001:db8::/32", "RFC 3849: documentation"),
    _inner("2620:4f:8000::/48", "RFC 7534: AS112"),
    _inner("3fff::/20", "RFC 9637: documentation"),
    _inner("5f00::/16", "RFC 9602: segment routing"),
    _inner("fc00::/7", "RFC 4193: unique local"),
    _inner("fe80::/10", "RFC 4291: link local"),
    _inner("fec0::/10", "RFC 3879: site local, deprecated"),
    _inner("ff00::/8", "RFC 4291: multicast"),
)
# RFC 4291 §2.4 leaves the rest to the future; only this is given out (IANA IPv6 Global Unicast Address Assignments).
UNICAST = ipaddress.IPv6Network("2000::/3")
MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# RFC 5214 §6.1: an interface identifier that ends in an IPv4 address, behind any prefix.
ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


def is_public(number: str) -> bool:
    """Tell whether an address, as `getaddrinfo` writes it, is one of the open Internet, and all it carries with it.

    Raises:
        ValueError: it is no IP address.
    """
    address = ipaddress.ip_address(number.partition("%")[0])
    if any(address in inner.network for inner in INNER):
        return False
    if isinstance(address, IPv4Address):
        return True
    inside = carried(address)
    if inside is not None and not is_public(str(inside)):
        return False
    return address in UNICAST or address in MAPPED or address in NAT64


def carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address within an IPv6 one: mapped, translated (NAT64), 6to4 or ISATAP; None where there is none.

    Teredo, which hides one too, is inner as a whole.
    """
    whole = int(address)
    assert whole >> 128 == 0, "an IPv6 address has 128 bits"
    if address in MAPPED or address in NAT64 or (whole >> 32) & 0xFFFF_FFFF in ISATAP:
        return IPv4Address(whole & 0xFFFF_FFFF)
    return address.sixtofour
