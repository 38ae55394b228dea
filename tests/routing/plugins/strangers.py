"""Rules that misbehave in every way that came to mind, and some that do not.

Loaded by the child process only. What they try outside is written where the test can look.
"""

import ctypes
import os
import socket
import sys
import threading
import time
from pathlib import Path

from entrepot.routing.plugins.contract import Charge, Facts, Mask, Rule, Verdict


def _rule(judge: object, *inputs: str) -> Rule:
    return Rule("1", "test", "a rule of the tests", inputs, judge)  # type: ignore[arg-type]


def _first_masked(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(masks=(Mask(node, service, "not_today"),))


def _first_dear(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(charges=(Charge(node, service, 123, "hazard"),))


def _tells_what_it_sees(facts: Facts) -> Verdict:
    """A mask for each kind of fact that is there; nodes are the first one's."""
    node = facts.options[0][0]
    kinds = ("order", "dest", "lines", "nodes", "services", "stock", "arrivals")
    seen = [kind for kind in kinds if getattr(facts, kind) is not None]
    services = [service for at, service in facts.options if at == node]
    return Verdict(masks=(Mask(node, services[0], "saw_" + "".join(kind[:2] for kind in seen)),))


def _for_ever(facts: Facts) -> Verdict:
    while True:
        pass


def _sleeps(facts: Facts) -> Verdict:
    time.sleep(3600)
    return Verdict()


def _bomb(facts: Facts) -> Verdict:
    kept = [bytearray(1 << 20)]
    while True:
        kept.append(bytearray(kept[-1] * 2))


def _raises(facts: Facts) -> Verdict:
    raise ValueError("the order's secrets")


def _exits(facts: Facts) -> Verdict:
    os._exit(0)


def _quits(facts: Facts) -> Verdict:
    sys.exit("bye")


def _segfault(facts: Facts) -> Verdict:
    ctypes.string_at(0)
    return Verdict()


def _recurses(facts: Facts) -> Verdict:
    return _recurses(facts)


def _wrong_kind(facts: Facts) -> object:
    return {"masks": []}


def _unknown_option(facts: Facts) -> Verdict:
    return Verdict(masks=(Mask("nowhere", "S", "why"),))


def _negative(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(charges=(Charge(node, service, -5, "gift"),))


def _fraction(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(charges=(Charge(node, service, 1.5, "odd"),))  # type: ignore[arg-type]


def _beyond(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(charges=(Charge(node, service, 10**18, "much"),))


def _unpackable(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(masks=(Mask(node, service, object()),))  # type: ignore[arg-type]


def _twice(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(masks=(Mask(node, service, "a"), Mask(node, service, "b")))


def _too_much(facts: Facts) -> Verdict:
    node, service = facts.options[0]
    return Verdict(masks=tuple(Mask(node, service, "x" * 30) for _ in range(60_000)))


def _chatty(facts: Facts) -> Verdict:
    print("hello " * 10_000, flush=True)
    print("hello", file=sys.stderr, flush=True)
    os.write(1, b"\x00\x00\x00\x05hello")
    return _first_masked(facts)


def _garbage(facts: Facts) -> Verdict:
    """Writes on every open descriptor, the protocol's among them."""
    for number in range(3, 20):
        try:
            os.write(number, b"\x00\x00\x00\x05hello")
        except OSError:
            continue
    return Verdict()


def _half_an_answer(facts: Facts) -> Verdict:
    for number in range(3, 20):
        try:
            os.write(number, b"\x00\x00\x10\x00half")
        except OSError:
            continue
    time.sleep(3600)
    return Verdict()


def _tries(*, read: str, write: str, port: int) -> list[str]:
    """What of the world outside can be reached from inside a judgement."""
    reached = []
    attempts = {
        "fork": os.fork,
        "spawn": lambda: os.posix_spawn("/bin/true", ["/bin/true"], {}),
        "exec": lambda: os.execv("/bin/true", ["/bin/true"]),
        "read": lambda: Path(read).read_bytes(),
        "write": lambda: Path(write).write_bytes(b"x"),
        "remove": lambda: os.remove(read),
        "list": lambda: os.listdir("/"),
        "connect": lambda: socket.socket().connect(("127.0.0.1", port)),
        "kill": lambda: os.kill(os.getppid(), 0),
        "thread": lambda: threading.Thread(target=print).start(),
    }
    for name, attempt in attempts.items():
        try:
            if attempt() == 0 and name == "fork":
                os._exit(0)
            reached.append(name)
        except (OSError, RuntimeError):
            continue
    return reached


def _escapes(facts: Facts) -> Verdict:
    """The order's attributes say where to try; what was reached comes back as a reason."""
    attrs = facts.order.attrs if facts.order else {}
    reached = _tries(
        read=str(attrs["read"]), write=str(attrs["write"]), port=int(str(attrs["port"]))
    )
    node, service = facts.options[0]
    return Verdict(masks=(Mask(node, service, "_".join(["reached", *reached])),))


masks = _rule(_first_masked)
charges = _rule(_first_dear)
sees_nothing = _rule(_tells_what_it_sees)
sees_some = _rule(_tells_what_it_sees, "order", "stock")
sees_all = _rule(
    _tells_what_it_sees, "order", "dest", "lines", "nodes", "services", "stock", "arrivals"
)
for_ever = _rule(_for_ever)
sleeps = _rule(_sleeps)
bomb = _rule(_bomb)
raises = _rule(_raises)
exits = _rule(_exits)
quits = _rule(_quits)
segfault = _rule(_segfault)
recurses = _rule(_recurses)
wrong_kind = _rule(_wrong_kind)
unknown_option = _rule(_unknown_option)
negative = _rule(_negative)
fraction = _rule(_fraction)
beyond = _rule(_beyond)
unpackable = _rule(_unpackable)
twice = _rule(_twice)
too_much = _rule(_too_much)
chatty = _rule(_chatty)
garbage = _rule(_garbage)
half_an_answer = _rule(_half_an_answer)
escapes = _rule(_escapes, "order")
bad_inputs = _rule(_first_masked, "passwords")
not_a_rule = _first_masked
other_api = Rule("1", "test", "of another time", (), _first_masked, api=2)
