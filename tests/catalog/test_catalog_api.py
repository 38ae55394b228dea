"""The catalogue over signed HTTP: SKUs in and out, everything wrong at once, circles, races."""

import asyncio
import base64
import csv
import io
from typing import Any

import pytest

from entrepot.kernel.ids import new_token
from entrepot.platform.sheets import read_sheet
from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer

CHECKED = "400638133393"


def gtin(number: int) -> str:
    """A valid GTIN-13."""
    from entrepot.catalog.codes import check_digit

    body = f"{number:012d}"
    return body + str(check_digit(body))


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(scope="module")
async def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def key(server: InstalledServer, app: Any, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, app, trade.tenant.tenant)


def fresh() -> str:
    return "S-" + new_token(6).upper().replace("_", "X").replace("-", "Y")


async def test_a_sku_with_everything_comes_back_as_it_was_sent(key: ApiKeyInHand) -> None:
    part = await key.post("/skus", {"code": fresh(), "names": {"en": "Cup"}})
    code = fresh()
    document = {
        "code": code,
        "names": {"en": "Tea set", "zh-CN": "茶具套装"},
        "base_unit": "set", "weight_g": 1250, "length_mm": 300, "width_mm": 200, "height_mm": 150,
        "tags": ["fragile", "bulky"],
        "gtins": ["4006381333931"],
        "other_codes": ["tea-01"],
        "supplier_codes": [{"supplier": "acme", "code": "77-a", "unit": "box"}],
        "packs": [
            {"unit": "box", "base_quantity": "8", "weight_g": 10500, "gtins": ["14006381333938"]},
            {"unit": "third", "base_quantity": "2/6"},
        ],
        "parts": [{"sku": part["code"], "quantity": 6}],
    }  # fmt: skip
    made = await key.post("/skus", document)
    assert made["version"] == 1
    got = await key.get(f"/skus/{code}")
    assert got == made
    assert got["tags"] == ["bulky", "fragile"]
    assert got["gtins"] == ["04006381333931"]
    assert [pack["base_quantity"] for pack in got["packs"]] == ["8", "1/3"]
    assert got["supplier_codes"] == [{"supplier": "ACME", "code": "77-A", "unit": "box"}]
    assert got["parts"] == [{"sku": part["code"], "quantity": 6}]
    body = {name: value for name, value in document.items() if name != "code"}
    again = await key.ask("PUT", f"/skus/{code}", body)
    assert again.json() == made, "the same once more changes nothing"


async def test_every_code_finds_the_sku(key: ApiKeyInHand) -> None:
    code, number = fresh(), gtin(200_000_000_001)
    pack = gtin(200_000_000_002)
    await key.post("/skus", {
        "code": code, "gtins": [number], "other_codes": [f"o{code}"],
        "supplier_codes": [{"supplier": "S1", "code": f"s{code}"}],
        "packs": [{"unit": "box", "base_quantity": "8", "gtins": [pack]}],
    })  # fmt: skip
    for scanned, by, unit, quantity in (
        (code, "sku", "piece", "1"), (number, "gtin", "piece", "1"),
        ("0" + number, "gtin", "piece", "1"), (pack, "gtin", "box", "8"),
        (f"]C101{number.zfill(14)}10LOT7", "gtin", "piece", "1"),
        (f"o{code.lower()}", "other", "piece", "1"), (f"S{code}", "supplier", "piece", "1"),
    ):  # fmt: skip
        found = await key.post("/lookups", {"code": scanned, "warehouse": "SZX1"})
        assert found["kind"] == "sku", scanned
        (one,) = found["skus"]
        assert (one["sku"], one["by"], one["unit"], one["base_quantity"]) == (
            code, by, unit, quantity,
        )  # fmt: skip
    listed = await key.get(f"/skus?search={number}")
    assert [sku["code"] for sku in listed["items"]] == [code]


