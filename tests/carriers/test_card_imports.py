"""Cards over the API: imports with all errors at once, versions in sequence, races, exports."""

import asyncio
import base64
import copy
from typing import Any

import pytest

from entrepot.platform.sheets import write_xlsx
from tests.api.harness import key_for
from tests.carriers.price_house import (
    CALENDARS,
    PriceHouse,
    card_file,
    next_version,
    open_price_house,
)
from tests.postgres_fixture import InstalledServer

IMPORTS, PREVIEWS = "/rate-cards/imports", "/rate-cards/previews"
HEADING = "service,zone,kind,first_g,first_minor,step_g,step_minor,to_g,per_kg_minor\n"
TABLE = HEADING + "JP-AIR,JP,first_step,500,3900,500,960,,\n"


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PriceHouse:
    return await open_price_house(server)


async def refused(house: PriceHouse, document: Any, target: str = IMPORTS) -> list[dict[str, str]]:
    """The errors of an import that is refused and changes nothing."""
    before = await house.key.get("/rate-cards")
    response = await house.key.ask("POST", target, document)
    assert response.status_code == 422, response.text
    assert await house.key.get("/rate-cards") == before
    errors: list[dict[str, str]] = response.json()["errors"]
    return errors


def paths(errors: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(error["path"], error["code"]) for error in errors}


async def test_errors_of_form_come_all_at_once_with_their_places(house: PriceHouse) -> None:
    document = card_file()
    first, second = document["services"][0], document["services"][1]
    first["rate"]["surcharges"][0]["minor"] = -1
    first["rate"]["valid_from"] = "2026-13-01"
    first["limits"]["max_piece_g"] = 1e9
    second["unheard_of"] = 1
    del second["goods"]
    document["fx"]["rates_e6"]["USD"] = 7.1
    document["storage"]["fees"][0]["from_overdue_day"] = 0
    document["calendars"] = {"CN": {"weekdays": [0, 8]}}
    errors = await refused(house, {"cards": document})
    # Numbers with a fraction are looked for first, in every part of the file.
    assert paths(errors) == {
        ("services[0].limits.max_piece_g", "wrong_type"), ("fx.rates_e6.USD", "wrong_type"),
    }  # fmt: skip
    first["limits"]["max_piece_g"] = 10**9
    document["fx"]["rates_e6"]["USD"] = 0
    errors = await refused(house, {"cards": document})
    assert {e["path"] for e in errors} == {
        "services[0].rate.surcharges[0].minor", "services[0].rate.valid_from",
        "services[0].limits.max_piece_g", "services[1].unheard_of", "services[1].goods",
        "fx.rates_e6.USD", "storage.fees[0].from_overdue_day", "calendars.CN.weekdays[0]",
        "calendars.CN.weekdays[1]",
    }  # fmt: skip


async def test_gaps_and_overlaps_come_all_at_once_with_their_places(house: PriceHouse) -> None:
    express, air = next_version("MX-EXP"), next_version("JP-AIR", start="2026-11-01")
    del express["rate"]["price"]["Z3"]
    express["rate"]["price"]["Z1"]["bands"] = [
        {"from_g": 21000, "per_kg_minor": 1}, {"from_g": 20000, "per_kg_minor": 1},
    ]  # fmt: skip
    sea = next_version("US-SEA")
    sea["rate"]["version"] = "2027"
    errors = await refused(house, {"cards": {"services": [express, air, sea, sea]}})
    assert paths(errors) == {("services[3].rate.version", "overlap")}
    errors = await refused(house, {"cards": {"services": [express, air, sea]}})
    assert {
        ("services[0].rate.price", "gap"),
        ("services[0].rate.price.Z1.bands[1].from_g", "overlap"),
        ("services[1].rate.valid_from", "overlap"),
    } <= paths(errors)
    dates = next(e for e in errors if e["path"] == "services[1].rate.valid_from")
    assert "stored JP-AIR 2026-11" in dates["message"]


async def test_days_without_a_card_are_found_against_what_is_stored(house: PriceHouse) -> None:
    ending = next_version("HK-TRUCK", "to-march", "2027-01-01")
    ending["rate"]["valid_to"] = "2027-03-31"
    late = next_version("HK-TRUCK", "from-may", "2027-05-01")
    errors = await refused(house, {"cards": {"services": [ending, late]}})
    assert paths(errors) == {("services[1].rate.valid_from", "gap")}
    assert "2027-04-01" in errors[0]["message"]


async def test_rules_that_stored_cards_need_are_not_taken_away(house: PriceHouse) -> None:
    fx = card_file()["fx"]
    fx["rates_e6"] = {"USD": 7100000}
    errors = await refused(house, {"cards": {"fx": fx}})
    assert errors
    assert all(e["code"] == "no_rate" and e["path"].startswith("stored ") for e in errors)


