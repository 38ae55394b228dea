"""Codes that goods bear: GTINs with their check digit, and GS1 messages that hold one. Pure.

The check digit: GS1 General Specifications, section 7.9.1 (standard check digit calculations).
A GTIN-8, -12, -13 or -14 of one thing is one number: it is kept with zeros in front as 14 digits.
"""

import re
import unicodedata
from datetime import date

import biip
import msgspec

_DIGITS = re.compile(r"[0-9]+\Z")
_LENGTHS = (8, 12, 13, 14)
_AIM = ("]C1", "]d2", "]Q3", "]e0")
_GS1 = {
    "gs1_128": "]C1", "gs1-128": "]C1", "ean128": "]C1", "ucc128": "]C1",
    "gs1_datamatrix": "]d2", "gs1_qr": "]Q3", "gs1_qr_code": "]Q3", "gs1_databar": "]e0",
    "databar": "]e0",
}  # fmt: skip


class Scanned(msgspec.Struct, frozen=True):
    """What a code on goods says: the text to look for, and what a GS1 message adds to it."""

    text: str
    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    expires_on: date | None = None


def check_digit(body: str) -> int:
    """The last digit for the digits before it."""
    weighted = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(body)))
    return -weighted % 10


def normalise_gtin(text: str) -> str:
    """The GTIN as 14 digits; ValueError says what is wrong with it."""
    digits = text.replace(" ", "").replace("-", "")
    if not _DIGITS.match(digits) or len(digits) not in _LENGTHS:
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits")
    if check_digit(digits[:-1]) != int(digits[-1]):
        raise ValueError(f"the check digit would be {check_digit(digits[:-1])}")
    if not digits.strip("0"):
        raise ValueError("zeros alone are no GTIN")
    return digits.zfill(14)


def short_gtin(gtin: str) -> str:
    """The GTIN as it is printed: 8, 12, 13 or 14 digits without the zeros in front."""
    bare = gtin.lstrip("0")
    length = next(size for size in (8, 12, 13, 14) if len(bare) <= size)
    return gtin[-length:]


def normalise_code(text: str) -> str:
    """Any other code as it is compared: NFKC, trimmed, upper-case."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def read_scan(raw: str, symbology: str | None = None) -> Scanned:
    """What was scanned, as something to look for among SKUs; never refuses."""
    text = raw.strip()
    marked = text[:3] in _AIM
    if not marked and symbology is not None and symbology.lower() in _GS1:
        text, marked = _GS1[symbology.lower()] + text, True
    if marked and (message := _gs1(text)) is not None:
        return message
    if text[:1] == "]" and len(text) > 3:
        text = text[3:]
    try:
        return Scanned(normalise_code(text), normalise_gtin(text))
    except ValueError:
        return Scanned(normalise_code(text))


def _gs1(text: str) -> Scanned | None:
    try:
        found = biip.parse(text)
    except biip.ParseError:
        return None
    message = found.gs1_message
    if message is None:
        return None
    said = {one.ai.ai: one for one in message.element_strings}
    if "01" not in said:
        return None
    try:
        gtin = normalise_gtin(said["01"].value)
    except ValueError:
        return None
    expiry = said.get("17")
    return Scanned(
        gtin,
        gtin,
        lot=said["10"].value if "10" in said else None,
        serial=said["21"].value if "21" in said else None,
        expires_on=expiry.date if expiry is not None else None,
    )
