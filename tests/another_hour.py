"""Runs tests as if it were another time of day: `AT=16:30 python -m pytest -p tests.another_hour`.

From 16:00 UTC on it is tomorrow in the warehouses of the tests, by night the routing policy lets
no store send: a test that counts days or hours has to be right at all of them. Only the clock of
this process goes on to the next such moment (UTC); PostgreSQL and other processes keep theirs.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from entrepot.platform import clock


def until(at: str, now: datetime) -> timedelta:
    """How long it is from `now` to the next moment of the day that reads `at`, such as `16:30`."""
    hour, minute = map(int, at.split(":"))
    there = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return there - now if there >= now else there + timedelta(days=1) - now


def turned(ahead: timedelta) -> tuple[Callable[[], datetime], Callable[[], float]]:
    """The product's clock and that of signed requests, both so far ahead."""
    seconds, present = ahead.total_seconds(), time.time
    return (lambda: datetime.now(UTC) + ahead, lambda: present() + seconds)


# Before anything else is imported: modules take the clock by name.
if "AT" in os.environ:
    clock.system_clock, time.time = turned(until(os.environ["AT"], datetime.now(UTC)))
