"""Where outgoing requests may go: one strict form of URL, and public addresses only.

Browsers, resolvers and libraries read odd URLs in different ways, and server-side request forgery
lives in the difference. So only one plain form is taken: https, a DNS name or a dotted or
bracketed address, an ordinary port, a path of printable ASCII. Everything else is refused unread.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec

Address = IPv4Address | IPv6Address

LONGEST_URL = 2048
_FORM = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?P<target>/[!$-;=?-Z_a-z~]*)?"
)
"""The target holds no blank, control, quote, backslash, bracket, `#` or byte above ASCII; `%`
stands in `$-;`."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_INSIDE = frozenset({
    "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local",
    "localdomain", "localhost", "onion", "private", "test",
})  # fmt: skip
"""Last labels that never name a public host (RFC 2606, 6761, 6762, 7686, 8375; ICANN 2024)."""
_LOWEST_HIGH_PORT = 1024
_CLOSED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
"""Special-purpose blocks (IANA registries): private, shared, documentation, tunnels that carry an
IPv4 address inside (Teredo, 6to4), multicast and reserved."""
_PUBLIC_V6 = ip_network("2000::/3")


class BadUrl(ValueError):
    """Not a URL that this house sends anything to; the message says why."""


class Place(msgspec.Struct, frozen=True):
    """Where a checked URL leads: `host` lower-case without brackets, `target` path and query.
    `address` is given when the host is one."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        plain = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == plain else f"{host}:{self.port}"


def read_url(url: str, *, loopback: bool = False) -> Place:
    """The place that a URL names. With `loopback` also http, and localhost, for tests and demos.

    Raises BadUrl for every other form, scheme, port and name; addresses are not judged here.
    """
    if len(url) > LONGEST_URL:
        raise BadUrl("the URL is too long")
    found = _FORM.fullmatch(url)
    if found is None:
        raise BadUrl("not a plain URL of the form https://name/path")
    scheme, host = found["scheme"], found["host"].lower()
    port = int(found["port"] or {"https": 443, "http": 80}[scheme])
    if port > 65_535 or (port not in (80, 443) and port < _LOWEST_HIGH_PORT):
        raise BadUrl("this port is not taken")
    address = _address(host)
    if address is None and not (loopback and host == "localhost"):
        _check_name(host)
    inside = host == "localhost" or (address is not None and address.is_loopback)
    if scheme != "https" and not (loopback and inside):
        raise BadUrl("only https is taken")
    return Place(scheme, host.strip("[]"), port, found["target"] or "/", address)


def _address(host: str) -> Address | None:
    """The address that the host literally is, or None for a name.

    Python's parser takes only four decimal parts without leading zeros, and no zone.
    """
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        if host.startswith("["):
            raise BadUrl("not an IPv6 address") from None
        return None


def _check_name(host: str) -> None:
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise BadUrl("not a DNS name")
    if len(labels) < 2 or labels[-1] in _INSIDE:
        raise BadUrl("not a public name")
    # What ends in a number is an address to some readers: 127.1, 0x7f.1, 2130706433.
    if not labels[-1].isalpha() and not labels[-1].startswith("xn--"):
        raise BadUrl("neither a public name nor a plain address")


def is_open(address: Address, *, loopback: bool = False) -> bool:
    """Whether a connection may be made to this address: public unicast only."""
    if loopback and address.is_loopback:
        return True
    # IPv4 in other clothes (::ffff:…, 64:ff9b::…, ::…) and link-local lie outside 2000::/3.
    if isinstance(address, IPv6Address) and (
        address not in _PUBLIC_V6 or address.scope_id is not None
    ):
        return False
    return address.is_global and not any(
        address in net for net in _CLOSED if net.version == address.version
    )
