"""Customers with parcels that may go, and the demo's lines at SZX1: the world of draft tests."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from entrepot.carriers.importing import plan_file
from entrepot.carriers.tariff_operations import import_tariff, put_node_services
from entrepot.carriers.types import NodeServiceChange
from entrepot.consolidation.types import Consolidation, Destination, NewConsolidation
from entrepot.flows.consolidate_parcels import consolidate_parcels
from entrepot.flows.get_consolidation import get_consolidation
from entrepot.kernel.principals import Principal, Shopper
from entrepot.kernel.refusals import Unavailable
from entrepot.nodes.queries import get_place
from entrepot.parties.types import Customer
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer

T = TypeVar("T")
DEMO = Path(__file__).resolve().parents[2] / "demo" / "demo-data.json"
AUSTIN = Destination("US", "TX", "78704")
SIZES = [
    ((320, 240, 120), 1240), ((200, 150, 80), 860), ((180, 120, 60), 240), ((300, 220, 50), 1400),
    ((250, 180, 100), 700),
]  # fmt: skip
THRESHOLDS = [
    {"country": "DE", "minor": 15000, "currency": "EUR", "note": "customs duty begins"},
    {"country": "AU", "minor": 100000, "currency": "AUD", "note": "GST at the border begins"},
]
ITEM = {
    "description": "shirt", "category": "clothing", "quantity": 1, "unit_price_minor": 9900,
    "currency": "CNY",
}  # fmt: skip


async def load_demo_lines(trade: Trade, *warehouses: str) -> None:
    """The demo's cards and rules, all offered at these warehouses."""
    document = json.loads(DEMO.read_bytes())
    document["duty_thresholds"] = THRESHOLDS
    async with trade.db.begin(trade.staff) as tx:
        await import_tariff(tx, form="json", plan=lambda shelf: plan_file(document, shelf))
        offered = [NodeServiceChange(service["id"], True) for service in document["services"]]
        for code in warehouses:
            place = await get_place(tx, code=code, warehouses=None)
            await put_node_services(tx, node_id=place.node_id, warehouse=code, changes=offered)


async def open_drafting_trade(server: InstalledServer) -> Trade:
    """A trade whose SZX1 offers all lines of the demo."""
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    return trade


async def parcel_of(
    trade: Trade,
    customer: Customer,
    *,
    warehouse: str = "SZX1",
    size: int = 0,
    declared: bool = True,
    measured: bool = True,
    code: str = "",
) -> UUID:
    """A parcel of the customer that has arrived."""
    code = code or number()
    fields = {"items": [ITEM]} if declared else {}
    await trade.announce(customer, code, **fields)
    (length, width, height), grams = SIZES[size % len(SIZES)]
    measures = {
        "weight_g": grams, "length_mm": length, "width_mm": width, "height_mm": height,
    } if measured else {}  # fmt: skip
    return (await trade.scan(code, warehouse, **measures)).parcel.id


async def parcels_of(trade: Trade, customer: Customer, count: int) -> list[UUID]:
    """So many parcels that may go."""
    return [await parcel_of(trade, customer, size=size) for size in range(count)]


async def draft(
    trade: Trade,
    customer: Customer,
    *,
    by: Principal | None = None,
    parcels: list[UUID] | None = None,
    to: Destination | None = AUSTIN,
    warehouse: str = "SZX1",
) -> Consolidation:
    """One click, by the shopper unless somebody else is named."""
    principal = by or trade.shopper(customer)
    new = NewConsolidation(
        warehouse=warehouse, customer_id=customer.id, parcels=parcels, destination=to
    )
    return await consolidate_parcels(trade.db, principal, stamp(), new=new)


async def change_parcel(trade: Trade, parcel_id: UUID, change: str) -> None:
    """What no flow does yet: set columns of a parcel as the owner of the database."""
    owner = await trade.server.owner(trade.tenant)
    try:
        done = await owner.execute(
            f"update parcels.parcel set {change} where parcel_id = $1", parcel_id
        )
        assert done == "UPDATE 1"
    finally:
        await owner.close()


async def until_there(ask: Callable[[], Awaitable[T]]) -> T:
    """The staff's sessions were ended as well: who looks afterwards may find one of those."""
    for _ in range(50):
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(0.01)
    raise AssertionError("the database stays away")


async def see(trade: Trade, made: Consolidation, by: Shopper) -> Consolidation:
    """The draft as it is now."""
    return await get_consolidation(trade.db, by, consolidation_id=made.id)


def inside(made: Consolidation) -> set[UUID]:
    """Its parcels."""
    return {parcel.id for parcel in made.parcels}
