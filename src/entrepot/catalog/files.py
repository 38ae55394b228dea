"""Files of SKUs: from bytes to a plan with every bad row at once, and from SKUs to bytes.

Reading and writing thousands of rows takes longer than a request may hold the process, so both
run in a thread.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from entrepot.catalog import columns, importing, queries, rules
from entrepot.catalog.importing import Plan, Wanted
from entrepot.catalog.types import NewSku, Sku
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.database import ReadTx
from entrepot.platform.documents import convert
from entrepot.platform.sheets import Format, Row, Sheet, read_sheet, write_csv, write_xlsx


class _Read(msgspec.Struct, frozen=True):
    """A row, read: its fields and what could not be."""

    row: Row
    fields: columns.Partial
    errors: list[FieldError]


async def plan_file(tx: ReadTx, *, raw: bytes) -> Plan:
    """What importing a file would do."""
    definitions = await queries.list_attributes(tx)
    read = await asyncio.to_thread(_read, raw, definitions)
    codes = {str(one.fields.get("code")) for one in read}
    current = await queries.documents_of(tx, codes=codes)
    wanted, errors = await asyncio.to_thread(_want, read, current)
    plan = await importing.plan_skus(tx, wanted=wanted, current=current, definitions=definitions)
    if not errors:
        return plan
    return Plan([], [], 0, sorted([*errors, *plan.errors], key=_by_line))


def _by_line(error: FieldError) -> int:
    number = error.path.removeprefix("rows[").partition("]")[0]
    return int(number) if number.isdecimal() else 0


def _read(raw: bytes, definitions: list[Attribute]) -> list[_Read]:
    sheet: Sheet = read_sheet(raw, most_rows=rules.MOST_ROWS)
    if "code" not in sheet.columns:
        error = FieldError("file", "no_code_column", "a column named code is needed")
        raise Invalid("a column named code is needed", code="unreadable_sheet", errors=[error])
    known = {one.name: one for one in definitions}
    return [_Read(row, *columns.read_row(row, known)) for row in sheet.rows]


def _want(read: Sequence[_Read], current: dict[str, Sku]) -> tuple[list[Wanted], list[FieldError]]:
    wanted: list[Wanted] = []
    errors: list[FieldError] = []
    for one in read:
        path = f"rows[{one.row.line}]"
        if one.errors:
            errors += one.errors
            continue
        whole = columns.merged(current.get(str(one.fields["code"])), one.fields)
        try:
            sku = convert(msgspec.to_builtins(whole), NewSku)
        except Invalid as refusal:
            errors += [FieldError(f"{path}.{e.path}", e.code, e.message) for e in refusal.errors]
        else:
            wanted.append(Wanted(sku, path, one.row.line))
    return wanted, errors


async def write_file(skus: Sequence[Sku], definitions: list[Attribute], *, form: Format) -> bytes:
    """A file of all these SKUs that imports as it is."""
    named = columns.columns_for(definitions)
    write = write_csv if form == "csv" else write_xlsx
    return await asyncio.to_thread(
        lambda: write(named, [columns.row_of(sku, named) for sku in skus])
    )
