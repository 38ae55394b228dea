"""The office's catalogue, channels and how a warehouse works, by the pages' own forms."""

import re

import httpx

from entrepot.kernel.ids import new_token
from tests.web.page_house import PageHouse
from tests.web.test_station import scan, station


def fresh(prefix: str) -> str:
    return f"{prefix}-" + new_token(5).upper().replace("_", "X").replace("-", "Y")


async def test_a_sku_is_added_changed_and_found(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/skus/new")
    code = fresh("P")
    fields = {"code": code.lower(), "base_unit": "piece", "name.en": "Blue cup",
              "name.zh-CN": "蓝杯子", "weight_g": "320", "packs": "box=8, weight_g=2600",
              "tags": "fragile", "lot_tracked": "true"}  # fmt: skip
    made = await lead.post("/admin/skus", fields)
    assert made.status_code == 303, made.text
    shown = await lead.get(f"/admin/skus/{code}")
    assert "Blue cup" in shown.text
    assert re.search(r'name="lot_tracked" value="true" checked', shown.text)
    changed = await lead.post(f"/admin/skus/{code}", fields | {"weight_g": "", "lot_tracked": ""})
    assert changed.status_code == 303
    shown = await lead.get(f"/admin/skus/{code}")
    assert "checked" not in shown.text
    listed = await lead.get("/admin/skus?search=blue%20CUP")
    assert code in listed.text
    assert "box = 8 piece" in listed.text


async def test_faults_stand_at_their_fields_and_what_was_typed_stays(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/skus/new")
    fields = {"code": fresh("P"), "base_unit": "piece", "gtins": "4006381333932",
              "packs": "box=0", "shelf_life_days": "9", "name.en": "Typed name"}  # fmt: skip
    refused = await lead.post("/admin/skus", fields)
    assert refused.status_code == 422
    for said in ("This is no GTIN: check its digits.", "Only goods that expire have a shelf life.",
                 "A pack is a whole number or a fraction such as 1/3.", "Typed name"):  # fmt: skip
        assert said in refused.text
    words = await lead.post("/admin/skus", fields | {"gtins": "", "packs": "box"}, key="again")
    assert words.status_code == 422


async def test_who_reads_only_finds_no_button(house: PageHouse) -> None:
    packer = await house.worker("packer")
    listed = await packer.get("/admin/skus")
    assert listed.status_code == 200
    assert "/admin/skus/import" not in listed.text
    await packer.get("/admin/skus/new")
    fields = {"code": fresh("P"), "base_unit": "piece"}
    assert (await packer.post("/admin/skus", fields)).status_code == 403


async def upload(lead: object, house: PageHouse, raw: bytes) -> httpx.Response:
    """The page's own form with a file."""
    token = re.search(r'name="csrf-token" content="([^"]+)"', lead.page)  # type: ignore[attr-defined]
    assert token
    return await lead.client.post(  # type: ignore[attr-defined, no-any-return]
        f"{house.base}/admin/skus/import",
        data={"csrf_token": token[1], "idempotency_key": new_token(12)},
        files={"file": ("skus.csv", raw, "text/csv")},
    )


async def test_a_file_is_looked_at_before_it_is_written(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/skus/import")
    code = fresh("F")
    raw = f"code,name.en,weight_g\n{code},From a file,10\n".encode()
    looked = await upload(lead, house, raw)
    assert looked.status_code == 200, looked.text
    assert code in looked.text
    assert code not in (await lead.get(f"/admin/skus?search={code}")).text.split("</form>")[-1]
    kept = re.search(r'name="kept" value="([^"]+)"', looked.text)
    assert kept
    await lead.get("/admin/skus/import")
    done = await lead.post("/admin/skus/import", {"kept": kept[1]})
    assert "Done: 1 new, 0 changed, 0 as before." in done.text
    assert (await lead.get(f"/admin/skus/{code}")).status_code == 200


async def test_every_bad_row_is_listed(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/skus/import")
    raw = f"code,weight_g,gtins\n{fresh('F')},ten,\nlower,,4006381333932\n".encode()
    refused = await upload(lead, house, raw)
    assert refused.status_code == 422
    assert "2 things are wrong; nothing was written." in refused.text or ">3<" in refused.text
    assert "nothing was written" in refused.text
    none = await upload(lead, house, b"\x00\x01\x02")
    assert none.status_code == 422
    assert "Bring a CSV or XLSX file with names in its first line." in none.text


async def test_exports_are_files(house: PageHouse) -> None:
    lead = await house.worker("manager")
    for target in ("skus/export/csv", "skus/export/xlsx", "nodes/export/csv"):
        answer = await lead.get(f"/admin/{target}")
        assert answer.status_code == 200
        assert "attachment" in answer.headers["content-disposition"]


async def test_how_a_warehouse_works_is_changed_on_its_page(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/nodes/SZX1/working")
    fields = {"zone": "Asia/Shanghai", "country": "CN", "city": "深圳", "weekdays": "1 2 3 4 5",
              "opens": "08:00", "closes": "20:00", "staffed": "1 08:00-17:00 x3",
              "capacities": "shipments=500", "capabilities": "cold battery",
              "quantities_master": "wms", "allocation_owner": "entrepot"}  # fmt: skip
    done = await lead.post("/admin/nodes/SZX1/working", fields)
    assert done.status_code == 303, done.text
    shown = await lead.get("/admin/nodes/SZX1/working")
    for said in ("found by city", "1 08:00-17:00 x3", "shipments=500", "battery cold"):
        assert said in shown.text, said
    assert re.search(r'<option value="wms" selected>', shown.text)
    wrong = await lead.post("/admin/nodes/SZX1/working", fields | {"closes": "07:00"})
    assert wrong.status_code == 422
    assert "It must close later than it opens." in wrong.text
    narrow = await house.worker("manager", warehouses=["YIW1"])
    assert (await narrow.get("/admin/nodes/SZX1/working")).status_code == 404


async def test_an_attribute_of_ones_own_is_a_field_of_the_page(house: PageHouse) -> None:
    """T2.65: defined by configuration, shown and set without a change of the program."""
    from entrepot.flows.define_node_attribute import define_node_attribute
    from entrepot.kernel.attributes import NewAttribute
    from tests.flows.trade import stamp

    new = NewAttribute("cold", "boolean", names={"en": "Cold chain"})
    await define_node_attribute(house.trade.db, house.trade.staff, stamp(), new=new)
    lead = await house.worker("manager")
    shown = await lead.get("/admin/nodes/YIW1/working")
    assert "Cold chain" in shown.text
    fields = {"zone": "Asia/Shanghai", "weekdays": "1", "attribute.cold": "true",
              "quantities_master": "entrepot", "allocation_owner": "entrepot"}  # fmt: skip
    assert (await lead.post("/admin/nodes/YIW1/working", fields)).status_code == 303
    shown = await lead.get("/admin/nodes/YIW1/working")
    assert re.search(r"attribute.cold.*?<option value=\"true\" selected>", shown.text, re.DOTALL)


async def test_what_is_true_of_a_carrier_into_a_region_is_set_on_the_page(
    house: PageHouse,
) -> None:
    """T2.67: node × region × carrier, with an attribute of one's own."""
    from entrepot.flows.define_node_attribute import define_node_attribute
    from entrepot.kernel.attributes import NewAttribute
    from tests.flows.trade import stamp

    new = NewAttribute("delivers", "boolean")
    await define_node_attribute(house.trade.db, house.trade.staff, stamp(), new=new)
    lead = await house.worker("manager")
    await lead.get("/admin/nodes/YIW1/working")
    fields = {"zone": "Asia/Shanghai", "weekdays": "1", "quantities_master": "entrepot",
              "allocation_owner": "entrepot", "lanes": "SF@CN-XJ delivers=false"}  # fmt: skip
    assert (await lead.post("/admin/nodes/YIW1/working", fields)).status_code == 303
    shown = await lead.get("/admin/nodes/YIW1/working")
    assert 'value="SF@CN-XJ delivers=false"' in shown.text
    wrong = await lead.post("/admin/nodes/YIW1/working", fields | {"lanes": "SF delivers=false"})
    assert wrong.status_code == 422
    assert "Carriers by region" in wrong.text


async def test_channels_and_groups(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/channels")
    code, group = fresh("C"), fresh("G")
    made = await lead.post("/admin/channels", {"code": code, "name_en": "Shop of ours",
                                               "pool": "YIW1, SZX1"})  # fmt: skip
    assert made.status_code == 303, made.text
    shown = await lead.get("/admin/channels")
    assert re.search(r"Shop of ours.*?YIW1.*?SZX1", shown.text, re.DOTALL)
    isolated = {"group_code": group, "nodes": "YIW1", "isolated": "true"}
    assert (await lead.post("/admin/node-groups", isolated)).status_code == 303
    await lead.get(f"/admin/channels/{code}")
    refused = await lead.post(f"/admin/channels/{code}", {"pool": "SZX1", "group": group})
    assert refused.status_code == 409
    assert "A channel would sell from a warehouse that may not serve it." in refused.text
    await lead.get(f"/admin/channels/{code}")
    done = await lead.post(f"/admin/channels/{code}", {"pool": "YIW1", "group": group}, key="c")
    assert done.status_code == 303
    assert (await lead.get(f"/admin/node-groups/{group}")).status_code == 200
    assert (await lead.get("/admin/node-groups/NOWHERE")).status_code == 404
    narrow = await house.worker("manager", warehouses=["YIW1"])
    await narrow.get("/admin/channels")
    stopped = await narrow.post("/admin/channels", {"code": fresh("C")})
    assert stopped.status_code == 403


async def test_the_station_knows_a_gtin(house: PageHouse) -> None:
    lead = await house.worker("manager")
    await lead.get("/admin/skus/new")
    code = fresh("P")
    fields = {"code": code, "base_unit": "piece", "name.en": "Scanned cup",
              "packs": "box=8, gtin=5901234123457"}  # fmt: skip
    assert (await lead.post("/admin/skus", fields)).status_code == 303
    worker = await station(house, "manager")
    answer = await scan(worker, "5901234123457")
    assert "Scanned cup" in answer
    assert "1 box holds 8" in answer
