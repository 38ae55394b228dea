"""A small forwarder for tests: a tenant with two warehouses and callers of several kinds."""

from datetime import datetime, timedelta

import msgspec

from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS, SHOPPER_PERMISSIONS
from entrepot.flows.announce_parcel import announce_parcel
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_customer import create_customer
from entrepot.flows.create_node import create_node
from entrepot.flows.receive_parcel import receive_parcel
from entrepot.kernel.ids import new_id, new_token
from entrepot.kernel.principals import Shopper, Staff
from entrepot.nodes.types import NewBins, NewBinZone, NewNode
from entrepot.parcels.types import NewPreAlert, NewScan, ParcelDetail, Reception
from entrepot.parties.types import Customer, NewCustomer
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from entrepot.tenancy.types import Tenant
from tests.postgres_fixture import InstalledServer

ADDRESS = {"zh-CN": "深圳市宝安区示例路 1 号 {suite_code}", "en": "{suite_code}, 1 Example Road"}


def stamp() -> Stamp:
    """A fresh request."""
    return Stamp(request_id=new_token(6), key=new_token(12), fingerprint=new_token(12).encode())


class Trade(msgspec.Struct):
    """The tenant and how to act in it. `clock` may be turned by tests."""

    server: InstalledServer
    tenant: Tenant
    db: Database
    staff: Staff
    at: list[float]

    async def customer(self, name: str = "Marisol Examplar", **fields: str) -> Customer:
        return await create_customer(
            self.db, self.staff, stamp(), new=NewCustomer(name=name, **fields)
        )

    def shopper(self, customer: Customer) -> Shopper:
        return Shopper(self.tenant.tenant, new_id(system_clock()), customer.id, SHOPPER_PERMISSIONS)

    def staff_of(self, *warehouses: str) -> Staff:
        return msgspec.structs.replace(self.staff, warehouses=frozenset(warehouses))

    async def announce(self, customer: Customer, number: str, **fields: object) -> ParcelDetail:
        new = msgspec.convert(
            {"tracking_number": number, "customer_id": str(customer.id), **fields}, NewPreAlert
        )
        return await announce_parcel(self.db, self.staff, stamp(), new=new)

    async def scan(self, number: str, warehouse: str = "SZX1", **fields: object) -> Reception:
        scan = msgspec.convert(
            {"warehouse": warehouse, "tracking_number": number, **fields}, NewScan
        )
        return await receive_parcel(self.db, self.staff, stamp(), scan=scan)

    async def violations(self) -> dict[str, list[str]]:
        """Every invariant view of our rooms that returns a row."""
        found = await self.server.invariants(self.tenant)
        assert len(found) >= 8
        return {name: rows for name, rows in found.items() if rows}


async def open_trade(server: InstalledServer) -> Trade:
    """A fresh tenant with warehouses SZX1 and YIW1, with shelf zones A and Y."""
    tenant = await server.tenant()
    turned = [0.0]
    db = Database(server.pools, lambda: later(turned[0]))
    staff = Staff(tenant.tenant, new_id(system_clock()), PERMISSIONS)
    trade = Trade(server, tenant, db, staff, turned)
    for code, zone in (("SZX1", "A"), ("YIW1", "Y")):
        node = NewNode(code=code, zone="Asia/Shanghai", receiving_address=ADDRESS)
        await create_node(db, staff, stamp(), new=node)
        shelves = NewBins(zones=[NewBinZone(code=zone, aisles=1, bays=2, levels=2)])
        await create_bins(db, staff, stamp(), node=code, new=shelves)
    return trade


def later(hours: float) -> datetime:
    """The clock of a test, turned forward."""
    return system_clock() + timedelta(hours=hours)


def number(prefix: str = "SF", digits: int = 13) -> str:
    """A tracking number that no other test uses."""
    return prefix + str(new_id(system_clock()).int)[-digits:]
