"""What a counter typed or scanned, line by line, as a sheet.

One line for each thing: a scanned code counts one; behind it, after a tab, a comma or a blank,
may stand how many, then the lot, then the state of the goods. The same code on several lines
adds up, so a scanner alone is enough.
"""

import re
from collections.abc import Iterator

from entrepot.counts.types import FilledSheet, What
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.documents import convert

_BETWEEN = re.compile(r"[\t,;]|\s+[x×*]?\s*")
_COLUMNS = 4


def read_lines(text: str, what: What) -> FilledSheet:
    """The sheet. Raises Invalid naming every line (`lines[0]`, …) that cannot be read."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if what == "parcels":
        return convert({"tracking_numbers": lines}, FilledSheet)
    errors: list[FieldError] = []
    goods = list(_goods(lines, errors))
    if errors:
        raise Invalid("some lines cannot be read", errors=errors)
    return convert({"goods": goods}, FilledSheet)


def _goods(lines: list[str], errors: list[FieldError]) -> Iterator[dict[str, str | int]]:
    for place, line in enumerate(lines):
        code, *more = [cell.strip() for cell in _BETWEEN.split(line, maxsplit=_COLUMNS - 1)]
        quantity = more[0] if more and more[0] else "1"
        if not (quantity.isascii() and quantity.isdecimal() and len(quantity) < 10):
            message = "behind the code stands how many, a whole number"
            errors.append(FieldError(f"goods[{place}].counted", "not_a_number", message))
            continue
        row: dict[str, str | int] = {"sku": code, "counted": int(quantity)}
        if len(more) > 1:
            row["lot"] = more[1]
        if len(more) > 2 and more[2]:
            row["status"] = more[2]
        yield row
