"""SCRAM-SHA-256 verifiers, made here so that no clear password travels in a statement.

RFC 5802 and RFC 7677; the text form is PostgreSQL's. Our passwords are ASCII, so SASLprep
changes nothing.
"""

import base64
import hashlib
import hmac
import secrets

_ITERATIONS = 4096


def new_password() -> str:
    """A new password of 192 random bits, safe in URLs."""
    return secrets.token_urlsafe(24)


def verifier(password: str, *, salt: bytes | None = None) -> str:
    """What PostgreSQL stores instead of the password: `SCRAM-SHA-256$4096:…`."""
    salt = secrets.token_bytes(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored_key = hashlib.sha256(_keyed(salted, b"Client Key")).digest()
    server_key = _keyed(salted, b"Server Key")
    parts = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


def _keyed(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
