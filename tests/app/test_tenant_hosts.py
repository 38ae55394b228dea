"""A tenant's own host leads to its pages; other hosts and numbers lead nowhere."""

from typing import Any

import httpx
import pytest

from entrepot.app.tenant_hosts import lead_by_host
from entrepot.kernel.principals import Operator
from entrepot.tenancy.provisioning import add_host
from tests.postgres_fixture import InstalledServer


async def inner(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.fixture(scope="module")
async def hosted(server: InstalledServer) -> str:
    """The slug of a tenant with a host of its own."""
    tenant = await server.tenant()
    operator = Operator(name="tests")
    await add_host(server.plane, operator, tenant=tenant.tenant, host="hosted.example.com")
    return tenant.slug


@pytest.mark.parametrize(
    ("host", "path", "status", "location"),
    [
        ("hosted.example.com", "/", 307, "/t/{slug}/portal"),
        ("HOSTED.example.com:8443", "/staff?lang=en", 307, "/t/{slug}/staff?lang=en"),
        ("hosted.example.com", "/t/other/portal", 200, None),
        ("hosted.example.com", "/api/v1/scans", 200, None),
        ("nobody.example.com", "/", 200, None),
        ("127.0.0.1:8080", "/", 200, None),
        ("[::1]:8080", "/", 200, None),
    ],
)
async def test_a_host_leads_to_its_tenant(
    server: InstalledServer, hosted: str, host: str, path: str, status: int, location: str | None
) -> None:
    transport = httpx.ASGITransport(lead_by_host(inner, server.directory))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get(path, headers={"host": host})
    assert answer.status_code == status
    if location is not None:
        assert answer.headers["location"] == location.format(slug=hosted)
