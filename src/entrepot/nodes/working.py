"""How nodes work: reading all of a node and changing it."""

import asyncio
from collections.abc import Collection
from uuid import UUID

import msgspec

from entrepot.kernel.attributes import Attribute, NewAttribute, definition_faults
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.nodes import working_rules
from entrepot.nodes.geocoding import Address, locate
from entrepot.nodes.operations import SQL as NODE_SQL
from entrepot.nodes.queries import Body, unknown_warehouse
from entrepot.nodes.working_types import ChangedNode, NodeDetail
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "working.sql")


class _AttributeRow(msgspec.Struct, frozen=True):
    name: str
    type: str
    allowed: list[str]
    names: bytes


async def list_details(
    tx: ReadTx,
    *,
    warehouses: Collection[str] | None,
    codes: Collection[str] | None = None,
    channel: str | None = None,
) -> list[NodeDetail]:
    """Open nodes in the scope by code; those of a channel's pool by priority."""
    rows = await tx.list(
        SQL["list_details"],
        Body,
        warehouses=None if warehouses is None else sorted(warehouses),
        codes=None if codes is None else sorted(codes),
        channel=channel,
    )
    return [msgspec.json.decode(row.body, type=NodeDetail) for row in rows]


async def get_detail(tx: ReadTx, *, code: str, warehouses: Collection[str] | None) -> NodeDetail:
    """All of one open node. Raises NotFound outside the scope."""
    found = await list_details(tx, warehouses=warehouses, codes=[code])
    if not found:
        raise unknown_warehouse(code)
    return found[0]


async def list_attributes(tx: ReadTx) -> list[Attribute]:
    """The definitions of nodes' extra attributes, by name."""
    rows = await tx.list(SQL["list_attributes"], _AttributeRow)
    return [
        Attribute(r.name, r.type, r.allowed, msgspec.json.decode(r.names, type=dict[str, str]))
        for r in rows
    ]


async def change_node(
    tx: Tx, *, code: str, change: ChangedNode, warehouses: Collection[str] | None
) -> NodeDetail:
    """The node as it is afterwards; a change that changes nothing writes nothing.

    Raises Invalid with everything wrong at once, NotFound outside the scope.
    """
    await tx.value(NODE_SQL["bump_epoch"])  # one writer at a time: what is read here stays so
    before = await get_detail(tx, code=code, warehouses=warehouses)
    errors = working_rules.faults(change, await list_attributes(tx))
    after = working_rules.changed(before, change)
    errors += working_rules.whole_faults(after)
    if errors:
        raise Invalid("the node cannot be changed like this", errors=errors)
    if working_rules.needs_position(before, after):
        address = Address(after.country, after.city, after.postcode)
        after = working_rules.placed(after, await asyncio.to_thread(locate, address))
    if after == before:
        return before
    sequence = await tx.value(SQL["change_node"], row=msgspec.json.encode(after), node_id=before.id)
    assert isinstance(sequence, int)
    await _write_lists(tx, before, after)
    await _tell(tx, before.id, sequence, code)
    return msgspec.structs.replace(after, version=sequence)


async def _write_lists(tx: Tx, before: NodeDetail, after: NodeDetail) -> None:
    if (before.staffed, before.pick_up) != (after.staffed, after.pick_up):
        rows = [{"purpose": "staffed"} | msgspec.structs.asdict(one) for one in after.staffed]
        rows += [{"purpose": "pick_up"} | msgspec.structs.asdict(one) for one in after.pick_up]
        await tx.execute(SQL["delete_hours"], node_id=after.id)
        await tx.execute(SQL["insert_hours"], node_id=after.id, rows=msgspec.json.encode(rows))
    if before.holidays != after.holidays:
        days = [{"day": day} for day in after.holidays]
        await tx.execute(SQL["delete_holidays"], node_id=after.id)
        await tx.execute(SQL["insert_holidays"], node_id=after.id, rows=msgspec.json.encode(days))
    if before.closures != after.closures:
        await tx.execute(SQL["delete_closures"], node_id=after.id)
        await tx.execute(
            SQL["insert_closures"],
            node_id=after.id,
            rows=msgspec.json.encode(after.closures),
        )
    if before.capacities != after.capacities:
        await tx.execute(SQL["delete_capacities"], node_id=after.id)
        await tx.execute(
            SQL["insert_capacities"], node_id=after.id, rows=msgspec.json.encode(after.capacities)
        )
    if before.lanes != after.lanes:
        await tx.execute(SQL["delete_lanes"], node_id=after.id)
        await tx.execute(
            SQL["insert_lanes"], node_id=after.id, rows=msgspec.json.encode(after.lanes)
        )


async def _tell(tx: Tx, node_id: UUID, sequence: int, code: str) -> None:
    await tx.value(
        NODE_SQL["put_event"],
        event_id=new_id(tx.now),
        name="node.changed",
        node_id=node_id,
        sequence=sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({"node_id": node_id, "warehouse": code}),
    )


async def define_attribute(tx: Tx, *, new: NewAttribute) -> Attribute:
    """A new attribute of nodes, or more allowed values and other names for one there is.

    Raises Conflict when it has another type, or values would no longer be allowed.
    """
    errors = definition_faults(new)
    if errors:
        raise Invalid("the attribute cannot be defined like this", errors=errors)
    names = msgspec.json.encode(new.names)
    await tx.value(NODE_SQL["bump_epoch"])
    written = await tx.execute(
        SQL["insert_attribute"],
        name=new.name, type=new.type, allowed=list(new.allowed), names=names, now=tx.now,
    )  # fmt: skip
    if written == 0:
        written = await tx.execute(
            SQL["widen_attribute"],
            name=new.name, type=new.type, allowed=list(new.allowed), names=names,
        )  # fmt: skip
    if written == 0:
        raise Conflict(
            "type and allowed values of an attribute in use stay",
            code="attribute_differs", attribute=new.name,
        )  # fmt: skip
    return Attribute(new.name, new.type, list(new.allowed), dict(new.names))
