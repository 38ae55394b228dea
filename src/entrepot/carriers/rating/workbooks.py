"""The cells of an XLSX file's first sheet (ECMA-376, SpreadsheetML), read with care.

Only what a table needs: shared and inline strings, numbers, truth values; formulas give their
stored value. Sizes are limited before anything is unpacked, document types are refused (they are
what entity bombs need), and nothing outside the file is ever opened.
"""

import io
import re
import zipfile
from xml.etree import ElementTree

from entrepot.kernel.refusals import TooLarge, Unparsable

MOST_BYTES = 64 * 2**20
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def workbook_lines(raw: bytes) -> list[tuple[int, list[str]]]:
    """Row numbers and cells as text, empty rows left out. Raises Unparsable or TooLarge."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise TooLarge("the workbook unpacks to too much")
            strings = _strings(archive)
            sheet = _parse(archive, _first_sheet(archive))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, EOFError) as error:
        raise Unparsable(f"not a workbook: {error}") from error
    lines = []
    for row in sheet.iter(f"{MAIN}row"):
        cells: dict[int, str] = {}
        number = 0
        for cell in row.iter(f"{MAIN}c"):
            match = _CELL.fullmatch(cell.get("r", ""))
            if match is None:
                raise Unparsable("a cell without a place")
            number = int(match[2])
            cells[_column(match[1])] = _text(cell, strings)
        if cells:
            lines.append((number, [cells.get(i, "") for i in range(max(cells) + 1)]))
    return lines


def _parse(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as file:
        text = file.read(MOST_BYTES + 1)  # sizes in the index are only what the sender says
    if len(text) > MOST_BYTES:
        raise TooLarge("a part of the workbook unpacks to too much")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Unparsable("a workbook has no document type")
    return ElementTree.fromstring(text)


def _strings(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    items = _parse(archive, "xl/sharedStrings.xml").iter(f"{MAIN}si")
    return ["".join(part.text or "" for part in item.iter(f"{MAIN}t")) for item in items]


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """The path of the sheet that stands first in the workbook."""
    sheet = next(_parse(archive, "xl/workbook.xml").iter(f"{MAIN}sheet"), None)
    wanted = None if sheet is None else sheet.get(RELATION)
    for relation in _parse(archive, "xl/_rels/workbook.xml.rels"):
        if relation.get("Id") == wanted and wanted is not None:
            target = relation.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise Unparsable("a workbook without a sheet")


def _column(letters: str) -> int:
    """A → 0, Z → 25, AA → 26."""
    value = 0
    for letter in letters:
        value = value * 26 + ord(letter) - 64
    return value - 1


def _text(cell: ElementTree.Element, strings: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{MAIN}t"))
    value = cell.find(f"{MAIN}v")
    text = "" if value is None else value.text or ""
    if kind == "s":
        if not text.isdigit() or int(text) >= len(strings):
            raise Unparsable("a cell points at a text that is not there")
        return strings[int(text)]
    if kind == "b":
        return "true" if text == "1" else "false"
    whole, _, rest = text.partition(".")
    return whole if rest and not rest.strip("0") else text
