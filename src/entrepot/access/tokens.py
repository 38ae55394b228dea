"""Tokens of sessions and one-time links: `<tenant public id>.<random>`; only a hash is kept.

The random part holds 256 bits, so a plain SHA-256 is a safe hash of it. A token names its
tenant: where another tenant is expected it is no token at all.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from entrepot.kernel.ids import TenantId, new_token

_SHAPE = re.compile(r"([a-z2-7]{12})\.[A-Za-z0-9_-]{43}")


def new_token_of(tenant: TenantId) -> str:
    """A fresh token for a session or a one-time link of this tenant."""
    return f"{tenant}.{new_token(32)}"


def belongs(token: str, tenant: TenantId) -> bool:
    """Whether the text has the shape of a token of this tenant."""
    found = _SHAPE.fullmatch(token)
    return found is not None and found[1] == tenant


def token_hash(token: str) -> bytes:
    """What is kept of a token: 32 bytes."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def repeatable_token_of(tenant: TenantId, secret: bytes, *words: str) -> str:
    """The token that the same request gets again: derived, so that no answer must be kept.

    `secret` is the key-encryption key; `words` name the request (credential, idempotency key).
    """
    name = "\x1f".join(("link", tenant, *words)).encode()
    digest = hmac.digest(secret, name, "sha256")
    return f"{tenant}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"
