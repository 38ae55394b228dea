"""The page that tries an order: it shows what the API tells, in whatever dress."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from entrepot.web import rendering
from tests.api.harness import api_app, key_for
from tests.api.matrix_routing import open_services, service
from tests.api.test_stock_entities import open_channel, stocked
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse

BARE = """{{ found.digest[:16] }}|{% for one in found.shipments %}
{{ one.node }} {{ one.units|length }};{% endfor %}"""


@pytest.fixture
def another_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pages' templates with a page for orders that somebody else wrote."""
    theme = tmp_path / "templates"
    shutil.copytree(rendering.TEMPLATES, theme)
    (theme / "admin" / "routing.html").write_text(BARE, encoding="utf-8")
    monkeypatch.setattr(rendering, "TEMPLATES", theme)
    rendering.environment.cache_clear()
    yield
    rendering.environment.cache_clear()


def digest_of(shown: httpx.Response) -> str:
    found = re.search(r'id="digest">([0-9a-f]{16})<', shown.text)
    assert found is not None, shown.text[:2000]
    return found[1]


async def test_the_page_and_the_api_show_one_plan_in_any_dress(
    house: PageHouse, server: InstalledServer, request: pytest.FixtureRequest
) -> None:
    """T2.102, T2.103: the same cart over the API, on the page in two languages and in a theme
    of somebody else: one plan, one arrival, one split."""
    key = await key_for(server, api_app(server), house.trade.tenant.tenant)
    skus = []
    for code, lat, lon in (("P-NEAR", 23.13, 113.26), ("P-FAR", 30.59, 114.3)):
        await key.post("/nodes", {"code": code, "zone": "Asia/Shanghai", "country": "CN"})
        await key.ask("PATCH", f"/nodes/{code}", {"lat": lat, "lon": lon, "region": "CN"})
        await open_services(key, code, service())
        skus.append(await stocked(key, {code: 3}))
    await open_channel(key, "PAGE", "P-NEAR", "P-FAR")
    lines = [{"sku": sku, "qty": 2} for sku in skus]
    cart = {"channel": "PAGE", "destination": {"country": "CN", "city": "Foshan"}, "lines": lines}
    told = await key.post("/routing/previews", cart)
    assert [one["node"] for one in told["shipments"]] == ["P-FAR", "P-NEAR"]
    owner = await house.worker("owner")
    written = "%0A".join(f"{sku}+2" for sku in skus)
    page = f"/admin/routing?channel=PAGE&country=CN&city=Foshan&lines={written}"
    for language in ("en", "zh-CN"):
        shown = await owner.get(f"{page}&lang={language}")
        assert shown.status_code == 200, shown.text
        assert digest_of(shown) == told["digest"][:16]
        times = re.findall(r'<time class="num" datetime="([^"]+)"', shown.text)
        for one in told["shipments"]:
            assert f'<strong class="code">{one["node"]}</strong>' in shown.text
            assert any(time[:16] == one["arrives_at"][:16] for time in times)
    request.getfixturevalue("another_theme")
    bare = (await owner.get(page)).text
    digest, _, rest = bare.partition("|")
    assert digest.strip() == told["digest"][:16]
    assert re.findall(r"(P-[A-Z]+) 1", rest) == ["P-FAR", "P-NEAR"]


async def test_faults_are_told_beside_the_form(house: PageHouse) -> None:
    owner = await house.worker("owner")
    assert (await owner.get("/admin/routing")).status_code == 200
    for lines, channel, status in (("NO-SUCH", "PAGE", 404), ("A+B+C", "PAGE", 422),
                                   ("A+1", "NOWHERE", 404)):  # fmt: skip
        shown = await owner.get(f"/admin/routing?channel={channel}&country=CN&city=Foshan"
                                f"&lines={lines}")  # fmt: skip
        assert shown.status_code == status, shown.text[:500]
        assert 'role="alert"' in shown.text
    receiver = await house.worker("receiver")
    assert (await receiver.get("/admin/routing")).status_code == 403


async def test_a_place_that_nobody_knows_is_said_at_its_field(house: PageHouse) -> None:
    owner = await house.worker("owner")
    shown = await owner.get("/admin/routing?channel=NONE&country=CN&lines=CUP%201")
    assert "This place is not known: name a larger city nearby" in shown.text