async def test_the_same_file_again_changes_nothing(house: PriceHouse) -> None:
    document = {**card_file(), "calendars": CALENDARS}
    done = await house.key.post(IMPORTS, {"cards": document})
    assert done["import_id"] is None
    assert {one["state"] for one in [*done["cards"], *done["rules"]]} == {"unchanged"}
    assert len(done["cards"]) == len(house.services)


async def test_an_export_imports_again_unchanged(house: PriceHouse) -> None:
    exported = await house.key.get("/rate-cards/export")
    done = await house.key.post(IMPORTS, {"cards": exported})
    assert done["import_id"] is None


async def test_a_version_never_gets_other_content(house: PriceHouse) -> None:
    document = card_file()
    document["services"][3]["transit_days"] = {"*": [1, 2]}
    errors = await refused(house, {"cards": document})
    assert paths(errors) == {("services[3].rate.version", "version_taken")}


async def test_names_that_no_page_can_show_are_refused(house: PriceHouse) -> None:
    one, other = next_version("EMS", "2027\n"), next_version("EMS")
    other["id"] = "EMS\x01"
    errors = await refused(house, {"cards": {"services": [one, other]}})
    assert paths(errors) == {
        ("services[0].rate.version", "bad_value"), ("services[1].id", "bad_value"),
    }  # fmt: skip


async def test_a_later_version_counts_from_its_day_on(house: PriceHouse) -> None:
    def price(quote: Any) -> int:
        offer = next(o for o in quote["offers"] if o["service"] == "EMS")
        return int(offer["price"]["total_minor"])

    before = await house.quoted(ship_date="2026-12-05")
    new = next_version("EMS", start="2026-12-05")
    done = await house.key.post(IMPORTS, {"cards": {"services": [new]}})
    (told,) = done["cards"]
    assert (told["state"], told["changed"] > 0) == ("new", True)
    assert {"place", "before", "after"} == set(told["changes"][0])
    assert price(await house.quoted(ship_date="2026-12-04")) == price(before)
    assert price(await house.quoted(ship_date="2026-12-05")) > price(before)
    listed = await house.key.get("/rate-cards")
    (service,) = [s for s in listed["services"] if s["service"] == "EMS"]
    assert [(v["version"], v["valid_to"], v["standing"]) for v in service["versions"]] == [
        ("2026-11", "2026-12-04", "in_force"), ("2026-12", None, "to_come"),
    ]  # fmt: skip
    withdrawn = await house.key.post("/services/EMS/withdrawals", {"version": "2026-12"})
    assert withdrawn["standing"] == "withdrawn"
    assert price(await house.quoted(ship_date="2026-12-05")) == price(before)
    for version, code in (("2026-12", "card_withdrawn"), ("2026-11", "card_in_force")):
        again = await house.key.ask("POST", "/services/EMS/withdrawals", {"version": version})
        assert (again.status_code, again.json()["code"]) == (409, code)
    other = await house.key.ask("POST", "/services/EMS/withdrawals", {"version": "1999"})
    assert other.status_code == 404
    once_more = next_version("EMS", start="2026-12-09")
    errors = await refused(house, {"cards": {"services": [once_more]}})
    assert paths(errors) == {("services[0].rate.version", "version_taken")}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_price_table_is_the_next_version_of_its_cards(
    server: InstalledServer, form: str
) -> None:
    house = await open_price_house(server)
    table: dict[str, Any] = {"version": "2027", "valid_from": "2027-01-01"}
    if form == "csv":
        table["table"] = TABLE
    else:
        heading, row = (line.split(",") for line in TABLE.splitlines())
        raw = write_xlsx(heading, [[int(c) if c.isdecimal() else c for c in row]])
        table["table_base64"] = base64.b64encode(raw).decode()
    preview = await house.key.post(PREVIEWS, table)
    assert [c["version"] for c in preview["cards"]] == ["2027"]
    assert {(c["place"], c["before"], c["after"]) for c in preview["cards"][0]["changes"]} == {
        ("rate.price.JP.first_minor", "3800", "3900"), ("rate.price.JP.step_minor", "950", "960"),
    }  # fmt: skip
    assert len((await house.key.get("/services/JP-AIR/card"))["versions"]) == 1
    await house.key.post(IMPORTS, table)
    quote = await house.quoted(country="JP", postcode="1000001", ship_date="2027-01-01")
    air = next(o for o in quote["offers"] if o["service"] == "JP-AIR")
    assert air["price"]["lines"][0]["minor"] == 3900 + 2 * 960
    assert air["price"]["version"] == "2027"
    rows = await house.rows("select form from carriers.import order by imported_at")
    assert [row["form"] for row in rows] == ["json", form]


