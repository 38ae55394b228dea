"""A tenant's own host name leads to its pages, which live under `/t/<slug>/` on every host."""

import ipaddress
from typing import Any

from litestar.types import ASGIApp, Receive, Send

from entrepot.kernel.refusals import NotFound, Unavailable
from entrepot.tenancy.directory import Directory

_OUR_OWN = ("/t/", "/api/", "/static/", "/developers", "/platform", "/healthz", "/readyz",
            "/metrics", "/openapi.json")  # fmt: skip


def lead_by_host(app: ASGIApp, directory: Directory) -> ASGIApp:
    """`app`, with requests to a tenant's host redirected into that tenant's pages."""

    async def outer(scope: Any, receive: Receive, send: Send) -> None:
        slug = None
        if scope["type"] == "http" and not scope["path"].startswith(_OUR_OWN):
            slug = await _slug_of(_host(scope), directory)
        if slug is None:
            await app(scope, receive, send)
            return
        place = "/portal" if scope["path"] == "/" else scope["path"]
        query = scope["query_string"]
        target = f"/t/{slug}{place}".encode() + (b"?" + query if query else b"")
        headers = [(b"location", target), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return outer


def _host(scope: Any) -> str:
    """The host name asked for, without port, in lower case."""
    named = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return str(named.decode("latin-1").rsplit(":", 1)[0].lower())


async def _slug_of(host: str, directory: Directory) -> str | None:
    """The slug of the tenant whose own host this is; numbers and localhost are nobody's."""
    if not host or host == "localhost" or _is_number(host):
        return None
    try:
        tenant = await directory.tenant_of_host(host)
        return (await directory.entry(tenant)).slug
    except (NotFound, Unavailable):
        return None


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
