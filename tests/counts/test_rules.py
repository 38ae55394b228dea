"""What a count makes of what was seen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.counts import rules
from entrepot.counts.rules import Limits, Seen, Turnover

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
NOTHING_FREE = Limits()


@pytest.mark.parametrize(
    ("begun", "ended", "counted", "off"),
    [
        (10, 10, 10, 0), (10, 10, 7, -3), (10, 10, 12, 2),
        (10, 4, 10, 0), (10, 4, 4, 0), (10, 4, 7, 0), (10, 4, 11, 1), (10, 4, 3, -1),
        (4, 10, 11, 1), (0, 0, 0, 0), (0, 0, 5, 5),
    ],
)  # fmt: skip
def test_a_movement_during_the_count_is_no_difference(
    begun: int, ended: int, counted: int, off: int
) -> None:
    assert rules.difference(Seen(begun, ended, counted)) == off


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(-50, 50))
def test_what_moves_after_the_count_stays_moved(
    begun: int, ended: int, counted: int, moved_later: int
) -> None:
    """Posting the difference on the later book gives what lies there, whatever moved since."""
    seen = Seen(begun, ended, counted)
    really_there = ended + rules.difference(seen)
    later = (ended + moved_later) + rules.difference(seen)
    assert later == really_there + moved_later
    if begun == ended:
        assert really_there == counted


def test_nothing_off_is_approved_and_anything_off_is_counted_again() -> None:
    assert rules.verdict([Seen(3, 3, 3)], limits=NOTHING_FREE, recounted=False) == "approve"
    assert rules.verdict([Seen(3, 3, 2)], limits=NOTHING_FREE, recounted=False) == "count_again"
    assert rules.verdict([Seen(3, 3, 2)], limits=NOTHING_FREE, recounted=True) == "ask_approval"
    assert rules.verdict([Seen(3, 3, 2)], limits=Limits(1), recounted=False) == "approve"
    two_off = [Seen(3, 3, 2), Seen(5, 5, 6)]
    assert rules.verdict(two_off, limits=Limits(1), recounted=False) == "count_again"


def test_a_number_between_the_books_is_looked_at_again_once() -> None:
    between = [Seen(10, 4, 7)]
    assert rules.verdict(between, limits=NOTHING_FREE, recounted=False) == "count_again"
    assert rules.verdict(between, limits=NOTHING_FREE, recounted=True) == "approve"
    assert rules.verdict([Seen(10, 4, 4)], limits=NOTHING_FREE, recounted=False) == "approve"


@pytest.mark.parametrize(
    ("lines", "limits", "needed"),
    [
        ([Seen(9, 9, 4)], Limits(four_eyes_units=5), False),
        ([Seen(9, 9, 3)], Limits(four_eyes_units=5), True),
        ([Seen(9, 9, 6), Seen(9, 9, 12)], Limits(four_eyes_units=5), True),
        ([Seen(9, 9, 8, 100)], Limits(four_eyes_minor=100), False),
        ([Seen(9, 9, 8, 101)], Limits(four_eyes_minor=100), True),
        ([Seen(9, 9, 8)], Limits(four_eyes_minor=100), True),
        ([Seen(9, 9, 9)], Limits(four_eyes_minor=100), False),
    ],
)
def test_four_eyes_above_the_limit(lines: list[Seen], limits: Limits, needed: bool) -> None:
    assert rules.needs_other_eyes(lines, limits=limits) is needed


def test_classes_follow_the_turnover() -> None:
    moved = [Turnover(k, v, None) for k, v in (("x", 800), ("y", 150), ("z", 50), ("w", 0))]
    assert rules.classes(moved) == {"x": "a", "y": "b", "z": "c", "w": "c"}
    assert rules.classes([Turnover("only", 0, None)]) == {"only": "c"}
    assert rules.classes([Turnover("only", 9, None)]) == {"only": "a"}


def test_what_was_never_counted_comes_first_then_what_waits_longest() -> None:
    def ago(days: int) -> datetime:
        return NOW - timedelta(days=days)

    moved = [
        Turnover("fresh", 800, ago(29)), Turnover("old", 150, ago(90)),
        Turnover("older", 40, ago(400)), Turnover("never", 5, None), Turnover("c", 5, ago(100)),
    ]  # fmt: skip
    assert rules.due(moved, now=NOW, days=rules.ABC_DAYS) == ["never", "older", "old"]
    assert "fresh" in rules.due(moved, now=NOW + timedelta(days=1), days=rules.ABC_DAYS)


def test_a_count_ends_approved_or_rejected() -> None:
    ends = rules.MACHINE.states - {edge.source for edge in rules.MACHINE.edges}
    assert ends == {"approved", "rejected"}
    assert rules.MACHINE.follow("counted", "count_again") == "recount"
