"""Every page and form of a house, found from the app itself: a new one cannot be forgotten."""

import re
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from entrepot.access.permissions import ROLES
from entrepot.kernel.ids import new_id
from entrepot.platform.clock import system_clock
from tests.web.page_house import Browser, PageHouse

_PARAMETER = re.compile(r"\{\w+:(\w+)\}")
EMPTY_FORMS = {
    "/admin/prices/import": 200, "/admin/skus/import": 200,
    "/admin/reconciliation/export/X-1": 404,
}  # fmt: skip
"""What shows nothing of the house yet, and what there is not."""
_FILLED = {"uuid": str(new_id(system_clock())), "str": "X-1", "int": "1"}


def paths_of(house: PageHouse, method: str, *, under: str = "") -> list[str]:
    """The paths of the house that answer a method, with their parameters filled in."""
    found = set[str]()
    for route in house.app.routes:
        if isinstance(route, HTTPRoute) and method in route.methods:
            _, here, rest = route.path.partition("/t/{slug:str}")
            if here and rest.startswith(under):
                found.add(_PARAMETER.sub(lambda kind: _FILLED[kind[1]], rest))
    return sorted(found)


async def answers(reader: Browser, paths: list[str], **sent: Any) -> dict[str, int]:
    base = reader.house.base
    return {path: (await reader.client.post(f"{base}{path}", **sent)).status_code for path in paths}


async def test_no_form_is_taken_without_its_page_s_token(house: PageHouse) -> None:
    owner = await house.worker("owner")
    forms = paths_of(house, "POST")
    assert len(forms) > 50
    forged = {"csrf_token": "0" * 64, "idempotency_key": "k" * 32}
    for sent in ({"data": forged}, {"data": {}}):
        told = await answers(owner, forms, **sent)
        assert {path: code for path, code in told.items() if code != 403} == {}
    await owner.get("/admin")
    token = re.search(r'name="csrf-token" content="([^"]+)"', owner.page)
    assert token is not None
    other = {"x-csrf-token": token[1], "sec-fetch-site": "cross-site"}
    told = await answers(owner, forms, headers=other)
    assert {path: code for path, code in told.items() if code != 403} == {}


async def test_who_may_do_nothing_is_shown_nothing(
    house: PageHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody of the staff whose role allows nothing: every room says so."""
    monkeypatch.setitem(ROLES, "shipper", frozenset())
    nobody = await house.worker("shipper")
    shown = {}
    for room in ("/staff", "/admin"):
        for path in set(paths_of(house, "GET", under=room)) - {"/staff/events/X-1"}:
            answer = await nobody.get(path)
            if answer.status_code != 403:
                shown[path] = answer.status_code
    assert shown == EMPTY_FORMS
    await nobody.get("/staff")
    found = re.search(r'name="csrf-token" content="([^"]+)"', nobody.page)
    assert found is not None
    sent = {"csrf_token": found[1], "idempotency_key": "k" * 32}
    told = {}
    for path in paths_of(house, "POST", under="/staff") + paths_of(house, "POST", under="/admin"):
        told |= await answers(nobody, [path], data=sent)
    empty = {"/admin/prices/import": 422, "/admin/skus/import": 422, "/staff/scan": 422}
    assert {p: c for p, c in told.items() if c not in (403, 404)} == empty
