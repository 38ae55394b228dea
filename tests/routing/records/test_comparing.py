"""A store against a warehouse: cost and arrival of both, beside the record and on the card."""

from typing import Any

from entrepot.routing.records.comparing import Compared
from entrepot.routing.records.flipping import flips_of
from entrepot.routing.records.telling import card
from tests.routing.records.made import close, policy, read, records
from tests.routing.test_explaining import simple_problem


def store_and_warehouse(**order: Any) -> dict[str, Any]:
    """The warehouse costs 500 and arrives at 760; the store around the corner 650, at 400."""
    document = simple_problem()
    node, service = document["nodes"][0], document["services"][0]
    document["nodes"] = [
        {**node, "id": "W", "type": "warehouse"}, {**node, "id": "S", "type": "store"},
    ]  # fmt: skip
    near = [[1000, 650, 1000, 100, 240]] * 6
    document["services"] = [{**service, "node": "W"}, {**service, "node": "S", "rates": near}]
    document["orders"][0] |= order
    return document


def test_both_kinds_are_told_with_cost_and_arrival() -> None:
    record = records(read(store_and_warehouse(deliver_by=700, late="soft", late_day=100)))[0]
    assert [shipment.node for shipment in record.plan.shipments] == ["W"]
    flips = flips_of(record, None)
    assert flips.types == (
        Compared("store", "S", "S", 50, 400, 300),
        Compared("warehouse", "W", "S", 0, 760, -60),
    )
    text = card(record, language="en", zone="UTC", flips=flips)
    assert (
        "Best of store: S by S, +50, arrives 2026-11-22 06:40, 300 minutes before the deadline"
        in text
    )
    assert "Best of warehouse: W by S, +0, arrives 2026-11-22 12:40, 60 minutes after" in text
    assert "store 中最优" in card(record, language="zh-CN", zone="UTC", flips=flips)


def test_a_kind_that_is_closed_says_why() -> None:
    ruled = policy(close("S"))
    record = records(read(store_and_warehouse()), policy=ruled)[0]
    flips = flips_of(record, ruled)
    assert flips.types[0] == Compared("store", closed={"node_closed": 1})
    text = card(record, language="en", zone="UTC", flips=flips)
    assert "No store could ship it: node_closed 1×" in text
