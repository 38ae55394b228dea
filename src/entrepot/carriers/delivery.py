"""The services by which nodes deliver orders: prices by distance zone, pick-ups, what they accept.

What forwarding lines a node offers is `node_service`; this is the last mile that routing decides
about. Zones are those of `ZONE_KM`: the number of limits below the distance.
"""

from collections.abc import Collection
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.carriers.tariff_operations import SQL as TARIFF_SQL
from entrepot.carriers.tariff_operations import Written
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "delivery.sql")
ZONE_KM = (50.0, 300.0, 800.0, 1500.0, 2500.0)
_Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$(?!\n)")]
_Tag = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$(?!\n)")]
_Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]
_Minor = Annotated[int, Meta(ge=0, le=10**9)]
_Grams = Annotated[int, Meta(ge=1, le=10**8)]


class ZoneRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price of one zone: a first weight, then steps of further weight; minutes in transit."""

    first_g: Annotated[int, Meta(ge=0, le=10**8)]
    first_minor: _Minor
    step_g: _Grams
    step_minor: _Minor
    transit_min: Annotated[int, Meta(ge=0, le=100_000)]


class PickUpTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """On an ISO weekday: ready by `cut_off`, gone at `leaves`, local times of the node."""

    weekday: Annotated[int, Meta(ge=1, le=7)]
    cut_off: _Clock
    leaves: _Clock
    leaves_days_later: Annotated[int, Meta(ge=0, le=7)] = 0


class DeliveryService(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """A carrier's service at a node. `rates`: one for each of six zones, null: not served."""

    code: _Word
    carrier: _Word
    level: _Word
    max_g: _Grams
    divisor: Annotated[int, Meta(ge=1, le=10**6)] = 6000
    tags: Annotated[list[_Tag], Meta(max_length=50)] = []
    cod: bool = False
    rates: Annotated[list[ZoneRate | None], Meta(min_length=6, max_length=6)]
    pick_ups: Annotated[list[PickUpTime], Meta(max_length=50)]
    holidays: Annotated[list[date], Meta(max_length=400)] = []


class DeliveryServices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All services by which a node delivers, and the currency of their prices."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    services: Annotated[list[DeliveryService], Meta(max_length=200)]


class _Row(msgspec.Struct, frozen=True):
    node: str
    currency: str
    services: bytes


async def list_delivery(
    tx: ReadTx, *, warehouses: Collection[str] | None, codes: Collection[str] | None = None
) -> dict[str, DeliveryServices]:
    """By node, of those in the scope."""
    rows = await tx.list(
        SQL["list_delivery"], _Row, codes=None if codes is None else sorted(codes),
        warehouses=None if warehouses is None else sorted(warehouses),
    )  # fmt: skip
    return {
        row.node: DeliveryServices(
            row.currency, msgspec.json.decode(row.services, type=list[DeliveryService])
        )
        for row in rows
    }


async def put_delivery(tx: Tx, *, node_id: UUID, warehouse: str, wanted: DeliveryServices) -> bool:
    """Replace the services of a node; whether anything changed.

    Raises Invalid for a code that stands twice and for services without any zone.
    """
    codes = [one.code for one in wanted.services]
    errors = [
        FieldError(f"services[{n}].code", "double", "the same stands here twice")
        for n, code in enumerate(codes)
        if code in codes[:n]
    ]
    errors += [
        FieldError(f"services[{n}].rates", "missing", "no zone is served")
        for n, one in enumerate(wanted.services)
        if not any(one.rates)
    ]
    if errors:
        raise Invalid("these services cannot be kept", errors=errors)
    await tx.value(TARIFF_SQL["bump_epoch"])
    ordered = sorted(wanted.services, key=lambda one: one.code)
    written = await tx.find(
        SQL["put_delivery"], Written, node_delivery_id=new_id(tx.now), node_id=node_id,
        currency=wanted.currency, services=msgspec.json.encode(ordered), now=tx.now,
    )  # fmt: skip
    if written is None:
        return False
    await tx.value(
        TARIFF_SQL["put_event"],
        event_id=new_id(tx.now),
        name="node_delivery.changed",
        aggregate="node_delivery",
        aggregate_id=written.id,
        sequence=written.sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({"warehouse": warehouse, "services": sorted(codes)}),
    )
    return True


async def changes_so_far(tx: ReadTx) -> int:
    """Grows with every change of nodes, pools, services: what was read before is old then."""
    changes = await tx.value(SQL["epochs"])
    assert isinstance(changes, int)
    return changes
