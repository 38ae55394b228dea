"""S1.5: one deployment, fifty tenants, and nothing but a browser and a phone to work with."""

import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrepot.access.signing import sign
from entrepot.kernel.ids import new_token
from entrepot.tenancy.types import Tenant
from entrepot.tenancy.verification import verify
from tests.api.harness import api_app, key_for
from tests.app.house import entrepot, own_server, wait_until_ready
from tests.installation import free_port
from tests.postgres_fixture import OPERATOR

TENANTS = 50
CONNECTIONS = 30
"""Fewer than tenants: connections are lent, not owned."""
PASSWORD = "a quiet harbour at dawn"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Mobile Safari/537.36"
)
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')

pytestmark = pytest.mark.slow


class House:
    """One tenant of the deployment: a key for programs, pages for people."""

    def __init__(self, tenant: Tenant, key_id: str, secret: bytes, base_url: str) -> None:
        self.tenant, self.key_id, self.secret, self.base_url = tenant, key_id, secret, base_url
        self.mark = f"Harbour {tenant.slug}"
        self.number = f"SF{int(tenant.created_at.timestamp() * 1e6) % 10**13:013}"

    def ask(self, client: httpx.Client, method: str, target: str, document: object = None) -> Any:
        """A signed request that must succeed."""
        body = b"" if document is None else json.dumps(document).encode()
        headers = sign(
            method, self.base_url.removeprefix("http://"), f"/api/v1{target}", body,
            key_id=self.key_id, secret=self.secret, now_s=int(time.time()), nonce=new_token(24),
            idempotency_key=None if method == "GET" else new_token(12),
        )  # fmt: skip
        url = f"{self.base_url}/api/v1{target}"
        answer = client.request(method, url, content=body, headers=headers)
        assert answer.status_code in (200, 201), (self.mark, answer.text)
        return answer.json()

    def furnish(self, client: httpx.Client) -> None:
        """A warehouse, a customer with an announced parcel, a worker and the customer's log-in."""
        self.ask(client, "POST", "/nodes", {"code": "DOCK", "zone": "UTC"})
        customer = self.ask(client, "POST", "/customers", {"name": self.mark})
        alert = {"customer_id": customer["id"], "tracking_number": self.number}
        self.ask(client, "POST", "/pre-alerts", alert)
        worker = {"email": "worker@x.example", "name": "W", "roles": ["receiver"]}
        shopper = {"email": "shopper@x.example", "name": "S", "customer_id": customer["id"]}
        for person in (worker, shopper):
            self.ask(client, "POST", "/people", person | {"password": PASSWORD})

    def enter(self, email: str) -> httpx.Client:
        """A phone's browser, logged in through the tenant's door."""
        phone = httpx.Client(
            base_url=f"{self.base_url}/t/{self.tenant.slug}", timeout=30,
            headers={"user-agent": PHONE, "accept-language": "en"}, follow_redirects=True,
        )  # fmt: skip
        entered = phone.post("/log-in", data={"email": email, "password": PASSWORD, **token_of(
            phone.get("/log-in").text)})  # fmt: skip
        assert entered.status_code == 200, entered.text
        return phone

    def scan_by_page(self) -> None:
        """The worker scans at the station; the shopper's page shows the parcel."""
        with closing(self.enter("worker@x.example")) as worker:
            station = worker.get("/staff").text
            assert 'name="viewport"' in station
            form = {"code": self.number, "warehouse": "DOCK", "idempotency_key": new_token(12)}
            answer = worker.post("/staff/scan", data=form | token_of(station))
            assert answer.status_code == 200, answer.text
            assert self.mark in answer.text, "the station did not say whose it is"
        with closing(self.enter("shopper@x.example")) as shopper:
            home = shopper.get("/portal").text
            assert self.number[-4:] in home


def figures_of(base_url: str) -> str:
    """What the process says of itself."""
    return httpx.get(f"{base_url}/metrics", timeout=30).text


def token_of(page: str) -> dict[str, str]:
    """The proof that a form comes from the page."""
    found = _TOKEN.search(page)
    assert found is not None
    return {"csrf_token": found[1]}


async def test_fifty_tenants_live_in_one_deployment(tmp_path: Path) -> None:
    port = free_port()
    base_url, log = f"http://127.0.0.1:{port}", tmp_path / "serve.log"
    async with own_server() as own:
        app = api_app(own)
        began = time.monotonic()
        houses = []
        for _ in range(TENANTS):
            tenant = await own.tenant()
            key = await key_for(own, app, tenant.tenant)
            assert isinstance(key.secret, bytes)
            houses.append(House(tenant, key.key_id, key.secret, base_url))
        made_s = time.monotonic() - began
        environment = {
            "ENTREPOT_PORT": str(port), "ENTREPOT_CONNECTION_BUDGET": str(CONNECTIONS),
        }  # fmt: skip
        with entrepot("serve", own, log, **environment), httpx.Client(timeout=30) as client:
            wait_until_ready(base_url, log)
            for house in houses:
                house.furnish(client)
            for house in houses:
                house.scan_by_page()
            for house in houses:
                parcels = house.ask(client, "GET", "/parcels?status=received")["items"]
                assert [p["tracking_number"] for p in parcels] == [house.number]
                assert parcels[0]["customer"]["name"] == house.mark
            figures = figures_of(base_url)
        open_now = re.search(r"^entrepot_database_connections (\d+)", figures, re.MULTILINE)
        assert open_now is not None and int(open_now[1]) <= CONNECTIONS
        print(
            f"{TENANTS} tenants in {made_s:.1f} s; a scan by page in each, {open_now[1]}"
            f" connections, {time.monotonic() - began:.0f} s in all"
        )
        report = await verify(own.plane, OPERATOR)
        assert report.tenants == TENANTS
        assert report.open == []
