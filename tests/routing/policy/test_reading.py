"""Reading a policy: every mistake at once, each with its path; nothing half read."""

import json
from typing import Any

import pytest

from entrepot.kernel.refusals import Invalid, Refusal, TooLarge, Unparsable
from entrepot.routing.policy.files import read_policy
from entrepot.routing.policy.shelf import names_on, shelf_bytes
from tests.routing.policy.made import both, check, document, no

Document = dict[str, Any]


def paths(plain: Any) -> dict[str, str]:
    """Codes by path of what is wrong with a document."""
    with pytest.raises(Invalid) as refused:
        read_policy(json.dumps(plain).encode())
    return {error.path: error.code for error in refused.value.errors}


def test_all_type_mistakes_are_told_at_once() -> None:
    plain = document(
        {"kind": "exclude", "id": "a", "options": {"is": "near", "field": "node.id"}},
        {"kind": "forbid", "id": "b"},
        {"kind": "limit", "id": "c", "max_shipments": 0, "surprise": 1},
        {"kind": "prefer", "id": "Not A Slug", "options": check("node.id", "eq", "A"),
         "minor_per_shipment": -5},
        {"kind": "stock", "id": "e", "hold_units": 10**30},
        {"kind": "charge", "id": "f", "minor_per_unit": 1.5},
        {"kind": "fallback", "id": "g"},
        version="1", review="31 January", zone=7,
    )  # fmt: skip
    assert paths(plain) == {
        "version": "wrong_type",
        "review": "bad_value",
        "zone": "wrong_type",
        "rules[0].options.is": "bad_value",
        "rules[1].kind": "bad_value",
        "rules[2].max_shipments": "out_of_range",
        "rules[2].surprise": "unknown_field",
        "rules[3].id": "out_of_range",
        "rules[3].minor_per_shipment": "out_of_range",
        "rules[4].hold_units": "out_of_range",
        "rules[5].minor_per_unit": "wrong_type",
        "rules[6].action": "missing",
    }


def test_all_contradictions_are_told_at_once() -> None:
    plain = document(
        {"kind": "exclude", "id": "a"},
        {"kind": "limit", "id": "a"},
        {"kind": "stock", "id": "c", "hold_units": 3, "release_safety": True},
        {"kind": "promise", "id": "d", "within_min": 5,
         "by_day": {"days": 1, "clock": "10:00", "zone": "Mars/Olympus"}},
        {"kind": "node_capacity", "id": "e", "units": 5, "shipments": 2, "min_per_unit": 1},
        {"kind": "objective", "id": "f", "tiers": ["money", "money"]},
        {"kind": "fallback", "id": "g", "action": "manual", "from": "2026-12-01T00:00:00Z",
         "until": "2026-12-01T00:00:00Z"},
        effective_until="2025-12-31T00:00:00Z", zone="Moon/Base",
    )  # fmt: skip
    assert paths(plain) == {
        "zone": "unknown",
        "effective_until": "ends_before_it_starts",
        "rules[0]": "excludes_everything",
        "rules[1].id": "repeated",
        "rules[1]": "no_effect",
        "rules[2].hold_units": "contradiction",
        "rules[3]": "one_of",
        "rules[3].by_day.zone": "unknown",
        "rules[4]": "no_effect",
        "rules[5].tiers": "repeated",
        "rules[6].until": "ends_before_it_starts",
    }


@pytest.mark.parametrize(
    ("condition", "path", "code"),
    [
        (check("node.id", "eq", "A"), "rules[0].when.field", "out_of_scope"),
        (check("order.colour", "eq", "red"), "rules[0].when.field", "unknown"),
        (check("order.attrs.", "exists"), "rules[0].when.field", "unknown"),
        (check("order.units", "eq", "many"), "rules[0].when.value", "wrong_type"),
        (check("order.cod", "lt", 3), "rules[0].when.field", "wrong_type"),
        (check("order.tags", "eq", "cold"), "rules[0].when.field", "wrong_type"),
        (check("dest.region", "has", "CN"), "rules[0].when.field", "wrong_type"),
        (check("order.units", "in", [1, "two"]), "rules[0].when.values[1]", "wrong_type"),
        (check("order.units", "eq"), "rules[0].when", "one_of"),
        (check("order.units", "eq", 1, **{"as": "order.lines"}), "rules[0].when", "one_of"),
        (check("order.units", "eq", **{"as": "dest.region"}), "rules[0].when.as", "wrong_type"),
        (both(check("order.cod", "eq", True), no(check("line.sku", "eq", "A"))),
         "rules[0].when.of[1].of.field", "out_of_scope"),
    ],
)  # fmt: skip
def test_conditions_name_fields_that_are_there_and_fit(
    condition: Document, path: str, code: str
) -> None:
    plain = document({"kind": "fallback", "id": "a", "action": "manual", "when": condition})
    assert paths(plain) == {path: code}


def test_what_a_rule_cannot_know_is_refused() -> None:
    of_service = check("service.id", "eq", "S")
    per_unit = {"kind": "charge", "id": "a", "minor_per_unit": 1, "options": of_service}
    assert paths(document(per_unit)) == {"rules[0].options.field": "out_of_scope"}
    by_stock = {"kind": "prefer", "id": "a", "minor_per_shipment": 1,
                "options": check("stock.units", "gt", 1)}  # fmt: skip
    assert paths(document(by_stock)) == {"rules[0].options.field": "out_of_scope"}


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'"policy"', b"\xff\xfe", b"[" * 100_000,
        b'{"format":"routing-policy/2"}', b'{"format":"routing-policy/1","id":"a","id":"b"}',
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(raw: bytes) -> None:
    with pytest.raises((Invalid, Unparsable)):
        read_policy(raw)


def test_too_large_and_too_deep_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_policy(b" " * (1024 * 1024 + 1))
    for depth in (21, 300, 5_000):
        condition = '{"is":"not","of":' * depth + '{"is":"exists","field":"line.kit"}' + "}" * depth
        plain = json.dumps(document({"kind": "exclude", "id": "a", "options": "?"}))
        with pytest.raises(Refusal):
            read_policy(plain.replace('"?"', condition).encode())
    many = [{"kind": "fallback", "id": f"r{i}", "action": "manual"} for i in range(501)]
    assert paths(document(*many)) == {"rules": "out_of_range"}


def test_everything_on_the_shelf_reads() -> None:
    assert len(names_on("packs")) == 10
    assert len(names_on("strategies")) == 9
    for name in (*names_on("packs"), *names_on("strategies")):
        assert read_policy(shelf_bytes(name)).id == name
