"""Pure rules of the feeds: order of events, causes of drifts, quality."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from entrepot.kernel.refusals import FieldError
from entrepot.stock.feeds.types import Cause, Gap, Goods, NewFeedEvent, NewSnapshot
from entrepot.stock.types import NewMovement

AHEAD = timedelta(minutes=5)
"""How far a source's clock may be ahead of ours."""
NEAR = timedelta(minutes=10)
"""How near its instant a snapshot may miss an event, or hold one that came after."""

_ONE_PIECE = "a serial is one piece"

Verdict = Literal["in_order", "reordered", "duplicate", "altered", "late"]


class Heard(msgspec.Struct, frozen=True):
    """An event of the source as far as the order of things goes."""

    sequence: int
    sku: str
    delta: int
    at: datetime
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None

    @property
    def goods(self) -> Goods:
        """What it is about."""
        return Goods(self.sku, self.lot, self.serial)


class Sorted(msgspec.Struct, frozen=True):
    """Verdicts in the order of the events that came, and the gaps that they leave open."""

    verdicts: list[Verdict]
    gaps: list[Gap]


class Evidence(msgspec.Struct, frozen=True):
    """What is known of goods in a feed when their numbers differ.

    `applied`: events in our number since both last agreed; `ignored`: late ones without effect;
    `waiting`: deltas kept back since they would go below zero; `edited`: units added here by
    hand; `packs`: sizes of its packs in base units; `missing`: sequences that never came;
    `nameless`: ours lie there without the lot or serial they need, so nothing can be posted.
    """

    applied: Sequence[Heard] = ()
    ignored: Sequence[Heard] = ()
    waiting: Sequence[int] = ()
    edited: int = 0
    packs: Collection[int] = ()
    missing: int = 0
    nameless: bool = False


class Finding(msgspec.Struct, frozen=True):
    """theirs - ours, why, and the units that one correction would post."""

    amount: int
    cause: Cause
    correction: int


def event_faults(events: Sequence[NewFeedEvent], *, now: datetime) -> list[FieldError]:
    """Every event that cannot be meant: deltas of nothing, of more than one piece with a serial,
    instants out of reach."""
    found = []
    for n, event in enumerate(events):
        if event.delta == 0:
            found.append(_fault(f"events[{n}].delta", "nothing_changes", "a delta is not zero"))
        elif event.serial and abs(event.delta) != 1:
            found.append(_fault(f"events[{n}].delta", "serial_is_one", _ONE_PIECE))
        found += _dateless(f"events[{n}]", event.goods, event.expires_on)
        found += _out_of_reach(f"events[{n}].at", event.at, now)
    return found


def snapshot_faults(new: NewSnapshot, *, now: datetime) -> list[FieldError]:
    """Everything wrong with a snapshot: its instant, what it names twice (a serial is one piece,
    whatever its lot), serials of other than one piece or none."""
    found = _out_of_reach("as_of", new.as_of, now)
    seen: set[tuple[str, str, str]] = set()
    for n, line in enumerate(new.lines):
        lot = "" if line.serial else line.lot
        what = "serial" if line.serial else "lot" if lot else "sku"
        if (line.sku, lot, line.serial or "") in seen:
            found.append(_fault(f"lines[{n}].{what}", "named_twice", f"a {what} is named twice"))
        seen.add((line.sku, lot, line.serial or ""))
        if line.serial and line.qty not in (0, 1):
            found.append(_fault(f"lines[{n}].qty", "serial_is_one", _ONE_PIECE))
        found += _dateless(f"lines[{n}]", line.goods, line.expires_on)
    return found


def _dateless(path: str, goods: Goods, expires_on: date | None) -> list[FieldError]:
    if expires_on is not None and not goods.lot:
        return [_fault(f"{path}.expires_on", "lot_missing", "a lot expires, so name the lot")]
    return []


def misfit(goods: Goods, *, by_lot: bool, by_serial: bool) -> str | None:
    """`tracked` when goods lack the lot or the serial that their SKU is tracked by, `untracked`
    when they have one that it is not tracked by; None when they fit."""
    if (by_lot and not goods.lot) or (by_serial and not goods.serial):
        return "tracked"
    if (goods.lot and not by_lot) or (goods.serial and not by_serial):
        return "untracked"
    return None


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
    settled: Mapping[Goods, datetime],
) -> Sorted:
    """Judge events in the order they came.

    `known`: what was heard before under these sequences; `highest`: the highest sequence so far,
    None for a new feed, which begins with the lowest that comes first; `settled`: until when
    the number of goods here is the source's own. A late event is in that number already.
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


def _verdict(event: Heard, top: int, settled: Mapping[Goods, datetime]) -> Verdict:
    until = settled.get(event.goods)
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


def admit(on_hand: int, deltas: Sequence[int], *, room: int | None = None) -> list[bool]:
    """Which deltas of the same goods can be applied, so that they never go below zero, and never
    above `room`: a piece with a serial is there once, and not while it is elsewhere.

    Kept back ones are tried again after those behind them, so the order does not matter as long
    as the whole of them fits.
    """
    fits = [False] * len(deltas)
    moved = True
    while moved:
        moved = False
        for n, delta in enumerate(deltas):
            more = room is not None and delta > 0 and on_hand + delta > room
            if not fits[n] and on_hand + delta >= 0 and not more:
                fits[n] = moved = True
                on_hand += delta
    return fits


def find_drift(*, ours: int, theirs: int, as_of: datetime, evidence: Evidence) -> Finding | None:
    """None when the numbers are equal, else the likely cause and one correction.

    The correction makes our number theirs. A mistake of units is not ours to correct, and goods
    without the lot or serial they need cannot be moved: 0.
    """
    amount = theirs - ours
    if amount == 0:
        return None
    cause = _cause(ours, theirs, as_of, evidence)
    stays = cause == "unit_mistake" or evidence.nameless
    return Finding(amount, cause, 0 if stays else amount)


def cause_of_other_lot(here: Cause, there: Cause) -> Cause:
    """Why a piece is in one lot here and in another there: what explains one of the two, else that
    somebody wrote down the wrong lot."""
    for cause in (here, there):
        if cause not in ("lost", "unknown"):
            return cause
    return "other_lot"


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
    twins = Counter((e.goods, e.delta, e.at) for e in applied)
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
