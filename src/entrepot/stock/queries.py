"""Reads of the stock room. Every one takes its scope from the block's principal."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import errors, rules
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import (
    AvailabilityChanges,
    Available,
    ChangedAvailable,
    KitPart,
    Movement,
    NewMovement,
    NodeAvailable,
    NodeStock,
    Reservation,
    StockRow,
)

SQL = load_sql(__file__, "queries.sql")
CHANGES_MOST = 200
"""How many events of the feed one page of changes reads."""


class Body(msgspec.Struct, frozen=True):
    """A row that is one JSON document."""

    body: bytes


class ChannelId(msgspec.Struct, frozen=True):
    """The id of a channel."""

    id: UUID


class Pair(msgspec.Struct, frozen=True):
    """A SKU and a node that were found by code; None: not there, or not the caller's."""

    sku_id: UUID | None
    node_id: UUID | None


class ReadOn(msgspec.Struct, frozen=True):
    """How far events were read, None: there are none; the position of the last there is; and
    whether any SKU may have changed."""

    position: int | None
    last: int
    everything: bool


class FoundSku(msgspec.Struct, frozen=True):
    """A SKU that was looked for by code; None: not there."""

    code: str
    sku_id: UUID | None


class NotComing(msgspec.Struct, frozen=True):
    """A line whose goods cannot come in as they are: a kit, or without its date."""

    line: int
    is_kit: bool


async def channel_named(tx: ReadTx, *, code: str) -> UUID:
    """The id of an open channel; NotFound."""
    found = await tx.find(SQL["find_channel"], ChannelId, code=code)
    if found is None:
        raise errors.unknown_channel(code)
    return found.id


async def list_available(
    tx: ReadTx, *, channel: str, skus: Sequence[str], reference: str | None = None
) -> list[Available]:
    """What the channel may sell of each SKU; unknown SKUs are left out.

    What `reference` holds itself counts as available. Callers of some warehouses only see what
    lies there.
    """
    channel_id = await channel_named(tx, code=channel)
    scope = warehouses_of(tx.principal)
    if scope is None and reference is None:
        return await tx.list(
            SQL["list_available"], Available, channel_id=channel_id, skus=list(skus)
        )
    found = await _available(tx, channel_id, skus, reference)
    parts = await list_kit_parts(tx, skus=skus)
    if not parts:
        return found
    names = sorted({part.sku for part in parts if part.sku is not None})
    counted = await _available(tx, channel_id, names, reference)
    kits = rules.whole_kits(parts, {row.sku: row.available for row in counted})
    return [Available(row.sku, kits.get(row.sku, row.available)) for row in found]


async def _available(
    tx: ReadTx, channel_id: UUID, skus: Sequence[str], reference: str | None
) -> list[Available]:
    """Of SKUs that are no kits, within the caller's warehouses."""
    scope = warehouses_of(tx.principal)
    wanted = {"channel_id": channel_id, "skus": list(skus)}
    if scope is None:
        found = await tx.list(SQL["list_available"], Available, **wanted)
    else:
        found = await tx.list(SQL["list_available_in"], Available, warehouses=scope, **wanted)
    if reference is None:
        return found
    rows = await tx.list(
        SQL["list_own"], Available, reference=reference, warehouses=scope, **wanted
    )
    own = {row.sku: row.available for row in rows}
    return [Available(row.sku, row.available + own.get(row.sku, 0)) for row in found]


async def list_kit_parts(tx: ReadTx, *, skus: Sequence[str]) -> list[KitPart]:
    """What the kits among these SKUs are made of."""
    return await tx.list(SQL["list_kit_parts"], KitPart, skus=sorted(set(skus)))


async def list_nodes_available(
    tx: ReadTx, *, channel: str, skus: Sequence[str]
) -> list[NodeAvailable]:
    """The guarding rows of these SKUs in the channel's nodes, by priority."""
    return await tx.list(
        SQL["list_nodes_available"],
        NodeAvailable,
        channel_id=await channel_named(tx, code=channel),
        skus=list(skus),
        warehouses=warehouses_of(tx.principal),
    )


async def list_changes(tx: ReadTx, *, channel: str, after: int) -> AvailabilityChanges:
    """SKUs that changed in the next events behind the cursor, kits among them, and the cursor for
    the next call."""
    channel_id = await channel_named(tx, code=channel)
    page = {"channel_id": channel_id, "after": after}
    read = await tx.one(SQL["read_on"], ReadOn, channel=channel, most=CHANGES_MOST, **page)
    if after > read.last:  # the cursor of a feed that was longer: a backup was restored since
        return AvailabilityChanges([], read.last, everything=True)
    if read.position is None:
        return AvailabilityChanges([], after)
    # what was drained in between is told by the next page: nothing is told twice
    changed = await tx.list(SQL["list_changes"], ChangedAvailable, until=read.position, **page)
    return AvailabilityChanges(changed, read.position, read.everything)


async def routing_snapshot(
    tx: ReadTx, *, skus: Sequence[str], channel: str
) -> dict[str, dict[str, list[int]]]:
    """For the router: node → SKU → [atp, safety, shadow], from the guarding rows themselves.

    What the channel must leave to others counts as safety.
    """
    rows = await tx.list(
        SQL["list_routing"],
        NodeStock,
        channel_id=await channel_named(tx, code=channel),
        skus=list(skus),
        warehouses=warehouses_of(tx.principal),
    )
    nodes: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        nodes.setdefault(row.node, {})[row.sku] = [row.atp, row.safety, row.shadow]
    return nodes