async def test_lookups_tell_no_sku_to_who_may_not_read_the_catalogue(
    server: InstalledServer, app: Any, trade: Trade, key: ApiKeyInHand
) -> None:
    code = fresh()
    await key.post("/skus", {"code": code})
    narrow = await key_for(server, app, trade.tenant.tenant, scopes={"parcels:read"})
    found = await narrow.post("/lookups", {"code": code, "warehouse": "SZX1"})
    assert (found["kind"], found["skus"]) == ("unknown", [])


async def test_everything_wrong_is_told_at_once(key: ApiKeyInHand) -> None:
    response = await key.ask("POST", "/skus", {
        "code": "lower", "weight_g": -1, "gtins": ["x"], "base_unit": "Piece",
        "packs": [{"unit": "box", "base_quantity": "1.5"}], "shelf_life_days": 0, "colour": 1,
    })  # fmt: skip
    assert response.status_code == 422
    paths = {error["path"] for error in response.json()["errors"]}
    assert paths >= {
        "code", "weight_g", "gtins[0]", "base_unit", "packs[0].base_quantity", "shelf_life_days",
        "colour",
    }  # fmt: skip
    response = await key.ask("POST", "/skus", {
        "code": fresh(), "gtins": ["4006381333932"], "shelf_life_days": 3,
        "attributes": {"nothing": 1}, "parts": [{"sku": "NOT-THERE", "quantity": 1}],
        "packs": [{"unit": "piece", "base_quantity": "0"}],
        "supplier_codes": [{"supplier": "S", "code": "1", "unit": "crate"}],
    })  # fmt: skip
    found = {error["path"]: error["code"] for error in response.json()["errors"]}
    assert found == {
        "gtins[0]": "bad_gtin", "shelf_life_days": "not_tracked",
        "attributes.nothing": "unknown_attribute", "packs[0].unit": "is_base_unit",
        "packs[0].base_quantity": "bad_ratio", "supplier_codes[0].unit": "unknown_unit",
    }  # fmt: skip


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1e308, "2", None, 10**7])
async def test_quantities_of_parts(key: ApiKeyInHand, quantity: object) -> None:
    document = {"code": fresh(), "parts": [{"sku": "A", "quantity": quantity}]}
    assert (await key.ask("POST", "/skus", document)).status_code == 422


async def test_a_code_in_use_and_a_gtin_of_another(key: ApiKeyInHand) -> None:
    one, other, number = fresh(), fresh(), gtin(300_000_000_001)
    await key.post("/skus", {"code": one, "gtins": [number]})
    twice = await key.ask("POST", "/skus", {"code": one})
    assert (twice.status_code, twice.json()["code"]) == (409, "sku_code_taken")
    taken = await key.ask("POST", "/skus", {"code": other, "gtins": [number]})
    assert taken.status_code == 422
    (error,) = taken.json()["errors"]
    assert (error["path"], error["code"]) == ("gtins[0]", "taken")
    assert one in error["message"]


async def test_base_unit_stays_and_the_unknown_is_404(key: ApiKeyInHand) -> None:
    code = fresh()
    await key.post("/skus", {"code": code})
    changed = await key.ask("PUT", f"/skus/{code}", {"base_unit": "g"})
    assert changed.json()["errors"][0]["code"] == "fixed"
    assert (await key.ask("PUT", "/skus/NOT-THERE", {})).status_code == 404
    assert (await key.ask("GET", "/skus/NOT-THERE")).json()["code"] == "unknown_sku"


async def test_no_kit_holds_itself_however_long_the_way(key: ApiKeyInHand, trade: Trade) -> None:
    a, b, c = fresh(), fresh(), fresh()
    await key.post("/skus", {"code": a})
    await key.post("/skus", {"code": b, "parts": [{"sku": a, "quantity": 2}]})
    await key.post("/skus", {"code": c, "parts": [{"sku": b, "quantity": 3}]})
    for parts in ([a], [b], [c], [b, c]):
        response = await key.ask(
            "PUT", f"/skus/{a}", {"parts": [{"sku": one, "quantity": 1} for one in parts]}
        )
        assert response.status_code == 422, parts
    assert (await key.get(f"/skus/{a}"))["parts"] == []
    assert await trade.violations() == {}


