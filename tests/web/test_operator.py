"""The operator's pages: a door of their own, no tenant's session opens them."""

import re
from html import escape

from entrepot.access.operators import make_operator_link
from entrepot.tenancy.entrances import connect
from entrepot.tenancy.queries import last_isolation_run, list_isolation_layers
from entrepot.tenancy.verification import verify
from tests.postgres_fixture import OPERATOR
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


async def test_the_report_on_the_walls_tells_layers_checks_and_results(house: PageHouse) -> None:
    """S1.25: each layer with how many checks, when, and what came of it; an open one by name."""
    plane = house.trade.server.plane
    tenant = house.trade.tenant
    operator = await _operator(house)
    report = await verify(plane, OPERATOR, only=tenant.tenant)
    async with plane.database.control(OPERATOR) as tx:
        run = await last_isolation_run(tx)
        assert run is not None and run.finished_at is not None
        layers = await list_isolation_layers(tx, run_id=run.run_id)
    page = (await operator.client.get("/platform/isolation?lang=en")).text
    assert "Nothing is open." in page
    assert f"{run.finished_at:%H:%M}" in page
    assert {layer.layer for layer in layers} == set(report.checks)
    assert len(layers) >= 4
    for layer in layers:
        row = re.search(rf"<tr>(?:(?!</tr>).)*<strong>{layer.layer}</strong>.*?</tr>", page, re.S)
        assert row is not None, layer.layer
        assert f">{layer.checks}<" in row[0].replace(",", "")
    for finding in report.findings:
        assert escape(finding.test) in page
    superuser = await connect(house.trade.server.superuser)
    try:
        await superuser.execute(f"grant connect on database {tenant.database_name} to public")
        await verify(plane, OPERATOR, only=tenant.tenant)
        page = (await operator.client.get("/platform/isolation?lang=en")).text
        assert "Nothing is open." not in page
        assert "open_databases" in page
    finally:
        await superuser.execute(f"revoke connect on database {tenant.database_name} from public")
        await superuser.close()


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
