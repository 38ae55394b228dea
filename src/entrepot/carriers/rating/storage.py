"""Storage fees: which days count, and what they cost.

Days are the warehouse's local dates. Day 1 is the day of put-away; the day of packing is not
charged; paused days (waiting for us) do not count. After the tier's free days each overdue day
costs its stretch's fee for the parcel's weight; beyond the last stretch no fee falls due.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import msgspec

from entrepot.carriers.rating.cards import StorageFee, StorageRules
from entrepot.kernel.refusals import FieldError, Invalid


class StorageDue(msgspec.Struct, frozen=True):
    """Charged days and their sum in the currency of the rules."""

    days: int
    total_minor: int


class StorageDays(msgspec.Struct, frozen=True):
    """The days a customer should know: local dates of the warehouse."""

    last_free: date
    reminders: tuple[date, ...]
    abandoned: date
    destroy_not_before: date


def storage_days(
    rules: StorageRules, *, tier: str, put_away: date, paused_days: int = 0
) -> StorageDays:
    """When free storage ends, when reminders go out before the parcel counts as abandoned, that
    day (the one after the last overdue day that is charged), and the earliest destruction."""
    last_free = put_away + timedelta(days=_free_days(rules, tier) + paused_days - 1)
    abandoned = last_free + timedelta(days=rules.abandon_after_overdue_day + 1)
    return StorageDays(
        last_free=last_free,
        reminders=tuple(abandoned - timedelta(days=days) for days in rules.reminders_days_before),
        abandoned=abandoned,
        destroy_not_before=abandoned + timedelta(days=rules.destroy_not_before_days_after_abandon),
    )


def _free_days(rules: StorageRules, tier: str) -> int:
    for row in rules.tiers:
        if row.tier == tier:
            return row.free_days
    errors = [FieldError("tier", "unknown_tier", "no such member tier")]
    raise Invalid("no such member tier", errors=errors)


def storage_due(
    rules: StorageRules,
    *,
    g: int,
    tier: str,
    put_away: date,
    packed: date,
    paused_days: int = 0,
) -> StorageDue:
    """What a parcel of `g` grams owes for lying from put-away until packing.

    Raises Invalid for an unknown tier, packing before put-away, or a weight that is not positive.
    """
    errors = []
    if packed < put_away:
        errors.append(FieldError("packed", "out_of_range", "packed before it was put away"))
    if paused_days < 0:
        errors.append(FieldError("paused_days", "out_of_range", "days cannot be negative"))
    if g <= 0:
        errors.append(FieldError("g", "out_of_range", "a weight must be positive"))
    if errors:
        raise Invalid("storage cannot be counted", errors=errors)
    overdue = max(0, (packed - put_away).days - paused_days - _free_days(rules, tier))
    days = total = 0
    for fee in rules.fees:
        part = min(overdue, fee.to_overdue_day) - fee.from_overdue_day + 1
        if part > 0:
            days += part
            total += part * _daily(fee, g)
    return StorageDue(days, total)


def _daily(fee: StorageFee, g: int) -> int:
    for row in fee.by_weight:
        if row.to_g is None or g <= row.to_g:
            return row.minor
    return fee.by_weight[-1].minor


def storage_findings(rules: StorageRules) -> Iterator[FieldError]:
    """Overlaps and gaps: stretches follow each other from day 1, weights climb to "all above"."""
    following = 1
    for index, fee in enumerate(rules.fees):
        place = f"storage.fees[{index}]"
        if fee.from_overdue_day != following:
            code = "gap" if fee.from_overdue_day > following else "overlap"
            text = f"the stretch must begin on overdue day {following}"
            yield FieldError(f"{place}.from_overdue_day", code, text)
        if fee.to_overdue_day < fee.from_overdue_day:
            text = "ends before it begins"
            yield FieldError(f"{place}.to_overdue_day", "out_of_range", text)
        following = fee.to_overdue_day + 1
        tops = [row.to_g for row in fee.by_weight]
        if tops[-1] is not None:
            yield FieldError(f"{place}.by_weight", "gap", f"no fee above {tops[-1]} g")
        for number, (first, second) in enumerate(pairwise(tops), start=1):
            if first is None or (second is not None and second <= first):
                text = "weights must climb"
                yield FieldError(f"{place}.by_weight[{number}].to_g", "overlap", text)
    names = [row.tier for row in rules.tiers]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield FieldError(f"storage.tiers[{index}].tier", "overlap", f"{name} stands twice")
