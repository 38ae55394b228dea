"""What an order would get just now: from which nodes, in how many shipments, when.

Nothing is held and nothing is written. Network, services and stock are read from the tables; the
decision is `routing.previewing`, computed beside the event loop. Nodes and services are kept in
this process for as long as nobody changed them (their epochs are read with every question).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.access.flow import query
from entrepot.carriers import delivery
from entrepot.carriers.delivery import DeliveryService, DeliveryServices
from entrepot.catalog import queries as catalog
from entrepot.catalog.rules import required_tags
from entrepot.catalog.types import Sku
from entrepot.flows.get_network import network_of
from entrepot.kernel.calendars import instant, local_day
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.nodes import working
from entrepot.nodes.geocoding import Address, locate
from entrepot.nodes.working_types import NodeDetail, Region
from entrepot.parcels.scope import scope_of
from entrepot.platform.computing import compute
from entrepot.platform.database import ReadTx
from entrepot.routing import previewing
from entrepot.routing.compile import compile_network, problem_of
from entrepot.routing.engine.format import Attributes, Destination, Line, Order, Problem, Rate
from entrepot.routing.engine.format import Stock as Usable
from entrepot.routing.policy.shelf import names_on
from entrepot.routing.previewing import DeliveryOption, Partition, Preview, Question
from entrepot.routing.types import Network, NetworkService, PickUp
from entrepot.stock import queries as stock
from entrepot.stock import strategy
from entrepot.stock.types import ChannelCode, Instant, SkuCode, Units

_KEPT_MOST = 256
_UNITS_MOST = 1_000_000
"""Of one SKU: as the interchange format has it."""
_Text = Annotated[str, Meta(min_length=1, max_length=120)]


class Whereto(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an order goes: coordinates, or city or postcode of a country (found offline).

    `region` is what nodes and rules call it; without it the country stands for it.
    """

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
    region: Region | None = None
    city: _Text | None = None
    postcode: Annotated[str, Meta(min_length=1, max_length=12)] | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None


class CartLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many base units of a SKU."""

    sku: SkuCode
    qty: Units


class Cart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked: `policy` names one on the shelf; `attributes` are the order's own, as rules
    read them (`order.attrs.…`)."""

    channel: ChannelCode
    destination: Whereto
    lines: Annotated[list[CartLine], Meta(min_length=1, max_length=50)]
    cod: bool = False
    deliver_by: Instant | None = None
    policy: Annotated[str, Meta(max_length=60)] | None = None
    attributes: Annotated[dict[str, str | int | bool | list[str]], Meta(max_length=50)] = {}


class ShownShipment(msgspec.Struct, frozen=True):
    """What a node would send, and when it would arrive."""

    node: str
    service: str
    carrier: str
    level: str
    arrives_at: datetime
    units: dict[str, int]


class ShownOption(msgspec.Struct, frozen=True):
    """The order by one level alone: the last arrival, the money, the number of shipments."""

    level: str
    arrives_at: datetime
    cost_minor: int
    shipments: int


class ShownPreview(msgspec.Struct, frozen=True):
    """The decision. `status` is optimal only with a proof; infeasible: `fallback` says what the
    policy does then. `partitions`: every smallest set of nodes that fills the order, null when
    more than eight nodes hold something of it. `digest` is that of the plan's canonical bytes:
    whoever shows the same digest shows the same plan."""

    status: str
    currency: str
    cost_minor: int
    shipments: list[ShownShipment]
    fallback: str | None
    options: list[ShownOption]
    cod_offered: bool
    least_shipments: int | None
    partitions: list[Partition] | None
    policy: str | None
    digest: str


class _Kept(msgspec.Struct, frozen=True):
    """Nodes and services as they were at so many changes."""

    changes: int
    nodes: list[NodeDetail]
    services: dict[str, DeliveryServices]


_kept: OrderedDict[tuple[str, str, tuple[str, ...] | None], _Kept] = OrderedDict()


