"""Suite codes: `QG104472-7` = prefix, number, check digit. Made, checked, found in label text.

Check digit: ISO 7064 MOD 11-2 over the digits of the number (0-9, X). It finds every single
wrong digit and every swap of two neighbours. Pure.
"""

import re
import unicodedata
from itertools import product

import msgspec

_SEPARATOR = r"[\s\-_.·]?"
# Letters that optical readers put where a digit stands; two digits where a letter is doubtful.
_MISREAD = {
    "O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "|": "1", "Z": "2", "S": "5",
    "B": "8", "G": "6",
}  # fmt: skip
_DIGIT = "[0-9OQDIL|ZSBG]"
_CODE = re.compile(
    rf"(?<![A-Z0-9])([A-Z]+){_SEPARATOR}"
    rf"({_DIGIT}(?:{_SEPARATOR}{_DIGIT}){{5}}){_SEPARATOR}([0-9XOQDIL|ZSBG])(?![A-Z0-9|])"
)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_DASH = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


class SuiteCodesFound(msgspec.Struct, frozen=True):
    """Codes found in a text, compact (`QG1044727`), each with a check digit that holds.

    `exact` stood there as written; `repaired` only after letters were read as the digits they
    look like, which is no proof by itself.
    """

    exact: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11-2 check character of a string of digits."""
    product_so_far = 0
    for digit in digits:
        product_so_far = (product_so_far + int(digit)) * 2 % 11
    rest = (12 - product_so_far) % 11
    return "X" if rest == 10 else str(rest)


def make_suite_code(prefix: str, number: int, *, digits: int = 6) -> str:
    """The suite code of a number. Raises ValueError when the number has too many digits."""
    text = str(number).zfill(digits)
    if len(text) > digits or number < 0:
        raise ValueError(f"{number} does not fit into {digits} digits")
    return f"{prefix}{text}-{check_digit(text)}"


def compact_suite_code(code: str) -> str:
    """A code as it is compared: NFKC, upper case, letters and digits only."""
    plain = unicodedata.normalize("NFKC", code).upper()
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def is_suite_code(code: str) -> bool:
    """Whether a text is one well-formed suite code with a check digit that holds."""
    compact = compact_suite_code(code)
    match = re.fullmatch(r"[A-Z]{1,4}([0-9]{6})([0-9X])", compact)
    return match is not None and check_digit(match.group(1)) == match.group(2)


def find_suite_codes(text: str) -> SuiteCodesFound:
    """Every suite code in free text: address line, recipient, remark, any language around it."""
    plain = _DASH.sub("-", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).upper()
    exact: dict[str, None] = {}
    repaired: dict[str, None] = {}
    for match in _CODE.finditer(plain):
        letters, body, check = match.groups()
        written = re.sub(r"[\s\-_.·]", "", body)
        if written.isdigit() and check in "0123456789X":
            if check_digit(written) == check:
                exact |= {prefix + written + check: None for prefix in _prefixes(letters)}
            continue
        for code in _readings(written, check):
            repaired |= {prefix + code: None for prefix in _prefixes(letters)}
    return SuiteCodesFound(tuple(exact), tuple(c for c in repaired if c not in exact))


def _prefixes(letters: str) -> list[str]:
    """The prefix as written, or, glued to a word (`MarisolQG104472-7`), its possible ends."""
    if len(letters) <= 4:
        return [letters]
    return [letters[-length:] for length in (4, 3, 2, 1)]


def _readings(digits: str, check: str) -> list[str]:
    """The ways to read doubtful letters as digits that give a check digit that holds."""
    choices = [[_MISREAD.get(c, c)] for c in digits + check]
    if check == "X":
        choices[-1] = ["X"]
    spelled = ("".join(letters) for letters in product(*choices))
    return [code for code in spelled if check_digit(code[:-1]) == code[-1]]
