"""Signed requests, compat: one HMAC over sorted names, for devices and servers without RFC 9421.

Five headers carry it: X-Entrepot-Key, -Timestamp (Unix seconds), -Nonce (32 hex), -Version (1)
and -Signature (lower-case hex of HMAC-SHA256). Signed are named values, each percent-encoded
(RFC 3986), sorted and joined `name=value` by newline, never run together: `{amount: 1, bonus: 2}`
and `{amount: "1bonus2"}` would sign alike. The steps are those of `signatures`: parse, then
verify, with the same values and the same refusals.
"""

import hashlib
import re
from collections.abc import Container, Iterable
from urllib.parse import quote, unquote_to_bytes

from entrepot.access.signatures import (
    IDEMPOTENCY_KEY,
    KEY_ID,
    PAST_S,
    Claim,
    Message,
    fields_of,
    refuse,
    target_of,
)

_HEADERS = ("key", "nonce", "signature", "timestamp", "version")
_SHAPES = {
    "key": re.compile(KEY_ID),
    "nonce": re.compile(r"[0-9a-f]{32}"),
    "signature": re.compile(r"[0-9a-f]{64}"),
    "timestamp": re.compile(r"[1-9][0-9]{0,11}"),
    "version": re.compile(r"1"),
}
_BODY_FIELDS = (("content_type", "content-type"), ("idempotency_key", "idempotency-key"))
_PRINTABLE = re.compile(r"[\t -~]*")


def string_to_sign(named: Iterable[tuple[str | bytes, str | bytes]]) -> bytes:
    """Names and values as the bytes that are signed: encoded, sorted, a line each."""
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in named)
    return "\n".join(f"{name}={value}" for name, value in encoded).encode("ascii")


def query_values(query: str) -> list[tuple[bytes, bytes]]:
    """The parameters of a raw query as (`query.<name>`, value), decoded.

    A `+` means a space, as in forms; a parameter without `=` has an empty value.
    """
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.replace("+", " ").partition("=")
        pairs.append((b"query." + unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def parse(message: Message, hosts: Container[str]) -> Claim:
    """Read the five headers and what they sign; the claim is proven by `signatures.verify`.

    A write may come without Idempotency-Key: its absence is signed too, and answered by the work.
    """
    fields = fields_of(message)
    given = {name: fields.get(f"x-entrepot-{name}") for name in _HEADERS}
    if None in given.values():
        refuse("signature_missing")
    sent = {name: value or "" for name, value in given.items()}
    if not all(_SHAPES[name].fullmatch(value) for name, value in sent.items()):
        refuse("signature_malformed")
    body_fields = {name: fields.get(field, "") for name, field in _BODY_FIELDS}
    idempotency_key = body_fields["idempotency_key"]
    printable = all(_PRINTABLE.fullmatch(value) for value in body_fields.values())
    if not printable or fields.get("host") == "\0":
        refuse("signature_malformed")
    if idempotency_key and not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        refuse("idempotency_key_malformed")
    authority, path, query = target_of(message, hosts)
    named: list[tuple[str | bytes, str | bytes]] = [
        *query_values(query[1:]),
        *body_fields.items(),
        ("authority", authority),
        ("body_sha256", hashlib.sha256(message.body).hexdigest()),
        ("key", sent["key"]),
        ("method", message.method),
        ("nonce", sent["nonce"]),
        ("path", path),
        ("timestamp", sent["timestamp"]),
        ("version", sent["version"]),
    ]
    at = int(sent["timestamp"])
    return Claim(
        sent["key"], sent["nonce"], idempotency_key or None, (at - PAST_S, at + PAST_S),
        "hmac-sha256", None, string_to_sign(named), bytes.fromhex(sent["signature"]),
    )  # fmt: skip
