"""Pasted pre-alerts: columns, prices, all faults at once."""

import pytest

from entrepot.kernel.refusals import Invalid
from entrepot.parcels.bulk import MOST_LINES, read_lines

GOOD = "SF0000000000142"


def test_a_number_alone_is_enough_and_blank_lines_do_not_count() -> None:
    lines = read_lines(f"\n{GOOD}\n\n  YT0000000000142 \n", currency="CNY")
    assert [(line.place, line.number.number) for line in lines] == [
        (2, GOOD), (4, "YT0000000000142"),
    ]  # fmt: skip
    assert lines[0].item is None


@pytest.mark.parametrize("separator", ["\t", ","])
def test_all_columns(separator: str) -> None:
    cells = [GOOD, "顺丰", "shoes", "clothing", "2", "129.90", "cny"]
    (line,) = read_lines(separator.join(cells), currency="USD")
    assert line.courier == "顺丰"
    assert line.item is not None
    assert (line.item.quantity, line.item.unit_price_minor, line.item.currency) == (2, 12990, "CNY")


@pytest.mark.parametrize(
    ("price", "currency", "minor"),
    [("12", "CNY", 1200), ("12.5", "CNY", 1250), ("1200", "JPY", 1200), ("1.250", "KWD", 1250),
     ("12.500", "CNY", 1250), ("0.07", "CNY", 7)],
)  # fmt: skip
def test_prices_in_minor_units(price: str, currency: str, minor: int) -> None:
    (line,) = read_lines(f"{GOOD},,x,,1,{price},{currency}", currency="CNY")
    assert line.item is not None
    assert line.item.unit_price_minor == minor


def test_every_fault_of_every_line_is_named() -> None:
    text = "\n".join(
        [
            GOOD,
            "😀😀😀😀",
            f"{GOOD},sf",
            "YT0000000000142,,shoes,,none,1.999,CN",
            "YT0000000000143,a,b,c,1,2,CNY,too,many",
            "YT0000000000144,,,,3,1.5",
        ]
    )
    with pytest.raises(Invalid) as caught:
        read_lines(text, currency="CNY")
    assert {(e.path, e.code) for e in caught.value.errors} == {
        ("lines[2].tracking_number", "not_a_tracking_number"),
        ("lines[3].tracking_number", "double"),
        ("lines[4].quantity", "not_a_quantity"),
        ("lines[4].unit_price", "not_a_price"),
        ("lines[4].currency", "not_a_currency"),
        ("lines[5]", "too_many_columns"),
        ("lines[6].description", "missing"),
    }


def test_too_much_and_nothing_are_refused() -> None:
    many = "\n".join(f"SF{n:013d}" for n in range(MOST_LINES + 1))
    for text, code in ((many, "too_many_lines"), ("  \n ", "empty")):
        with pytest.raises(Invalid) as caught:
            read_lines(text, currency="CNY")
        assert caught.value.errors[0].code == code


def test_pieces_of_one_waybill_are_no_double() -> None:
    lines = read_lines("JD0000000000142-1-2-\nJD0000000000142-2-2-", currency="CNY")
    assert [line.number.piece for line in lines] == [1, 2]
