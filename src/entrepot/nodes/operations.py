"""Writes of the nodes room."""

import asyncio
from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict
from entrepot.nodes import queries, rules
from entrepot.nodes.geocoding import Address, locate
from entrepot.nodes.types import CreatedBins, NewBin, NewBins, NewNode, Node, NodePlace
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")


async def create_node(tx: Tx, *, new: NewNode) -> Node:
    """A new node with its receiving bin. Raises Invalid, or Conflict for a code in use."""
    rules.check_new_node(new)
    node_id = new_id(tx.now)
    lat, lon, position_from = await _position(new)
    written = await tx.execute(
        SQL["insert_node"],
        node_id=node_id,
        code=new.code,
        kind=new.kind,
        zone=new.zone,
        names=msgspec.json.encode(new.names),
        country=new.country,
        address=new.address,
        city=new.city,
        postcode=new.postcode,
        lat=lat,
        lon=lon,
        position_from=position_from,
        receiving_address=msgspec.json.encode(new.receiving_address),
        receiving_phone=new.receiving_phone,
        steps_off=list(new.steps_off),
        now=tx.now,
    )
    if written == 0:
        raise Conflict("a node has this code already", code="node_code_taken")
    await _insert_bins(tx, node_id, [NewBin(rules.RECEIVING_BIN, "staging")], receiving=True)
    await _tell(tx, node_id, "node.created", 1, {"warehouse": new.code, "kind": new.kind})
    await tx.value(SQL["bump_epoch"])
    return await queries.get_node(tx, code=new.code, warehouses=None)


async def _position(new: NewNode) -> tuple[float | None, float | None, str | None]:
    """Where the node is: as given, or found from its city or postcode, or not known."""
    if new.lat is not None:
        return new.lat, new.lon, "given"
    if new.city is None and new.postcode is None:
        return None, None, None
    found = await asyncio.to_thread(locate, Address(new.country, new.city, new.postcode))
    return (None, None, None) if found is None else (found.lat, found.lon, found.by)


async def create_bins(
    tx: Tx, *, node: str, new: NewBins, warehouses: Collection[str] | None
) -> CreatedBins:
    """Bins of a node; codes that it has already stay as they are."""
    bins = rules.bins_of(new)
    place = await queries.get_place(tx, code=node, warehouses=warehouses)
    created = await _insert_bins(tx, place.node_id, bins, receiving=False)
    if created:
        await _tell_bins(tx, place, created)
    return CreatedBins(node, created, len(bins) - created)


async def _insert_bins(tx: Tx, node_id: UUID, bins: list[NewBin], *, receiving: bool) -> int:
    return await tx.execute(
        SQL["insert_bins"],
        node_id=node_id,
        bin_ids=[new_id(tx.now) for _ in bins],
        codes=[one.code for one in bins],
        classes=[one.bin_class for one in bins],
        receivings=[receiving for _ in bins],
        max_gs=[one.max_g for one in bins],
        lengths_mm=[one.length_mm for one in bins],
        widths_mm=[one.width_mm for one in bins],
        heights_mm=[one.height_mm for one in bins],
        max_parcels=[one.max_parcels for one in bins],
        now=tx.now,
    )


async def _tell_bins(tx: Tx, place: NodePlace, created: int) -> None:
    sequence = await tx.value(SQL["next_sequence"], node_id=place.node_id)
    assert isinstance(sequence, int)
    body: dict[str, str | int] = {"warehouse": place.code, "created": created}
    await _tell(tx, place.node_id, "node.bins_created", sequence, body)
    await tx.value(SQL["bump_epoch"])


async def _tell(
    tx: Tx, node_id: UUID, name: str, sequence: int, body: Mapping[str, str | int]
) -> None:
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name=name,
        node_id=node_id,
        sequence=sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({"node_id": node_id, **body}),
    )
