"""An ASN whose lines are a table: CSV or XLSX. Pure."""

from collections.abc import Sequence

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.documents import convert
from entrepot.platform.sheets import Row, read_sheet, sent_sheet
from entrepot.stock.arrivals.types import MOST_ASN_LINES, AsnFile, NewAsn

COLUMNS = ("code", "qty", "unit", "lot", "expires_on")


class ReadAsn(msgspec.Struct, frozen=True):
    """An ASN as a file describes it, and the rows that its lines are."""

    new: NewAsn
    rows: list[Row]

    def by_row(self, errors: Sequence[FieldError]) -> list[FieldError]:
        """Errors of the ASN by the lines of the file that they are about."""
        return [_at(error, self.rows) for error in errors]


def read_asn(file: AsnFile) -> ReadAsn:
    """The ASN that the file describes. Raises Invalid naming every bad row (`rows[3].qty`, by the
    line of the file) or a file that is no table of these columns."""
    sheet = read_sheet(sent_sheet(file.csv, file.xlsx), most_rows=MOST_ASN_LINES)
    unknown = [name for name in sheet.columns if name not in COLUMNS]
    lacking = [name for name in ("code", "qty") if name not in sheet.columns]
    if unknown or lacking:
        errors = [FieldError(name, "unknown_column", "no such column") for name in unknown]
        errors += [FieldError(name, "missing", "this column is needed") for name in lacking]
        raise Invalid("the columns do not fit", errors=errors)
    lines = [_line(row) for row in sheet.rows]
    if not lines:
        error = FieldError("csv", "empty", "there is no line in it")
        raise Invalid("the file holds no lines", errors=[error])
    document = {
        "reference": file.reference, "node": file.node, "expected_at": file.expected_at,
        "supplier": file.supplier, "owner": file.owner, "lines": lines,
    }  # fmt: skip
    try:
        return ReadAsn(convert(document, NewAsn), sheet.rows)
    except Invalid as refused:
        raise Invalid(
            "some rows cannot be read", errors=[_at(e, sheet.rows) for e in refused.errors]
        ) from refused


def _line(row: Row) -> dict[str, object]:
    cells = {name: text.strip() for name, text in row.cells.items() if text.strip()}
    line: dict[str, object] = {**cells}
    quantity = cells.get("qty", "")
    if quantity.isascii() and quantity.isdecimal() and len(quantity) < 12:
        line["qty"] = int(quantity)
    return line


def _at(error: FieldError, rows: list[Row]) -> FieldError:
    """The error by the line of the file that it is about."""
    head, bracket, rest = error.path.partition("]")
    place = head.removeprefix("lines[")
    if not bracket or not place.isdecimal():
        return error
    return FieldError(f"rows[{rows[int(place)].line}]{rest}", error.code, error.message)
