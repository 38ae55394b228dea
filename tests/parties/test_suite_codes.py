"""Suite codes: check digit of ISO 7064 MOD 11-2, found in label text of any language."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.parties.suite_codes import (
    compact_suite_code,
    find_suite_codes,
    is_suite_code,
    make_suite_code,
)

SHOPPERS = json.loads(
    (Path(__file__).parents[2] / "demo" / "demo-data.json").read_text(encoding="utf-8")
)["shoppers"]
NUMBERS = st.integers(0, 999_999)


def test_the_codes_of_the_demo() -> None:
    for shopper in SHOPPERS:
        code = shopper["suite"]
        assert is_suite_code(code)
        assert make_suite_code("QG", int(code[2:8])) == code


@given(NUMBERS, st.integers(0, 6), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(number: int, place: int, shift: int) -> None:
    compact = compact_suite_code(make_suite_code("QG", number))
    digits = list(compact[2:])
    if digits[place] == "X":
        digits[place] = str(shift)
    else:
        digits[place] = str((int(digits[place]) + shift) % 10)
    assert not is_suite_code("QG" + "".join(digits))


@given(NUMBERS, st.integers(0, 4))
def test_every_swap_of_neighbours_is_found(number: int, place: int) -> None:
    digits = list(compact_suite_code(make_suite_code("QG", number))[2:])
    if digits[place] == digits[place + 1]:
        return
    digits[place], digits[place + 1] = digits[place + 1], digits[place]
    assert not is_suite_code("QG" + "".join(digits))


@pytest.mark.parametrize(
    "text",
    [
        "青港仓 QG104472-7 收", "QG104472-7, Qinggang Warehouse", "ＱＧ１０４４７２－７",
        "QG 104 472 7", "qg104472—7王", "李四QG104472-7", "Q\u200bG104472-7", "QG1044727",
        "MarisolQG104472-7",
    ],
)  # fmt: skip
def test_codes_are_found_however_they_are_written(text: str) -> None:
    assert "QG1044727" in find_suite_codes(text).exact


@pytest.mark.parametrize(
    "text", ["QG1O4472-7", "QGlO4472-7", "QG10447Z-7", "QG104472-Ｔ QGI04472-7"]
)
def test_letters_for_digits_are_repaired_and_told_apart(text: str) -> None:
    found = find_suite_codes(text)
    assert found.exact == ()
    assert found.repaired == ("QG1044727",)


@pytest.mark.parametrize(
    "text", ["QG104472-8", "104472-7", "SF0000000000142", "QG104472", "", "QG10447277777"]
)
def test_what_is_no_code_is_not_found(text: str) -> None:
    found = find_suite_codes(text)
    assert (found.exact, found.repaired) == ((), ())


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    for code in (*find_suite_codes(text).exact, *find_suite_codes(text).repaired):
        assert is_suite_code(code)


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        make_suite_code("QG", 1_000_000)
