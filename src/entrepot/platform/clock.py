"""The one clock. Tests may shift it through a file; production never listens to that file."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from entrepot.platform.settings import Settings

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def clock_from(settings: Settings) -> Clock:
    """The system clock, or in the test environment one shifted by the seconds in `clock_file`.

    The file is read again at most ten times a second, so a test can move time while we run.
    """
    path = settings.clock_file
    if settings.env != "test" or path is None:
        return system_clock
    read_at = -1.0
    offset = timedelta()

    def shifted() -> datetime:
        nonlocal read_at, offset
        if time.monotonic() - read_at > 0.1:
            read_at = time.monotonic()
            text = path.read_text().strip() if path.exists() else ""
            offset = timedelta(seconds=float(text)) if text else timedelta()
        return system_clock() + offset

    return shifted
