"""Every special-purpose range of both registries is inner, its neighbours are not, whatever hides in an address."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.delivery.addresses import INNER, carried, is_public

# By hand from the IANA registries of special-purpose addresses (iana-ipv4-special-registry, iana-ipv6-special-registry,
# as of 2025) and from the RFCs that are named; not from the table under test, nor from Python's.
RANGES = [
    ("0.0.0.0/8", "IPv4 registry: this network, RFC 791"),
    ("0.0.0.0/32", "IPv4 registry: this host on this network, RFC 1122"),
    ("10.0.0.0/8", "IPv4 registry: private use, RFC 1918"),
    ("100.64.0.0/10", "IPv4 registry: shared address space, RFC 6598"),
    ("127.0.0.0/8", "IPv4 registry: loopback, RFC 1122"),
    ("169.254.0.0/16", "IPv4 registry: link local, RFC 3927"),
    ("172.16.0.0/12", "IPv4 registry: private use, RFC 1918"),
    ("192.0.0.0/24", "IPv4 registry: IETF protocol assignments, RFC 6890"),
    ("192.0.0.0/29", "IPv4 registry: service continuity, RFC 7335"),
    ("192.0.0.8/32", "IPv4 registry: dummy address, RFC 7600"),
    ("192.0.0.9/32", "IPv4 registry: port control anycast, RFC 7723"),
    ("192.0.0.10/32", "IPv4 registry: TURN anycast, RFC 8155"),
    ("192.0.0.170/31", "IPv4 registry: NAT64 discovery, RFC 7050"),
    ("192.0.2.0/24", "IPv4 registry: documentation, RFC 5737"),
    ("192.31.196.0/24", "IPv4 registry: AS112, RFC 7535"),
    ("192.52.193.0/24", "IPv4 registry: AMT, RFC 7450"),
    ("192.88.99.0/24", "IPv4 registry: 6to4 relay anycast, RFC 7526"),
    ("192.168.0.0/16", "IPv4 registry: private use, RFC 1918"),
    ("192.175.48.0/24", "IPv4 registry: AS112 service, RFC 7534"),
    ("198.18.0.0/15", "IPv4 registry: benchmarking, RFC 2544"),
    ("198.51.100.0/24", "IPv4 registry: documentation, RFC 5737"),
    ("203.0.113.0/24", "IPv4 registry: documentation, RFC 5737"),
    ("224.0.0.0/4", "multicast, RFC 5771"),
    ("240.0.0.0/4", "IPv4 registry: reserved, RFC 1112"),
    ("255.255.255.255/32", "IPv4 registry: limited broadcast, RFC 8190"),
    ("::1/128", "IPv6 registry: loopback, RFC 4291"),
    ("::/128", "IPv6 registry: unspecified, RFC 4291"),
    ("::/96", "IPv4-compatible, deprecated, RFC 4291 §2.5.5.1"),
    ("::ffff:10.0.0.0/104", "IPv6 registry: IPv4-mapped, RFC 4291, of private use"),
    ("::ffff:127.0.0.0/104", "IPv6 registry: IPv4-mapped, RFC 4291, of loopback"),
    ("64:ff9b::a9fe:0/112", "IPv6 registry: IPv4-IPv6 translation, RFC 6052, of link local"),
    ("64:ff9b:1::/48", "IPv6 registry: local translation, RFC 8215"),
    ("100::/64", "IPv6 registry: discard only, RFC 6666"),
    ("100:0:0:1::/64", "IPv6 registry: dummy prefix, RFC 9780"),
    ("2001::/23", "IPv6 registry: IETF protocol assignments, RFC 2928"),
    ("2001::/32", "IPv6 registry: Teredo, RFC 4380"),
    ("2001:1::1/128", "IPv6 registry: port control anycast, RFC 7723"),
    ("2001:2::/48", "IPv6 registry: benchmarking, RFC 5180"),
    ("2001:3::/32", "IPv6 registry: AMT, RFC 7450"),
    ("2001:4:112::/48", "IPv6 registry: AS112-v6, RFC 7535"),
    ("2001:10::/28", "IPv6 registry: ORCHID, deprecated, RFC 4843"),
    ("2001:20::/28", "IPv6 registry: ORCHIDv2, RFC 7343"),
    ("2001:30::/28", "IPv6 registry: drone remote id, RFC 9374"),
    ("2001:db8::/32", "IPv6 registry: documentation, RFC 3849"),
    ("2002:a00::/24", "IPv6 registry: 6to4, RFC 3056, of private use"),
    ("2002:7f00::/24", "IPv6 registry: 6to4, RFC 3056, of loopback"),
    ("2002:c0a8::/32", "IPv6 registry: 6to4, RFC 3056, of private use"),
    ("2620:4f:8000::/48", "IPv6 registry: AS112 service, RFC 7534"),
    ("3fff::/20", "IPv6 registry: documentation, RFC 9637"),
    ("4000::/3", "not given out, RFC 4291 §2.4"),
    ("5f00::/16", "IPv6 registry: segment routing, RFC 9602"),
    ("fc00::/7", "IPv6 registry: unique local, RFC 4193"),
    ("fe80::/10", "IPv6 registry: link local, RFC 4291"),
    ("fec0::/10", "site local, deprecated, RFC 3879"),
    ("ff00::/8", "multicast, RFC 4291 §2.7"),
]
PUBLIC = [
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
    "2001:200::1", "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::1111", "2a00:1450:4001:830::200e",
    "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "2002:5db8:d822::1",
]  # fmt: skip


@pytest.mark.parametrize(("network", "source"), RANGES, ids=[network for network, _ in RANGES])
def test_no_address_of_a_special_range_is_public(network: str, source: str) -> None:
    found = ipaddress.ip_network(network)
    middle = found.network_address + (found.num_addresses // 2)
    for address in (found.network_address, middle, found.broadcast_address):
        assert not is_public(str(address)), source


@pytest.mark.parametrize("number", PUBLIC)
def test_the_neighbours_of_those_ranges_are_public(number: str) -> None:
    assert is_public(number)


def test_every_range_of_the_table_names_its_source_and_none_stands_twice() -> None:
    assert all(inner.source.startswith("RFC ") for inner in INNER)
    networks = [inner.network for inner in INNER]
    assert len(set(networks)) == len(networks)


@pytest.mark.parametrize(
    "form",
    ["::ffff:{v4}", "64:ff9b::{v4}", "::{v4}", "2606:4700::5efe:{v4}", "2606:4700::200:5efe:{v4}",
     "2002:{high:x}:{low:x}::1"],
)  # fmt: skip
@pytest.mark.parametrize("v4", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.0.1", "0.0.0.0", "224.0.0.1"])
def test_an_inner_address_is_inner_in_every_disguise(form: str, v4: str) -> None:
    whole = int(ipaddress.IPv4Address(v4))
    assert not is_public(form.format(v4=v4, high=whole >> 16, low=whole & 0xFFFF))


def test_a_zone_changes_nothing_and_what_is_no_address_is_told() -> None:
    assert not is_public("fe80::1%eth0")
    assert is_public("2606:4700::1111%eth0")
    with pytest.raises(ValueError, match="example"):
        is_public("example.org")


@given(st.ip_addresses())
def test_what_python_knows_to_be_inner_is_inner_here_too(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    judged = (carried(address) or address) if isinstance(address, ipaddress.IPv6Address) else address
    if is_public(str(address)):
        assert judged.is_global
        assert not judged.is_multicast
