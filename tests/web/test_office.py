"""The office: secrets shown once, faults at their fields, words in the reader's language."""

import re

import pytest

from tests.web.page_house import PASSWORD, PageHouse


async def test_a_new_key_shows_its_secret_once(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/keys")
    fields = {"label": "Shop", "scopes": ["parcels:read"], "algorithm": "hmac-sha256"}
    key = re.search(r'idempotency_key" value="([^"]+)"', owner.page)[1]  # type: ignore[index]
    made = await owner.post("/admin/keys", fields, key=key)
    secret = re.search(r'id="key-secret">([^<]+)<', made.text)
    assert secret
    again = await owner.post("/admin/keys", fields, key=key)
    assert "key-secret" not in again.text, "sent twice: one key, its secret is not shown again"
    listed = await owner.get("/admin/keys")
    assert secret[1] not in listed.text
    assert listed.text.count(">Shop<") == 1
    key_id = re.search(r"ek_[a-z2-7]{12}_\w+", made.text)[0]  # type: ignore[index]
    revoked = await owner.post(f"/admin/keys/{key_id}/revoke", {})
    assert revoked.status_code == 303
    assert key_id not in (await owner.get("/admin/keys")).text
    none = await owner.post("/admin/keys", {"label": "", "scopes": []}, key="another")
    assert none.status_code == 422


async def test_an_invitation_is_a_link_that_works_once(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/people")
    fields = {"name": "Fresh", "email": "fresh@work.example", "roles": ["receiver", "putaway"],
              "warehouses": ["SZX1"]}  # fmt: skip
    handed = await owner.post("/admin/people", fields)
    link = re.search(r"/welcome/([^<\s\"]+)", handed.text)
    assert link, handed.text
    assert link[1] not in (await owner.get("/admin/people")).text
    fresh = house.browser()
    await fresh.get(f"/welcome/{link[1]}")
    entered = await fresh.post(f"/welcome/{link[1]}", {"password": PASSWORD})
    assert entered.status_code == 303
    assert "SZX1" in (await fresh.get("/staff")).text
    await owner.get("/admin/people")
    twice = await owner.post("/admin/people", {**fields, "name": "Again"}, key="other")
    assert twice.status_code == 409
    assert "Somebody here has this e-mail address." in twice.text
    nobody = await owner.post("/admin/people", {"name": "", "email": "x"}, key="third")
    assert nobody.status_code == 422


async def test_nobody_invites_somebody_stronger(house: PageHouse) -> None:
    lead = await house.worker("manager", warehouses=["SZX1"])
    page = await lead.get("/admin/people")
    assert 'value="owner"' not in page.text
    fields = {"name": "Boss", "email": "boss@work.example", "roles": ["owner"]}
    assert (await lead.post("/admin/people", fields)).status_code == 403


async def test_a_customer_is_added_found_and_invited(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/customers")
    added = await owner.post(
        "/admin/customers", {"name": "王小样", "email": "wang@shop.example", "locale": "zh-CN"}
    )
    assert added.status_code == 303, added.text
    path = added.headers["location"].removeprefix(house.base)
    page = await owner.get(path)
    code = re.search(r"<h1>([^<]+)</h1>", page.text)[1]  # type: ignore[index]
    assert "王小样" in (await owner.get(f"/admin/customers?code={code}")).text
    await owner.get(path)
    handed = await owner.post(
        f"{path}/invite", {"name": "王小样", "email": "wang@shop.example", "locale": "zh-CN"}
    )
    link = re.search(r"/welcome/([^<\s\"]+)", handed.text)
    assert link, handed.text
    shopper = house.browser()
    await shopper.get(f"/welcome/{link[1]}")
    await shopper.post(f"/welcome/{link[1]}", {"password": PASSWORD})
    home = await shopper.get("/portal")
    assert code in home.text
    assert "我的包裹" in home.text, "in the customer's own language"


async def test_a_warehouse_and_its_bins_are_opened(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/nodes")
    wrong = await owner.post("/admin/nodes", {"code": "NEW1", "zone": "Mars/Olympus"}, key="w1")
    assert wrong.status_code == 422
    opened = await owner.post(
        "/admin/nodes",
        {
            "code": "NEW1", "zone": "Asia/Taipei", "country": "TW", "name_zh": "台北仓",
            "name_en": "Taipei", "address_zh": "台北市 {suite_code}", "address_en": "{suite_code}",
        },
        key="w2",
    )  # fmt: skip
    assert opened.status_code == 303, opened.text
    await owner.get("/admin/nodes/NEW1")
    made = await owner.post(
        "/admin/nodes/NEW1/bins",
        {"zone_code": "A", "aisles": "1", "bays": "2", "levels": "3", "class": "shelf"},
        key="w3",
    )
    assert "6 bins are new." in made.text
    named = await owner.post(
        "/admin/nodes/NEW1/bins", {"codes": "hold-1 hold-2", "class": "cage"}, key="w4"
    )
    assert "HOLD-2" in named.text
    assert (await owner.get("/admin/nodes/NOPE")).status_code == 404


async def test_every_office_page_is_whole_in_every_language(house: PageHouse) -> None:
    owner = await house.worker("owner")
    for path in ("/admin", "/admin/parcels", "/admin/customers", "/admin/nodes",
                 "/admin/nodes/SZX1", "/admin/people", "/admin/keys", "/staff/warehouse",
                 "/staff/unclaimed"):  # fmt: skip
        for language in ("en", "zh-CN", "zh-TW"):
            page = await owner.get(f"{path}?lang={language}")
            assert page.status_code == 200, (path, language)
            assert f'<html lang="{language}"' in page.text
            assert page.text.count("<h1") == 1


async def test_the_chosen_language_is_remembered(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin?lang=zh-TW")
    assert "今天" in (await owner.get("/admin")).text
    assert '<html lang="zh-TW"' in owner.page


async def test_a_page_that_is_not_there_says_so_in_words_with_a_code(house: PageHouse) -> None:
    guest = house.browser("zh-CN")
    answer = await guest.get("/nothing/at/all")
    assert answer.status_code == 404
    assert "未找到" in answer.text
    assert "no_such_page" in answer.text
    unknown = await guest.client.get("/t/nobody-at-all/log-in")
    assert unknown.status_code == 404
    assert "text/html" in unknown.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/admin", "/admin"),
        ("/admin/lots", "/admin/stock"),
        ("/admin/recalls", "/admin/stock"),
        ("/admin/consolidations/cartons", "/admin/consolidations"),
    ],
)
async def test_the_bar_marks_the_room_one_is_in(house: PageHouse, path: str, room: str) -> None:
    owner = await house.worker("owner")
    page = (await owner.get(path)).text
    shown = page[page.index('<nav class="rooms"') : page.index("<main")]
    marked = set(re.findall(r'href="([^"]*)" aria-current="page"', shown))
    assert marked == {f"{house.base}{room}"}
