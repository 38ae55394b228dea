"""The child process: loads one rule, then judges order after order until its input ends.

Started as `python -m entrepot.routing.plugins.child`. The pipes of the protocol are moved away
from standard input and output first, so that a rule that prints, prints into nothing. What is
imported here is loaded again for every child: only the standard library and msgspec.
"""

import gc
import importlib
import os
import sys
import time
from typing import Final

import msgspec

from entrepot.routing.plugins.confining import forbid_outside, limit, read_only_below, seal
from entrepot.routing.plugins.contract import API, Rule, Verdict
from entrepot.routing.plugins.frames import LENGTH, Ask, Failed, Judged, Loaded, Start, pack

_CARD_TEXT: Final = 200
_SYSTEM: Final = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
)  # fmt: skip


def main() -> None:
    """Serve until the parent closes the pipe."""
    source, sink = _take_pipes()
    start = msgspec.msgpack.decode(_read(source), type=Start)
    limit(memory_bytes=start.memory_bytes, cpu_s=start.cpu_s)
    fenced = read_only_below(_readable())
    walled = forbid_outside()
    rule = _load(start.entry)
    if isinstance(rule, Failed):
        _write(sink, pack(rule))
        return
    gc.collect()
    sealed = walled and seal()
    card = (rule.version, rule.owner, rule.summary, tuple(rule.inputs))
    _write(sink, pack(Loaded(*card, sealed, fenced)))
    while frame := _read(source):
        _write(sink, _judge(rule, msgspec.msgpack.decode(frame, type=Ask)))


def _readable() -> list[str]:
    """What an import may read: Python, its packages, and the libraries that they load."""
    own = [path for path in sys.path if os.path.isabs(path) and path != "/"]
    return [*own, sys.prefix, sys.base_prefix, sys.exec_prefix, *_SYSTEM]


def _take_pipes() -> tuple[int, int]:
    """The protocol on numbers of its own; 0, 1 and 2 lead nowhere."""
    source, sink = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return source, sink


def _load(entry: str) -> Rule | Failed:
    module, _, name = entry.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
        card = {field: getattr(found, field) for field in ("version", "owner", "summary", "inputs")}
        msgspec.convert({**card, "judge": found.judge}, Rule)
        if found.api != API:
            return Failed("load_failed", f"speaks version {int(found.api)}, here is {API}")
    except BaseException as error:  # noqa: BLE001 - the package is a stranger; the parent is told
        return _failed("load_failed", error)
    return found if isinstance(found, Rule) else Failed("load_failed", "not a Rule")


def _judge(rule: Rule, ask: Ask) -> bytes:
    """The packed answer; packing may fail too, since nobody has checked the verdict's fields."""
    try:
        verdict = rule.judge(ask.facts)
        if not isinstance(verdict, Verdict):
            return pack(Failed("nonsense", f"answered {type(verdict).__name__}"[:_CARD_TEXT]))
        return pack(Judged(verdict, time.process_time()))
    except MemoryError:
        return pack(Failed("out_of_memory", ""))
    except BaseException as error:  # noqa: BLE001 - as above
        return pack(_failed("raised", error))


def _failed(code: str, error: BaseException) -> Failed:
    """Only the kind of error: its text could hold what the rule was told."""
    return Failed(code, type(error).__name__[:_CARD_TEXT])


def _read(source: int) -> bytes:
    """The next message, or nothing when the parent has gone."""
    head = _exactly(source, LENGTH.size)
    return _exactly(source, LENGTH.unpack(head)[0]) if head else b""


def _exactly(source: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(source, size - len(parts))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def _write(sink: int, frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(sink, view) :]


if __name__ == "__main__":
    main()
    sys.exit(0)
