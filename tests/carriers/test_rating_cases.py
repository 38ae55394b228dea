"""Every hand-worked case, to the minor unit: the given ones and our own."""

import json
from typing import Any

import pytest

from entrepot.carriers.rating.edges import warnings
from entrepot.carriers.rating.files import read_cards, read_storage
from entrepot.carriers.rating.requests import Request
from tests.carriers.rating_tables import (
    DEMO,
    answer,
    demo,
    demo_tariff,
    given_cases,
    given_requests,
    other_differences,
    own_cases,
    own_expected,
    price_differences,
    storage_differences,
)

RAW = (DEMO / "demo-data.json").read_bytes()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [pytest.param(request, expected, id=name) for name, request, expected in given_requests()],
)
def test_given_quote(request_: Request, expected: Any) -> None:
    assert answer(demo_tariff(), request_) == expected


@pytest.mark.parametrize(
    ("request_", "expected"),
    [pytest.param(request, expected, id=name) for name, request, expected in own_cases()],
)
def test_own_quote(request_: Request, expected: Any) -> None:
    assert answer(demo_tariff(), request_) == own_expected(expected)


def test_there_are_as_many_cases_as_promised() -> None:
    kinds = [case["kind"] for case in given_cases()]
    assert (len(kinds), kinds.count("quote")) == (59, 53)
    names = [name for name, _, _ in own_cases()]
    assert len(names) == len(set(names)) >= 60


def test_storage_fees_and_days() -> None:
    assert storage_differences(read_storage(RAW)) == []


def test_currencies_settlement_and_allocation() -> None:
    assert other_differences(read_cards(RAW), demo_tariff()) == []


def test_days_under_way() -> None:
    assert price_differences(demo_tariff()) == []


def test_demo_cards_raise_no_warning() -> None:
    assert warnings(read_cards(RAW)) == []


def test_an_edge_between_two_steps_is_a_warning_with_its_place() -> None:
    document = demo()
    document["services"][0]["rate"]["price"]["Z1"]["first_g"] = 501
    document["services"][4]["rate"]["price"]["US"]["bands"][1]["from_g"] = 21500
    found = [(item.path, item.code) for item in warnings(read_cards(_bytes(document)))]
    assert found == [
        ("services[0].rate.price.Z1.first_g", "between_steps"),
        ("services[4].rate.price.US.bands[1].from_g", "between_steps"),
    ]


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode()
