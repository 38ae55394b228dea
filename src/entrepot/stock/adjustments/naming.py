"""Goods that came before their SKU was kept by lot or serial: which of them there are, and the way
of those that get their name. They leave the book without it and are found with it, in one document,
so nothing is promised or free in between."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.adjustment_rules import Line, reason_of
from entrepot.stock.types import End, NewMovement

SQL = load_sql(__file__, "naming.sql")


class At(msgspec.Struct, frozen=True):
    """Where a line's goods lie."""

    sku_id: UUID
    place_id: UUID
    bin: str


class Nameless(msgspec.Struct, frozen=True):
    """How many units without the name they need lie where a line says; their lot, '' when that is
    what they lack. `line` counts from 0."""

    line: int
    lot: str
    there: int


async def find_nameless(
    tx: ReadTx, *, lines: Sequence[Line], places: Sequence[At]
) -> list[Nameless]:
    """For each line that names goods what of them lies there without a name."""
    named = [
        (n, line, place) for n, (line, place) in enumerate(zip(lines, places, strict=True))
        if reason_of(line) == "named"
    ]  # fmt: skip
    if not named:
        return []
    return await tx.list(
        SQL["list_nameless"], Nameless, lines=[n for n, _, _ in named],
        sku_ids=[place.sku_id for _, _, place in named],
        bin_ids=[place.place_id for _, _, place in named],
        lots=[line.lot for _, line, _ in named], owners=[line.owner for _, line, _ in named],
        statuses=[line.status for _, line, _ in named],
    )  # fmt: skip


def way_out(line: Line, *, node: str, bin: str, lot: str) -> NewMovement:
    """How goods leave the book without their name."""
    return NewMovement(
        line.sku, line.qty, "loss", End(node, bin, line.status), lot=lot, owner=line.owner
    )