@query(permission="stock:read", callers=(ApiKey, Staff))
async def preview_routing(tx: ReadTx, *, cart: Cart) -> ShownPreview:
    """Raises NotFound for an unknown channel, SKU or policy, Invalid for a place that cannot be
    found, Conflict (`currencies_differ`) when nodes price in several currencies."""
    if cart.policy is not None and cart.policy not in (*names_on("packs"), *names_on("strategies")):
        raise NotFound("there is no such policy", code="unknown_policy", policy=cart.policy)
    dest = await _destination(cart.destination)
    await stock.channel_named(tx, code=cart.channel)
    kept = await _read(tx, channel=cart.channel)
    lines = await _lines(tx, cart)
    network = network_of(kept.nodes, [dest.region])
    network = await _with_stock(tx, network, kept, cart.channel, [line.sku for line in lines])
    problem = _problem(network, kept, cart, dest, lines, now=tx.now)
    question = Question(problem, cart.policy, tx.now)
    made = await compute(previewing.answer, msgspec.json.encode(question))
    return _shown(msgspec.json.decode(made, type=Preview), problem, cart)


async def _read(tx: ReadTx, *, channel: str) -> _Kept:
    """The channel's nodes and their services, from memory while they are as they were."""
    scope = scope_of(tx.principal).warehouses
    key = (tx.principal.tenant or "", channel, None if scope is None else tuple(sorted(scope)))
    changes = await delivery.changes_so_far(tx)
    kept = _kept.get(key)
    if kept is None or kept.changes != changes:
        nodes = await working.list_details(tx, warehouses=scope, channel=channel)
        services = await delivery.list_delivery(
            tx, warehouses=scope, codes=[node.code for node in nodes]
        )
        kept = _kept[key] = _Kept(changes, nodes, services)
    _kept.move_to_end(key)
    while len(_kept) > _KEPT_MOST:
        _kept.popitem(last=False)
    return kept


async def _destination(given: Whereto) -> Destination:
    region = given.region or given.country
    if given.lat is not None and given.lon is not None:
        return Destination(given.lat, given.lon, region)
    address = Address(given.country, given.city, given.postcode)
    found = await asyncio.to_thread(locate, address)
    if found is None:
        message = "this place is not known: give coordinates, a larger city or a postcode"
        raise Invalid(message, errors=[FieldError("destination", "unknown_place", message)])
    return Destination(found.lat, found.lon, region)


async def _lines(tx: ReadTx, cart: Cart) -> list[Line]:
    """The order's lines; kits as their parts, which stay together with all they share."""
    wanted: dict[str, int] = {}
    for line in cart.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.qty
    units: dict[str, int] = {}
    group: dict[str, str] = {}
    for code, qty in wanted.items():
        sku = await catalog.get_sku(tx, code=code)
        if sku.closed:
            raise catalog.unknown_sku(code)
        for leaf in await catalog.list_leaves(tx, sku_id=sku.id, quantity=qty):
            units[leaf.sku] = units.get(leaf.sku, 0) + leaf.quantity
            if sku.parts:
                group[leaf.sku] = _joined(group, leaf.sku, code)
    many = next((code for code, qty in units.items() if qty > _UNITS_MOST), None)
    if many is not None:
        message = f"at most {_UNITS_MOST} units of a SKU can be decided about"
        raise Invalid(message, errors=[FieldError("lines", "too_many", message)])
    skus = await catalog.documents_of(tx, codes=list(units))
    return [_line(skus[code], qty, group.get(code)) for code, qty in sorted(units.items())]


def _joined(group: dict[str, str], sku: str, kit: str) -> str:
    """A part that two kits share makes one group of them."""
    before = group.get(sku)
    if before is None or before == kit:
        return kit
    for other, of in group.items():
        if of == before:
            group[other] = kit
    return kit


