"""The adviser asked about a draft: should these parcels go together, in parts, or later?

The work is done in a thread, whose pauses let the event loop go on: at eight parcels it takes
about 0.2 s.
"""

import asyncio

import msgspec

from entrepot.carriers.rating.cards import Amount, FreeDays, StorageFee, StorageRules, StorageWeight
from entrepot.carriers.rating.compiling import Tariff
from entrepot.consolidation import queries
from entrepot.consolidation.advice import EXACT_UP_TO, Advice, Parcel, Wish, advise
from entrepot.consolidation.pricing import declared_sum, hs6_of, tags_of
from entrepot.consolidation.queries import Head
from entrepot.consolidation.repricing import find_tariff
from entrepot.consolidation.types import AdviceKind, Advised, AdvisedGroup, Candidate
from entrepot.consolidation.viewing import contents_of, today_at
from entrepot.kernel.calendars import local_day
from entrepot.kernel.refusals import Invalid
from entrepot.platform.database import ReadTx

MOST_ADVISED = 16
"""Beyond, trying pairs takes longer than anybody waits."""
MOST_TRIED = 6_000
"""Groups times cartons; each is a packing. At a quarter of a millisecond that is 1.5 s at worst."""
WAIT_DAYS = 30
_UNKNOWN = Advised(
    kind="unknown",
    groups=(),
    total_minor=0,
    together_minor=None,
    saves_minor=0,
    stuck=(),
    currency="",
    exact=False,
)


async def advice_for(tx: ReadTx, head: Head) -> Advised:
    """The cheapest way found for the draft's parcels, seen from the warehouse's today.

    `unknown` for a draft that cannot be priced, one of more than sixteen parcels, or a catalogue
    of so many cartons that trying them all would take too long.
    """
    contents = await contents_of(tx, head)
    tariff = await find_tariff(tx, warehouse=head.warehouse)
    to = head.destination
    if tariff is None or to is None or not contents.fit:
        return _UNKNOWN
    measured = all(one.mm and one.weight_g for one in contents.members)
    if not measured or len(contents.members) > MOST_ADVISED:
        return _UNKNOWN
    wish = Wish(
        country=to.country,
        state=to.state,
        postcode=to.postcode,
        today=today_at(tx, head),
        wait_days=WAIT_DAYS,
        tier=head.member_tier if head.member_tier in tariff.tiers else None,
    )
    storage = _storage_for(await queries.find_storage(tx), wish.tier)
    cartons = await queries.list_cartons(tx)
    if 2 ** min(len(contents.members), EXACT_UP_TO) * len(cartons) > MOST_TRIED:
        return _UNKNOWN
    try:
        parcels = [_parcel(tariff, one, head.zone, tx) for one in contents.members]
        found = await asyncio.to_thread(advise, tariff, storage, cartons, parcels, wish)
    except Invalid:
        # A currency without rate: then there is no price either.
        return _UNKNOWN
    return _told(found, wish, tariff.fx.base)


def _storage_for(rules: StorageRules | None, tier: str | None) -> StorageRules:
    """The rules as the adviser needs them: for nothing when the tenant has none, and with the
    customer's tier, which stores like the first one when the rules do not name it."""
    if rules is None:
        free = StorageFee(1, 1, [StorageWeight(None, 0)])
        return StorageRules([FreeDays(tier or "-", 0)], [free], "XXX")
    if tier is None or any(row.tier == tier for row in rules.tiers):
        return rules
    return msgspec.structs.replace(
        rules, tiers=[*rules.tiers, FreeDays(tier, rules.tiers[0].free_days)]
    )


def _parcel(tariff: Tariff, one: Candidate, zone: str, tx: ReadTx) -> Parcel:
    assert one.mm is not None
    assert one.weight_g is not None
    return Parcel(
        id=str(one.id),
        g=one.weight_g,
        mm=one.mm,
        declared=declared_sum(tariff.fx, [one]) or Amount(0, tariff.fx.base),
        put_away=local_day(one.put_away or tx.now, zone),
        tags=tags_of(one),
        hs6=hs6_of([one]) or (),
    )


def _told(found: Advice, wish: Wish, currency: str) -> Advised:
    groups = tuple(
        AdvisedGroup(
            group.parcels, group.service, group.ship_date, group.freight_minor, group.storage_minor
        )
        for group in found.groups
    )
    whole = found.together_minor
    saves = 0 if whole is None else whole - found.total_minor
    return Advised(
        kind=_kind(groups, wish),
        groups=groups,
        total_minor=found.total_minor,
        together_minor=whole,
        saves_minor=saves,
        stuck=found.stuck,
        currency=currency,
        exact=found.exact,
    )


def _kind(groups: tuple[AdvisedGroup, ...], wish: Wish) -> AdviceKind:
    if not groups:
        return "none"
    if len(groups) > 1:
        return "part"
    return "wait" if groups[0].ship_date > wish.today else "together"
