"""Passwords: argon2id with the library's parameters (RFC 9106, low memory), off the event loop.

Every comparison costs the same: an unknown e-mail address is compared with a hash of nothing.
Two at a time bound the memory (64 MiB each).
"""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

_HASHER = PasswordHasher()
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="passwords")


@cache
def _hash_of_nothing() -> str:
    return _HASHER.hash(b"")


def _matches(password_hash: str | None, password: str) -> bool:
    compared = password_hash or _hash_of_nothing()
    with contextlib.suppress(Argon2Error, InvalidHashError):
        return _HASHER.verify(compared, _bytes(password)) and password_hash is not None
    return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


async def hash_password(password: str) -> str:
    """The hash to keep, in PHC form with its parameters and salt."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _HASHER.hash, _bytes(password))


async def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the hashed one; None takes as long and never matches."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _matches, password_hash, password)


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)
