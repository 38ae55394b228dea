"""Secrets at rest: sealed under a key-encryption key that lies outside every database.

AES-256-GCM with a random 96-bit nonce before the ciphertext (NIST SP 800-38D). What a secret
belongs to (owner, name, version) is authenticated with it: a row copied to another owner does
not open there.
"""

import hashlib
import os
import secrets
import stat
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_DEMO = b"DEMO"
"""A demo key says so in its first bytes, so it stays known wherever it is copied to."""


class KeyTrouble(Exception):
    """The key-encryption key is missing, wrong or may not be used here."""


class Unsealable(Exception):
    """The sealed bytes are not this owner's, this name's, this version's, or not of this key."""


class SealingKey(msgspec.Struct, frozen=True):
    """The key-encryption key; `repr` never shows it."""

    key: bytes

    def __repr__(self) -> str:
        return f"SealingKey({self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell keys apart and give nothing away."""
        return hashlib.sha256(b"entrepot kek\0" + self.key).hexdigest()[:16]

    @property
    def demo(self) -> bool:
        """Whether the key was made for a demonstration."""
        return self.key.startswith(_DEMO)

    def seal(self, secret: bytes, *, owner: str, name: str, version: int) -> bytes:
        """The secret as bytes that may lie in a database: nonce, then ciphertext and tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, secret, _belongs(owner, name, version))

    def unseal(self, sealed: bytes, *, owner: str, name: str, version: int) -> bytes:
        """The secret again. Raises Unsealable when anything differs from how it was sealed."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, rest, _belongs(owner, name, version))
        except (InvalidTag, ValueError) as error:
            raise Unsealable(f"cannot unseal {name} of {owner}, version {version}") from error


def _belongs(owner: str, name: str, version: int) -> bytes:
    if "|" in owner or "|" in name:
        raise ValueError("owner and name of a secret have no |")
    return f"{owner}|{name}|{version}".encode()


def make_key(path: Path, *, demo: bool) -> SealingKey:
    """Make a new key file, readable only to us. Raises FileExistsError when there is one."""
    key = (_DEMO if demo else b"") + secrets.token_bytes(KEY_BYTES - (len(_DEMO) if demo else 0))
    if not demo and key.startswith(_DEMO):
        return make_key(path, demo=demo)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    return SealingKey(key)


def read_key(path: Path, *, env: str) -> SealingKey:
    """The key in `path`. Raises KeyTrouble when it is missing, open to others or unfit.

    Outside production a missing key is made, as a demo key, which production then refuses.
    """
    if not path.exists():
        if env == "production":
            raise KeyTrouble(
                f"no key-encryption key in {path}: make one of {KEY_BYTES} random bytes, mode 0600"
            )
        return make_key(path, demo=True)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyTrouble(f"{path} is open to others (mode {mode:04o}); it must be 0600")
    key = SealingKey(path.read_bytes())
    if len(key.key) != KEY_BYTES or len(set(key.key)) < KEY_BYTES // 4:
        raise KeyTrouble(f"{path} must hold {KEY_BYTES} random bytes")
    if env == "production" and key.demo:
        raise KeyTrouble(f"{path} holds a demo key, which production does not take")
    return key
