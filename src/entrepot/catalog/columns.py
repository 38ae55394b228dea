"""A SKU as a row of a sheet, and back. Pure.

One cell may hold several things: tags, GTINs and other codes are parted by spaces or `;`, supplier
codes read `supplier:code` or `supplier:code@unit`, packs `box=8, weight_g=4000, gtin=0400…` and
parts `SKU=2`, each parted by `;`. Columns that a file leaves out stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping

from entrepot.catalog.codes import short_gtin
from entrepot.catalog.types import Pack, Sku
from entrepot.kernel.attributes import Attribute, write_text
from entrepot.kernel.refusals import FieldError
from entrepot.platform.sheets import Cell, Row, read_fields, whole_number

_TEXTS = ("code", "base_unit")
_NUMBERS = ("weight_g", "length_mm", "width_mm", "height_mm", "shelf_life_days")
_FLAGS = ("lot_tracked", "serial_tracked", "expiry_tracked", "closed")
_WORDS = ("tags", "gtins")
_LISTS = ("other_codes", "supplier_codes", "packs", "parts")
_YES = {"true": True, "yes": True, "1": True, "x": True, "是": True,
        "false": False, "no": False, "0": False, "": False, "否": False}  # fmt: skip
LANGUAGES = ("en", "zh-CN", "zh-TW")
Partial = dict[str, object]


def columns_for(attributes: Iterable[Attribute]) -> list[str]:
    """The columns of an export."""
    return [
        "code", *(f"name.{tag}" for tag in LANGUAGES), "base_unit", *_NUMBERS, *_WORDS,
        *_LISTS, *_FLAGS, *(f"attribute.{one.name}" for one in attributes),
    ]  # fmt: skip


def row_of(sku: Sku, columns: Iterable[str]) -> list[Cell]:
    """The cells of a SKU."""
    return [_cell(sku, column) for column in columns]


def _cell(sku: Sku, column: str) -> Cell:
    if column.startswith("name."):
        return sku.names.get(column[5:], "")
    if column.startswith("attribute."):
        value = sku.attributes.get(column[10:])
        return "" if value is None else write_text(value)
    if column in _FLAGS:
        return "true" if getattr(sku, column) else "false"
    if column == "tags":
        return " ".join(sku.tags)
    if column == "gtins":
        return " ".join(short_gtin(gtin) for gtin in sku.gtins)
    if column == "other_codes":
        return "; ".join(sku.other_codes)
    if column == "supplier_codes":
        return "; ".join(
            f"{one.supplier}:{one.code}{f'@{one.unit}' if one.unit else ''}"
            for one in sku.supplier_codes
        )
    if column == "packs":
        return "; ".join(_pack_cell(pack) for pack in sku.packs)
    if column == "parts":
        return "; ".join(f"{part.sku}={part.quantity}" for part in sku.parts)
    value = getattr(sku, column)
    return value if isinstance(value, str | int) else None


def _pack_cell(pack: Pack) -> str:
    sizes = ((name, getattr(pack, name)) for name in _NUMBERS[:4])
    said = [f"{pack.unit}={pack.base_quantity}"]
    said += [f"{name}={value}" for name, value in sizes if value is not None]
    return ", ".join(said + [f"gtin={short_gtin(gtin)}" for gtin in pack.gtins])


def read_row(row: Row, attributes: Mapping[str, Attribute]) -> tuple[Partial, list[FieldError]]:
    """The fields that a row names, as one would send them, and what cannot be read."""
    return read_fields(row, attributes, field=_field, noun="SKU")


def _field(column: str, text: str) -> object:
    if column in _TEXTS:
        return text
    if column in _NUMBERS:
        return whole_number(text) if text else None
    if column in _FLAGS:
        if text.lower() not in _YES:
            raise ValueError("must be true or false")
        return _YES[text.lower()]
    if column in _WORDS:
        return text.replace(";", " ").split()
    reader = _READERS.get(column)
    if reader is None:
        raise ValueError("this column is not known")
    return [reader(part) for part in text.split(";") if part.strip()]


def _pair(text: str, mark: str) -> tuple[str, str]:
    left, found, right = text.strip().partition(mark)
    if not found or not left.strip() or not right.strip():
        raise ValueError(f"{text.strip()!r} lacks a {mark!r}")
    return left.strip(), right.strip()


def _supplier_code(text: str) -> Partial:
    supplier, code = _pair(text, ":")
    bare, _, unit = code.partition("@")
    read: Partial = {"supplier": supplier, "code": bare.strip()}
    return read | ({"unit": unit.strip()} if unit else {})


def _pack(text: str) -> Partial:
    first, *rest = text.split(",")
    unit, ratio = _pair(first, "=")
    gtins: list[str] = []
    read: Partial = {"unit": unit, "base_quantity": ratio, "gtins": gtins}
    for name, value in (_pair(one, "=") for one in rest):
        if name == "gtin":
            gtins.append(value)
        elif name in _NUMBERS[:4]:
            read[name] = whole_number(value)
        else:
            raise ValueError(f"a pack has no {name}")
    return read


def _part(text: str) -> Partial:
    sku, quantity = _pair(text, "=")
    return {"sku": sku, "quantity": whole_number(quantity)}


_READERS: dict[str, Callable[[str], object]] = {
    "other_codes": str.strip, "supplier_codes": _supplier_code, "packs": _pack, "parts": _part,
}  # fmt: skip


def merged(before: Sku | None, read: Partial) -> Partial:
    """What a row makes of a SKU: fields it names replace those there are, blanks take them away."""
    whole: Partial = {}
    names: dict[str, str] = {}
    attributes: dict[str, object] = {}
    if before is not None:
        whole = {n: getattr(before, n) for n in before.__struct_fields__ if n not in _SHOWN_ONLY}
        names, attributes = dict(before.names), dict(before.attributes)
    whole |= {name: value for name, value in read.items() if name not in ("names", "attributes")}
    if not whole.get("base_unit"):
        whole["base_unit"] = before.base_unit if before is not None else "piece"
    said = read.get("names")
    names |= said if isinstance(said, dict) else {}
    values = read.get("attributes")
    attributes |= values if isinstance(values, dict) else {}
    whole["names"] = {tag: name for tag, name in names.items() if name}
    whole["attributes"] = {n: value for n, value in attributes.items() if value is not None}
    return whole


_SHOWN_ONLY = ("id", "version", "created_at")
