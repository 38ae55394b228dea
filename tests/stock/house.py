"""A merchant with three nodes, two channels and a few SKUs, and short ways to act on stock."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
import pytest

from entrepot.access.flow import Stamp, again
from entrepot.access.permissions import PERMISSIONS
from entrepot.catalog.types import NewSku
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_node import create_node
from entrepot.flows.create_sku import create_sku
from entrepot.flows.fulfil_reservation import fulfil_reservation
from entrepot.flows.list_availability import list_availability
from entrepot.flows.list_movements import list_movements
from entrepot.flows.post_movements import post_movements
from entrepot.flows.release_reservation import release_reservation
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.flows.set_channel_levels import set_channel_levels
from entrepot.flows.set_stock_levels import set_stock_levels
from entrepot.kernel.ids import new_id, new_token
from entrepot.kernel.principals import Job, Staff
from entrepot.nodes.channel_types import NewChannel
from entrepot.nodes.types import NewBins, NewNode
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.stock import operations
from entrepot.stock.types import (
    NewChannelLevels,
    NewLevels,
    NewMovement,
    NewMovements,
    NewReservation,
    NewReservationLine,
    NodeAvailable,
    Posted,
    Reservation,
)
from entrepot.tenancy.types import Tenant
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer

NODES = ("N1", "N2", "N3")


class Stock(msgspec.Struct):
    """The tenant and how to act in it. `at[0]` turns the clock forward, in hours."""

    server: InstalledServer
    tenant: Tenant
    db: Database
    staff: Staff
    at: list[float]

    @property
    def job(self) -> Job:
        return Job(self.tenant.tenant, "test", None, PERMISSIONS)

    def staff_of(self, *warehouses: str) -> Staff:
        return msgspec.structs.replace(self.staff, warehouses=frozenset(warehouses))

    async def sku(self, *parts: tuple[str, int], **fields: object) -> str:
        """A new SKU; a kit when it has parts."""
        code = "S" + new_token(9).upper().replace("_", "X").replace("-", "Y")
        given = {"code": code, "names": {"en": code}, **fields}
        if parts:
            given["parts"] = [{"sku": sku, "quantity": qty} for sku, qty in parts]
        await create_sku(self.db, self.staff, stamp(), new=msgspec.convert(given, NewSku))
        return code

    async def stocked(self, qty: int, node: str = "N1", **fields: object) -> str:
        """A new SKU with so many units in a node."""
        sku = await self.sku(**fields)
        if qty:
            await self.receive(sku, qty, node)
        return sku

    async def receive(self, sku: str, qty: int, node: str = "N1", **fields: object) -> Posted:
        line = {"sku": sku, "qty": qty, "reason": "receipt", "to": {"node": node}, **fields}
        date = fields.get("expires_on")
        today = later(self.at[0] + 14).date()  # where the day begins first
        if date is not None and str(date) <= str(today):  # no document brings in what is past
            return await self.post(line)
        return await self.move(line)

    async def move(
        self, *lines: dict[str, object], by: Staff | None = None, reference: str = "test"
    ) -> Posted:
        document = msgspec.convert({"reference": reference, "lines": list(lines)}, NewMovements)
        return await post_movements(self.db, by or self.staff, stamp(), document=document)

    async def post(self, *lines: dict[str, object], by: Staff | None = None) -> Posted:
        """Movements of any reason, as rooms post them: documents leave some to adjustments."""
        movements = msgspec.convert(list(lines), list[NewMovement])

        async def once() -> Posted:
            async with self.db.begin(by or self.staff) as tx:
                return await operations.post(tx, reference="test", movements=movements)

        return await again(once)

    async def reserve(
        self,
        *lines: tuple[str, int] | tuple[str, int, str],
        channel: str = "WEB",
        reference: str | None = None,
        hours: float | None = None,
        by: Staff | None = None,
        stamped: Stamp | None = None,
    ) -> Reservation:
        new = NewReservation(
            reference=reference or new_token(9),
            channel=channel,
            lines=[NewReservationLine(*line) for line in lines],
            expires_at=None if hours is None else later(self.at[0] + hours),
        )
        return await reserve_stock(self.db, by or self.staff, stamped or stamp(), new)

    async def release(self, reservation_id: UUID) -> Reservation:
        return await release_reservation(
            self.db, self.staff, stamp(), reservation_id=reservation_id
        )

    async def fulfil(self, reservation_id: UUID) -> Reservation:
        return await fulfil_reservation(self.db, self.staff, stamp(), reservation_id=reservation_id)

    async def available(
        self, *skus: str, channel: str = "WEB", reference: str | None = None
    ) -> list[int]:
        found = await list_availability(
            self.db, self.staff, channel=channel, skus=skus, reference=reference
        )
        return [row.available for row in found]

    async def sale_of(self, reference: str) -> UUID:
        """The first movement of a sale."""
        found = await list_movements(
            self.db, self.staff, sku=None, reference=reference, before=None, most=50
        )
        return next(move.id for move in reversed(found) if move.reason == "sale")

    async def guard(self, sku: str, node: str = "N1", channel: str = "WEB") -> NodeAvailable:
        found = await list_availability(
            self.db, self.staff, channel=channel, skus=[sku], by_node=True
        )
        return next(row for row in found[0].nodes if row.node == node)

    async def levels(self, sku: str, node: str = "N1", **levels: object) -> None:
        new = msgspec.convert({"levels": [{"sku": sku, "node": node, **levels}]}, NewLevels)
        await set_stock_levels(self.db, self.staff, stamp(), new=new)

    async def channel_levels(
        self, channel: str, levels: Sequence[dict[str, object]] = (), **fields: object
    ) -> None:
        new = msgspec.convert({"levels": list(levels), **fields}, NewChannelLevels)
        await set_channel_levels(self.db, self.staff, stamp(), channel=channel, new=new)

    async def violations(self) -> dict[str, list[str]]:
        """Every invariant view of platform and stock that returns a row."""
        found = await self.server.invariants(self.tenant, "platform", "stock")
        assert len(found) >= 14
        return {name: rows for name, rows in found.items() if rows}


async def open_stock(server: InstalledServer) -> Stock:
    """A fresh tenant: nodes N1, N2, N3 with shelf A-1; channel WEB sells from all three in this
    order, SHOP from N2 and N1."""
    tenant = await server.tenant()
    turned = [0.0]
    db = Database(server.pools, lambda: later(turned[0]))
    staff = Staff(tenant.tenant, new_id(system_clock()), PERMISSIONS)
    for code in NODES:
        await create_node(db, staff, stamp(), new=NewNode(code=code, zone="UTC"))
        shelf = msgspec.convert({"bins": [{"code": "A-1"}, {"code": "A-2"}]}, NewBins)
        await create_bins(db, staff, stamp(), node=code, new=shelf)
    for code, pool in (("WEB", NODES), ("SHOP", ("N2", "N1"))):
        document = {
            "code": code,
            "names": {"en": code},
            "pool": [{"node": node, "priority": n} for n, node in enumerate(pool, 1)],
        }
        new = msgspec.convert(document, NewChannel)
        await create_channel(db, staff, stamp(), new=new)
    return Stock(server, tenant, db, staff, turned)


def heard_deadlocks(patch: pytest.MonkeyPatch) -> list[str]:
    """Every deadlock that the driver is told of from now on, also those that are tried again.

    The server's own count comes seconds late, so it would not show one in time.
    """
    heard: list[str] = []

    def made(error: BaseException, *words: object) -> None:
        heard.append(str(words))
        Exception.__init__(error, *words)

    patch.setattr(asyncpg.DeadlockDetectedError, "__init__", made)
    return heard
