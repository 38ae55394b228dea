"""Pure rules of adjustments: causes, statuses that may follow each other, and limits."""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from entrepot.kernel.machines import Machine, read_machine
from entrepot.kernel.refusals import Conflict, FieldError, Forbidden, Invalid
from entrepot.stock.adjustment_types import NewAdjustmentLine, NewStatusLine
from entrepot.stock.types import End, NewMovement

Over = Literal["units", "value", "day"]
Line = NewAdjustmentLine | NewStatusLine
GOVERNED = frozenset({"scrap", "loss", "found", "count_less", "count_more", "transfer_lost"})
"""Reasons that change a book by somebody's word alone: only by an adjustment or a count."""
_HELD = frozenset({"quarantine", "hold", "expired"})
_LEAVES = frozenset({"sale", "partner_out"})


class Cause(msgspec.Struct, frozen=True):
    """Why somebody adjusts: a code, and the reasons of the ledger that it may have."""

    code: str
    kind: str
    reasons: frozenset[str]
    english: str


class Limits(msgspec.Struct, frozen=True):
    """What one pair of eyes may adjust in a node in 24 hours."""

    units: int
    value_minor: int | None


class Before(msgspec.Struct, frozen=True):
    """What somebody adjusted in a node by themselves in the 24 hours before."""

    units: int
    value_minor: int


def _rows(name: str) -> list[list[str]]:
    text = files("entrepot.stock").joinpath(name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter="\t"))[1:]


@cache
def causes() -> dict[str, Cause]:
    """Every cause of `adjustment_causes.tsv`, by code."""
    return {row[0]: Cause(row[0], row[1], frozenset(row[2].split()), row[3])
            for row in _rows("adjustment_causes.tsv")}  # fmt: skip


@cache
def status_steps() -> dict[tuple[str, str], str]:
    """Which status may follow which, and the permission it takes (`status_edges.tsv`)."""
    return {(row[0], row[1]): row[2] for row in _rows("status_edges.tsv")}


def adjustments() -> Machine:
    """The machine of adjustments."""
    return read_machine("entrepot.stock", "adjustment", "adjustment_edges.tsv")


def check_lines(cause: str, kind: str, lines: Sequence[Line]) -> None:
    """Raises Invalid for a cause that is not known or not of these lines, and for goods that are
    named twice: the second line would be judged without the first."""
    found = causes().get(cause)
    if found is None or found.kind != kind:
        error = FieldError("cause", "unknown_cause", "there is no such cause")
        raise Invalid("this cause is not known", errors=[error])
    errors, seen = [], set()
    for n, line in enumerate(lines):
        if reason_of(line) not in found.reasons:
            message = "this cause does not have this reason"
            errors.append(FieldError(f"lines[{n}].reason", "not_of_this_cause", message))
        goods = (line.sku, line.bin, line.status, line.lot, line.serial, line.owner)
        if goods in seen:
            errors.append(FieldError(f"lines[{n}]", "double", "these goods are named twice"))
        seen.add(goods)
    if errors:
        raise Invalid("this adjustment cannot be made", errors=errors[:100])


def reason_of(line: Line) -> str:
    """The reason in the ledger."""
    return line.reason if isinstance(line, NewAdjustmentLine) else "reclassify"


def check_steps(steps: Iterable[tuple[str, str]], permissions: frozenset[str]) -> None:
    """Raises Conflict for a status that never follows another, Forbidden when it takes a
    permission that is not there. `steps`: from, to."""
    for source, target in steps:
        needed = status_steps().get((source, target))
        if needed is None:
            raise Conflict(
                f"goods that are {source} do not become {target} by hand",
                code="no_such_step", status_now=source, wanted=target,
            )  # fmt: skip
        if needed not in permissions:
            raise Forbidden("a permission is missing", code="permission_missing", permission=needed)


def check_step_back(source: str, target: str, permissions: frozenset[str]) -> None:
    """Raises Forbidden when moving back from `target` to `source` takes a permission that is not
    there: that of the step, or to approve where there is no such step by hand."""
    needed = status_steps().get((target, source), "stock:approve")
    if needed not in permissions:
        raise Forbidden("a permission is missing", code="permission_missing", permission=needed)


def check_document(lines: Sequence[NewMovement], permissions: frozenset[str]) -> None:
    """What a plain document of movements may not do: adjust without a cause, send held goods
    away, bring in what was "there when we began" without the right to approve, change a status
    against the rules. Raises Conflict or Forbidden."""
    for n, line in enumerate(lines):
        if line.reason in GOVERNED:
            raise Conflict(
                "this takes an adjustment or a count", code="needs_adjustment", line=n,
                reason=line.reason,
            )  # fmt: skip
        if line.reason in _LEAVES and line.from_ is not None and line.from_.status in _HELD:
            raise Conflict(
                "these goods are held back", code="goods_are_held", line=n,
                status_now=line.from_.status,
            )  # fmt: skip
        needed = "stock:approve"
        if line.reason == "opening" and needed not in permissions:
            raise Forbidden("a permission is missing", code="permission_missing", permission=needed)
    changed = [
        (line.from_.status, line.to.status) for line in lines
        if line.from_ is not None and line.to is not None and line.from_.status != line.to.status
    ]  # fmt: skip
    check_steps(changed, permissions)


def value_of(quantities: Sequence[int], values: Sequence[int | None]) -> int | None:
    """What the lines are worth; None as soon as one has no known value."""
    total = 0
    for quantity, value in zip(quantities, values, strict=True):
        if value is None:
            return None
        total += quantity * value
    return total


def limit_passed(
    units: int, value_minor: int | None, *, limits: Limits, before: Before
) -> Over | None:
    """Which limit is passed, so that a second pair of eyes is needed; None: no limit.

    `before`: what the same eyes adjusted in the node in the 24 hours before, so that a large
    adjustment is not made of small ones. Goods of unknown value are over any limit of value.
    """
    if units > limits.units:
        return "units"
    if limits.value_minor is not None:
        if value_minor is None or value_minor > limits.value_minor:
            return "value"
        if value_minor + before.value_minor > limits.value_minor:
            return "day"
    return "day" if units + before.units > limits.units else None


def movement_of(line: Line, node: str) -> NewMovement:
    """The movement that a line asks for; of goods that get their name that by which they come."""
    end = End(node, line.bin, line.status)
    if isinstance(line, NewStatusLine):
        to = End(node, line.bin, line.to_status)
        return NewMovement(
            line.sku, line.qty, "reclassify", end, to, lot=line.lot, serial=line.serial,
            owner=line.owner,
        )  # fmt: skip
    found = line.reason in ("found", "named")
    if line.reason == "transfer_lost":  # from the place of what is under way
        return NewMovement(
            line.sku, line.qty, line.reason, lot=line.lot, serial=line.serial, owner=line.owner
        )
    reason = "found" if found else line.reason
    return NewMovement(
        line.sku, line.qty, reason, None if found else end, end if found else None, lot=line.lot,
        expires_on=line.expires_on, serial=line.serial, owner=line.owner,
    )  # fmt: skip
