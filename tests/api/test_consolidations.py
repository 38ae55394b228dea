"""Consolidations over signed HTTP: one call, all reasons, same key same answer, bad input named."""

from typing import Any

import pytest

from tests.api.harness import ApiKeyInHand, api_app, key_for
from tests.flows.drafts import load_demo_lines, parcel_of, parcels_of
from tests.flows.trade import Trade, open_trade
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    return trade


@pytest.fixture(scope="module")
async def key(server: InstalledServer, trade: Trade) -> ApiKeyInHand:
    return await key_for(server, api_app(server), trade.tenant.tenant)


async def test_one_call_merges_what_may_go_and_lists_the_others(
    trade: Trade, key: ApiKeyInHand
) -> None:
    """S1.44 by a single API call; the same key again is the same answer."""
    owner = await trade.customer()
    good = await parcels_of(trade, owner, 3)
    bad = await parcel_of(trade, owner, warehouse="YIW1")
    wish = {"customer_id": str(owner.id), "warehouse": "SZX1",
            "destination": {"country": "US", "postcode": "78704"}}  # fmt: skip
    made = await key.post("/consolidations", wish, key="the-one-click")
    assert {parcel["id"] for parcel in made["parcels"]} == {str(one) for one in good}
    assert [(p["id"], p["reasons"]) for p in made["left_out"]] == [(str(bad), ["other_warehouse"])]
    priced = [line for line in made["quote"]["lines"] if line["offer"]["price"]]
    assert len(priced) >= 5
    again = await key.post("/consolidations", wish, key="the-one-click")
    assert again == made
    other = await key.ask("POST", "/consolidations", wish)
    assert other.status_code == 409
    problem = other.json()
    assert problem["code"] == "nothing_eligible"
    assert problem["facts"]["consolidation"] == made["code"]
    assert {e["code"] for e in problem["errors"]} == {"in_another_draft", "other_warehouse"}
    at = f"/consolidations/{made['id']}"
    chosen = await key.post(f"{at}/choice", {"service": "US-SEA"})
    assert chosen["choice"]["stands"] is True
    undone = await key.ask("DELETE", at)
    assert undone.status_code == 200
    assert set(undone.json()["parcels"]) == {str(one) for one in good}
    late = await key.ask("POST", f"{at}/choice", {"service": "US-SEA"})
    assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("wish", "paths"),
    [
        ({"warehouse": "SZX1", "surprise": 1}, ["surprise"]),
        ({"warehouse": "SZX1", "parcels": []}, ["parcels"]),
        ({"warehouse": "SZX1", "parcels": ["x"]}, ["parcels[0]"]),
        ({"warehouse": "SZX1", "destination": {"country": "usa"}}, ["destination.country"]),
        ({"warehouse": "SZX1"}, ["customer_id"]),
        ({"customer_id": "00000000-0000-0000-0000-000000000000"}, ["warehouse"]),
        ({"warehouse": "SZX1", "overdue": {"00000000-0000-0000-0000-000000000000": -1}}, None),
    ],
)
async def test_what_is_wrong_with_a_wish_is_said(
    key: ApiKeyInHand, wish: dict[str, Any], paths: list[str] | None
) -> None:
    answer = await key.ask("POST", "/consolidations", wish)
    assert answer.status_code == 422, answer.text
    if paths is not None:
        assert [error["path"] for error in answer.json()["errors"]] == paths
