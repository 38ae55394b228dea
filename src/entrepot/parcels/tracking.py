"""Tracking numbers as they are compared: the normaliser of R22, and piece suffixes.

NFKC, spaces, invisible characters, hyphens and full-width forms go, letters become upper case;
the original is kept beside it. Normalising twice changes nothing. Pure.
"""

import re
import unicodedata

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid

SHORTEST, LONGEST = 4, 48
_PLAIN = re.compile(r"[0-9A-Z]{4,48}\Z")
_ALLOWED = re.compile(r"[0-9A-Z./+*_:#]+\Z")
_PIECE = re.compile(r"(?P<number>.*[0-9A-Z])-(?P<piece>[0-9]{1,3})-(?P<pieces>[0-9]{1,3})-\Z")
_JD_PIECE = re.compile(r"(?P<number>JD[0-9A-Z]+)-(?P<piece>[0-9]{1,3})-(?P<pieces>[0-9]{1,3})\Z")
# Categories of characters that stand for nothing in a number: format (zero width, bidi marks),
# separators, dashes; also marks that hang on the character before (variation selectors).
_DROPPED = frozenset({"Cf", "Zs", "Zl", "Zp", "Pd"})


class TrackingNumber(msgspec.Struct, frozen=True):
    """One number, ready to be compared. `piece` of `pieces` when the label said so."""

    number: str
    original: str
    piece: int | None = None
    pieces: int | None = None


def normalise(original: str) -> TrackingNumber:
    """The number in `original`, which is kept.

    Raises Invalid when it holds characters that no waybill number has (letters of other
    scripts, emoji, control characters, NUL), or is too short or too long.
    """
    if _PLAIN.match(original):
        return TrackingNumber(original, original)
    dashed = _without_blanks(original)
    number, piece, pieces = _split_piece(dashed)
    number = number.replace("-", "")
    if not _ALLOWED.match(number) or not any(c.isalnum() for c in number):
        raise _refused("not_a_tracking_number", "this is no tracking number")
    if not SHORTEST <= len(number) <= LONGEST:
        raise _refused("tracking_number_length", f"{SHORTEST} to {LONGEST} characters are taken")
    return TrackingNumber(number, original, piece, pieces)


def masked(number: str) -> str:
    """The number with its middle hidden, for people who have yet to prove that it is theirs."""
    if len(number) <= 6:
        return "•" * len(number)
    return number[:2] + "•" * (len(number) - 4) + number[-2:]


def _without_blanks(original: str) -> str:
    """Upper case, hyphens of all kinds as `-`, everything invisible gone."""
    kept: list[str] = []
    for character in unicodedata.normalize("NFKC", original):
        category = unicodedata.category(character)
        if category == "Pd" or character == "\u2212":
            kept.append("-")
        elif category not in _DROPPED and character not in "\t\n\r\v\f":
            kept.append(character.upper() if character.isascii() else character)
    return "".join(kept)


def _split_piece(dashed: str) -> tuple[str, int | None, int | None]:
    """Take a piece suffix off: `JD0000000000142-1-2-` is piece 1 of 2."""
    match = _PIECE.match(dashed) or _JD_PIECE.match(dashed)
    if match is None:
        return dashed, None, None
    piece, pieces = int(match["piece"]), int(match["pieces"])
    if not 1 <= piece <= pieces:
        return dashed, None, None
    return match["number"], piece, pieces


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, code=code, errors=[FieldError("tracking_number", code, message)])
