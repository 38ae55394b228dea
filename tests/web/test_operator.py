"""The operator's pages: a door of their own, no tenant's session opens them."""

import re

from entrepot.access.operators import make_operator_link
from tests.web.page_house import Browser, PageHouse


async def _operator(house: PageHouse) -> Browser:
    token = await make_operator_link(house.trade.server.database, name="tester")
    guest = house.browser()
    page = await guest.client.get(f"/platform/enter/{token}")
    guest.page = page.text
    proof = re.search(r'csrf-token" content="([^"]+)"', page.text)
    entered = await guest.client.post(
        f"/platform/enter/{token}", data={"csrf_token": proof[1] if proof else ""}
    )
    assert entered.status_code == 303, entered.text
    again = await guest.client.post(
        f"/platform/enter/{token}", data={"csrf_token": proof[1] if proof else ""}
    )
    assert again.status_code in (403, 404)
    return guest


async def test_an_operator_sees_tenants_servers_and_the_walls(house: PageHouse) -> None:
    operator = await _operator(house)
    tenants = await operator.client.get("/platform")
    assert house.trade.tenant.slug in tenants.text
    servers = await operator.client.get("/platform/servers?lang=zh-CN")
    assert "PostgreSQL" in servers.text
    assert "服务器" in servers.text
    walls = await operator.client.get("/platform/isolation?lang=en")
    assert walls.status_code == 200
    assert "Isolation" in walls.text


async def test_no_tenants_session_opens_the_operators_pages(house: PageHouse) -> None:
    owner = await house.worker("owner")
    session = owner.client.cookies.get("entrepot_session") or ""
    for cookie in ("", f"entrepot_session={session}"):
        for path in ("/platform", "/platform/servers", "/platform/isolation"):
            answer = await house.browser().client.get(path, headers={"cookie": cookie})
            assert answer.status_code == 303, (path, cookie[:20])
            assert house.trade.tenant.slug not in answer.text
    operator = await _operator(house)
    token = operator.client.cookies.get("entrepot_session") or ""
    inside = await house.browser().client.get(
        f"{house.base}/admin", headers={"cookie": f"entrepot_session={token}"}
    )
    assert inside.status_code == 303


async def test_a_house_reads_of_its_own_walls_only(house: PageHouse) -> None:
    page = await (await house.worker("owner")).get("/admin/walls")
    assert page.status_code == 200
    assert "Walls around your data" in page.text
    assert (await (await house.worker("receiver")).get("/admin/walls")).status_code == 403


async def test_the_public_pages_need_no_log_in(house: PageHouse) -> None:
    guest = house.browser("zh-TW")
    for path in ("/", "/developers", "/developers/reference"):
        page = await guest.client.get(path)
        assert page.status_code == 200, path
        assert '<html lang="zh-TW"' in page.text
