"""The clock that tests may be run by: it only goes on, to the next moment that reads so."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.another_hour import turned, until

NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "reads"),
    [
        ("12:30", (22, 12, 30)),
        ("12:00", (23, 12, 0)),
        ("00:10", (23, 0, 10)),
        ("23:59", (22, 23, 59)),
    ],
)
def test_it_goes_on_to_the_next_such_moment(at: str, reads: tuple[int, int, int]) -> None:
    there = NOON + until(at, NOON)
    assert timedelta() <= until(at, NOON) < timedelta(days=1)
    assert (there.day, there.hour, there.minute, there.second) == (*reads, 0)


def test_both_clocks_are_turned_alike() -> None:
    clock, seconds = turned(timedelta(hours=5))
    assert abs(clock().timestamp() - seconds()) < 60
    assert timedelta(hours=4) < clock() - datetime.now(UTC) < timedelta(hours=6)
