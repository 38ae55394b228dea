"""What somebody scanned or typed for a transfer, line by line.

A scanned code stands for one; behind it, after a tab, a comma or a blank, may stand how many,
then the lot, then the serial. So a scanner alone is enough.
"""

import re

from entrepot.kernel.refusals import FieldError, Invalid

_BETWEEN = re.compile(r"[\t,;]|\s+[x×*]?\s*")
_COLUMNS = 4


def read_goods(text: str, path: str = "goods") -> list[dict[str, str | int]]:
    """The lines as goods. Raises Invalid naming every line (`goods[0]`, …) that cannot be read."""
    errors: list[FieldError] = []
    goods: list[dict[str, str | int]] = []
    for place, line in enumerate(lines_of(text)):
        code, *more = [cell.strip() for cell in _BETWEEN.split(line, maxsplit=_COLUMNS - 1)]
        qty = more[0] if more and more[0] else "1"
        if not (qty.isascii() and qty.isdecimal() and len(qty) < 10):
            message = "behind the code stands how many, a whole number"
            errors.append(FieldError(f"{path}[{place}].qty", "not_a_number", message))
            continue
        row: dict[str, str | int] = {"sku": code, "qty": int(qty)}
        row |= {name: cell for name, cell in zip(("lot", "serial"), more[1:], strict=False) if cell}
        goods.append(row)
    if errors:
        raise Invalid("some lines cannot be read", errors=errors)
    return goods


def lines_of(text: str) -> list[str]:
    """The lines that hold something."""
    return [line.strip() for line in text.splitlines() if line.strip()]
