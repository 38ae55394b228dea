"""The adviser: for a set of parcels the cheapest grouping, line and day.

Every group of parcels is packed once, priced on every line for every day on which its price can
change, and charged the storage of its parcels until that day; line limits, value limits, duties
and taxes come in through the prices. Then the cheapest way to part the parcels into groups is
found: exactly for up to eight parcels (all partitions, by subsets), by merging the pair that saves
most for more. Exact means: exact for the cartons that the packer finds.

A price is constant between the days on which a card, a surcharge window or a fuel rate begins or
ends, and storage never falls with time; so only the first possible day and those days can be best.
Pure: no clock; `today` is given.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import combinations
from typing import Annotated

import msgspec
from msgspec import Meta

from entrepot.carriers.rating.cards import Amount, StorageRules
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.currency import to_base
from entrepot.carriers.rating.pricing import rate
from entrepot.carriers.rating.requests import Piece as RatedPiece
from entrepot.carriers.rating.requests import Price, Request
from entrepot.carriers.rating.storage import storage_due
from entrepot.consolidation.packing.choosing import pack
from entrepot.consolidation.packing.types import CartonType, PackedCarton, PackRequest
from entrepot.consolidation.packing.types import Piece as PackedPiece

EXACT_UP_TO = 8
INCLUDED_PARCELS = 3
"""Parcels that consolidating takes without a fee; beyond, `consolidate` is charged for each."""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel as measured. `put_away` may lie ahead: before that day it cannot leave."""

    id: str
    g: int
    mm: tuple[int, int, int]
    declared: Amount
    put_away: date
    tags: tuple[str, ...] = ("general",)
    hs6: tuple[str, ...] = ()
    paused_days: int = 0
    fragile: bool = False
    upright: bool = False


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, from when, and how many days one may wait; `services` None means all."""

    country: str
    today: date
    wait_days: Annotated[int, Meta(ge=0, le=365)] = 30
    postcode: str | None = None
    state: str | None = None
    tier: str | None = None
    services: tuple[str, ...] | None = None
    identities: tuple[str, ...] | None = None


class Group(msgspec.Struct, frozen=True):
    """Parcels that leave together: line, day, price, storage until then, and their cartons (none
    for a parcel that leaves as it is)."""

    parcels: tuple[str, ...]
    service: str
    ship_date: date
    freight_minor: int
    storage_minor: int
    price: Price
    cartons: tuple[PackedCarton, ...]

    @property
    def total_minor(self) -> int:
        """Freight and storage."""
        return self.freight_minor + self.storage_minor


class Advice(msgspec.Struct, frozen=True):
    """The groups and what they cost; the same parcels each alone, and all in one if that goes.

    `stuck` are parcels that no line takes by themselves; they are in no sum.
    """

    groups: tuple[Group, ...]
    total_minor: int
    apart_minor: int
    together_minor: int | None
    saves_minor: int
    stuck: tuple[str, ...]
    exact: bool


def advise(
    tariff: Tariff,
    storage: StorageRules,
    cartons: Sequence[CartonType],
    parcels: Sequence[Parcel],
    wish: Wish,
) -> Advice:
    """The cheapest plan; `saves_minor` is what it saves against shipping each parcel alone."""

    @cache
    def best(members: tuple[int, ...]) -> Group | None:
        return _best_group(tariff, storage, cartons, [parcels[i] for i in members], wish)

    movable = [index for index in range(len(parcels)) if best((index,)) is not None]
    stuck = tuple(parcel.id for i, parcel in enumerate(parcels) if i not in set(movable))
    part = _exact if len(movable) <= EXACT_UP_TO else _merged
    plan = part(movable, best)
    groups = [group for members in plan if (group := best(members)) is not None]
    alone = [group for i in movable if (group := best((i,))) is not None]
    whole = best(tuple(movable)) if movable else None
    total, apart = _sum(groups), _sum(alone)
    groups.sort(key=lambda group: (group.ship_date, group.parcels))
    return Advice(
        groups=tuple(groups),
        total_minor=total,
        apart_minor=apart,
        together_minor=whole.total_minor if whole else None,
        saves_minor=apart - total,
        stuck=stuck,
        exact=len(movable) <= EXACT_UP_TO,
    )


def _sum(groups: Sequence[Group]) -> int:
    return sum(group.total_minor for group in groups)


Best = Callable[[tuple[int, ...]], Group | None]
"""Members of a group, ascending → the cheapest way to send them together, if there is one."""


def _exact(movable: Sequence[int], best: Best) -> list[tuple[int, ...]]:
    """The cheapest partition: every set is its cheapest part with the lowest member, plus the
    cheapest partition of the rest. Ties go to fewer groups."""
    plans: list[tuple[int, int, list[tuple[int, ...]]]] = [(0, 0, [])]
    for mask in range(1, 1 << len(movable)):
        found: tuple[int, int, list[tuple[int, ...]]] | None = None
        part = mask
        while part:
            if part & mask & -mask:
                members = tuple(index for bit, index in enumerate(movable) if part >> bit & 1)
                group = best(members)
                if group is not None:
                    minor, count, rest = plans[mask ^ part]
                    option = minor + group.total_minor, count + 1, [members, *rest]
                    if found is None or option[:2] < found[:2]:
                        found = option
            part = (part - 1) & mask
        if found is None:
            raise AssertionError("each parcel was shown to be movable by itself")
        plans.append(found)
    return plans[-1][2]


def _merged(movable: Sequence[int], best: Best) -> list[tuple[int, ...]]:
    """Merge the two groups that save most, until none does; or all in one if that is cheaper."""

    def cost(members: tuple[int, ...]) -> int | None:
        group = best(members)
        return None if group is None else group.total_minor

    groups = [(index,) for index in movable]
    plan: list[tuple[int, ...]] = list(groups)
    while True:
        most, pair = 0, None
        for first, second in combinations(plan, 2):
            joint = cost(tuple(sorted(first + second)))
            if joint is not None:
                saved = (cost(first) or 0) + (cost(second) or 0) - joint
                if saved > most:
                    most, pair = saved, (first, second)
        if pair is None:
            break
        plan = [members for members in plan if members not in pair]
        plan.append(tuple(sorted(pair[0] + pair[1])))
    whole = cost(tuple(movable))
    if whole is not None and whole < sum(cost(members) or 0 for members in plan):
        return [tuple(movable)]
    return plan


def _best_group(
    tariff: Tariff,
    storage: StorageRules,
    cartons: Sequence[CartonType],
    parcels: Sequence[Parcel],
    wish: Wish,
) -> Group | None:
    first = max([wish.today, *(parcel.put_away for parcel in parcels)])
    last = wish.today + timedelta(days=wish.wait_days)
    if first > last:
        return None
    boxes = _boxes(cartons, parcels)
    if boxes is None:
        return None
    packed, pieces = boxes
    request = _request(tariff, parcels, pieces, wish, first)
    tier = wish.tier or storage.tiers[0].tier
    found: tuple[int, date, str, Group] | None = None
    for service in tariff.services if wish.services is None else wish.services:
        for day in change_days(tariff, service, first, last):
            price = rate(tariff, msgspec.structs.replace(request, service=service, ship_date=day))
            if not isinstance(price, Price) or _lacks(tariff, service, wish):
                continue
            lying = sum(_storage(tariff, storage, parcel, tier, day) for parcel in parcels)
            names = tuple(parcel.id for parcel in parcels)
            group = Group(names, service, day, price.total_minor, lying, price, packed)
            option = group.total_minor, day, service, group
            if found is None or option[:3] < found[:3]:
                found = option
    return None if found is None else found[3]


def _boxes(
    cartons: Sequence[CartonType], parcels: Sequence[Parcel]
) -> tuple[tuple[PackedCarton, ...], tuple[RatedPiece, ...]] | None:
    """The cartons of a group and what the lines see of them; a single parcel leaves as it is."""
    if len(parcels) == 1:
        only = parcels[0]
        return (), (RatedPiece(only.g, only.mm, only.tags),)
    packing = pack(
        PackRequest(
            tuple(cartons),
            tuple(PackedPiece(p.id, p.mm, p.g, p.fragile, p.upright) for p in parcels),
        )
    )
    if packing.left:
        return None
    tags = {parcel.id: parcel.tags for parcel in parcels}
    pieces = []
    for carton in packing.cartons:
        inside = {tag for placement in carton.placements for tag in tags[placement.id]}
        pieces.append(RatedPiece(carton.gross_g, carton.outer_mm, tuple(sorted(inside))))
    return packing.cartons, tuple(pieces)


def _request(
    tariff: Tariff,
    parcels: Sequence[Parcel],
    pieces: tuple[RatedPiece, ...],
    wish: Wish,
    day: date,
) -> Request:
    beyond = max(0, len(parcels) - INCLUDED_PARCELS)
    return Request(
        country=wish.country,
        ship_date=day,
        pieces=pieces,
        state=wish.state,
        postcode=wish.postcode,
        declared=_declared(tariff, parcels),
        hs6=tuple(code for parcel in parcels for code in parcel.hs6),
        tier=wish.tier,
        vas={"consolidate": beyond} if beyond and "consolidate" in tariff.vas else {},
    )


def _declared(tariff: Tariff, parcels: Sequence[Parcel]) -> Amount:
    """The sum of declared values: in their currency when they share one, else in the base."""
    currencies = {parcel.declared.currency for parcel in parcels}
    if len(currencies) == 1:
        return Amount(sum(parcel.declared.minor for parcel in parcels), currencies.pop())
    values = (to_base(tariff.fx, p.declared.minor, p.declared.currency) for p in parcels)
    return Amount(sum(values), tariff.fx.base)


def change_days(tariff: Tariff, service: str, first: date, last: date) -> list[date]:
    """The first day and all later ones, up to the last, on which the service's price may change."""
    days = {first}
    for prices in tariff.services.get(service, ()):
        days.add(prices.card.valid_from)
        days.update(row.valid_from for row in prices.fuel)
        for extra in prices.dynamic + prices.post_tax:
            if extra.valid is not None:
                days |= {extra.valid[0], _after(extra.valid[1])}
    return sorted(day for day in days if first <= day <= last)


def _after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _lacks(tariff: Tariff, service: str, wish: Wish) -> bool:
    """Whether the line asks for an identity that the customer is known not to have."""
    if wish.identities is None:
        return False
    return any(
        set(prices.service.needs) - set(wish.identities) for prices in tariff.services[service]
    )


def _storage(tariff: Tariff, rules: StorageRules, parcel: Parcel, tier: str, day: date) -> int:
    """The fee in the base currency, as freight is. Raises Invalid when theirs has no rate."""
    due = storage_due(
        rules,
        g=parcel.g,
        tier=tier,
        put_away=parcel.put_away,
        packed=day,
        paused_days=min(parcel.paused_days, (day - parcel.put_away).days),
    )
    return to_base(tariff.fx, due.total_minor, rules.currency) if due.total_minor else 0
