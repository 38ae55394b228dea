"""Signing requests as a client does: for our own clients, the demo, benches and tests.

Both functions take a request as it will be sent and return the headers to add to it. Times are
Unix seconds; `target` is the path and, after `?`, the query, percent-encoded as it goes out.
"""

import hashlib
import hmac
from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from entrepot.access.compat_signatures import query_values, string_to_sign

SigningSecret = bytes | Ed25519PrivateKey
"""What signs: the UTF-8 bytes of an HMAC secret, or an Ed25519 private key."""

_SAFE = ("GET", "HEAD")


def signing_secret(algorithm: str, text: str) -> SigningSecret:
    """The secret as it was shown at creation: a text for hmac-sha256, PEM for ed25519."""
    if algorithm == "hmac-sha256":
        return text.encode()
    key = load_pem_private_key(text.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 private key")
    return key


def sign(
    method: str,
    authority: str,
    target: str,
    body: bytes = b"",
    *,
    key_id: str,
    secret: SigningSecret,
    now_s: int,
    nonce: str,
    idempotency_key: str | None = None,
    content_type: str = "application/json",
    label: str = "sig",
    lasts_s: int = 300,
) -> dict[str, str]:
    """The headers of a request signed by the strict profile `entrepot-v1` (RFC 9421).

    A write needs an `idempotency_key`; `nonce` must be new and hold at least 128 bit.
    """
    path, _, query = target.partition("?")
    covered = {
        "@method": method,
        "@authority": authority,
        "@path": path or "/",
        "@query": f"?{query}",
    }
    headers: dict[str, str] = {}
    if body:
        headers["content-type"] = content_type
    if body or method not in _SAFE:
        digest = b64encode(hashlib.sha256(body).digest()).decode()
        headers["content-digest"] = f"sha-256=:{digest}:"
    if idempotency_key is not None:
        headers["idempotency-key"] = idempotency_key
    covered |= headers
    names = " ".join(f'"{name}"' for name in covered)
    parameters = (
        f"({names});created={now_s};expires={now_s + lasts_s}"
        f';nonce="{nonce}";keyid="{key_id}";tag="entrepot-v1"'
    )
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}']).encode()
    if isinstance(secret, bytes):
        signature = hmac.digest(secret, base, "sha256")
    else:
        signature = secret.sign(base)
    headers["signature-input"] = f"{label}={parameters}"
    headers["signature"] = f"{label}=:{b64encode(signature).decode()}:"
    return headers


def sign_compat(
    method: str,
    authority: str,
    target: str,
    body: bytes = b"",
    *,
    key_id: str,
    secret: bytes,
    now_s: int,
    nonce: str,
    idempotency_key: str | None = None,
    content_type: str = "application/json",
) -> dict[str, str]:
    """The headers of a request signed by the compat scheme; `nonce` is 32 hex digits."""
    path, _, query = target.partition("?")
    headers = {"content-type": content_type} if body else {}
    if idempotency_key is not None:
        headers["idempotency-key"] = idempotency_key
    base = string_to_sign(
        [
            *query_values(query),
            ("authority", authority),
            ("body_sha256", hashlib.sha256(body).hexdigest()),
            ("content_type", headers.get("content-type", "")),
            ("idempotency_key", headers.get("idempotency-key", "")),
            ("key", key_id),
            ("method", method),
            ("nonce", nonce),
            ("path", path or "/"),
            ("timestamp", str(now_s)),
            ("version", "1"),
        ]
    )
    return headers | {
        "x-entrepot-key": key_id,
        "x-entrepot-timestamp": str(now_s),
        "x-entrepot-nonce": nonce,
        "x-entrepot-version": "1",
        "x-entrepot-signature": hmac.new(secret, base, hashlib.sha256).hexdigest(),
    }
