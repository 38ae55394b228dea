"""The office's cartons, rules of joining, live carriers and member tiers, by the pages' forms."""

from typing import Any

import httpx
import pytest

from entrepot.carriers.connections import NewConnection
from entrepot.carriers.live import LiveDoor
from entrepot.carriers.live_offers import LiveService
from entrepot.carriers.rating.cards import Goods, Limits
from entrepot.flows.connect_carrier import connect_carrier
from entrepot.flows.get_consolidation_settings import get_consolidation_settings
from entrepot.flows.get_member_tier import get_member_tier
from entrepot.flows.list_carrier_connections import list_carrier_connections
from entrepot.kernel.ids import new_token
from entrepot.platform.outgoing import Outgoing
from entrepot.platform.secrets import read_key
from tests.flows.drafts import load_demo_lines
from tests.flows.trade import stamp
from tests.web.page_house import Browser, PageHouse

BOX = {
    "code": "K40", "inner_mm": "400 × 300 x 250", "outer_mm": "410*310*265", "tare_g": "320",
    "max_g": "20000", "cost_minor": "450",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
async def lines(house: PageHouse) -> None:
    await load_demo_lines(house.trade, "SZX1")


async def press(who: Browser, path: str, fields: dict[str, Any]) -> httpx.Response:
    """Send a form of a page as it was just loaded."""
    await who.get("/admin/parcels")
    return await who.post(path, fields, key=new_token())


async def _settings(house: PageHouse) -> Any:
    return await get_consolidation_settings(house.trade.db, house.trade.staff)


async def test_a_carton_is_added_changed_and_removed(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/consolidations/cartons")
    assert (await press(owner, "/admin/consolidations/cartons", BOX)).status_code == 303
    (made,) = [one for one in (await _settings(house)).cartons if one.code == "K40"]
    assert (made.inner_mm, made.outer_mm) == ((400, 300, 250), (410, 310, 265))
    shown = (await owner.get("/admin/consolidations/cartons?code=K40")).text
    assert 'value="400 × 300 × 250"' in shown
    changed = await press(owner, "/admin/consolidations/cartons", BOX | {"max_g": "25000"})
    assert changed.status_code == 303
    (made,) = [one for one in (await _settings(house)).cartons if one.code == "K40"]
    assert made.max_g == 25_000
    assert (await press(owner, "/admin/consolidations/cartons/K40/remove", {})).status_code == 303
    assert "K40/remove" not in (await owner.get("/admin/consolidations/cartons")).text


async def test_every_fault_stands_at_its_field_and_what_was_typed_stays(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/consolidations/cartons")
    wrong = BOX | {"inner_mm": "400 × 300", "tare_g": "light", "cost_minor": "-1"}
    refused = await press(owner, "/admin/consolidations/cartons", wrong)
    assert refused.status_code == 422
    assert "Three whole numbers such as 400" in refused.text
    for typed in ("400 × 300", "light", "-1"):
        assert f'value="{typed}"' in refused.text
    tiny = BOX | {"outer_mm": "1 1 1", "max_g": "9"}
    small = await press(owner, "/admin/consolidations/cartons", tiny)
    assert "none above the outer size" in small.text
    assert "More than the empty carton weighs." in small.text


async def test_the_rules_of_joining_are_ticked(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/consolidations/cartons")
    form: dict[str, Any] = {"statuses": "stored", "measured": "true", "most_overdue_minor": "500"}
    assert (await press(owner, "/admin/consolidations/rules", form)).status_code == 303
    rules = (await _settings(house)).rules
    assert (rules.statuses, rules.measured, rules.declared) == (frozenset({"stored"}), True, False)
    assert (rules.most_overdue_minor, rules.coming) == (500, frozenset({"expected"}))
    nothing = await press(owner, "/admin/consolidations/rules", {"measured": "true"})
    assert nothing.status_code == 422
    assert (await _settings(house)).rules == rules


async def test_who_reads_only_finds_no_form_and_is_refused(house: PageHouse) -> None:
    before = await _settings(house)
    clerk = await house.worker("manager")
    shown = await clerk.get("/admin/consolidations/cartons")
    assert shown.status_code == 200
    packer = await house.worker("packer")
    await packer.get("/staff")
    assert (await press(packer, "/admin/consolidations/cartons", BOX)).status_code == 403
    assert (await press(packer, "/admin/prices/carriers/none", {})).status_code == 403
    assert await _settings(house) == before


async def test_a_live_carrier_is_switched_off_and_on_with_all_else_as_it_was(
    house: PageHouse,
) -> None:
    trade = house.trade
    service = LiveService(
        id="HP-EXP", code="EXPRESS", carrier="Harbour Post", name={"en": "Harbour express"},
        kind="express", goods=Goods(["general"], []), limits=Limits(30_000, 1200),
    )  # fmt: skip
    new = NewConnection(
        adapter="plain_json", base_url="http://127.0.0.1:9999", services=(service,),
        credentials={"token": "t0p-secret"},
    )  # fmt: skip
    live = LiveDoor(read_key(trade.server.settings.key_file, env="test"), Outgoing(loopback=True))
    await connect_carrier(trade.db, trade.staff, stamp(), code="harbour", new=new, live=live)
    before = await list_carrier_connections(trade.db, trade.staff)
    owner = await house.worker("owner")
    shown = (await owner.get("/admin/prices/carriers")).text
    assert "Harbour express" in shown
    assert "t0p-secret" not in shown
    await press(owner, "/admin/prices/carriers/harbour", {"enabled": "false"})
    assert "not asked" in (await owner.get("/admin/prices/carriers")).text
    (off,) = await list_carrier_connections(trade.db, trade.staff)
    assert not off.enabled
    await press(owner, "/admin/prices/carriers/harbour", {"enabled": "true"})
    assert await list_carrier_connections(trade.db, trade.staff) == before
    assert (await press(owner, "/admin/prices/carriers/nobody", {})).status_code == 404


async def test_a_customer_gets_a_tier_of_the_rules_and_no_other(house: PageHouse) -> None:
    trade = house.trade
    customer = await trade.customer()
    owner = await house.worker("owner")
    at = f"/admin/customers/{customer.id}"
    assert "Member tier" in (await owner.get(at)).text
    choice = await get_member_tier(trade.db, trade.staff, customer_id=customer.id)
    assert choice.tier is None
    assert (await press(owner, f"{at}/tier", {"tier": choice.tiers[-1]})).status_code == 303
    after = await get_member_tier(trade.db, trade.staff, customer_id=customer.id)
    assert after.tier == choice.tiers[-1]
    assert (await press(owner, f"{at}/tier", {"tier": "DIAMOND-X"})).status_code == 422
    assert await get_member_tier(trade.db, trade.staff, customer_id=customer.id) == after
    assert (await press(owner, f"{at}/tier", {"tier": ""})).status_code == 303
    after = await get_member_tier(trade.db, trade.staff, customer_id=customer.id)
    assert after.tier is None
