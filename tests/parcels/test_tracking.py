"""R22: the tracking normaliser. Idempotent, original kept, strange text refused and never kept."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.refusals import Invalid
from entrepot.parcels.payloads import read_payload
from entrepot.parcels.tracking import masked, normalise

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202a\u202e\u2066\u2069\u200e\u200f"
NOISE = st.sampled_from([*INVISIBLE, " ", "\u00a0", "\u3000", "-", "‐", "–", "—", "－", "\t"])
CORE = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=40)


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


@given(CORE, st.lists(st.tuples(st.integers(0, 40), NOISE), max_size=8), st.booleans())
def test_noise_changes_nothing(core: str, noise: list[tuple[int, str]], wide: bool) -> None:
    written = list(full_width(core.lower()) if wide else core.lower())
    for place, sign in noise:
        written.insert(min(place, len(written)), sign)
    text = "".join(written)
    read = normalise(text)
    if read.piece is None:
        assert read.number == core
    assert read.original == text


@given(st.text(max_size=60))
def test_twice_is_once_and_only_plain_signs_come_out(text: str) -> None:
    try:
        read = normalise(text)
    except Invalid:
        return
    assert normalise(read.number).number == read.number
    assert read.number.isascii()
    assert read.number == read.number.upper()
    assert unicodedata.normalize("NFKC", read.number) == read.number
    assert not any(c.isspace() or c == "-" for c in read.number)


@pytest.mark.parametrize(
    "text",
    [
        "SF1\x00234567", "\U00020000\U0002a6d6包裹", "😀😃😄😁", "طرد12345", "SF\x1b[31m12345",
        "", "---", "....", "abc", "9" * 49, "\ud800SF12345",
    ],
)  # fmt: skip
def test_what_no_waybill_bears_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        normalise(text)
    assert caught.value.status == 422
    assert caught.value.errors[0].path == "tracking_number"


@pytest.mark.parametrize(
    ("text", "number", "piece", "pieces"),
    [
        ("JD0000000000142-1-2-", "JD0000000000142", 1, 2),
        ("jd0000000000142－2－2－", "JD0000000000142", 2, 2),
        ("JD0000000000142-2-2", "JD0000000000142", 2, 2),
        ("SF0000000000142-1-3-", "SF0000000000142", 1, 3),
        ("JD0000000000142-3-2-", "JD000000000014232", None, None),
        ("JD0000000000142-0-2-", "JD000000000014202", None, None),
        ("12-34-56-7", "1234567", None, None),
    ],
)
def test_piece_suffixes(text: str, number: str, piece: int | None, pieces: int | None) -> None:
    read = normalise(text)
    assert (read.number, read.piece, read.pieces) == (number, piece, pieces)


@pytest.mark.parametrize(
    ("raw", "symbology", "number"),
    [
        ("https://m.example.com/track?nu=SF0000000000142&from=qr", "qr_code", "SF0000000000142"),
        ("https://example.com/t/YT0000000000142", None, "YT0000000000142"),
        ("MMM={'k1':'755W','k5':'SF0000000000142','k7':'a1'}", None, "SF0000000000142"),
        ("]C100340000000000000014", None, "340000000000000014"),
        ("00340000000000000014", "gs1_128", "340000000000000014"),
        ("]C1420783219405511899223197428490", None, "9405511899223197428490"),
        ("420783219405511899223197428490", "GS1-128", "9405511899223197428490"),
        ("]Q1SF0000000000142", None, "SF0000000000142"),
        ("SF0000000000142", "code128", "SF0000000000142"),
    ],
)
def test_payloads(raw: str, symbology: str | None, number: str) -> None:
    read = read_payload(raw, symbology)
    assert read.number == number
    assert read.original == raw


@pytest.mark.parametrize(
    "raw",
    [
        "https://example.com/?a=SF0000000000142&b=SF0000000000143",
        "https://example.com/welcome",
        "https://[broken",
        '{"hello":"world"}',
        "]C10104012345678901",
    ],
)
def test_codes_with_no_single_number_are_refused(raw: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_payload(raw)
    assert caught.value.code == "unreadable_code"


@given(st.text(max_size=80), st.sampled_from([None, "qr_code", "gs1_128", "nonsense"]))
def test_any_payload_is_a_number_or_a_refusal(raw: str, symbology: str | None) -> None:
    try:
        read = read_payload(raw, symbology)
    except Invalid:
        return
    assert 4 <= len(read.number) <= 48


def test_masked_numbers_show_their_ends() -> None:
    assert masked("SF0000000000142") == "SF•••••••••••42"
    assert masked("12345") == "•••••"
