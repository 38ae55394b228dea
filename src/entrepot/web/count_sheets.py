"""What a counter typed or scanned, line by line, as a sheet.

One line for each thing: the code, how many, the lot, the state of the goods. The same code on
several lines adds up.
"""

from entrepot.counts.types import FilledSheet, What
from entrepot.platform.documents import convert
from entrepot.web.typed_lines import TypedLine, lines_of, read_typed


def read_lines(text: str, what: What) -> FilledSheet:
    """The sheet. Raises Invalid naming every line (`goods[0]`, …) that cannot be read."""
    if what == "parcels":
        return convert({"tracking_numbers": lines_of(text)}, FilledSheet)
    goods = [_counted(line) for line in read_typed(text, path="goods", number="counted")]
    return convert({"goods": goods}, FilledSheet)


def _counted(line: TypedLine) -> dict[str, str | int]:
    row: dict[str, str | int] = {"sku": line.code, "counted": line.qty}
    if line.more:
        row["lot"] = line.more[0]
    if len(line.more) > 1 and line.more[1]:
        row["status"] = line.more[1]
    return row
