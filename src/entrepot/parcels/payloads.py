"""What a scanner delivers, reduced to the waybill number inside it.

A linear code is the number itself; GS1 symbols carry application identifiers (GS1 General
Specifications; the symbology must be known, a bare payload looks like a number); QR codes of
couriers carry an address of a page or a row of fields. Pure.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parcels.couriers import recognise
from entrepot.parcels.tracking import TrackingNumber, normalise

# AIM symbology identifiers (ISO/IEC 15424) of the symbols that carry GS1 messages.
_GS1 = {
    "gs1_128": "]C1", "gs1-128": "]C1", "ean128": "]C1", "ucc128": "]C1",
    "gs1_datamatrix": "]d2", "gs1_qr": "]Q3", "gs1_qr_code": "]Q3", "gs1_databar": "]e0",
    "databar": "]e0",
}  # fmt: skip
_AIM = re.compile(r"\](?P<family>[A-Za-z])(?P<modifier>[0-9a-z])")
_ROUTED = re.compile(r"420[0-9]{5}(?:[0-9]{4})?(?P<number>9[1-6][0-9]{18,24})\Z")
_NUMBER_AIS = ("00", "401", "402")
_FIELD_BREAK = re.compile(r"[\s,;|&={}\[\]'\"()<>]+")


def read_payload(raw: str, symbology: str | None = None) -> TrackingNumber:
    """The tracking number in what was scanned; `original` is all of `raw`.

    Raises Invalid when there is none, or more than one that could be meant.
    """
    text = raw.strip()
    family = _AIM.match(text)
    if family is not None and f"]{family['family']}{family['modifier']}" in _GS1.values():
        return _from_gs1(text, raw)
    if family is not None:
        text = text[family.end() :]
    if symbology is not None and symbology.lower() in _GS1:
        return _from_gs1(_GS1[symbology.lower()] + text, raw)
    if "://" in text:
        return _only(_address_parts(text), raw)
    if _FIELD_BREAK.search(text) and _has_fields(text):
        return _only(_FIELD_BREAK.split(text), raw)
    return _kept(normalise(text), raw)


def _has_fields(text: str) -> bool:
    return any(mark in text for mark in "{|;,=&")


def _kept(number: TrackingNumber, raw: str) -> TrackingNumber:
    return TrackingNumber(number.number, raw, number.piece, number.pieces)


def _address_parts(text: str) -> list[str]:
    """The values of the query, the last step of the path and the fragment."""
    try:
        address = urlsplit(text)
    except ValueError as error:
        raise _unreadable() from error
    values = [value for _, value in parse_qsl(address.query)]
    return [*values, address.path.rstrip("/").rsplit("/", 1)[-1], address.fragment]


def _only(parts: list[str], raw: str) -> TrackingNumber:
    """The one part that a courier would number a parcel with."""
    found: dict[str, TrackingNumber] = {}
    for part in parts:
        try:
            number = normalise(part)
        except Invalid:
            continue
        if any(candidate.rank <= 2 for candidate in recognise(number.number)):
            found[number.number] = number
    if len(found) != 1:
        raise _unreadable()
    return _kept(next(iter(found.values())), raw)


def _from_gs1(text: str, raw: str) -> TrackingNumber:
    """SSCC, consignment or shipment number of a GS1 message, else what follows the routing."""
    from biip import ParseError, parse  # imported when first needed: it costs 0.15 s

    body = text[3:]
    routed = _ROUTED.match(body)
    if routed is not None:
        return _kept(normalise(routed["number"]), raw)
    try:
        message = parse(text).gs1_message
    except ParseError:
        message = None
    if message is None:
        return _kept(normalise(body), raw)
    values = {string.ai.ai: string.value for string in message.element_strings}
    for identifier in _NUMBER_AIS:
        if identifier in values:
            return _kept(normalise(values[identifier]), raw)
    raise _unreadable()


def _unreadable() -> Invalid:
    message = "no single tracking number can be read from this code"
    reason = FieldError("tracking_number", "unreadable_code", message)
    return Invalid(message, code="unreadable_code", errors=[reason])
