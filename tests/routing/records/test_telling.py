"""Cards and sentences: true, in both languages, and nothing for shoppers that is not theirs."""

import json
from typing import Any

import pytest

from entrepot.routing.records.flipping import flips_of
from entrepot.routing.records.format import Record
from entrepot.routing.records.telling import MOST_CLOSED, card, sentence
from tests.routing.records.made import close, policy, problem, read, records
from tests.routing.test_explaining import heavy, late, simple_problem

SHANGHAI = "Asia/Shanghai"


def one(change: Any = None, **options: Any) -> Record:
    document = simple_problem()
    if change is not None:
        change(document)
    return records(read(document), **options)[0]


def split(document: dict[str, Any]) -> None:
    """Seven wanted, five in each of two places."""
    document["nodes"].append({**document["nodes"][0], "id": "B"})
    document["services"].append({**document["services"][0], "node": "B"})
    document["orders"][0]["lines"][0]["qty"] = 7


def test_a_card_says_what_was_decided_by_what_and_when() -> None:
    record = one()
    text = card(record, language="en", zone=SHANGHAI)
    assert text.splitlines()[:4] == [
        f"Order O: the best plan, cost 500, proven bound 500, {record.work} units of work",
        "A by S, arrives 2026-11-22 20:40, cost 500: 1 × X",
        "  first weight 500",
        "No policy",
    ]
    assert text.splitlines()[-1].startswith("Decided at 2026-11-22 08:00 by entrepot-routing/3")


def test_a_card_in_chinese() -> None:
    text = card(one(split, policy=policy(close("Z"), version=3)), language="zh-CN", zone=SHANGHAI)
    assert "订单 O：最优方案" in text
    assert "首重 500" in text
    assert "策略 test，版本 3" in text


def test_closed_options_show_what_was_seen_and_needed() -> None:
    text = card(one(late), language="en", zone="UTC")
    assert "A by S closed: too_late (seen 760, needed 759)" in text
    assert "Not shipped: 1 × X" in text
    ruled = card(one(policy=policy(close("A"))), language="en", zone="UTC")
    assert 'A by S closed by rule close-a: node_closed (seen A, needed node.id != "A")' in ruled


def test_many_closed_options_are_counted() -> None:
    given = problem(870, nodes=30, lines=2)
    ruled = policy(*(close(f"N{i:02d}") for i in range(30)))
    record = records(given, policy=ruled)[0]
    text = card(record, language="en", zone="UTC")
    closed = len(record.by_policy) + len(record.excluded)
    assert closed > MOST_CLOSED
    assert f"and {closed - MOST_CLOSED} more options closed" in text


def test_flips_are_told_when_given() -> None:
    record = one(split)
    flips = flips_of(record, None)
    assert flips.units is not None
    text = card(record, language="en", zone="UTC", flips=flips)
    assert f"Flips with {flips.units.units} more of X at {flips.units.node}" in text
    assert "Flips" not in card(record, language="en", zone="UTC")
    assert "则改选" in card(record, language="zh-CN", zone="UTC", flips=flips)


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        (
            None,
            "Your order ships in one parcel and should arrive by 2026-11-22.",
            "您的订单将合为一个包裹发出，预计 2026年11月22日 送达。",
        ),
        (
            split,
            "Your order ships in 2 parcels, because no single place has all of it and should"
            " arrive by 2026-11-22.",
            "您的订单将分 2 个包裹发出（没有一个仓库备齐全部商品），预计 2026年11月22日 送达。",
        ),
        (
            heavy,
            "Your order cannot be shipped at the moment; we will be in touch.",
            "您的订单暂时无法发货，我们会尽快与您联系。",
        ),
        (
            lambda d: d["orders"][0]["lines"][0].update(qty=6),
            "Your order ships in one parcel and should arrive by 2026-11-22;"
            " 1 item is out of stock for now.",
            "您的订单将合为一个包裹发出，预计 2026年11月22日 送达，另有 1 件暂时缺货。",
        ),
    ],
)
def test_the_shoppers_sentence(change: Any, english: str, chinese: str) -> None:
    record = one(change)
    assert sentence(record, language="en", zone=SHANGHAI) == english
    assert sentence(record, language="zh-CN", zone=SHANGHAI) == chinese


def test_the_day_is_the_readers_day() -> None:
    def evening(document: dict[str, Any]) -> None:
        document["services"][0]["departures"] = [[100, 500, 0]]

    assert "2026-11-22." in sentence(one(evening), language="en", zone="UTC")
    assert "2026-11-23." in sentence(one(evening), language="en", zone=SHANGHAI)


@pytest.mark.parametrize("seed", [860, 861, 862, 863, 864, 871])
def test_the_sentence_names_no_node_no_service_and_no_price(seed: int) -> None:
    record = records(problem(seed))[0]
    plain = json.loads(json.dumps([node.id for node in record.rows.nodes]))
    for language in ("en", "zh-CN"):
        text = sentence(record, language=language, zone="UTC")
        names = [*plain, *(s.carrier for s in record.rows.services), str(record.plan.cost)]
        assert not [name for name in names if name in text and name not in ("0",)]
        assert text.count("\n") == 0
