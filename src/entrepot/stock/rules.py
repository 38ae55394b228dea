"""Pure rules of stock: reasons and their ends, the machine of reservations, growing strength."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from entrepot.kernel.machines import Machine, read_machine
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.stock.types import KitPart, NewMovement

SELLABLE = frozenset({"good", "promo"})
"""Statuses of goods in order; all others are blocked (also in SQL: post_movements_v1)."""
STRENGTHS = ("soft", "hard", "allocated", "picked")
"""From weak to strong; a reservation never grows weaker."""


class Reason(msgspec.Struct, frozen=True):
    """Why goods move; `source` and `target` are the kinds of its two ends.

    `same_place`: only the status changes. `may_short`: goods that were promised may go, since
    they are not there any more; the promise becomes a backorder.
    """

    code: str
    source: str
    target: str
    same_place: bool
    may_short: bool
    english: str


@cache
def reasons() -> dict[str, Reason]:
    """Every reason of `reasons.tsv`, by code."""
    text = files("entrepot.stock").joinpath("reasons.tsv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines(), delimiter="\t"))[1:]
    return {row[0]: Reason(row[0], row[1], row[2], row[3] == "yes", row[4] == "yes", row[5])
            for row in rows}  # fmt: skip


def reservations() -> Machine:
    """The machine of reservations."""
    return read_machine("entrepot.stock", "reservation")


def check_movements(lines: Sequence[NewMovement]) -> None:
    """Raises Invalid naming every line whose ends are not those of its reason."""
    errors = [error for n, line in enumerate(lines) for error in _faults(f"lines[{n}]", line)]
    if errors:
        raise Invalid("a movement does not fit its reason", errors=errors[:100])


def _faults(path: str, line: NewMovement) -> list[FieldError]:
    reason = reasons().get(line.reason)
    if reason is None or reason.code == "reversal":
        return [FieldError(f"{path}.reason", "unknown_reason", "there is no such reason")]
    found = []
    for name, kind, end in (("from", reason.source, line.from_), ("to", reason.target, line.to)):
        if kind == "bin" and end is None:
            found.append(FieldError(f"{path}.{name}", "end_missing", "name the node and the bin"))
        if kind != "bin" and end is not None:
            message = f"the other end of this reason is {kind}"
            found.append(FieldError(f"{path}.{name}", "end_given", message))
    if not found and line.from_ is not None and line.to is not None:
        found += _between_bins(path, reason, line)
    if line.serial is not None and line.qty != 1:
        found.append(FieldError(f"{path}.qty", "one_of_a_serial", "a serial is one unit"))
    return found


def _between_bins(path: str, reason: Reason, line: NewMovement) -> list[FieldError]:
    """Inside a node: goods change their bin, or (reclassify, expire) their status, not both."""
    assert line.from_ is not None
    assert line.to is not None
    same_place = (line.from_.node, line.from_.bin) == (line.to.node, line.to.bin)
    same_status = line.from_.status == line.to.status
    if line.from_.node != line.to.node:
        return [FieldError(f"{path}.to.node", "other_node", "between nodes goods are in transit")]
    if reason.same_place != same_place or reason.same_place == same_status:
        message = "change the status in one bin" if reason.same_place else "name another bin"
        return [FieldError(f"{path}.to", "nothing_moves", message)]
    return []


def stronger(now: str, wanted: str) -> bool:
    """Whether `wanted` is stronger than `now`."""
    return STRENGTHS.index(wanted) > STRENGTHS.index(now)


def whole_kits(parts: Sequence[KitPart], available: Mapping[str, int]) -> dict[str, int]:
    """How many of each kit its scarcest part allows; none of one that falls apart into too much."""
    found: dict[str, int] = {}
    for part in parts:
        enough = 0 if part.sku is None else available.get(part.sku, 0) // part.qty
        found[part.kit] = min(found.get(part.kit, enough), enough)
    return found
