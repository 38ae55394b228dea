"""What parent and child say to each other: msgpack documents, each after its length."""

import struct
from typing import Final

import msgspec

from entrepot.routing.plugins.contract import Facts, Verdict

LENGTH: Final = struct.Struct(">I")


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Load `entry` (`module:object`) under these limits."""

    entry: str
    memory_bytes: int
    cpu_s: int


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The rule is there. `sealed`: the system call filters hold; `fenced`: while it was imported
    only Python's own folders could be read."""

    version: str
    owner: str
    summary: str
    inputs: tuple[str, ...]
    sealed: bool
    fenced: bool


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Judge this order."""

    facts: Facts


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """A verdict, and CPU seconds that the child has used so far."""

    verdict: Verdict
    cpu_s: float


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The rule raised, or what it gave is none of ours."""

    code: str
    detail: str


def pack(message: msgspec.Struct) -> bytes:
    """A message with its length in front."""
    body = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(body)) + body
