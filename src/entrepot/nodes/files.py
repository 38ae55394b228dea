"""Files of nodes: the whole network as a table, in and out; every bad row at once."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from entrepot.kernel.attributes import Attribute
from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.nodes import columns, geocoding, operations, working
from entrepot.nodes.types import NewNode
from entrepot.nodes.working_types import ChangedNode, ImportedNodes, NodeDetail
from entrepot.platform.database import Tx
from entrepot.platform.documents import convert
from entrepot.platform.sheets import Format, Row, read_sheet, write_csv, write_xlsx

MOST_ROWS = 1000


async def import_file(tx: Tx, *, raw: bytes) -> ImportedNodes:
    """Create and change the nodes of a file. Raises Invalid with all bad rows: none is kept."""
    sheet = await asyncio.to_thread(read_sheet, raw, most_rows=MOST_ROWS)
    definitions = {one.name: one for one in await working.list_attributes(tx)}
    there = {one.code: one for one in await working.list_details(tx, warehouses=None)}
    errors: list[FieldError] = []
    read: list[tuple[Row, columns.Partial]] = []
    for row in sheet.rows:
        fields, wrong = columns.read_row(row, definitions)
        errors += wrong
        if not wrong:
            read.append((row, fields))
    errors += _double_codes(read)
    await _locate(read)
    done = {"created": 0, "changed": 0, "unchanged": 0}
    for row, fields in read:
        try:
            done[await _one(tx, fields, there)] += 1
        except Refusal as refusal:
            errors += _of_row(row, refusal)
    if errors:
        raise Invalid(f"{len(errors)} things are wrong with the nodes", errors=errors)
    return ImportedNodes(done["created"], done["changed"], done["unchanged"])


def _double_codes(read: Sequence[tuple[Row, columns.Partial]]) -> list[FieldError]:
    counted = Counter(fields["code"] for _, fields in read)
    return [
        FieldError(f"rows[{row.line}].code", "double", "this node stands here more than once")
        for row, fields in read
        if counted[fields["code"]] > 1
    ]


async def _locate(read: Sequence[tuple[Row, columns.Partial]]) -> None:
    """Look all places up at once, so that each row finds its own in memory."""
    addresses = [
        geocoding.Address(*(_text(fields.get(name)) for name in ("country", "city", "postcode")))
        for _, fields in read
    ]
    await asyncio.to_thread(geocoding.locate_all, addresses)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


async def _one(tx: Tx, fields: columns.Partial, there: dict[str, NodeDetail]) -> str:
    code = str(fields["code"])
    before = there.get(code)
    change = convert(columns.merged(before, fields), ChangedNode, strict=False)
    done = "unchanged"
    async with tx.savepoint():
        if before is None:
            wanted = {"code": code, "zone": fields.get("zone") or "UTC"}
            wanted |= {"kind": fields["kind"]} if fields.get("kind") else {}
            await operations.create_node(tx, new=convert(wanted, NewNode))
            done = "created"
        elif fields.get("kind") and fields["kind"] != before.kind:
            error = FieldError("kind", "fixed", "the kind of a node never changes")
            raise Invalid("the kind of a node never changes", errors=[error])
        after = await working.change_node(tx, code=code, change=change, warehouses=None)
    if before is not None and after != before:
        done = "changed"
    there[code] = after
    return done


def _of_row(row: Row, refusal: Refusal) -> list[FieldError]:
    if not refusal.errors:
        return [FieldError(f"rows[{row.line}]", refusal.code, refusal.message)]
    return [FieldError(f"rows[{row.line}].{e.path}", e.code, e.message) for e in refusal.errors]


async def write_file(
    nodes: Sequence[NodeDetail], definitions: list[Attribute], *, form: Format
) -> bytes:
    """A file of all these nodes that imports as it is."""
    named = columns.columns_for(definitions)
    write = write_csv if form == "csv" else write_xlsx
    return await asyncio.to_thread(
        lambda: write(named, [columns.row_of(node, named) for node in nodes])
    )
