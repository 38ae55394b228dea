"""Who gets in, and what a forged or stale form meets."""

import httpx

from entrepot.access.tokens import new_token_of
from entrepot.access.types import NewPerson
from entrepot.flows.create_person import create_person
from tests.flows.trade import number, stamp
from tests.web.page_house import PASSWORD, PageHouse


async def test_a_stranger_is_led_to_the_door_and_on_to_where_they_wanted(house: PageHouse) -> None:
    await house.person("door@work.example", roles=["owner"])
    stranger = house.browser()
    sent_away = await stranger.get("/admin/customers?code=x")
    assert sent_away.status_code == 303
    door = sent_away.headers["location"]
    assert door.startswith(f"{house.base}/log-in?next=")
    await stranger.get(door.removeprefix(house.base))
    wanted = f"{house.base}/admin/customers?code=x"
    let_in = await stranger.post(
        "/log-in", {"email": "door@work.example", "password": PASSWORD, "next": wanted}
    )
    assert let_in.headers["location"] == wanted
    cookie = let_in.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert f"path={house.base}" in cookie


async def test_the_door_never_leads_to_another_site(house: PageHouse) -> None:
    await house.person("open@work.example", roles=["owner"])
    for wanted in ("https://evil.example/", "//evil.example", f"{house.base}//evil.example", "/x"):
        stranger = house.browser()
        await stranger.get("/log-in")
        let_in = await stranger.post(
            "/log-in", {"email": "open@work.example", "password": PASSWORD, "next": wanted}
        )
        assert let_in.headers["location"] == f"{house.base}/admin"


async def test_a_wrong_password_says_so_and_keeps_the_email(house: PageHouse) -> None:
    stranger = house.browser()
    await stranger.get("/log-in")
    refused = await stranger.post("/log-in", {"email": "who@x.example", "password": "wrong"})
    assert refused.status_code == 401
    assert "That did not match" in refused.text
    assert "who@x.example" in refused.text
    assert "entrepot_session" not in refused.headers.get("set-cookie", "")


async def test_forms_without_or_with_a_foreign_token_change_nothing(house: PageHouse) -> None:
    owner = await house.worker("owner")
    other = await house.worker("owner")
    await owner.get("/admin/customers")
    await other.get("/admin/customers")
    fields = {"name": "Never Made", "locale": "en"}
    without = await owner.post("/admin/customers", {**fields, "csrf_token": ""})
    assert without.status_code == 403
    owner.page, mine = other.page, owner.page
    foreign = await owner.post("/admin/customers", fields)
    assert foreign.status_code == 403
    owner.page = mine
    crossed = await owner.post("/admin/customers", fields, **{"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    listed = await owner.get("/admin/customers")
    assert "Never Made" not in listed.text


async def test_a_form_without_a_key_is_refused_and_one_sent_twice_works_once(
    house: PageHouse,
) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin/customers")
    fields = {"name": "Twice Sent", "locale": "en"}
    keyless = await owner.post("/admin/customers", {**fields, "idempotency_key": ""})
    assert keyless.status_code == 422
    first = await owner.post("/admin/customers", fields)
    again = await owner.post("/admin/customers", fields)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    listed = await owner.get("/admin/customers")
    assert listed.text.count("Twice Sent") == 1


async def test_a_one_time_link_lets_somebody_choose_a_password_once(house: PageHouse) -> None:
    token = new_token_of(house.trade.tenant.tenant)
    new = NewPerson(email="new@work.example", name="New One", roles=["receiver"])
    await create_person(house.trade.db, house.trade.staff, stamp(), new=new, link_token=token)
    guest = house.browser()
    welcome = await guest.get(f"/welcome/{token}")
    assert "new@work.example" in welcome.text
    plain = await guest.post(f"/welcome/{token}", {"password": "short"})
    assert plain.status_code == 422
    entered = await guest.post(f"/welcome/{token}", {"password": PASSWORD})
    assert entered.status_code == 303
    assert entered.headers["location"] == f"{house.base}/staff"
    over = await house.browser().get(f"/welcome/{token}")
    assert over.status_code == 404
    assert "This link is over" in over.text


async def test_logging_out_ends_the_session_on_the_server(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await owner.get("/admin")
    kept = owner.client.cookies.get("entrepot_session")
    assert (await owner.post("/log-out", {})).status_code == 303
    thief = house.browser()
    thief.client.cookies.set("entrepot_session", kept or "", domain="127.0.0.1")
    assert (await thief.get("/admin")).status_code == 303


async def test_each_kind_of_reader_stays_in_their_rooms(house: PageHouse) -> None:
    customer = await house.trade.customer()
    shopper = await house.shopper(customer)
    worker = await house.worker("receiver")
    assert (await shopper.get("/staff")).status_code == 403
    assert (await shopper.get("/admin/people")).status_code == 403
    assert (await worker.get("/portal")).status_code == 403
    assert (await worker.get("/admin/people")).status_code == 403
    assert (await worker.get("/admin/keys")).status_code == 403
    assert (await house.browser().get("/nothing-here")).status_code == 404


async def test_a_session_of_one_tenant_is_none_at_another(house: PageHouse, server) -> None:
    other = await server.tenant()
    owner = await house.worker("owner")
    token = owner.client.cookies.get("entrepot_session") or ""
    answer = await owner.client.get(
        f"/t/{other.slug}/admin", headers={"cookie": f"entrepot_session={token}"}
    )
    assert answer.status_code == 303
    assert isinstance(answer, httpx.Response)


async def test_cookies_are_secure_where_the_connection_is(house: PageHouse) -> None:
    plain = await house.browser().get("/log-in")
    assert "secure" not in plain.headers["set-cookie"].lower()
    behind = await house.browser().get("/log-in", **{"x-forwarded-proto": "https"})
    assert "secure" in behind.headers["set-cookie"].lower()


async def test_prices_are_not_for_the_dock(house: PageHouse) -> None:
    customer = await house.trade.customer()
    item = {"description": "Watch", "quantity": 1, "unit_price_minor": 123400, "currency": "CNY"}
    parcel = await house.trade.announce(customer, number(), items=[item])
    path = f"/admin/parcels/{parcel.id}"
    assert "1,234.00" in (await (await house.worker("owner")).get(path)).text
    dock = await (await house.worker("receiver")).get(path)
    assert "Watch" in dock.text
    assert "1,234.00" not in dock.text