async def test_a_table_with_errors_names_every_line(house: PriceHouse) -> None:
    table = HEADING + (
        "NO-SUCH,JP,first_step,500,1,500,1,,\n"
        "JP-AIR,JP,first_step,0,x,500,1,,\n"
        "SG-LINE,SG,sorcery,,,,,,\n"
    )
    document = {"table": table, "version": "2028", "valid_from": "2028-01-01"}
    errors = await refused(house, document)
    assert {e["path"].partition(":")[0] for e in errors} >= {"line 2", "line 3", "line 4"}
    again = {"table": TABLE, "version": "2026-11", "valid_from": "2028-01-01"}
    assert paths(await refused(house, again)) == {("line 2", "version_taken")}
    assert paths(await refused(house, {"table": TABLE})) == {
        ("version", "missing"), ("valid_from", "missing"),
    }  # fmt: skip
    both = {"table": TABLE, "cards": card_file()}
    assert paths(await refused(house, both)) == {("", "one_of")}


async def test_a_preview_tells_what_an_import_would_and_keeps_nothing(house: PriceHouse) -> None:
    new = next_version("AU-LINE")
    before = await house.rows("select count(*) as n from platform.outbox")
    told = await house.key.post(PREVIEWS, {"cards": {"services": [new]}})
    assert told["cards"][0]["state"] == "new"
    assert (await house.rows("select count(*) as n from platform.outbox")) == before
    broken = copy.deepcopy(new)
    broken["rate"]["price"] = {}
    assert await refused(house, {"cards": {"services": [broken]}}, PREVIEWS)


async def test_two_imports_of_one_version_at_once(server: InstalledServer) -> None:
    """Alike: one is new, the others find it stored. Unlike: one wins, the others are refused."""
    house = await open_price_house(server)
    for number in range(4):
        name, start = f"v{number}", f"2027-0{number + 1}-01"
        alike = {"cards": {"services": [next_version("US-AIR", name, start)]}}
        answers = await asyncio.gather(*(house.key.ask("POST", IMPORTS, alike) for _ in range(4)))
        assert [a.status_code for a in answers] == [201] * 4
        assert sum(a.json()["import_id"] is not None for a in answers) == 1
        unlike = []
        for days in range(1, 5):
            one = next_version("JP-SEA", name, start)
            one["transit_days"] = {"*": [days, 20]}
            unlike.append({"cards": {"services": [one]}})
        answers = await asyncio.gather(*(house.key.ask("POST", IMPORTS, d) for d in unlike))
        assert sorted(a.status_code for a in answers) == [201, 422, 422, 422]
        losers = [a.json()["errors"] for a in answers if a.status_code == 422]
        assert {e["code"] for errors in losers for e in errors} == {"version_taken"}
    assert await house.rows("table carriers.violation_tariff_event") == []


async def test_who_works_in_one_warehouse_changes_no_card(
    server: InstalledServer, house: PriceHouse
) -> None:
    key = await key_for(server, house.app, house.tenant.tenant, warehouses=["SZX1"])
    document = {"cards": {"services": [next_version("GB-DDP")]}}
    for target in (IMPORTS, PREVIEWS):
        response = await key.ask("POST", target, document)
        assert (response.status_code, response.json()["code"]) == (403, "whole_house_only")
    switched = {"services": [{"service": "GB-DDP", "offered": True, "pick_up": True}]}
    assert (await key.ask("PUT", "/nodes/SZX1/services", switched)).status_code == 200
    await house.key.post("/nodes", {"code": "N-EMS", "zone": "Asia/Shanghai"})
    assert (await key.ask("PUT", "/nodes/N-EMS/services", switched)).status_code == 404


async def test_services_at_a_node_name_every_error(house: PriceHouse) -> None:
    changes = [{"service": name, "offered": True} for name in ("NO-SUCH", "EMS", "EMS", "NEITHER")]
    response = await house.key.ask("PUT", "/nodes/SZX1/services", {"services": changes})
    assert response.status_code == 422
    assert paths(response.json()["errors"]) == {
        ("services[0].service", "unknown_service"), ("services[2].service", "overlap"),
        ("services[3].service", "unknown_service"),
    }  # fmt: skip


async def test_many_switch_the_same_service_at_once(house: PriceHouse) -> None:
    targets = [{"services": [{"service": "SG-SEA", "offered": n % 2 == 0}]} for n in range(12)]
    answers = await asyncio.gather(
        *(house.key.ask("PUT", "/nodes/SZX1/services", one) for one in targets)
    )
    assert [a.status_code for a in answers] == [200] * 12
    assert await house.rows("table carriers.violation_tariff_event") == []
