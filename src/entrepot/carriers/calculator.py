"""What the public calculator offers to choose from, and what the lines of its answer are called."""

from collections.abc import Iterator

import msgspec

from entrepot.carriers.rating.cards import Service, Surcharge, Tax
from entrepot.carriers.rating.compiling import Tariff
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "calculator.sql")

Names = dict[str, str]


class Offering(msgspec.Struct, frozen=True):
    """A node that offers services: its code, its names by language, its IANA zone."""

    code: str
    names: Names
    zone: str


class _OfferingRow(msgspec.Struct, frozen=True):
    code: str
    names: bytes
    zone: str


class Choices(msgspec.Struct, frozen=True):
    """What a visitor can fill in for one node: destinations (ISO 3166), currencies with a rate
    (`base` first), tags that some line knows. `most_insured_minor` is in `base`."""

    countries: tuple[str, ...]
    currencies: tuple[str, ...]
    base: str
    tags: tuple[str, ...]
    most_insured_minor: int


async def list_offering(tx: ReadTx) -> list[Offering]:
    """Open nodes that offer any service, by code."""
    rows = await tx.list(SQL["list_offering"], _OfferingRow)
    return [Offering(r.code, msgspec.json.decode(r.names, type=Names), r.zone) for r in rows]


def choices_of(tariff: Tariff) -> Choices:
    """What can be chosen with these prices."""
    countries: set[str] = set()
    tags: set[str] = {"general"}
    for service in _services(tariff):
        countries.update(service.zones or service.rate.price)
        countries.update(rule.country for rule in service.zone_rules if rule.zone is not None)
        tags.update(service.goods.allowed)
        tags.update(service.goods.refused)
    fx = tariff.fx
    return Choices(
        countries=tuple(sorted(countries)),
        currencies=(fx.base, *sorted(set(fx.rates_e6) - {fx.base})),
        base=fx.base,
        tags=("general", *sorted(tags - {"general"})),
        most_insured_minor=tariff.insurance_minor[1],
    )


def line_names(tariff: Tariff) -> dict[str, Names]:
    """What cards call their own lines: `<service>/<code>` → names by language."""
    names: dict[str, Names] = {}
    for service in _services(tariff):
        rows: tuple[Surcharge | Tax, ...] = (*service.rate.surcharges, *service.rate.tax)
        for row in rows:
            given = {"en": row.en, "zh-CN": row.zh}
            names[f"{service.id}/{row.code}"] = {k: text for k, text in given.items() if text}
    return names


def _services(tariff: Tariff) -> Iterator[Service]:
    for versions in tariff.services.values():
        for prices in versions:
            yield prices.service
