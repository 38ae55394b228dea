"""Sheets: tables that people bring and take along, as CSV or XLSX.

Reading: UTF-8, UTF-16 or GB 18030 (what a Chinese office saves), comma, semicolon or tab. Every
cell becomes a text. Writing: no cell can be evaluated as a formula (SAFETY R12); in CSV a text
that begins like one gets an apostrophe in front, which reading takes off again, so that a file
round-trips; numbers are written as numbers. In XLSX texts are texts by their type.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec
import python_calamine
import xlsxwriter

from entrepot.kernel.attributes import Attribute, read_text
from entrepot.kernel.refusals import Conflict, FieldError, Invalid

Cell = str | int | None
Format = Literal["csv", "xlsx"]
LONGEST_CELL = 32_767
"""What a cell of XLSX holds; the rest would be cut off without a word."""
_LONGEST_FIELD = 16 * 1024 * 1024
MOST_UNPACKED_BYTES = 64 * 1024 * 1024
_LIKE_A_FORMULA = "=+-@\t\r\n＝＋－＠"
_RawCell = int | float | str | bool | time | date | datetime | timedelta


class Row(msgspec.Struct, frozen=True):
    """One row: the line as the sender's program counts it, and texts by column."""

    line: int
    cells: dict[str, str]


class Sheet(msgspec.Struct, frozen=True):
    """A table with one line of column names."""

    columns: list[str]
    rows: list[Row]


def read_fields(
    row: Row,
    attributes: Mapping[str, Attribute],
    *,
    field: Callable[[str, str], object],
    noun: str,
) -> tuple[dict[str, object], list[FieldError]]:
    """The fields that a row names, as one would send them, and what cannot be read.

    `name.<language>` and `attribute.<name>` are read here, every other column by `field`, which
    raises ValueError. Every row names its `code`; `noun` is what it is the code of.
    """
    read: dict[str, object] = {}
    errors: list[FieldError] = []
    names: dict[str, str] = {}
    values: dict[str, object] = {}
    for column, raw in row.cells.items():
        text = raw.strip()
        try:
            if column.startswith("name."):
                names[column[5:]] = text
            elif column.startswith("attribute."):
                values[column[10:]] = _attribute(text, attributes.get(column[10:]))
            else:
                read[column] = field(column, text)
        except ValueError as wrong:
            errors.append(FieldError(f"rows[{row.line}].{column}", "bad_value", str(wrong)))
    if names:
        read["names"] = names
    if values:
        read["attributes"] = values
    if not read.get("code"):
        message = f"every row names its {noun}"
        errors.append(FieldError(f"rows[{row.line}].code", "missing", message))
    return read, errors


def _attribute(text: str, definition: Attribute | None) -> object:
    if definition is None:
        raise ValueError("no such attribute is defined")
    return read_text(text, definition) if text else None


def sent_sheet(csv: str | None, xlsx: bytes | None) -> bytes:
    """What the sender sent. Raises Invalid unless it is exactly one of the two."""
    if (csv is None) == (xlsx is None):
        error = FieldError("csv", "one_of_two", "send csv or xlsx")
        raise Invalid("send one of csv and xlsx", errors=[error])
    return csv.encode() if csv is not None else xlsx or b""


def whole_number(text: str) -> int:
    """A cell as a whole number of at most twelve digits. Raises ValueError."""
    if not (text.isascii() and text.isdecimal() and len(text) < 13):
        raise ValueError("must be a whole number")
    return int(text)


def read_sheet(raw: bytes, *, most_rows: int) -> Sheet:
    """The first table of a CSV or XLSX file. Blank lines and columns without a name are left out.

    Raises Invalid when it is neither, has no line of names, names one twice, or is too long.
    """
    lines = _xlsx_lines(raw) if raw[:2] == b"PK" else _csv_lines(raw)
    filled = [(n, line) for n, line in enumerate(lines, 1) if any(cell for cell in line)]
    if not filled:
        raise _unreadable("the file holds no table")
    if len(filled) - 1 > most_rows:
        raise _unreadable(f"at most {most_rows} rows at once", code="too_many_rows")
    names = [name.strip() for name in filled[0][1]]
    if len({n for n in names if n}) < len([n for n in names if n]):
        raise _unreadable("a column name stands twice in the first line", code="double_column")
    return Sheet(
        [name for name in names if name],
        [
            Row(n, {name: cell for name, cell in zip(names, line, strict=False) if name})
            for n, line in filled[1:]
        ],
    )


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file with a byte order mark, so that an office program reads it as UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(name) for name in columns])
    for row in rows:
        writer.writerow([_harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """An XLSX file of one sheet; texts are written as texts whatever they begin with.

    Raises Conflict for a text that no cell of XLSX holds. Two characters that XML has no place
    for become the mark of what cannot be shown.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": True})
    sheet = book.add_worksheet("entrepot")
    for column, name in enumerate(columns):
        sheet.write_string(0, column, name)
    for place, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                if cell:
                    sheet.write_string(place, column, _fitting(columns[column], cell))
            elif cell is not None:
                sheet.write_number(place, column, cell)
    book.close()
    return out.getvalue()


def _fitting(column: str, text: str) -> str:
    if len(text.encode("utf-16-le")) // 2 > LONGEST_CELL:
        message = f"a cell of {column} holds more than XLSX can: take CSV"
        raise Conflict(message, code="cell_too_long", column=column)
    return text.translate({0xFFFE: "\ufffd", 0xFFFF: "\ufffd"})


def _harmless(text: str) -> str:
    return f"'{text}" if text and text[0] in _LIKE_A_FORMULA + "'" else text


def _as_meant(text: str) -> str:
    marked = len(text) > 1 and text[0] == "'" and text[1] in _LIKE_A_FORMULA + "'"
    return text[1:] if marked else text


def _csv_lines(raw: bytes) -> list[list[str]]:
    text = _decoded(raw)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_LONGEST_FIELD)  # of the whole program; nobody needs it smaller
    try:
        read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable("the file is no CSV") from error
    return [[_as_meant(cell) for cell in line] for line in read]


def _decoded(raw: bytes) -> str:
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "gb18030"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unreadable("the file is neither XLSX nor text")


def _xlsx_lines(raw: bytes) -> list[list[str]]:
    _refuse_bomb(raw)
    try:
        book = python_calamine.load_workbook(io.BytesIO(raw))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, IndexError, ValueError) as error:
        raise _unreadable("the file is no XLSX workbook") from error
    return [[_text(cell) for cell in row] for row in rows]


def _refuse_bomb(raw: bytes) -> None:
    """A small file that unpacks to a huge one is refused before the reader sees it.

    Every part is unpacked once here: a part that is longer than it says fails its checksum.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED_BYTES:
                raise _unreadable("the workbook unpacks to more than is taken", code="too_large")
            broken = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _unreadable("the file is no XLSX workbook") from error
    if broken is not None:
        raise _unreadable("the file is no XLSX workbook")


def _text(cell: _RawCell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _unreadable(message: str, code: str = "unreadable") -> Invalid:
    return Invalid(message, code="unreadable_sheet", errors=[FieldError("file", code, message)])
