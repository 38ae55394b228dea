"""What a label shows of a person, made comparable: name key and the visible end of a phone.

Labels of Chinese couriers mask the middle of a phone (`138****0142`) and often the name too.
Pure.
"""

import re
import unicodedata

PHONE_DIGITS_COMPARED = 8
"""Longer numbers are compared by their last eight digits: country codes come and go."""

_MASK = re.compile(r"[*•●×✱＊·x]+", re.IGNORECASE)
_TITLES = ("先生", "女士", "小姐", "同学", "老师", "様", "樣", "收")


def name_key(name: str) -> str:
    """A name without case, width, spaces, marks and titles; empty when part of it is masked."""
    plain = unicodedata.normalize("NFKC", name).strip()
    if re.search(r"[*•●✱]", plain):
        return ""
    key = "".join(c for c in plain.casefold() if c.isalnum())
    for title in _TITLES:
        if len(key) > len(title) + 1:
            key = key.removesuffix(title)
    return key


def phone_digits(phone: str) -> str:
    """The digits that are surely the end of this phone number; empty when fewer than four."""
    plain = unicodedata.normalize("NFKC", phone)
    last = _MASK.split(plain)[-1]
    digits = re.sub(r"[\s\-().+/]", "", last)
    if not digits.isascii() or not digits.isdecimal():
        digits = _trailing_digits(digits)
    return digits if len(digits) >= 4 else ""


def phone_tail(digits: str) -> str:
    """The last four digits, which is what labels show."""
    return digits[-4:]


def same_phone_end(known: str, shown: str) -> bool:
    """Whether the shown end of a number is the end of the known one (up to eight digits)."""
    length = min(len(known), len(shown), PHONE_DIGITS_COMPARED)
    return length >= 4 and known[-length:] == shown[-length:]


def one_apart(a: str, b: str) -> bool:
    """Whether two texts are equal or of equal length with a single place that differs."""
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) <= 1


def _trailing_digits(text: str) -> str:
    match = re.search(r"[0-9]*\Z", text)
    return match.group() if match else ""