async def get_reservation(tx: ReadTx, *, reservation_id: UUID) -> Reservation:
    """A reservation; NotFound when it is unknown or holds goods outside the caller's warehouses."""
    row = await tx.find(
        SQL["find_reservation"], Body, id=reservation_id, warehouses=warehouses_of(tx.principal)
    )
    if row is None:
        raise errors.unknown_reservation()
    return msgspec.json.decode(row.body, type=Reservation)


def row_key(row: StockRow) -> tuple[str, str, str, str, str]:
    """Where a row stands in a list of stock."""
    return (row.sku, row.place, row.lot, row.owner, row.status)


async def list_stock(
    tx: ReadTx, *, skus: Sequence[str], node: str | None, behind: Sequence[str], most: int
) -> list[StockRow]:
    """What lies where behind the row of key `behind` (five empty texts: from the first): of these
    SKUs (in a node, if one is named), else of a node, else of all."""
    sku, place, lot, owner, status = behind
    page = {
        "sku_at": sku, "place_at": place, "lot_at": lot, "owner_at": owner, "status_at": status,
        "most": most, "warehouses": warehouses_of(tx.principal),
    }  # fmt: skip
    if skus:
        return await tx.list(SQL["list_stock"], StockRow, skus=list(skus), node=node, **page)
    if node is not None:
        return await tx.list(SQL["list_stock_of_node"], StockRow, node=node, **page)
    return await tx.list(SQL["list_all_stock"], StockRow, **page)


async def list_movements(
    tx: ReadTx, *, sku: str | None, reference: str | None, before: UUID | None, most: int
) -> list[Movement]:
    """The ledger, newest first."""
    return await tx.list(
        SQL["list_movements"], Movement, sku=sku, reference=reference, before=before, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def pairs_named(
    tx: ReadTx, *, skus: Sequence[str], nodes: Sequence[str], path: str = "levels"
) -> list[tuple[UUID, UUID]]:
    """The ids of SKUs and nodes, pair by pair; NotFound naming all that are not there, as rows of
    the list `path`."""
    rows = await tx.list(
        SQL["list_pairs"], Pair, skus=list(skus), nodes=list(nodes),
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    missing = [
        (f"{path}[{n}].{kind}", kind, code)
        for n, row in enumerate(rows)
        for kind, code, found in (("sku", skus[n], row.sku_id), ("node", nodes[n], row.node_id))
        if found is None
    ]
    if missing:
        raise errors.unknown_names(missing)
    return [(row.sku_id, row.node_id) for row in rows if row.sku_id and row.node_id]


async def skus_named(tx: ReadTx, *, skus: Sequence[str], path: str = "") -> list[UUID]:
    """The ids of SKUs; NotFound naming all that are not there, as rows of the list `path`, if they
    are given in one."""
    rows = await tx.list(SQL["list_skus"], FoundSku, skus=list(skus))
    missing = [
        (f"{path}[{n}].sku" if path else "sku", "sku", row.code)
        for n, row in enumerate(rows)
        if row.sku_id is None
    ]
    if missing:
        raise errors.unknown_names(missing)
    return [row.sku_id for row in rows if row.sku_id is not None]


async def refuse_incomplete(tx: ReadTx, *, movements: Sequence[NewMovement]) -> None:
    """Raises Invalid for what cannot come into a node as it is: kits (a kit is what its parts are,
    and units of its own could never be sold), and goods kept by date without one. What lies there
    or is in transit from before may go on."""
    coming = [
        (n, m)
        for n, m in enumerate(movements)
        if m.to is not None and m.from_ is None and m.reason != "transfer_in"
    ]
    if not coming:
        return
    found = await tx.list(
        SQL["list_not_coming"], NotComing, lines=[n for n, _ in coming],
        skus=[m.sku for _, m in coming], lots=[m.lot for _, m in coming],
        dated=[m.expires_on is not None for _, m in coming],
    )  # fmt: skip
    faults = [
        FieldError(f"lines[{one.line}].sku", "is_kit", "a kit comes in as its parts")
        if one.is_kit
        else FieldError(
            f"lines[{one.line}].expires_on", "expiry_missing", "this SKU is kept by its date"
        )
        for one in found
    ]
    if faults:
        raise Invalid("a line is not whole", errors=faults)


async def refuse_found_kits(tx: ReadTx, *, skus: Sequence[str]) -> None:
    """Raises Invalid for kits among the SKUs of an adjustment's lines that find goods ("": a line
    that does not): their parts are found."""
    kits = {part.kit for part in await list_kit_parts(tx, skus=[sku for sku in skus if sku])}
    faults = [
        FieldError(f"lines[{n}].sku", "is_kit", "a kit is found as its parts")
        for n, sku in enumerate(skus)
        if sku in kits
    ]
    if faults:
        raise Invalid("a kit is found as its parts", errors=faults)


async def anything_lapsed(tx: ReadTx) -> bool:
    """Whether a cart's time is over, a lot is past its date, or somebody waits for goods that are
    free."""
    found = await tx.value(SQL["anything_lapsed"], now=tx.now)
    return found is True
