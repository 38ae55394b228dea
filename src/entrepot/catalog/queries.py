"""Reads of the catalog room."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Literal
from uuid import UUID

import msgspec

from entrepot.catalog.codes import normalise_code, read_scan
from entrepot.catalog.types import FoundSku, Sku
from entrepot.kernel.attributes import Attribute
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")


class Body(msgspec.Struct, frozen=True):
    """A row that is one JSON document."""

    body: bytes


class SkuId(msgspec.Struct, frozen=True):
    """A SKU's id and whether it is closed."""

    sku_id: UUID
    code: str
    closed: bool


class TakenAlias(msgspec.Struct, frozen=True):
    """A code that stands for another SKU already."""

    kind: str
    supplier: str
    code: str
    sku: str


class Leaf(msgspec.Struct, frozen=True):
    """A SKU that is no kit, and how many base units of it are needed."""

    sku: str
    quantity: int


class _Found(msgspec.Struct, frozen=True):
    sku: str
    names: bytes
    by: Literal["sku", "gtin", "supplier", "other"]
    supplier: str
    unit: str
    base_numerator: int
    base_denominator: int


class _AttributeRow(msgspec.Struct, frozen=True):
    name: str
    type: str
    allowed: list[str]
    names: bytes


class _Names(msgspec.Struct, frozen=True):
    code: str
    names: bytes


class _Code(msgspec.Struct, frozen=True):
    code: str


async def list_skus(
    tx: ReadTx,
    *,
    codes: Collection[str] | None = None,
    search: str | None = None,
    tag: str | None = None,
    closed: bool | None = None,
    after: str = "",
    most: int = 50,
) -> list[Sku]:
    """SKUs by code, behind `after`.

    `search` matches the beginning of a code, a part of a name, or a GTIN, supplier's or other
    code as a whole. `closed` None: open and closed ones.
    """
    wanted = normalise_code(search) if search else None
    gtin = read_scan(search).gtin if search else None
    rows = await tx.list(
        SQL["list_skus"],
        Body,
        codes=None if codes is None else list(codes),
        search=wanted,
        search_prefix=_like(wanted or "") + "%",
        search_inside=f"%{_like((search or '').strip())}%",
        search_codes=[code for code in (wanted, gtin) if code],
        tag=tag,
        closed=closed,
        after=after,
        most=most,
    )
    return [msgspec.json.decode(row.body, type=Sku) for row in rows]


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def get_sku(tx: ReadTx, *, code: str) -> Sku:
    """One SKU by its code, open or closed. Raises NotFound (`unknown_sku`)."""
    found = await list_skus(tx, codes=[code], most=1)
    if not found:
        raise unknown_sku(code)
    return found[0]


async def documents_of(tx: ReadTx, *, codes: Collection[str]) -> dict[str, Sku]:
    """Those of `codes` that exist, by code."""
    found = await list_skus(tx, codes=codes, most=len(codes) or 1)
    return {sku.code: sku for sku in found}


async def ids_of(tx: ReadTx, *, codes: Collection[str]) -> dict[str, SkuId]:
    """Ids of those of `codes` that exist, by code."""
    found = await tx.list(SQL["list_ids"], SkuId, codes=list(codes))
    return {one.code: one for one in found}


async def names_of(tx: ReadTx, *, codes: Collection[str]) -> dict[str, dict[str, str]]:
    """Names by language of those of `codes` that exist, by code."""
    rows = await tx.list(SQL["list_names"], _Names, codes=list(codes))
    return {row.code: msgspec.json.decode(row.names, type=dict[str, str]) for row in rows}


async def skus_of(tx: ReadTx, *, scanned: str) -> list[str]:
    """The codes of all SKUs that a scanned code may stand for."""
    return sorted({one.sku for one in await find_by_code(tx, scanned=scanned)})


async def find_by_code(tx: ReadTx, *, scanned: str, symbology: str | None = None) -> list[FoundSku]:
    """Every SKU that a scanned code stands for: its own code, a GTIN, a supplier's code.

    GTINs are found in whatever length they are scanned, and inside GS1 messages.
    """
    scan = read_scan(scanned, symbology)
    rows = await tx.list(SQL["find_by_code"], _Found, code=scan.text, gtin=scan.gtin)
    return [
        FoundSku(
            row.sku,
            msgspec.json.decode(row.names, type=dict[str, str]),
            row.by,
            row.supplier,
            row.unit,
            str(Fraction(row.base_numerator, row.base_denominator)),
        )
        for row in rows
    ]


async def list_attributes(tx: ReadTx) -> list[Attribute]:
    """The definitions of SKUs' extra attributes, by name."""
    rows = await tx.list(SQL["list_attributes"], _AttributeRow)
    return [
        Attribute(r.name, r.type, r.allowed, msgspec.json.decode(r.names, type=dict[str, str]))
        for r in rows
    ]


async def list_taken(
    tx: ReadTx, *, keys: Sequence[tuple[str, str, str]], rewritten: Collection[str]
) -> list[TakenAlias]:
    """Which (kind, supplier, code) stand for SKUs other than those being rewritten."""
    given = [{"kind": k, "supplier": s, "code": c} for k, s, c in keys]
    return await tx.list(
        SQL["list_taken_aliases"],
        TakenAlias,
        aliases=msgspec.json.encode(given),
        rewritten=list(rewritten),
    )


async def list_kits_of(tx: ReadTx, *, codes: Collection[str]) -> list[str]:
    """Open kits that hold one of these SKUs and are none of them."""
    return [one.code for one in await tx.list(SQL["list_kits_of"], _Code, codes=list(codes))]


async def list_circles(tx: ReadTx, *, codes: Collection[str]) -> list[str]:
    """Those of `codes` that are kits inside themselves."""
    return [one.code for one in await tx.list(SQL["list_circles"], _Code, codes=list(codes))]


async def list_leaves(tx: ReadTx, *, sku_id: UUID, quantity: int) -> list[Leaf]:
    """What must be taken from stock for so many of a SKU; a kit falls apart to the last part."""
    return await tx.list(SQL["list_leaves"], Leaf, sku_id=sku_id, quantity=quantity)


def unknown_sku(code: str) -> NotFound:
    """The refusal for a SKU that is not there."""
    return NotFound("there is no SKU of this code", code="unknown_sku", sku=code)
