"""Sentences: every rule in every language, and no two different rules with the same sentence."""

import json
from string import Formatter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.routing.policy.files import read_policy
from entrepot.routing.policy.sentences import LANGUAGES, Language, _words, sentence, sentences
from tests.routing.policy.made import (
    Document,
    both,
    check,
    documents,
    either,
    no,
    patiently,
    policy,
)


def told(rule: Document, language: Language) -> str:
    return sentence(policy({"id": "r", **rule}).rules[0], language=language)


@pytest.mark.parametrize(
    ("rule", "english", "chinese"),
    [
        (
            {"kind": "exclude", "when": check("order.attrs.market", "eq", "EU"),
             "unless": check("node.attrs.tax_zone", "eq", **{"as": "order.attrs.tax_zone"}),
             "code": "tax_zone"},
            "If the order's “market” is \"EU\", goods ship only where the node's “tax_zone” is the"
            " order's “tax_zone” (reason tax_zone).",
            "若订单的“market”是\"EU\"，仅可由节点的“tax_zone”是订单的“tax_zone”的方式发货（原因代码tax_zone）。",
        ),
        (
            {"kind": "limit", "max_shipments": 1, "yields": True,
             "when": both(check("order.cod", "eq", True), no(check("order.units", "gt", 2)))},
            "If (all of: cash on delivery is yes; not (the order's number of units is above 2)),"
            " use at most 1 shipments; give way if there is no plan otherwise.",
            "若（同时：货到付款是“是”；并非（订单件数高于2）），最多1个包裹；若无其他方案则放宽。",
        ),
        (
            {"kind": "objective", "tiers": ["late_days", "shipments", "money"]},
            "Minimise the days late, then the number of shipments, then money.",
            "依次最小化：延误天数，其次包裹数，其次费用。",
        ),
        (
            {"kind": "stock", "hold_units": 20, "lines": check("line.sku", "in", ["A", "B"]),
             "options": either(check("node.type", "eq", "store"), check("stock.units", "lt", 5))},
            "For goods where the SKU is one of \"A\", \"B\", hold back 20 units where (any of: the"
            " type of node is \"store\"; the units in stock is below 5).",
            "对满足“SKU为\"A\", \"B\"之一”的商品，保留20件库存"
            "（限（任一：节点类型是\"store\"；库存件数低于5））。",
        ),
    ],
)  # fmt: skip
def test_sentences_say_what_the_rule_says(rule: Document, english: str, chinese: str) -> None:
    assert told(rule, "en") == english
    assert told(rule, "zh-CN") == chinese


@patiently(100)
@given(st.lists(documents(), min_size=2, max_size=3))
def test_only_the_same_rules_have_the_same_sentence(plain: list[Document]) -> None:
    for language in LANGUAGES:
        said: dict[str, bytes] = {}
        for document in plain:
            for rule in read_policy(json.dumps(document).encode()).rules:
                same = msgspec.json.encode(msgspec.structs.replace(rule, id="same"))
                told = sentence(rule, language=language)
                assert said.setdefault(told, same) == same


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_change_of_a_rule_changes_its_sentence(language: Language) -> None:
    rule = {
        "kind": "node_capacity", "labour_min": 480, "min_per_shipment": 4, "min_per_unit": 1,
        "taken": "done", "options": check("node.type", "eq", "store"),
    }  # fmt: skip
    changes: list[Document] = [
        {"labour_min": 481}, {"min_per_shipment": 5}, {"min_per_unit": 2}, {"taken": "worked"},
        {"options": check("node.type", "ne", "store")}, {"when": check("order.cod", "eq", True)},
        {"when": check("order.cod", "eq", False)}, {"owner": "shop desk"},
        {"from": "2026-12-01T00:00:00Z"}, {"until": "2026-12-01T00:00:00Z"},
    ]  # fmt: skip
    said = [told(rule, language)] + [told(rule | change, language) for change in changes]
    assert len(set(said)) == len(said)


def test_every_word_is_there_in_every_language_with_the_same_places() -> None:
    for key, row in _words().items():
        places = [
            sorted(name for _, name, _, _ in Formatter().parse(row[language]) if name)
            for language in LANGUAGES
        ]
        assert all(row[language] for language in LANGUAGES), key
        assert places[0] == places[1] == places[2], key


def test_a_policy_has_a_sentence_for_each_rule() -> None:
    found = policy(
        {"kind": "fallback", "id": "a", "action": "manual"},
        {"kind": "pickup", "id": "b"},
    )
    assert len(sentences(found, language="zh-TW")) == 2
