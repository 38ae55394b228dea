"""`entrepot up` and `entrepot demo`: everything on this machine, with one command."""

import asyncio
import os
from typing import Any

import msgspec
from rich.console import Console

from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.types import KeyAlgorithm, NewApiKey
from entrepot.app.launcher import Running, launched
from entrepot.cli.keys import make_key, operator_in
from entrepot.demo.catalogue import seed_catalogue
from entrepot.demo.client import ApiClient
from entrepot.demo.content import PASSWORD, Content, read_content
from entrepot.demo.deliveries import seed_deliveries
from entrepot.demo.lines import seed_lines, seed_one_click, seed_tiers
from entrepot.demo.seed import (
    STILL_TO_SCAN,
    owner_login,
    seed,
    seed_parcels,
    set_suite_rule,
)
from entrepot.demo.stock import seed_stock
from entrepot.flows.create_customer import create_customer
from entrepot.kernel.principals import Operator
from entrepot.parties.types import NewCustomer
from entrepot.platform.settings import Settings
from entrepot.tenancy import queries
from entrepot.tenancy.plane import Plane, open_plane
from entrepot.tenancy.provisioning import create_tenant
from entrepot.tenancy.types import Kind, Tenant, TenantSettings, TenantState
from entrepot.tenancy.verification import verify_tenant

DEMO_FILE = "demo.json"
_OPERATOR = Operator(name="demo")
_screen = Console(stderr=True, highlight=False)


def up(settings: Settings) -> None:
    """Start everything and stay."""
    try:
        with launched(settings, _say) as running:
            _say(f"ready: {running.base_url}")
            running.stay()
    except KeyboardInterrupt:
        pass
    _say("stopped")


def demo(settings: Settings) -> None:
    """Start everything, make the demo tenants the first time, print the way in, stay."""
    if settings.env == "development":
        settings = msgspec.structs.replace(settings, env="demo")
    try:
        with launched(settings, _say) as running:
            path = settings.home / DEMO_FILE
            known = _known(running)
            if known is None:
                known = asyncio.run(_make_unless_stopped(settings, running))
                if known is None:
                    raise KeyboardInterrupt
                _write(path, known)
            _show(known)
            running.stay()
    except KeyboardInterrupt:
        pass
    _say("stopped; the data stays")


def _say(step: str) -> None:
    _screen.print(f"· {step}", style="dim", markup=False)


def _known(running: Running) -> dict[str, Any] | None:
    """What an earlier run has made; addresses are those of this run."""
    path = running.settings.home / DEMO_FILE
    if not path.exists():
        return None
    known: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    before = known["base_url"]
    if before != running.base_url:
        text = path.read_text().replace(before, running.base_url)
        known = msgspec.json.decode(text)
        known["authority"] = running.base_url.removeprefix("http://")
        _write(path, known)
    return known