async def test_two_halves_of_a_circle_at_the_same_time(key: ApiKeyInHand, trade: Trade) -> None:
    for _ in range(5):
        a, b = fresh(), fresh()
        await asyncio.gather(key.post("/skus", {"code": a}), key.post("/skus", {"code": b}))
        answers = await asyncio.gather(
            key.ask("PUT", f"/skus/{a}", {"parts": [{"sku": b, "quantity": 1}]}),
            key.ask("PUT", f"/skus/{b}", {"parts": [{"sku": a, "quantity": 1}]}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert await trade.violations() == {}


async def test_one_gtin_for_two_skus_at_the_same_time(key: ApiKeyInHand) -> None:
    number = gtin(310_000_000_001)
    answers = await asyncio.gather(
        *(key.ask("POST", "/skus", {"code": fresh(), "gtins": [number]}) for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]


async def test_the_same_key_creates_once(key: ApiKeyInHand, trade: Trade) -> None:
    document, idem = {"code": fresh()}, new_token(12)
    answers = await asyncio.gather(
        *(key.ask("POST", "/skus", document, key=idem) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await trade.violations() == {}


async def test_shared_components_of_kits_are_summed(trade: Trade, key: ApiKeyInHand) -> None:
    cup, pot, small, large = fresh(), fresh(), fresh(), fresh()
    for code in (cup, pot):
        await key.post("/skus", {"code": code})
    await key.post("/skus", {"code": small, "parts": [
        {"sku": cup, "quantity": 2}, {"sku": pot, "quantity": 1}]})  # fmt: skip
    made = await key.post("/skus", {"code": large, "parts": [
        {"sku": small, "quantity": 3}, {"sku": cup, "quantity": 4}]})  # fmt: skip
    owner = await trade.server.owner(trade.tenant)
    try:
        rows = await owner.fetch(
            "select c.code, e.quantity from catalog.explode_v1($1::uuid[], $2::bigint[]) as e"
            " join catalog.sku as c using (sku_id)",
            [made["id"], made["id"]], [1, 1],
        )  # fmt: skip
    finally:
        await owner.close()
    assert {row["code"]: row["quantity"] for row in rows} == {cup: 20, pot: 6}


async def test_closing_and_kits(key: ApiKeyInHand) -> None:
    part, kit = fresh(), fresh()
    await key.post("/skus", {"code": part})
    await key.post("/skus", {"code": kit, "parts": [{"sku": part, "quantity": 1}]})
    refused = await key.ask("PUT", f"/skus/{part}", {"closed": True})
    assert refused.json()["errors"][0]["code"] == "in_kit"
    body = {"parts": [{"sku": part, "quantity": 1}], "closed": True}
    assert (await key.ask("PUT", f"/skus/{kit}", body)).status_code == 200
    assert (await key.ask("PUT", f"/skus/{part}", {"closed": True})).json()["closed"] is True
    listed = await key.get(f"/skus?search={part}")
    assert listed["items"] == []


async def test_attributes_are_typed_and_only_widen(key: ApiKeyInHand) -> None:
    name = "a" + new_token(6).lower().replace("-", "x").replace("_", "y")
    new = {"name": name, "type": "choice", "allowed": ["red", "blue"]}
    assert (await key.post("/sku-attributes", new))["allowed"] == ["red", "blue"]
    code = fresh()
    await key.post("/skus", {"code": code, "attributes": {name: "red"}})
    bad = await key.ask("PUT", f"/skus/{code}", {"attributes": {name: "green"}})
    assert bad.json()["errors"][0]["path"] == f"attributes.{name}"
    narrower = await key.ask("POST", "/sku-attributes", new | {"allowed": ["red"]})
    assert (narrower.status_code, narrower.json()["code"]) == (409, "attribute_differs")
    await key.post("/sku-attributes", new | {"allowed": ["red", "blue", "green"]})
    assert (await key.ask("PUT", f"/skus/{code}", {"attributes": {name: "green"}})).is_success


async def test_an_export_imports_as_nothing_to_do(key: ApiKeyInHand, trade: Trade) -> None:
    nasty = ["=1+1", "+1", "-1", "@x", "'quoted", "'=x", "a\nb", '"q"', "\t=1", "，", "茶"]
    for text in nasty:
        await key.post("/skus", {"code": fresh(), "names": {"en": text}, "weight_g": 12,
                                 "packs": [{"unit": "box", "base_quantity": "1/3",
                                            "weight_g": 4}]})  # fmt: skip
    for form in ("csv", "xlsx"):
        response = await key.ask("GET", f"/skus/export?format={form}")
        assert response.status_code == 200
        raw = response.content
        sent = (
            {"csv": raw.decode("utf-8-sig")}
            if form == "csv"
            else {"xlsx": base64.b64encode(raw).decode()}
        )
        done = await key.post("/skus/import", sent)
        assert (done["created"], done["changed"]) == (0, 0), form
        assert done["unchanged"] >= len(nasty)
    assert await trade.violations() == {}


async def test_what_no_cell_could_hold_is_trimmed_or_refused(key: ApiKeyInHand) -> None:
    """An export imports as nothing to do, whatever blanks somebody sent."""
    made = {kind: f"{kind}{new_token(6)}".lower().replace("-", "x") for kind in ("text", "choices")}
    for kind, name in made.items():
        allowed = {"allowed": ["S", "M"]} if kind == "choices" else {}
        await key.post("/sku-attributes", {"name": name, "type": kind, **allowed})
    padded = {"name": "padded", "type": "choice", "allowed": [" lead", "trail "]}
    assert (await key.ask("POST", "/sku-attributes", padded)).status_code == 422
    code = fresh()
    values = {made["text"]: "\u00a0 dry ", made["choices"]: []}
    got = await key.post("/skus", {"code": code, "attributes": values})
    assert got["attributes"] == {made["text"]: "dry"}
    blank = await key.ask("PUT", f"/skus/{code}", {"attributes": {made["text"]: " "}})
    assert blank.status_code == 422
    text = (await key.ask("GET", "/skus/export")).content.decode("utf-8-sig")
    assert (await key.post("/skus/import", {"csv": text}))["changed"] == 0


@pytest.mark.parametrize("code", ["A：B", "x＠y", "A；B", "，1", "ß" * 31, "ﷺ" * 4])
async def test_a_code_that_is_none_as_it_is_kept(key: ApiKeyInHand, code: str) -> None:
    """NFKC makes full-width marks plain ones: a file of suppliers' codes in such a spelling was
    taken, and then no list of SKUs could be read any more."""
    sku = fresh()
    for fields in (
        {"other_codes": [code]},
        {"supplier_codes": [{"supplier": "ACME", "code": code}]},
        {"supplier_codes": [{"supplier": code, "code": "77"}]},
    ):
        refused = await key.ask("POST", "/skus", {"code": sku, **fields})
        assert refused.status_code == 422, refused.text
        assert [one["code"] for one in refused.json()["errors"]] == ["bad_code"]
    row = f'code,supplier_codes\n{sku},"ACME:{code}"'
    assert (await key.ask("POST", "/skus/import", {"csv": row})).status_code == 422
    assert (await key.ask("GET", "/skus")).status_code == 200


async def test_no_cell_of_an_export_is_a_formula(key: ApiKeyInHand) -> None:
    code = fresh()
    await key.post("/skus", {"code": code, "names": {"en": "=cmd|'/c calc'!A1"}, "weight_g": 7})
    text = (await key.ask("GET", "/skus/export")).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert all(not cell or cell[0] not in "=+-@\t\r" for row in rows for cell in row)
    columns = rows[0]
    row = next(row for row in rows if row[0] == code)
    assert row[columns.index("weight_g")] == "7"
    raw = (await key.ask("GET", "/skus/export?format=xlsx")).content
    import zipfile

    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>7</v>" in sheet


async def test_all_bad_rows_of_an_import_at_once_and_nothing_written(key: ApiKeyInHand) -> None:
    good, number = fresh(), gtin(320_000_000_001)
    text = (
        "code,name.en,weight_g,gtins,packs,lot_tracked,colour\n"
        f"{good},Fine,10,{number},box=8,true,\n"
        f"lower,Bad code,10,,,,\n"
        f"{fresh()},Bad weight,ten,,,,\n"
        f"{fresh()},Bad gtin,,4006381333932,,,\n"
        f"{fresh()},Twice the gtin,,{number},,,\n"
        f"{fresh()},Bad pack,,,box,,\n"
        f"{fresh()},Bad flag,,,,perhaps,\n"
        ",No code,,,,,\n"
        f"{good},Twice,,,,,\n"
        f"{fresh()},Bad column,,,,,red\n"
    ).replace(",colour\n", "\n", 1)
    text = "\n".join(line for line in text.split("\n") if "Bad column" not in line)
    response = await key.ask("POST", "/skus/import", {"csv": text})
    assert response.status_code == 422
    lines = {error["path"].partition("]")[0] for error in response.json()["errors"]}
    assert lines >= {f"rows[{n}" for n in (2, 3, 4, 5, 7, 8, 9, 10)}, response.text
    assert (await key.ask("GET", f"/skus/{good}")).status_code == 404


@pytest.mark.parametrize("file", [
    {}, {"csv": "a"}, {"csv": "code\nA", "xlsx": "AA=="}, {"csv": "\n\n"},
    {"xlsx": "UEsDBAAA"}, {"xlsx": "AAAA"}, {"csv": "code,code\nA,B"}, {"xlsx": "%%%"},
])  # fmt: skip
async def test_no_table(key: ApiKeyInHand, file: dict[str, str]) -> None:
    assert (await key.ask("POST", "/skus/import", file)).status_code == 422


async def test_a_workbook_that_unpacks_to_gigabytes_is_refused(key: ApiKeyInHand) -> None:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"0" * (65 * 1024 * 1024))
    sent = {"xlsx": base64.b64encode(out.getvalue()).decode()}
    response = await key.ask("POST", "/skus/import", sent)
    assert (response.status_code, response.json()["code"]) == (422, "unreadable_sheet")


async def test_columns_left_out_stay_and_blanks_take_away(key: ApiKeyInHand) -> None:
    code = fresh()
    await key.post("/skus", {"code": code, "names": {"en": "A", "zh-CN": "甲"}, "weight_g": 5})
    preview = await key.post("/skus/import/preview", {"csv": f"code;name.en\n{code};B"})
    assert preview["changes"] == [{"line": 2, "sku": code, "does": "change", "fields": ["names"]}]
    assert (await key.get(f"/skus/{code}"))["version"] == 1
    await key.post("/skus/import", {"csv": f"code;name.en;weight_g\n{code};B;"})
    got = await key.get(f"/skus/{code}")
    assert (got["names"], got["weight_g"], got["version"]) == ({"en": "B", "zh-CN": "甲"}, None, 2)


def test_an_office_in_china_saves_gb18030() -> None:
    sheet = read_sheet("code,name.zh-CN\nA,茶具\n".encode("gb18030"), most_rows=5)
    assert sheet.rows[0].cells == {"code": "A", "name.zh-CN": "茶具"}


async def test_ten_thousand_rows_at_once(key: ApiKeyInHand, trade: Trade) -> None:
    lines = [f"BULK-{n:05d},Thing {n},{n + 1},{gtin(500_000_000_000 + n)}" for n in range(10_000)]
    text = "code,name.en,weight_g,gtins\n" + "\n".join(lines)
    done = await key.post("/skus/import", {"csv": text})
    assert done == {"created": 10_000, "changed": 0, "unchanged": 0}
    again = await key.post("/skus/import", {"csv": text})
    assert again == {"created": 0, "changed": 0, "unchanged": 10_000}
    assert await trade.violations() == {}
