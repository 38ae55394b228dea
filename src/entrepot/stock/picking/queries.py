"""Reads of picking: the list of a node for a reservation, and what there is to pick at a node."""

from uuid import UUID

import msgspec

from entrepot.catalog.queries import skus_of
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import errors
from entrepot.stock.picking.types import (
    PickedLine,
    PickLine,
    PickList,
    PickSummary,
    PickTask,
    TakenOver,
)
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "operations.sql")


class HeldLine(msgspec.Struct, frozen=True):
    """What a reservation holds of a SKU at a node; `picked` of it was fetched."""

    sku: str
    sku_id: UUID
    qty: int
    picked: int
    backordered: int
    serial_tracked: bool


class _Found(msgspec.Struct, frozen=True):
    id: UUID
    reference: str
    channel: str
    node_id: UUID
    node: str
    state: str
    strength: str


class _Wanting(msgspec.Struct, frozen=True):
    id: UUID


async def get_pick_list(tx: ReadTx, *, reservation_id: UUID, node: str) -> PickList:
    """The list; NotFound when the reservation has nothing at this node and did not leave it by a
    short pick, or it is not the caller's."""
    found = await find_pick_list(tx, reservation_id=reservation_id, node=node)
    if found is None:
        raise errors.unknown_reservation()
    return found


async def find_pick_list(tx: ReadTx, *, reservation_id: UUID, node: str) -> PickList | None:
    """The list, if the reservation has anything at this node of the caller's, or had it until a
    short pick."""
    found = await tx.find(
        SQL["find_reservation"], _Found, id=reservation_id, node=node,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if found is None:
        return None
    at = found.node_id
    held = await tx.list(SQL["list_held"], HeldLine, id=reservation_id, node_id=at)
    tasks: list[PickTask] = []
    if found.state == "pending":
        tasks = await tx.list(
            SQL["list_tasks"], PickTask, now=tx.now, id=reservation_id, node_id=at
        )
    return PickList(
        id=found.id, reference=found.reference, channel=found.channel, node=found.node,
        state=found.state, strength=found.strength,
        lines=[PickLine(line.sku, line.qty, line.picked, line.backordered) for line in held],
        tasks=tasks,
        picked=await tx.list(SQL["list_picked"], PickedLine, id=reservation_id, node_id=at),
        taken_over=await tx.list(SQL["list_taken_over"], TakenOver, id=reservation_id, node_id=at),
    )  # fmt: skip


async def list_to_pick(
    tx: ReadTx, *, node: str, after: UUID | None, most: int, code: str = ""
) -> list[PickSummary]:
    """Firm reservations with something to fetch at this node, the oldest first, behind `after`;
    with a scanned `code` those that it may stand for."""
    wanted = None
    if code:
        skus = await skus_of(tx, scanned=code)
        found = await tx.list(SQL["list_wanting"], _Wanting, node=node, code=code, skus=skus)
        wanted = [one.id for one in found]
    return await tx.list(
        SQL["list_to_pick"], PickSummary, node=node, after=after, most=most, wanted=wanted,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
