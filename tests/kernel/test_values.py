"""The kernel's values: ids, money, calendars, refusals."""

import random
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.kernel import refusals
from entrepot.kernel.amounts import Money, allocate, minor_digits
from entrepot.kernel.calendars import Calendar, instant, local_day
from entrepot.kernel.ids import is_tenant_id, new_id, new_id_texts, new_ids, new_tenant_id

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_ids_are_uuid7_and_sort_by_their_moment() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=i)) for i in range(500)]
    assert all(i.version == 7 and i.variant == "specified in RFC 4122" for i in ids)
    assert ids == sorted(ids)
    assert len(set(ids)) == 500
    assert ids[0].int >> 80 == int(NOW.timestamp() * 1000)


def test_ids_made_together_are_as_those_made_alone() -> None:
    texts = new_id_texts(NOW, 400)
    assert texts == sorted(texts) and len(set(texts)) == 400
    assert [str(UUID(text)) for text in texts] == texts
    for ids in ([UUID(text) for text in texts], new_ids(NOW, 400)):
        assert all(i.version == 7 and i.variant == "specified in RFC 4122" for i in ids)
        assert {i.int >> 80 for i in ids} == {int(NOW.timestamp() * 1000)}
        # every free bit is drawn: each is set in some and clear in others
        free = ((1 << 80) - 1) & ~(0xF << 76) & ~(0x3 << 62)
        ones, zeros = 0, 0
        for one in ids:
            ones |= one.int
            zeros |= ~one.int
        assert ones & free == free == zeros & free


def test_tenant_ids_have_their_shape() -> None:
    assert all(is_tenant_id(new_tenant_id()) for _ in range(200))
    assert not is_tenant_id("ABC") and not is_tenant_id("abcdefghijk1") and not is_tenant_id("a\n")


def test_allocation_sums_to_the_whole_in_a_hundred_thousand_cases() -> None:
    rng = random.Random(20261122)
    for _ in range(100_000):
        weights = [rng.randint(0, 50) for _ in range(rng.randint(1, 6))]
        weights[rng.randrange(len(weights))] += 1
        total = rng.randint(-10_000, 10_000)
        parts = allocate(total, weights)
        assert sum(parts) == total
        exact = [total * w / sum(weights) for w in weights]
        assert all(abs(p - e) < 1 for p, e in zip(parts, exact, strict=True))


def test_largest_remainder_goes_first_and_ties_to_the_earlier() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(10, [1, 0, 2]) == [3, 0, 7]
    with pytest.raises(ValueError, match="weights"):
        allocate(1, [0, 0])


def test_money_knows_its_exponent_and_refuses_to_mix() -> None:
    assert str(Money(-1234, "CNY")) == "-12.34 CNY"
    assert str(Money(1234, "JPY")) == "1234 JPY"
    assert (minor_digits("KWD"), minor_digits("TWD")) == (3, 2)
    with pytest.raises(ValueError, match="cannot combine"):
        Money(1, "CNY") + Money(1, "USD")


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        # Berlin skips 02:00-03:00 on 2026-03-29: 02:30 moves forward by the gap, to 03:30 CEST.
        (date(2026, 3, 29), time(2, 30), "Europe/Berlin", "2026-03-29T01:30"),
        # Berlin repeats 02:00-03:00 on 2026-10-25: the first 02:30 is CEST.
        (date(2026, 10, 25), time(2, 30), "Europe/Berlin", "2026-10-25T00:30"),
        (date(2026, 11, 1), time(1, 30), "America/New_York", "2026-11-01T05:30"),
        (date(2026, 3, 8), time(2, 30), "America/New_York", "2026-03-08T07:30"),
        (date(2028, 2, 29), time(23, 59), "Asia/Shanghai", "2028-02-29T15:59"),
        # Lord Howe changes by half an hour.
        (date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe", "2026-10-03T15:45"),
        (date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe", "2026-04-04T14:45"),
    ],
)
def test_local_times_become_the_right_instants(
    day: date, at: time, zone: str, expected: str
) -> None:
    assert instant(day, at, zone).isoformat()[:16] == expected
    assert local_day(instant(day, at, zone), zone) == day


def test_calendar_skips_weekends_and_holidays() -> None:
    calendar = Calendar(
        "Asia/Shanghai", frozenset({1, 2, 3, 4, 5}), frozenset({date(2026, 11, 23)})
    )
    assert calendar.next_working_day(date(2026, 11, 21)) == date(2026, 11, 24)
    assert calendar.hours(date(2026, 11, 22)) is None
    opens, closes = Calendar("Asia/Shanghai", opens=time(8), closes=time(18)).hours(
        date(2026, 11, 24)
    ) or (None, None)
    assert (opens, closes) == (
        datetime(2026, 11, 24, 0, tzinfo=UTC),
        datetime(2026, 11, 24, 10, tzinfo=UTC),
    )


@given(st.sampled_from(sorted(refusals.KINDS)), st.text(max_size=20), st.integers())
@settings(max_examples=50)
def test_a_stored_refusal_comes_back_the_same(status: int, text: str, number: int) -> None:
    refusal = refusals.KINDS[status](
        text, code="some_code", errors=[refusals.FieldError("a", "b", text)], fact=number
    )
    back = refusals.from_stored(refusals.to_stored(refusal))
    assert type(back) is type(refusal)
    assert (back.code, back.message, back.facts) == ("some_code", text, {"fact": number})
    assert back.errors == refusal.errors
