"""Price tables from CSV and XLSX: the same prices in a next version, errors at their lines."""

import io
import json
import zipfile
from datetime import date
from typing import Any

import msgspec
import pytest

from entrepot.carriers.rating.compiling import compile_tariff
from entrepot.carriers.rating.sheets import COLUMNS, next_versions, sheet_lines
from entrepot.carriers.rating.workbooks import workbook_lines
from entrepot.kernel.refusals import Invalid, TooLarge, Unparsable
from tests.carriers.rating_tables import answer, demo, given_requests

NEXT = date(2027, 3, 1)


def table(document: dict[str, Any]) -> list[list[str]]:
    """All prices of a card file as a table with heading."""
    rows = [list(COLUMNS)]
    for service in document["services"]:
        for zone, price in service["rate"]["price"].items():
            fields = {**price, "service": service["id"], "zone": zone}
            if "break_weight" in fields:
                fields["break_weight"] = "yes"
            bands = fields.pop("bands", [{}])
            for index, band in enumerate(bands):
                cells = {**fields, **band} if index == 0 else {
                    **band, "service": service["id"], "zone": zone, "kind": price["kind"]
                }  # fmt: skip
                rows.append([str(cells.get(column, "")) for column in COLUMNS])
    return rows


def as_csv(rows: list[list[str]], mark: str = ",") -> bytes:
    return "\r\n".join(mark.join(row) for row in rows).encode()


def as_xlsx(rows: list[list[str]], *, extra: str = "") -> bytes:
    """A small workbook: shared strings for texts, numbers as numbers, its sheet named oddly."""
    texts: list[str] = []
    body = ""
    for number, row in enumerate(rows, start=1):
        cells = ""
        for index, cell in enumerate(row):
            if not cell:
                continue
            place = f"{chr(65 + index)}{number}"
            if cell.isdigit():
                cells += f'<c r="{place}"><v>{cell}.0</v></c>'
            else:
                texts.append(cell)
                cells += f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>'
        body += f'<row r="{number}">{cells}</row>'
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{kind}"><sheets>'
        '<sheet name="价格" sheetId="7" r:id="rId9"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/'
        'package/2006/relationships"><Relationship Id="rId9" Target="worksheets/odd.xml"/>'
        "</Relationships>",
        "xl/worksheets/odd.xml": f"{extra}<worksheet {main}><sheetData>{body}</sheetData>"
        "</worksheet>",
        "xl/sharedStrings.xml": f"<sst {main}>"
        + "".join(f"<si><t>{text}</t></si>" for text in texts)
        + "</sst>",
    }
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return raw.getvalue()


@pytest.mark.parametrize(
    "raw",
    [
        as_csv(table(demo())),
        b"\xef\xbb\xbf" + as_csv(table(demo()), ";"),
        as_csv(table(demo()), "\t"),
        as_xlsx(table(demo())),
    ],
    ids=["comma", "semicolon and mark", "tab", "xlsx"],
)
def test_all_prices_of_the_demo_go_through_a_table(raw: bytes) -> None:
    document, file = next_versions(demo(), sheet_lines(raw), version="2027-03", valid_from=NEXT)
    assert len(file.services) == 30
    assert [s["rate"]["valid_to"] for s in document["services"][:15]] == ["2027-02-28"] * 15
    for old, new in zip(document["services"][:15], document["services"][15:], strict=True):
        price = dict(new["rate"]["price"])
        assert price == old["rate"]["price"]
        assert new["rate"]["version"] == "2027-03"
    tariff = compile_tariff(file)
    for name, request, expected in given_requests():
        assert answer(tariff, request) == expected, name
    moved = msgspec.structs.replace(given_requests()[0][1], ship_date=NEXT)
    assert answer(tariff, moved) == given_requests()[0][2]


def refused(rows: list[list[str]]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        next_versions(demo(), sheet_lines(as_csv(rows)), version="2027-03", valid_from=NEXT)
    return [(error.path, error.code) for error in caught.value.errors]


def rows_of(service: str) -> list[list[str]]:
    return [row for row in table(demo()) if row[0] in {"service", service}]


def test_errors_of_lines_come_all_at_once() -> None:
    rows = rows_of("US-AIR")
    at = {name: COLUMNS.index(name) for name in COLUMNS}
    rows[1][at["per_kg_minor"]] = "98.00"
    rows[2][at["to_g"]] = ""
    rows[3][at["kind"]] = "guess"
    rows[4][at["first_g"]] = "500"
    rows.append(["NO-LINE", "US", "first_step", "1", "1", "1", "1", *[""] * (len(COLUMNS) - 7)])
    rows.append(rows[-1])
    assert refused(rows) == [
        ("line 2: per_kg_minor", "bad_value"),
        ("line 3: to_g", "missing"),
        ("line 4", "bad_value"),
        ("line 5: first_g", "unknown_field"),
        ("line 7", "unknown_service"),
        ("line 8", "overlap"),
    ]


def test_findings_of_the_checks_point_at_lines() -> None:
    rows = rows_of("US-AIR")
    to_g = COLUMNS.index("to_g")
    rows[2][to_g] = "200"
    assert refused(rows) == [("line 3: to_g", "overlap")]
    without_a_zone = [row for row in rows_of("MX-EXP") if row[1] != "Z1"]
    assert ("services[15].rate.price", "gap") in refused(without_a_zone)


def test_headings_that_are_wrong() -> None:
    with pytest.raises(Invalid) as caught:
        sheet_lines(b"service,zone,price,zone\n")
    assert [(error.path, error.code) for error in caught.value.errors] == [
        ("line 1", "unknown_column"),
        ("line 1", "duplicate_column"),
        ("line 1", "missing_column"),
    ]


def test_empty_lines_are_skipped_and_numbers_stay() -> None:
    lines = sheet_lines(b"service,zone,kind\n\n,,\nEMS,JP,first_step\n")
    assert [(number, row["service"]) for number, row in lines] == [(4, "EMS")]


def test_chinese_excel_writes_gb18030() -> None:
    raw = "service,zone,kind\n邮政,JP,first_step\n".encode("gb18030")
    assert sheet_lines(raw)[0][1]["service"] == "邮政"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x03\x04 and then nothing",
        b'service,zone,kind\n"never closed',
        b"\xff\xff\xff\x80",
        as_xlsx([["service"]], extra='<!DOCTYPE x [<!ENTITY a "b">]>'),
    ],
)
def test_what_is_no_table(raw: bytes) -> None:
    with pytest.raises(Unparsable):
        sheet_lines(raw)


def test_a_workbook_that_unpacks_to_too_much() -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (65 * 2**20))
    with pytest.raises(TooLarge):
        workbook_lines(raw.getvalue())


def test_the_card_file_itself_is_not_changed() -> None:
    document = demo()
    before = json.dumps(document)
    next_versions(document, sheet_lines(as_csv(table(document))), version="x", valid_from=NEXT)
    assert json.dumps(document) == before
