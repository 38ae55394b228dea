"""Reads of the nodes room. `warehouses` is the caller's scope: None means every node."""

from collections.abc import Collection

import msgspec

from entrepot.kernel.refusals import NotFound
from entrepot.nodes import rules
from entrepot.nodes.types import Bin, Node, NodePlace, ReceivingAddress
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")


class Body(msgspec.Struct, frozen=True):
    """A row that is one JSON document."""

    body: bytes


def _scope(warehouses: Collection[str] | None) -> list[str] | None:
    return None if warehouses is None else sorted(warehouses)


async def list_nodes(tx: ReadTx, *, warehouses: Collection[str] | None) -> list[Node]:
    """All open nodes in the scope, by code."""
    rows = await tx.list(SQL["list_nodes"], Body, warehouses=_scope(warehouses), code=None)
    return [msgspec.json.decode(row.body, type=Node) for row in rows]


async def get_node(tx: ReadTx, *, code: str, warehouses: Collection[str] | None) -> Node:
    """One open node; NotFound outside the scope."""
    row = await tx.find(SQL["list_nodes"], Body, warehouses=_scope(warehouses), code=code)
    if row is None:
        raise unknown_warehouse(code)
    return msgspec.json.decode(row.body, type=Node)


async def get_place(tx: ReadTx, *, code: str, warehouses: Collection[str] | None) -> NodePlace:
    """What a flow needs of a node; NotFound (`unknown_warehouse`) outside the scope."""
    place = await tx.find(SQL["find_place"], NodePlace, code=code, warehouses=_scope(warehouses))
    if place is None:
        raise unknown_warehouse(code)
    return place


async def list_receiving_addresses(
    tx: ReadTx, *, suite_code: str, warehouses: Collection[str] | None
) -> list[ReceivingAddress]:
    """Where the customer of this suite code lets sellers send, one for each warehouse."""
    rows = await tx.list(SQL["list_receiving_addresses"], Body, warehouses=_scope(warehouses))
    found = (msgspec.json.decode(row.body, type=ReceivingAddress) for row in rows)
    return [
        msgspec.structs.replace(a, lines=rules.render_address(a.lines, suite_code=suite_code))
        for a in found
    ]


async def find_bin(
    tx: ReadTx, *, warehouse: str, code: str, warehouses: Collection[str] | None
) -> Bin | None:
    """The open bin of this code in a warehouse."""
    return await tx.find(
        SQL["find_bin"], Bin, warehouse=warehouse, code=code, warehouses=_scope(warehouses)
    )


async def list_bins(
    tx: ReadTx, *, warehouse: str, after: str, most: int, warehouses: Collection[str] | None
) -> list[Bin]:
    """Open bins of a warehouse by code, behind `after`."""
    return await tx.list(
        SQL["list_bins"],
        Bin,
        warehouse=warehouse,
        after=after,
        most=most,
        warehouses=_scope(warehouses),
    )


def unknown_warehouse(code: str) -> NotFound:
    """The refusal for a warehouse that is not there or not the caller's."""
    return NotFound("there is no warehouse of this code", code="unknown_warehouse", warehouse=code)


async def is_bin_code(tx: ReadTx, *, code: str, warehouses: list[str] | None) -> bool:
    """Whether any node in scope has an open bin of this code."""
    return bool(await tx.value(SQL["is_bin_code"], code=code, warehouses=warehouses))
