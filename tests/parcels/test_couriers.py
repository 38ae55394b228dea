"""S1.7, S1.35: couriers by number shape; every candidate kept, unknown prefixes handled."""

import json
from pathlib import Path

import pytest

from entrepot.parcels.couriers import choose, recognise
from entrepot.parcels.payloads import read_payload

DEMO = json.loads(
    (Path(__file__).parents[2] / "demo" / "demo-data.json").read_text(encoding="utf-8")
)
NAMED = ["sf", "yto", "zto", "sto", "yunda", "jd", "jd", "jt", "deppon", "cainiao", "yunexpress"]


@pytest.mark.parametrize(
    ("sample", "courier"), list(zip(DEMO["sample_tracking_numbers"], NAMED, strict=True))
)
def test_the_samples_of_the_demo(sample: list[str], courier: str) -> None:
    candidates = recognise(read_payload(sample[1]).number)
    assert choose(candidates, None) == courier
    assert candidates[0].courier == courier


@pytest.mark.parametrize(
    ("number", "courier"),
    [
        ("RB123456785CN", "ems"),
        ("RB123456785DE", "s10"),
        ("1Z5R89390357567127", "ups"),
        ("9405511899223197428490", "usps"),
        ("4PX1234567890123CN", "4px"),
    ],
)
def test_numbers_with_check_digits_and_prefixes(number: str, courier: str) -> None:
    assert choose(recognise(number), None) == courier


def test_a_wrong_check_digit_is_no_postal_number() -> None:
    assert recognise("RB123456784CN") == []


def test_overlapping_shapes_keep_every_candidate_and_name_nobody() -> None:
    candidates = recognise("1234567890123")
    assert {c.courier for c in candidates} == {"zto", "sto", "yunda", "ems"}
    assert choose(candidates, None) is None


def test_unknown_prefixes_have_no_candidate_and_no_courier() -> None:
    assert recognise("QQ9981AB") == []
    assert choose([], None) is None


@pytest.mark.parametrize("named", ["sf", "SF", "顺丰", " SF Express "])
def test_a_named_courier_wins(named: str) -> None:
    assert choose(recognise("1234567890123"), named) == "sf"


def test_a_courier_that_we_do_not_know_is_kept_as_named() -> None:
    assert choose([], "Village Post") == "village post"
