"""The pure rules of feeds: order, admission, causes of drifts, quality."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from entrepot.stock.feeds.rules import Evidence, Heard, admit, find_drift, score, sort_events
from entrepot.stock.feeds.types import Gap, Goods

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def heard(sequence: int, delta: int = 1, sku: str = "A", minutes: int = 0) -> Heard:
    return Heard(sequence, sku, delta, NOON + timedelta(minutes=minutes))


def test_events_are_judged_in_the_order_they_came() -> None:
    events = [heard(4), heard(7), heard(5), heard(4), heard(7, delta=9), heard(8, minutes=-9)]
    judged = sort_events(
        events, known={3: heard(3)}, highest=3, settled={Goods("A"): NOON - timedelta(minutes=5)}
    )
    assert judged.verdicts == ["in_order", "in_order", "reordered", "duplicate", "altered", "late"]
    assert judged.gaps == [Gap(6, 6)]


def test_a_new_feed_begins_with_the_lowest_that_comes_first() -> None:
    judged = sort_events([heard(1000), heard(1003)], known={}, highest=None, settled={})
    assert judged.gaps == [Gap(1001, 1002)]


@pytest.mark.parametrize(
    ("on_hand", "deltas", "fits"),
    [
        (0, [-3, 5], [True, True]),
        (0, [-3, 2], [False, True]),
        (2, [-2, -1, 1], [True, True, True]),
        (0, [], []),
    ],
)
def test_deltas_wait_for_those_that_make_room(
    on_hand: int, deltas: list[int], fits: list[bool]
) -> None:
    assert admit(on_hand, deltas) == fits


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_random_events_add_up_to_the_unit(seed: int) -> None:
    """Doubled, shuffled and cut into posts of any size: every event counts exactly once."""
    chance = random.Random(seed)
    truth: dict[str, int] = defaultdict(int)
    events = []
    for sequence in range(1, 10_001):
        sku = f"S{chance.randrange(50)}"
        delta = chance.choice([n for n in range(-9, 12) if n and truth[sku] + n >= 0])
        truth[sku] += delta
        events.append(heard(sequence, delta, sku, sequence))
    wire = events + chance.choices(events, k=1500)
    wire.sort(key=lambda event: event.sequence + chance.uniform(0, 400))
    known: dict[int, Heard] = {}
    ours: dict[str, int] = defaultdict(int)
    waiting: dict[str, list[int]] = defaultdict(list)
    duplicates = start = 0
    while start < len(wire):
        post = wire[start : (start := start + chance.randrange(1, 300))]
        highest = max(known, default=0)
        judged = sort_events(post, known=known, highest=highest, settled={})
        duplicates += judged.verdicts.count("duplicate")
        for event, verdict in zip(post, judged.verdicts, strict=True):
            if verdict != "duplicate":
                known[event.sequence] = event
                waiting[event.sku].append(event.delta)
        for sku, deltas in waiting.items():
            fits = admit(ours[sku], deltas)
            ours[sku] += sum(d for d, fit in zip(deltas, fits, strict=True) if fit)
            waiting[sku] = [d for d, fit in zip(deltas, fits, strict=True) if not fit]
            assert ours[sku] >= 0
    assert duplicates == 1500
    assert ours == truth
    assert not any(waiting.values())


PLANTED = [
    ("unit_mistake", 120, 10, Evidence(packs=(1, 12), missing=3)),
    ("unit_mistake", 10, 120, Evidence(packs=(12,))),
    ("reordered", 10, 6, Evidence(waiting=(-3, -1), missing=1)),
    ("doubled", 15, 10, Evidence(applied=(heard(1, 5, minutes=-60), heard(2, 5, minutes=-60)))),
    ("doubled", 5, 10, Evidence(applied=(heard(1, -5, minutes=-60), heard(9, -5, minutes=-60)))),
    ("late", 10, 14, Evidence(ignored=(heard(3, 4, minutes=-90),), missing=2)),
    ("late", 14, 10, Evidence(applied=(heard(3, 4, minutes=-2),))),
    ("late", 10, 14, Evidence(applied=(heard(3, 4, minutes=2),))),
    ("manual_edit", 13, 10, Evidence(edited=3, missing=1)),
    ("lost", 10, 13, Evidence(missing=1)),
    ("unknown", 10, 13, Evidence(applied=(heard(1, 7, minutes=-60),))),
]


@pytest.mark.parametrize(("cause", "ours", "theirs", "evidence"), PLANTED)
def test_planted_drifts_are_found_with_their_cause(
    cause: str, ours: int, theirs: int, evidence: Evidence
) -> None:
    found = find_drift(ours=ours, theirs=theirs, as_of=NOON, evidence=evidence)
    assert found is not None
    assert (found.cause, found.amount) == (cause, theirs - ours)
    assert found.correction == (0 if cause == "unit_mistake" else theirs - ours)


def test_equal_numbers_are_no_drift() -> None:
    evidence = Evidence(missing=5, edited=2)
    assert find_drift(ours=7, theirs=7, as_of=NOON, evidence=evidence) is None


def test_quality_is_the_share_in_order() -> None:
    assert score(received=0, faults=[]) == 1000
    assert score(received=1000, faults=[1, 2]) == 997
    assert score(received=3, faults=[1]) == 666
    assert score(received=2, faults=[9]) == 0
