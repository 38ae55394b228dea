"""The office's prices: lines with their cards, and which warehouse offers which line."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from entrepot.carriers.rating.cards import Service
from entrepot.carriers.types import NodeServiceChange, NodeServiceChanges
from entrepot.flows.change_node_services import change_node_services
from entrepot.flows.export_rate_cards import export_rate_cards
from entrepot.flows.get_rate_card import get_rate_card
from entrepot.flows.list_node_services import list_node_services
from entrepot.flows.list_nodes import list_nodes
from entrepot.flows.list_rate_cards import list_rate_cards
from entrepot.flows.withdraw_rate_card import withdraw_rate_card
from entrepot.kernel.refusals import Refusal
from entrepot.web import card_words, languages
from entrepot.web.answers import page, see_other
from entrepot.web.card_reading import read_card, tag_name
from entrepot.web.deps import Deps, Site, Visiting
from entrepot.web.forms import read_form, stamp_of
from entrepot.web.refusals import SHOWN
from entrepot.web.staff_pages import staff_of
from entrepot.web.visits import PageRequest, Visit

WORDS = {name: getattr(card_words, name) for name in dir(card_words) if name.isupper()}
_FEW_COUNTRIES = 6


def countries_in_words(visit: Visit, codes: list[str]) -> str:
    """The countries by name, the first few of many."""
    known = languages.babel_locale(visit.language).territories
    names = [known.get(code, code) for code in codes]
    if len(names) <= _FEW_COUNTRIES:
        return ", ".join(names)
    few, more = ", ".join(names[: _FEW_COUNTRIES - 1]), len(names) - _FEW_COUNTRIES + 1
    return visit.say("%(few)s and %(more)s more", few=few, more=more)


@get("/admin/prices")
async def prices(deps: Deps, visit: Visiting) -> Response[str]:
    """All lines with the version in force and those to come, and the shared rules."""
    found = await list_rate_cards(deps.db, staff_of(visit))
    return page(
        visit,
        "prices/list.html",
        deps=deps,
        services=found.services,
        countries={s.service: countries_in_words(visit, s.countries) for s in found.services},
        rules=[rule for rule in found.rules if rule.in_force],
        card_words=WORDS,
        zone=visit.house_of.zone,
        may_change=visit.allowed("rate_cards:change"),
    )


@get("/admin/prices/export", media_type="application/json")
async def export(deps: Deps, visit: Visiting) -> Response[bytes]:
    """All live cards as a file, which imports again unchanged."""
    document: dict[str, Any] = (await export_rate_cards(deps.db, staff_of(visit))).document()
    raw = msgspec.json.format(msgspec.json.encode(document), indent=1)
    name = f"{visit.house_of.slug}-rate-cards.json"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(raw, media_type="application/json", headers=headers)


async def _card(
    deps: Site, visit: Visit, service: str, version: str | None, refusal: Refusal | None = None
) -> Response[str]:
    staff = staff_of(visit)
    found = await get_rate_card(deps.db, staff, service=service, version=version)
    reading = read_card(visit, msgspec.convert(found.card, Service))
    known = languages.babel_locale(visit.language).territories
    return page(
        visit,
        "prices/card.html",
        deps=deps,
        found=found,
        reading=reading,
        countries={code: known.get(code, code) for z in reading.zones for code in z.countries},
        allowed=[tag_name(visit, tag) for tag in reading.service.goods.allowed],
        refused=[tag_name(visit, tag) for tag in reading.service.goods.refused],
        offered=[
            one.warehouse
            for one in await list_node_services(deps.db, staff)
            if one.service == service and one.offered
        ],
        card_words=WORDS,
        zone=visit.house_of.zone,
        refusal=refusal,
        may_change=visit.allowed("rate_cards:change"),
    )


@get("/admin/prices/lines/{service:str}")
async def card(
    deps: Deps, visit: Visiting, service: FromPath[str], version: FromQuery[str] = ""
) -> Response[str]:
    """One line's card, readable: zones and bands, surcharges, taxes, all versions."""
    return await _card(deps, visit, service[:80], version[:80] or None)


@post("/admin/prices/lines/{service:str}/withdraw", status_code=200)
async def withdraw(
    request: PageRequest, deps: Deps, visit: Visiting, service: FromPath[str]
) -> Response[str]:
    """Take back a version that is not yet valid."""
    form = await read_form(request)
    try:
        await withdraw_rate_card(
            deps.db,
            staff_of(visit),
            stamp_of(request, form),
            service=service[:80],
            version=form.text("version")[:80],
        )
    except SHOWN as refusal:
        return await _card(deps, visit, service[:80], None, refusal)
    return see_other(visit, f"{visit.base}/admin/prices/lines/{service}")


async def _matrix(deps: Site, visit: Visit, refusal: Refusal | None = None) -> Response[str]:
    staff = staff_of(visit)
    listed = await list_rate_cards(deps.db, staff)
    offered = await list_node_services(deps.db, staff)
    return page(
        visit,
        "prices/matrix.html",
        deps=deps,
        services=listed.services,
        nodes=await list_nodes(deps.db, staff),
        on={(one.warehouse, one.service) for one in offered if one.offered},
        pick_up={(one.warehouse, one.service) for one in offered if one.pick_up},
        refusal=refusal,
        may_change=visit.allowed("nodes:change"),
    )


@get("/admin/prices/warehouses")
async def matrix(deps: Deps, visit: Visiting) -> Response[str]:
    """Which warehouse offers which line."""
    return await _matrix(deps, visit)


@post("/admin/prices/warehouses", status_code=200)
async def switch(request: PageRequest, deps: Deps, visit: Visiting) -> Response[str]:
    """Switch one line on or off at one warehouse, or whether its carrier collects there."""
    form = await read_form(request)
    change = NodeServiceChange(
        service=form.text("service")[:80],
        offered=form.text("offered") == "yes",
        pick_up=form.text("pick_up") == "yes",
    )
    try:
        await change_node_services(
            deps.db,
            staff_of(visit),
            stamp_of(request, form),
            warehouse=form.text("warehouse")[:16],
            changes=NodeServiceChanges([change]),
        )
    except SHOWN as refusal:
        return await _matrix(deps, visit, refusal)
    return see_other(visit, f"{visit.base}/admin/prices/warehouses#{change.service}")


PRICE_PAGES = [prices, export, card, withdraw, matrix, switch]
