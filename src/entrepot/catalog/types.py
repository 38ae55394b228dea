"""Values of the catalog room: SKUs as asked for and as shown, their codes, packs and parts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.kernel.attributes import AttributeValues

SkuCode = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9._-]{0,39}$(?!\n)")]
UnitName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,15}$(?!\n)")]
Ratio = Annotated[str, Meta(pattern=r"^[0-9]{1,10}(/[0-9]{1,10})?$(?!\n)")]
Tag = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$(?!\n)")]
Gtin = Annotated[str, Meta(pattern=r"^[0-9][0-9 -]{6,19}$(?!\n)")]
OtherCode = Annotated[str, Meta(pattern=r"^[^\s;,=@:][^\n\r\t;,=@:]{0,59}$(?!\n)")]
LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$(?!\n)")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Grams = Annotated[int, Meta(ge=1, le=1_000_000_000)]
_Millimetres = Annotated[int, Meta(ge=1, le=100_000)]


class SupplierCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a supplier calls the SKU, or the pack `unit` of it."""

    supplier: OtherCode
    code: OtherCode
    unit: UnitName | None = None


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A pack: one `unit` is exactly `base_quantity` base units, such as `8` or `1/3`."""

    unit: UnitName
    base_quantity: Ratio
    weight_g: _Grams | None = None
    length_mm: _Millimetres | None = None
    width_mm: _Millimetres | None = None
    height_mm: _Millimetres | None = None
    gtins: Annotated[list[Gtin], Meta(max_length=10)] = []


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A component of a kit: so many base units of another SKU."""

    sku: SkuCode
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class SkuDocument(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """All of a SKU but its code; what is left out is empty.

    Quantities are whole `base_unit`s (goods sold by weight: `g`); weight and size are of one
    base unit. Each tag asks for a node and a service with the same capability. A SKU with
    `parts` is a kit. `closed` SKUs can be found but no longer sold.
    """

    names: Annotated[dict[LanguageTag, Name], Meta(max_length=10)] = {}
    base_unit: UnitName = "piece"
    weight_g: _Grams | None = None
    length_mm: _Millimetres | None = None
    width_mm: _Millimetres | None = None
    height_mm: _Millimetres | None = None
    tags: Annotated[list[Tag], Meta(max_length=20)] = []
    lot_tracked: bool = False
    serial_tracked: bool = False
    expiry_tracked: bool = False
    shelf_life_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    attributes: Annotated[AttributeValues, Meta(max_length=50)] = {}
    gtins: Annotated[list[Gtin], Meta(max_length=20)] = []
    other_codes: Annotated[list[OtherCode], Meta(max_length=20)] = []
    supplier_codes: Annotated[list[SupplierCode], Meta(max_length=20)] = []
    packs: Annotated[list[Pack], Meta(max_length=20)] = []
    parts: Annotated[list[Part], Meta(max_length=100)] = []
    closed: bool = False


class NewSku(SkuDocument, frozen=True, kw_only=True):
    """A SKU to be."""

    code: SkuCode


class Sku(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU as it is shown; `version` counts its changes."""

    id: UUID
    code: str
    version: int
    names: dict[str, str]
    base_unit: str
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    tags: list[str]
    lot_tracked: bool
    serial_tracked: bool
    expiry_tracked: bool
    shelf_life_days: int | None
    attributes: dict[str, str | int | bool | list[str]]
    gtins: list[str]
    other_codes: list[str]
    supplier_codes: list[SupplierCode]
    packs: list[Pack]
    parts: list[Part]
    closed: bool
    created_at: datetime


class FoundSku(msgspec.Struct, frozen=True):
    """A SKU that a code stands for. `unit` is the pack that bears the code, or the base unit."""

    sku: str
    names: dict[str, str]
    by: Literal["sku", "gtin", "supplier", "other"]
    supplier: str
    unit: str
    base_quantity: str


class SkuFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of SKUs, one of the two: `csv` as text, or a file of either kind as base64."""

    csv: Annotated[str, Meta(min_length=1)] | None = None
    xlsx: bytes | None = None


class Change(msgspec.Struct, frozen=True):
    """What an import does with one row; `fields` names what differs from before."""

    line: int
    sku: str
    does: Literal["create", "change"]
    fields: list[str]


class ImportedSkus(msgspec.Struct, frozen=True):
    """What an import did, or would do."""

    created: int
    changed: int
    unchanged: int
