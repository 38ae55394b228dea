"""GTINs: the check digit agrees with an independent reader; GS1 messages give their GTIN up."""

import biip
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.catalog.codes import check_digit, normalise_gtin, read_scan, short_gtin

LENGTHS = st.sampled_from([7, 11, 12, 13])


@given(LENGTHS.flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)))
def test_check_digits_agree_with_biip(body: str) -> None:
    if not body.strip("0"):
        return
    whole = body + str(check_digit(body))
    assert biip.gtin.Gtin.parse(whole).check_digit == check_digit(body)
    assert normalise_gtin(whole) == whole.zfill(14)
    for wrong in range(10):
        if wrong != check_digit(body):
            with pytest.raises(ValueError, match="check digit"):
                normalise_gtin(body + str(wrong))


def test_all_lengths_of_one_thing_are_one() -> None:
    assert normalise_gtin("036000291452") == normalise_gtin("0036000291452")
    assert normalise_gtin("00036000291452") == normalise_gtin("0 36000 29145 2")
    assert short_gtin("00036000291452") == "036000291452"
    assert short_gtin("00000096385074") == "96385074"
    assert short_gtin("10614141000415") == "10614141000415"


@pytest.mark.parametrize("text", ["", "123", "4006381333932", "400638133393X", "0" * 13, "１" * 13])
def test_no_gtin(text: str) -> None:
    with pytest.raises(ValueError):
        normalise_gtin(text)


def test_a_gs1_message_gives_gtin_lot_serial_and_expiry() -> None:
    scan = read_scan("]C10104006381333931172712311012345\x1d21SER1")
    assert (scan.gtin, scan.lot, scan.serial) == ("04006381333931", "12345", "SER1")
    assert str(scan.expires_on) == "2027-12-31"
    assert read_scan("0104006381333931", "gs1_128").gtin == "04006381333931"
    assert read_scan("]E04006381333931").gtin == "04006381333931"


def test_anything_else_is_a_text_to_look_for() -> None:
    assert read_scan(" ａｂｃ-1 ").text == "ABC-1"
    assert read_scan("]C1garbage").gtin is None
    assert read_scan("").text == ""
