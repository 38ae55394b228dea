"""Pure rules of the feeds: order of events, causes of drifts, quality."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from entrepot.kernel.refusals import FieldError
from entrepot.stock.feeds_types import Cause, Gap, NewFeedEvent, NewSnapshot
from entrepot.stock.types import NewMovement

AHEAD = timedelta(minutes=5)
"""How far a source's clock may be ahead of ours."""
NEAR = timedelta(minutes=10)
"""How near its instant a snapshot may miss an event, or hold one that came after."""

Verdict = Literal["in_order", "reordered", "duplicate", "altered", "late"]


class Heard(msgspec.Struct, frozen=True):
    """An event of the source as far as the order of things goes."""

    sequence: int
    sku: str
    delta: int
    at: datetime


class Sorted(msgspec.Struct, frozen=True):
    """Verdicts in the order of the events that came, and the gaps that they leave open."""

    verdicts: list[Verdict]
    gaps: list[Gap]


class Evidence(msgspec.Struct, frozen=True):
    """What is known of a SKU in a feed when its numbers differ.

    `applied`: events in our number since both last agreed; `ignored`: late ones without effect;
    `waiting`: deltas kept back since they would go below zero; `edited`: units added here by
    hand; `packs`: sizes of its packs in base units; `missing`: sequences that never came.
    """

    applied: Sequence[Heard] = ()
    ignored: Sequence[Heard] = ()
    waiting: Sequence[int] = ()
    edited: int = 0
    packs: Collection[int] = ()
    missing: int = 0


class Finding(msgspec.Struct, frozen=True):
    """theirs - ours, why, and the units that one correction would post."""

    amount: int
    cause: Cause
    correction: int


def event_faults(events: Sequence[NewFeedEvent], *, now: datetime) -> list[FieldError]:
    """Every event that cannot be meant: deltas of nothing, instants out of reach."""
    found = []
    for n, event in enumerate(events):
        if event.delta == 0:
            found.append(_fault(f"events[{n}].delta", "nothing_changes", "a delta is not zero"))
        found += _out_of_reach(f"events[{n}].at", event.at, now)
    return found


def snapshot_faults(new: NewSnapshot, *, now: datetime) -> list[FieldError]:
    """Everything wrong with a snapshot: its instant, SKUs that it names twice."""
    found = _out_of_reach("as_of", new.as_of, now)
    seen: set[str] = set()
    for n, line in enumerate(new.lines):
        if line.sku in seen:
            found.append(_fault(f"lines[{n}].sku", "named_twice", "a SKU is named twice"))
        seen.add(line.sku)
    return found


def _out_of_reach(path: str, moment: datetime, now: datetime) -> list[FieldError]:
    if moment.year < 2000:
        return [_fault(path, "out_of_reach", "this moment is out of reach")]
    if moment > now + AHEAD:
        return [_fault(path, "in_the_future", "this moment has still to come")]
    return []


def _fault(path: str, code: str, message: str) -> FieldError:
    return FieldError(path, code, message)


def sort_events(
    events: Sequence[Heard],
    *,
    known: Mapping[int, Heard],
    highest: int | None,
    settled: Mapping[str, datetime],
) -> Sorted:
    """Judge events in the order they came.

    `known`: what was heard before under these sequences; `highest`: the highest sequence so far,
    None for a new feed, which begins with the lowest that comes first; `settled`: until when a
    SKU's number here is the source's own. A late event is in that number already.
    """
    heard = dict(known)
    top = min((e.sequence for e in events), default=1) - 1 if highest is None else highest
    start, verdicts = top, list[Verdict]()
    for event in events:
        before = heard.get(event.sequence)
        if before is not None:
            verdicts.append("duplicate" if before == event else "altered")
            continue
        heard[event.sequence] = event
        verdicts.append(_verdict(event, top, settled))
        top = max(top, event.sequence)
    return Sorted(verdicts, _gaps(start, {n for n in heard if n > start}))


def _verdict(event: Heard, top: int, settled: Mapping[str, datetime]) -> Verdict:
    until = settled.get(event.sku)
    if until is not None and event.at <= until:
        return "late"
    return "in_order" if event.sequence > top else "reordered"


def _gaps(start: int, heard: Collection[int]) -> list[Gap]:
    found, expected = [], start + 1
    for sequence in sorted(heard):
        if sequence > expected:
            found.append(Gap(expected, sequence - 1))
        expected = sequence + 1
    return found


def admit(on_hand: int, deltas: Sequence[int]) -> list[bool]:
    """Which deltas of one SKU can be applied, so that it never goes below zero.

    Kept back ones are tried again after those behind them, so the order does not matter as long
    as the whole of them fits.
    """
    fits = [False] * len(deltas)
    moved = True
    while moved:
        moved = False
        for n, delta in enumerate(deltas):
            if not fits[n] and on_hand + delta >= 0:
                fits[n] = moved = True
                on_hand += delta
    return fits


def find_drift(*, ours: int, theirs: int, as_of: datetime, evidence: Evidence) -> Finding | None:
    """None when the numbers are equal, else the likely cause and one correction.

    The correction makes our number theirs. A mistake of units and a source that lags behind are
    not ours to correct: 0.
    """
    amount = theirs - ours
    if amount == 0:
        return None
    cause = _cause(ours, theirs, as_of, evidence)
    return Finding(amount, cause, 0 if cause == "unit_mistake" else amount)


def _cause(ours: int, theirs: int, as_of: datetime, evidence: Evidence) -> Cause:
    amount = theirs - ours
    if _by_packs(ours, theirs, evidence.packs):
        return "unit_mistake"
    if evidence.waiting:  # something before it has not come
        return "reordered"
    if _doubled(amount, evidence.applied):
        return "doubled"
    if _late(amount, as_of, evidence):
        return "late"
    if evidence.edited and amount == -evidence.edited:
        return "manual_edit"
    return "lost" if evidence.missing else "unknown"


def _by_packs(ours: int, theirs: int, packs: Collection[int]) -> bool:
    if ours <= 0 or theirs <= 0:
        return False
    return any(p > 1 and (ours == theirs * p or theirs == ours * p) for p in packs)


def _doubled(amount: int, applied: Sequence[Heard]) -> bool:
    """The same change under two sequences: its twin is what we have too much."""
    twins = Counter((e.sku, e.delta, e.at) for e in applied)
    return any(n > 1 and amount == -delta * (n - 1) for (_, delta, _), n in twins.items())


def _late(amount: int, as_of: datetime, evidence: Evidence) -> bool:
    """An event that came after its time, or one that the source had not booked at `as_of`."""
    if any(amount == e.delta for e in evidence.ignored):
        return True
    near = [e for e in evidence.applied if abs(e.at - as_of) <= NEAR]
    return any(amount == (e.delta if e.at > as_of else -e.delta) for e in near)


def edited_nodes(movements: Sequence[NewMovement]) -> list[str]:
    """Codes of the nodes in which these movements change how much there is."""
    nodes = set()
    for move in movements:
        if move.from_ is None or move.to is None:
            nodes |= {end.node for end in (move.from_, move.to) if end is not None}
    return sorted(nodes)


def score(*, received: int, faults: Collection[int]) -> int:
    """Per mille of what came that was in order; `faults` are counts, 1000 for a silent feed."""
    if received == 0:
        return 1000
    return max(0, 1000 - -(-1000 * sum(faults) // received))