def _line(sku: Sku, qty: int, group: str | None) -> Line:
    sides = (sku.length_mm, sku.width_mm, sku.height_mm)
    cubic_mm = 0
    if sides[0] and sides[1] and sides[2]:
        cubic_mm = sides[0] * sides[1] * sides[2]
    return Line(
        sku.code, qty, sku.weight_g or 0, -(-cubic_mm // 1000), required_tags(sku),
        dict(sku.attributes), group,
    )  # fmt: skip


async def _with_stock(
    tx: ReadTx, network: Network, kept: _Kept, channel: str, skus: Sequence[str]
) -> Network:
    """What the channel may take of each node, what rules may ask of it, what today has left."""
    units = await stock.routing_snapshot(tx, skus=skus, channel=channel)
    told = await strategy.routing_attributes(tx, skus=skus, channel=channel)
    zones = {node.code: node.zone for node in kept.nodes if node.capacities}
    starts = {
        code: instant(local_day(tx.now, zone), time(0, 0), zone) for code, zone in zones.items()
    }
    taken = await strategy.list_sent(tx, since=starts) if starts else {}
    nodes = tuple(
        msgspec.structs.replace(
            node,
            stock={
                sku: Usable(_lasting(row, told.lasting.get((node.id, sku))), row[1], row[2])
                for sku, row in units.get(node.id, {}).items()
            },
            stock_attrs=told.attributes.get(node.id, {}),
        )
        for node in network.nodes
    )
    limits = tuple(
        msgspec.structs.replace(limit, taken=taken.get((limit.node, limit.counts.value), 0))
        for limit in network.limits
    )
    known = {node.id for node in nodes}
    services = tuple(
        _service(node, one)
        for node, offered in kept.services.items()
        if node in known
        for one in offered.services
    )
    return Network(nodes, services, limits)


def _lasting(row: list[int], lasting: int | None) -> int:
    """Of what is available, what lasts long enough for the channel; safety stays kept."""
    return row[0] if lasting is None else min(row[0], lasting + row[1])


def _service(node: str, one: DeliveryService) -> NetworkService:
    return NetworkService(
        id=f"{node}/{one.code}",
        node=node,
        carrier=one.carrier,
        level=one.level,
        max_g=one.max_g,
        divisor=one.divisor,
        rates=tuple(
            None if r is None
            else Rate(r.first_g, r.first_minor, r.step_g, r.step_minor, r.transit_min)
            for r in one.rates
        ),
        pick_ups=tuple(
            PickUp(p.weekday, time.fromisoformat(p.cut_off), time.fromisoformat(p.leaves),
                   p.leaves_days_later)
            for p in one.pick_ups
        ),
        tags=tuple(one.tags),
        cod=one.cod,
        holidays=frozenset(one.holidays),
    )  # fmt: skip


def _problem(
    network: Network, kept: _Kept, cart: Cart, dest: Destination, lines: list[Line], *,
    now: datetime,
) -> Problem:  # fmt: skip
    currencies = {offered.currency for offered in kept.services.values() if offered.services}
    if len(currencies) > 1:
        raise Conflict(
            "the nodes price in several currencies",
            code="currencies_differ", currencies=sorted(currencies),
        )  # fmt: skip
    # The day's beginning: the same plan has the same bytes whichever minute it is asked in.
    instant0 = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    compiled = compile_network(network, now=now, instant0=instant0)
    by = cart.deliver_by
    own: Attributes = {"channel": cart.channel, **cart.attributes}
    order = Order(
        "preview", compiled.now, dest, lines, cart.cod, own,
        None if by is None else int((by - instant0).total_seconds() // 60),
    )  # fmt: skip
    return problem_of(
        compiled, [order], currency=next(iter(currencies), "CNY"),
        zone_km=list(delivery.ZONE_KM),
    )  # fmt: skip


def _shown(found: Preview, problem: Problem, cart: Cart) -> ShownPreview:
    def at(minute: int) -> datetime:
        return problem.instant0 + timedelta(minutes=minute)

    return ShownPreview(
        found.status,
        problem.currency,
        found.cost_minor,
        [
            ShownShipment(one.node, one.service, one.carrier, one.level, at(one.eta), one.units)
            for one in found.shipments
        ],
        found.fallback,
        [_option(one, at(one.eta)) for one in found.options],
        found.cod_offered,
        found.least_shipments,
        found.partitions,
        cart.policy,
        found.digest,
    )


def _option(one: DeliveryOption, arrives_at: datetime) -> ShownOption:
    return ShownOption(one.level, arrives_at, one.cost_minor, one.shipments)