def _write(path: Any, known: dict[str, Any]) -> None:
    """demo.json, whole or not at all, readable to its owner only: it holds secrets."""
    unfinished = path.with_suffix(".unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(known)))
    unfinished.rename(path)


async def _make_unless_stopped(settings: Settings, running: Running) -> dict[str, Any] | None:
    """Make the tenants, looking after what runs meanwhile; None when asked to stop.

    The next run takes up what was begun.
    """
    making = asyncio.create_task(_make(settings, running))
    while not making.done():
        if running.stopping:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
            return None
        running.tend()
        await asyncio.wait({making}, timeout=0.2)
    return making.result()


async def _make(settings: Settings, running: Running) -> dict[str, Any]:
    content = read_content()
    async with open_plane(settings) as plane:
        made = [await _make_tenant(plane, running, tenant, content) for tenant in content.tenants]
    return {
        "base_url": running.base_url,
        "authority": running.base_url.removeprefix("http://"),
        "tenants": made,
    }


async def _make_tenant(
    plane: Plane, running: Running, wanted: dict[str, Any], content: Content
) -> dict[str, Any]:
    slug = wanted["slug"]
    tenant = await _tenant(plane, wanted)
    made_keys = [
        await make_key(
            plane,
            _OPERATOR,
            tenant.tenant,
            NewApiKey(label=f"demo {algorithm}", scopes=sorted(PERMISSIONS), algorithm=algorithm),
        )
        for algorithm in (KeyAlgorithm.HMAC_SHA256, KeyAlgorithm.ED25519)
    ]
    customers = await _customers(plane, tenant, content) if wanted["kind"] == "forwarder" else {}
    first = made_keys[0]
    client = ApiClient(running.base_url, first.key_id, first.algorithm, first.secret or "")
    try:
        logins = await asyncio.to_thread(_fill, client, wanted, content, customers)
    finally:
        client.close()
    root = f"{running.base_url}/t/{slug}"
    for login in logins:
        login["url"] = f"{root}/{'portal' if login['role'] == 'customer' else 'staff'}"
    return {
        "slug": slug,
        "name": wanted["name"]["en"],
        "kind": wanted["kind"],
        "warehouses": [{"code": node["code"]} for node in wanted["warehouses"]],
        "keys": [msgspec.to_builtins(key) for key in made_keys],
        "logins": logins,
    }


def _fill(
    client: ApiClient, wanted: dict[str, Any], content: Content, customers: dict[str, str]
) -> list[dict[str, str]]:
    logins = [owner_login(client, wanted), *seed(client, wanted, content, _say)]
    if customers:
        set_suite_rule(client)
        logins += seed_parcels(client, customers, _say)
        seed_lines(client, wanted["warehouses"], _say)
        seed_tiers(client, customers, content.shoppers)
        seed_one_click(client, customers, _say)
    if wanted["kind"] == "merchant":
        seed_catalogue(client, _say)
        seed_stock(client, _say)
        seed_deliveries(client, _say)
    return logins


async def _tenant(plane: Plane, wanted: dict[str, Any]) -> Tenant:
    """The tenant, made now or finished now, unless an interrupted run has opened it."""
    async with plane.database.control(_OPERATOR) as tx:
        found = await queries.find_tenant(tx, word=wanted["slug"])
    if found is not None and found.state != TenantState.PROVISIONING:
        return found
    _say(f"{wanted['slug']}: a database and two logins of its own")
    return await create_tenant(
        plane,
        _OPERATOR,
        slug=wanted["slug"],
        kind=Kind(wanted["kind"]),
        names=wanted["name"],
        settings=TenantSettings(
            base_currency=wanted["home_currency"], languages=tuple(wanted["locales"])
        ),
        verify=verify_tenant,
    )


async def _customers(plane: Plane, tenant: Tenant, content: Content) -> dict[str, str]:
    """The shoppers of the demo data with their own suite codes; existing ones as they are."""
    by = operator_in(tenant.tenant, _OPERATOR)
    found: dict[str, str] = {}
    for number, shopper in enumerate(content.shoppers):
        stamp = Stamp(request_id="demo", key=f"demo-shopper-{number}", fingerprint=b"demo")
        customer = await create_customer(
            plane.database,
            by,
            stamp,
            new=NewCustomer(
                name=shopper["name"]["local"], phone=shopper["phone"], locale=shopper["locale"]
            ),
            suite_code=shopper["suite"],
        )
        found[customer.suite_code] = str(customer.id)
    return found


def _show(known: dict[str, Any]) -> None:
    """The way in, in lines that can be copied whatever the width of the terminal."""
    write = _screen.out
    write("")
    for tenant in known["tenants"]:
        _screen.print(f"{tenant['name']} ({tenant['kind']})", style="bold", markup=False)
        pages = dict.fromkeys(login["url"] for login in tenant["logins"])
        for url in pages:
            write(f"  {url}")
            for login in tenant["logins"]:
                if login["url"] == url:
                    write(f"      {login['role']:<10} {login['email']}")
    write("")
    write(f"Every password is {PASSWORD}. All of it is invented.")
    write(f"Still to scan at SZX1: {', '.join(STILL_TO_SCAN)}")
    write("Keys for programs are in demo.json. Ctrl-C stops everything.")
