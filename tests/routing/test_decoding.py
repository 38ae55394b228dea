"""Bad input: every mistake at once, each with its path, and no plan."""

import io
import json
from typing import Any

import pytest

from entrepot.kernel.refusals import Invalid, TooLarge, Unparsable
from entrepot.routing.engine import decoding
from entrepot.routing.engine.decoding import MAX_ERRORS, decode_problem, read_problem
from tests.routing.orders import random_problem


def problem() -> dict[str, Any]:
    return random_problem(7, nodes=3, lines=2)


def mistakes(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        decode_problem(json.dumps(document).encode())
    return {error.path: error.code for error in caught.value.errors}


def test_a_good_problem_is_read() -> None:
    document = problem()
    read = decode_problem(json.dumps(document).encode())
    assert [node.id for node in read.nodes] == [node["id"] for node in document["nodes"]]


def test_all_mistakes_are_listed_at_once_with_their_paths() -> None:
    document = problem()
    document["surprise"] = 1
    document["now"] = 1.5
    del document["currency"]
    document["nodes"][1]["fix"] = -1
    document["nodes"][2]["stock"]["S00"] = [1, 0]
    document["services"][0]["rates"] = document["services"][0]["rates"][:5]
    document["services"][0]["departures"][1] = [1, "2", 3]
    document["orders"][0]["lines"][0]["qty"] = 0
    document["orders"][0]["lines"][1]["short"] = "free"
    document["orders"][0]["dest"]["lat"] = 91
    document["orders"][0]["late"] = "never"
    document["orders"][0]["cod"] = 1
    document["instant0"] = "2026-11-22T00:00:00"
    assert mistakes(document) == {
        "surprise": "unknown_field",
        "now": "wrong_type",
        "currency": "missing",
        "nodes[1].fix": "too_small",
        "nodes[2].stock.S00": "wrong_length",
        "services[0].rates": "wrong_length",
        "services[0].departures[1][1]": "wrong_type",
        "orders[0].lines[0].qty": "too_small",
        "orders[0].lines[1].short": "wrong_type",
        "orders[0].dest.lat": "too_large",
        "orders[0].late": "not_allowed",
        "orders[0].cod": "wrong_type",
        "instant0": "not_an_instant",
    }


def test_contradictions_are_listed_at_once() -> None:
    document = problem()
    document["zone_km"] = [50, 40, 800, 1500, 2500]
    document["nodes"][1]["id"] = document["nodes"][0]["id"]
    document["nodes"][0]["uses"] = [["nowhere", 1, 0, 0]]
    document["services"][0]["node"] = "elsewhere"
    document["services"][1]["departures"] = [[10, 20, 0], [10, 30, 0]]
    document["orders"][0]["lines"][1]["sku"] = document["orders"][0]["lines"][0]["sku"]
    found = mistakes(document)
    assert found["zone_km"] == "not_ascending"
    assert found["nodes[1].id"] == "repeated"
    assert found["nodes[0].uses[0][0]"] == "unknown"
    assert found["services[0].node"] == "unknown"
    assert found["services[1].departures[1][0]"] == "not_ascending"
    assert found["orders[0].lines[1].sku"] == "repeated"


@pytest.mark.parametrize("number", [2**63, 2**64, 10**30, -(2**63) - 1])
def test_numbers_of_overflow_size_are_refused(number: int) -> None:
    document = problem()
    document["nodes"][0]["fix"] = number
    assert "nodes[0].fix" in mistakes(document)


def test_amounts_that_could_not_be_summed_exactly_are_refused() -> None:
    document = problem()
    document["nodes"][0]["unit"] = 10**12
    document["orders"][0]["lines"][0]["qty"] = 10**6
    assert mistakes(document) == {"orders[0]": "cost_overflow"}


@pytest.mark.parametrize("raw", [b"", b"  \n", b"{", b"[1,", b"\xff\xfe", b"[NaN]", b"[" * 9999])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(Unparsable):
        decode_problem(raw)


@pytest.mark.parametrize("document", [None, 1, [], {}, "x", {"format": "routing-problem/2"}])
def test_other_documents_are_refused(document: Any) -> None:
    assert mistakes(document)


def test_a_million_orders_are_one_mistake() -> None:
    document = problem()
    document["orders"] = [{}] * 1_000_000
    assert mistakes(document) == {"orders": "wrong_length"}


def test_the_list_of_mistakes_ends() -> None:
    document = problem()
    document["orders"] = [{}] * 5_000
    with pytest.raises(Invalid) as caught:
        decode_problem(json.dumps(document).encode())
    assert len(caught.value.errors) == MAX_ERRORS + 1
    assert caught.value.errors[-1].code == "more_errors"


def test_a_file_beyond_the_limit_is_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_BYTES", 1000)
    stream = io.BytesIO(b" " * 5000)
    with pytest.raises(TooLarge):
        read_problem(stream)
    assert stream.tell() == 1001
