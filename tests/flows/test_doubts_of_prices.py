"""What somebody with fresh eyes doubted about prices and drafts, each as a test."""

from datetime import date
from typing import Any

import msgspec
import pytest

from entrepot.carriers.rating.cards import Amount
from entrepot.carriers.rating.files import read_storage, read_tariff
from entrepot.consolidation import queries
from entrepot.consolidation.advice import Parcel, Wish, advise
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.drafts import DEMO, load_demo_lines, parcel_of, parcels_of
from tests.flows.trade import Trade, number, open_trade
from tests.postgres_fixture import InstalledServer

PIECE = {"g": 1200, "mm": [300, 200, 100]}
QUOTE = {"warehouse": "SZX1", "country": "US", "postcode": "78704", "pieces": [PIECE],
         "declared": {"minor": 9900, "currency": "CNY"}}  # fmt: skip


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    return trade


@pytest.fixture(scope="module")
async def key(server: InstalledServer, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, api_app(server), trade.tenant.tenant)


@pytest.mark.parametrize(
    "odd",
    [
        {"ship_date": "9999-12-31"},
        {"ship_date": "0001-01-01"},
        {"postcode": "\u00b2\u00b3\u00b9"},
        {"postcode": "\u0663\u0663\u0663"},
        {"postcode": "7\u00008"},
        {"state": "\u0000"},
        {"options": ["\u0000"]},
        {"vas": {"\u0000": 1}},
        {"hs6": ["000000\n"]},
        {"insured_minor": 10**12},
        {"coupon": {"permille": 1000, "max_minor": 10**12}},
        {"declared": {"minor": 10**12, "currency": "KWD"}},
        {"pieces": [{"g": 5_000_000, "mm": [30_000, 30_000, 30_000]}] * 100},
        {"identities": ["\u0000"]},
        {"country": "ZZ"},
        {"parcels": [], "pieces": None},
    ],
)
async def test_odd_quotes_are_answered_and_can_be_read_again(
    key: ApiKeyInHand, odd: dict[str, Any]
) -> None:
    made = await key.ask("POST", "/quotes", QUOTE | odd)
    assert made.status_code < 500, made.text
    if made.status_code < 300:
        again = await key.ask("GET", f"/quotes/{made.json()['id']}")
        assert again.status_code == 200
        replay = await key.get(f"/quotes/{made.json()['id']}/replay")
        assert replay["same"] is True


async def test_a_declaration_beyond_all_amounts_is_no_500(trade: Trade, key: ApiKeyInHand) -> None:
    """What a pre-alert may declare, 50 lines of it, is more than the engine's amounts hold."""
    owner = await trade.customer()
    item = {"description": "gold", "quantity": 100_000, "unit_price_minor": 10**12,
            "currency": "CNY"}  # fmt: skip
    code = number()
    await trade.announce(owner, code, items=[item] * 50)
    parcel = await trade.scan(code, weight_g=500, length_mm=100, width_mm=100, height_mm=100)
    quoted = await key.ask(
        "POST", "/quotes",
        {"warehouse": "SZX1", "country": "US", "postcode": "78704",
         "parcels": [str(parcel.parcel.id)]},
    )  # fmt: skip
    assert quoted.status_code < 500, quoted.text
    if quoted.status_code < 300:
        assert (await key.ask("GET", f"/quotes/{quoted.json()['id']}")).status_code == 200
    for country in ("US", "DE"):
        wish = {"customer_id": str(owner.id), "warehouse": "SZX1",
                "destination": {"country": country, "postcode": "78704"}}  # fmt: skip
        made = await key.ask("POST", "/consolidations", wish)
        assert made.status_code < 500, made.text
        at = f"/consolidations/{made.json()['id']}"
        assert (await key.ask("GET", at)).status_code == 200
        assert (await key.ask("GET", f"{at}/advice")).status_code < 500
        assert (await key.ask("DELETE", at)).status_code == 200


@pytest.mark.parametrize("where", ["state", "postcode"])
async def test_a_destination_with_an_odd_text_is_no_500(
    trade: Trade, key: ApiKeyInHand, where: str
) -> None:
    owner = await trade.customer()
    await parcels_of(trade, owner, 1)
    wish = {"customer_id": str(owner.id), "warehouse": "SZX1",
            "destination": {"country": "US", where: "7\u00008"}}  # fmt: skip
    made = await key.ask("POST", "/consolidations", wish)
    assert made.status_code < 500, made.text


async def test_named_and_claimed_parcels_are_found_among_more_than_are_looked_at(
    trade: Trade, key: ApiKeyInHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer with more parcels than one look takes: the newest can be named all the same."""
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 4)
    monkeypatch.setattr(queries, "_MOST_OF_A_CUSTOMER", 2)
    newest = sorted(str(one) for one in parcels[2:])
    wish = {"customer_id": str(owner.id), "warehouse": "SZX1", "parcels": newest,
            "destination": {"country": "US", "postcode": "78704"}}  # fmt: skip
    made = await key.ask("POST", "/consolidations", wish)
    assert made.status_code == 201, made.text
    assert sorted(one["id"] for one in made.json()["parcels"]) == newest
    assert [one["reasons"] for one in made.json()["parcels"]] == [[], []]
    more = await key.ask(
        "POST", f"/consolidations/{made.json()['id']}/parcels", {"parcels": [str(parcels[1])]}
    )
    assert more.status_code == 200, more.text


async def test_old_parcels_elsewhere_do_not_hide_those_that_may_go(
    trade: Trade, key: ApiKeyInHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await trade.customer()
    for _ in range(2):
        await parcel_of(trade, owner, warehouse="YIW1")
    here = await parcel_of(trade, owner)
    monkeypatch.setattr(queries, "_MOST_OF_A_CUSTOMER", 2)
    wish = {"customer_id": str(owner.id), "warehouse": "SZX1",
            "destination": {"country": "US", "postcode": "78704"}}  # fmt: skip
    made = await key.ask("POST", "/consolidations", wish)
    assert made.status_code == 201, made.text
    assert [one["id"] for one in made.json()["parcels"]] == [str(here)]


def test_storage_in_another_currency_is_converted_before_it_is_added() -> None:
    """Five days × 0.50 CNY are less than the 3.00 CNY that waiting saves, 0.50 EUR are more."""
    raw = DEMO.read_bytes()
    tariff, storage = read_tariff(raw), read_storage(raw)
    lying = Parcel(id="a", g=1000, mm=(250, 200, 100), declared=Amount(30000, "CNY"),
                   put_away=date(2026, 11, 27))  # fmt: skip
    wish = Wish(country="US", today=date(2026, 12, 20))
    found = {}
    for currency in ("CNY", "EUR"):
        fees = msgspec.structs.replace(storage, currency=currency)
        (group,) = advise(tariff, fees, (), [lying], wish).groups
        found[currency] = group.ship_date, group.storage_minor
    assert found == {"CNY": (date(2027, 1, 1), 250), "EUR": (date(2026, 12, 20), 0)}


async def test_who_works_in_some_warehouses_sets_nothing_for_all(
    server: InstalledServer, trade: Trade, key: ApiKeyInHand
) -> None:
    settings = await key.get("/consolidation-settings")
    tenant = trade.tenant.tenant
    there = await key_for(server, api_app(server), tenant, warehouses=["YIW1"])
    refused = await there.ask("PUT", "/consolidation-settings", settings)
    assert (refused.status_code, refused.json()["code"]) == (403, "whole_house_only")
    assert (await key.ask("PUT", "/consolidation-settings", settings)).status_code == 200
