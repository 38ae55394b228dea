"""Places where a test may make things go wrong: `await faults.at("receive.before_commit")`.

A no-op unless a test armed the process. Arming needs the test environment, an app bound to
loopback and databases named `t_test_*`; the launcher checks that and calls `arm`.
"""

import asyncio
import os
import signal

import msgspec

from entrepot.platform.settings import Settings


class Fault(msgspec.Struct, frozen=True):
    """What happens at a place: wait `delay_s`, then perhaps `raises` or `kills` the process."""

    delay_s: float = 0.0
    raises: bool = False
    kills: bool = False


class InjectedFault(Exception):
    """Raised at an armed place."""


_armed: dict[str, Fault] = {}


def arm(settings: Settings, faults: dict[str, Fault], *, host: str, database_prefix: str) -> None:
    """Arm places. Raises RuntimeError anywhere but in a test on loopback."""
    if settings.env != "test" or host != "127.0.0.1" or not database_prefix.startswith("t_test_"):
        raise RuntimeError("faults are for tests on loopback with t_test_ databases only")
    _armed.clear()
    _armed.update(faults)


async def at(place: str) -> None:
    """Do what was armed for `place`, which in production is nothing."""
    if not _armed:
        return
    fault = _armed.get(place)
    if fault is None:
        return
    if fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    if fault.kills:
        os.kill(os.getpid(), signal.SIGKILL)
    if fault.raises:
        raise InjectedFault(place)
