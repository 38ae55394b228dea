"""Lines that somebody scanned or typed into one field of a form.

A scanned code stands for one; behind it, after a tab, a comma or a blank, may stand how many,
then what else the form takes. So a scanner alone is enough.
"""

import re

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.web.forms import told_number
from entrepot.web.refusals import field_words
from entrepot.web.visits import Visit

_BETWEEN = re.compile(r"[\t,;]|\s+[x×*]?\s*")
_COLUMNS = 4
_PLACE = re.compile(r"\[(\d+)\]")


class TypedLine(msgspec.Struct, frozen=True):
    """A code, how many of it, and the cells behind them as they were typed."""

    code: str
    qty: int
    more: list[str]


def lines_of(text: str) -> list[str]:
    """The lines that hold something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_typed(text: str, *, path: str, number: str) -> list[TypedLine]:
    """The lines, read. Raises Invalid naming the `number` of every line (`path[0]`, …) that
    cannot be read."""
    errors: list[FieldError] = []
    found: list[TypedLine] = []
    for place, line in enumerate(lines_of(text)):
        code, *more = [cell.strip() for cell in _BETWEEN.split(line, maxsplit=_COLUMNS - 1)]
        qty = told_number(more[0], digits=9) if more and more[0] else 1
        if qty is None:
            message = "behind the code stands how many, a whole number"
            errors.append(FieldError(f"{path}[{place}].{number}", "not_a_number", message))
            continue
        found.append(TypedLine(code, qty, more[1:]))
    if errors:
        raise Invalid("some lines cannot be read", errors=errors)
    return found


def line_faults(visit: Visit, refusal: Refusal | None, typed: str) -> list[tuple[str, str]]:
    """The line that was typed, empty where a fault is about none of them, and what is wrong."""
    lines, found = lines_of(typed), []
    for error in refusal.errors if refusal else ():
        place = _PLACE.search(error.path)
        at = int(place.group(1)) if place else -1
        found.append((lines[at] if 0 <= at < len(lines) else "", field_words(visit, error)))
    return found
