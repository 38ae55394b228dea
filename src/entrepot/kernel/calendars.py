"""Calendars: a place's zone, working weekdays, holidays and hours, turned into instants.

Local wall times are resolved with the rule of RFC 5545: a time that a clock change skips is
moved forward by the gap; a time that happens twice means its first occurrence.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec


def instant(day: date, at: time, zone: str) -> datetime:
    """The UTC instant of local `at` on `day` in IANA `zone`, safe in gaps and overlaps."""
    local = datetime.combine(day, at.replace(tzinfo=None), ZoneInfo(zone))
    return local.replace(fold=0).astimezone(UTC)


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day that `moment` falls on in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


class Calendar(msgspec.Struct, frozen=True):
    """When a place works.

    `weekdays` are ISO numbers (Monday 1 … Sunday 7); `opens` and `closes` are local wall times
    of one day, `closes` later than `opens`.
    """

    zone: str
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5, 6, 7})
    holidays: frozenset[date] = frozenset()
    opens: time = time(0, 0)
    closes: time = time(23, 59, 59)

    def works_on(self, day: date) -> bool:
        """Whether the place works on this local day."""
        return day.isoweekday() in self.weekdays and day not in self.holidays

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing instants of a local day, or None when it is closed."""
        if not self.works_on(day):
            return None
        return instant(day, self.opens, self.zone), instant(day, self.closes, self.zone)

    def next_working_day(self, day: date, limit_days: int = 366) -> date | None:
        """The first working day on or after `day`, or None within `limit_days`."""
        for offset in range(limit_days):
            candidate = day + timedelta(days=offset)
            if self.works_on(candidate):
                return candidate
        return None
