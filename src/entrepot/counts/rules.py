"""Pure decisions of a count: what differs, what has to be counted again, who may approve.

A count never writes "there are seven": it writes the difference between what was seen and what
the book said at that moment, so whatever moves afterwards stays moved. A movement of the same
goods between the first look and the last leaves open on which side of it the counter stood:
every quantity between the book before and the book after is then no difference.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from entrepot.kernel.machines import read_machine

MACHINE = read_machine("entrepot.counts", "count")
ABC_DAYS = {"a": 30, "b": 90, "c": 365}
"""How often goods of a class are counted, unless the house says otherwise (days)."""

Verdict = Literal["approve", "count_again", "ask_approval"]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a house lets pass. Units are base units, summed over the lines of one count.

    Up to `free_units` a difference is posted without anybody's approval. Above `four_eyes_units`
    (or `four_eyes_minor`, by the value of the goods) the approver must be none of the counters.
    """

    free_units: int = 0
    four_eyes_units: int = 5
    four_eyes_minor: int | None = None


class Seen(msgspec.Struct, frozen=True):
    """One line of a count: the book when the counter began and ended, and what was seen.

    `unit_minor` is the value of one base unit, None when nobody knows it.
    """

    book_begun: int
    book_ended: int
    counted: int
    unit_minor: int | None = None

    @property
    def moved(self) -> bool:
        """Whether the book changed while the counter looked."""
        return self.book_begun != self.book_ended


def difference(seen: Seen) -> int:
    """Units to add to the book (negative: to take away)."""
    low, high = sorted((seen.book_begun, seen.book_ended))
    if seen.counted > high:
        return seen.counted - high
    if seen.counted < low:
        return seen.counted - low
    return 0


def units_off(lines: Iterable[Seen]) -> int:
    """How many units are off in all, whether too many or too few."""
    return sum(abs(difference(line)) for line in lines)


def value_off(lines: Sequence[Seen]) -> int | None:
    """The value of all that is off, None as soon as one such line has no known value."""
    total = 0
    for line in lines:
        off = abs(difference(line))
        if off and line.unit_minor is None:
            return None
        total += off * (line.unit_minor or 0)
    return total


def verdict(lines: Sequence[Seen], *, limits: Limits, recounted: bool) -> Verdict:
    """What follows from a finished round.

    Nothing off, or no more than the house lets pass: approve. Else a first round is counted
    again, blind; after the second somebody has to decide. What needs other eyes, by units or by
    value, never passes by itself.
    """
    off = units_off(lines)
    unsure = any(line.moved and line.counted not in (line.book_begun, line.book_ended)
                 for line in lines)  # fmt: skip
    free = off <= limits.free_units and not needs_other_eyes(lines, limits=limits)
    if free and not (unsure and not recounted):
        return "approve"
    return "ask_approval" if recounted else "count_again"


def needs_other_eyes(lines: Sequence[Seen], *, limits: Limits) -> bool:
    """Whether the approver must be another person than those who counted.

    Goods of unknown value count as over any limit of value.
    """
    if units_off(lines) > limits.four_eyes_units:
        return True
    if limits.four_eyes_minor is None or units_off(lines) == 0:
        return False
    worth = value_off(lines)
    return worth is None or worth > limits.four_eyes_minor


class Turnover(msgspec.Struct, frozen=True):
    """What moved of one kind of goods in a place lately: the ground of its class."""

    key: str
    value_minor: int
    last_counted_at: datetime | None


def classes(moved: Sequence[Turnover]) -> dict[str, str]:
    """a, b or c for each key: the goods that make up the first 80 % of the turnover are a, up to
    95 % b, the rest c (Pareto's rule of the trade). Without any turnover all are c."""
    total = sum(row.value_minor for row in moved)
    found: dict[str, str] = {}
    before = 0
    for row in sorted(moved, key=lambda r: (-r.value_minor, r.key)):
        share = before * 100
        found[row.key] = (
            "c" if row.value_minor == 0 else
            "a" if share < 80 * total else
            "b" if share < 95 * total else "c"
        )  # fmt: skip
        before += row.value_minor
    return found


def due(moved: Sequence[Turnover], *, now: datetime, days: dict[str, int]) -> list[str]:
    """The keys whose class has to be counted by `now`: never counted first, then the longest
    ago."""
    of = classes(moved)
    waiting = [
        row for row in moved
        if row.last_counted_at is None
        or row.last_counted_at + timedelta(days=days[of[row.key]]) <= now
    ]  # fmt: skip
    waiting.sort(key=lambda r: (r.last_counted_at is not None, r.last_counted_at or now, r.key))
    return [row.key for row in waiting]
