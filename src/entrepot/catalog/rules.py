"""Pure decisions about SKUs: what is wrong with one, and its canonical form."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import msgspec

from entrepot.catalog.codes import normalise_code, normalise_gtin
from entrepot.catalog.types import NewSku, OtherCode, Pack, Sku, SupplierCode
from entrepot.catalog.units import read_unit, write_ratio
from entrepot.kernel.attributes import Attribute, demands, tidy, value_faults
from entrepot.kernel.refusals import FieldError

MOST_ROWS = 20_000
"""So many SKUs in one import."""


class Alias(msgspec.Struct, frozen=True):
    """A code that stands for a SKU, as it is compared; `path` is where the request says it."""

    kind: str
    supplier: str
    code: str
    unit: str | None
    path: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What must be unique."""
        return self.kind, self.supplier, self.code


def faults(new: NewSku, definitions: Iterable[Attribute]) -> list[FieldError]:
    """Everything wrong with a SKU that can be seen without looking at others."""
    found = value_faults(new.attributes, definitions, path="attributes")
    if new.shelf_life_days is not None and not new.expiry_tracked:
        found.append(
            FieldError("shelf_life_days", "not_tracked", "only goods that expire have a shelf life")
        )
    found += _gtin_faults(new) + _code_faults(new) + _pack_faults(new) + _part_faults(new)
    units = {new.base_unit, *(pack.unit for pack in new.packs)}
    for place, one in enumerate(new.supplier_codes):
        if one.unit is not None and one.unit not in units:
            path = f"supplier_codes[{place}].unit"
            found.append(FieldError(path, "unknown_unit", "no pack has this unit"))
    if not found:
        found += _doubles([alias.key for alias in aliases_of(new)], "gtins", "a code")
    return found


def _gtin_faults(new: NewSku) -> list[FieldError]:
    given = [(f"gtins[{n}]", gtin) for n, gtin in enumerate(new.gtins)]
    given += [
        (f"packs[{n}].gtins[{m}]", gtin)
        for n, pack in enumerate(new.packs)
        for m, gtin in enumerate(pack.gtins)
    ]
    found = []
    for path, gtin in given:
        try:
            normalise_gtin(gtin)
        except ValueError as wrong:
            found.append(FieldError(path, "bad_gtin", str(wrong)))
    return found


def _code_faults(new: NewSku) -> list[FieldError]:
    """Codes that are none in the form in which they are kept: NFKC makes a full-width colon the
    mark that parts a supplier from its code, and some letters many."""
    given = [(f"other_codes[{n}]", code) for n, code in enumerate(new.other_codes)]
    for n, one in enumerate(new.supplier_codes):
        given += [(f"supplier_codes[{n}].supplier", one.supplier)]
        given += [(f"supplier_codes[{n}].code", one.code)]
    found = []
    for path, code in given:
        try:
            msgspec.convert(normalise_code(code), OtherCode)
        except msgspec.ValidationError:
            message = f"as {normalise_code(code)[:60]!r} it would be no code"
            found.append(FieldError(path, "bad_code", message))
    return found


def _pack_faults(new: NewSku) -> list[FieldError]:
    found = []
    for place, pack in enumerate(new.packs):
        if pack.unit == new.base_unit:
            path = f"packs[{place}].unit"
            found.append(FieldError(path, "is_base_unit", "the base unit is no pack of itself"))
        try:
            read_unit(pack.unit, pack.base_quantity)
        except ValueError as wrong:
            found.append(FieldError(f"packs[{place}].base_quantity", "bad_ratio", str(wrong)))
    return found + _doubles([pack.unit for pack in new.packs], "packs", "a unit")


def _part_faults(new: NewSku) -> list[FieldError]:
    found = [
        FieldError(f"parts[{place}].sku", "part_of_itself", "a kit cannot hold itself")
        for place, part in enumerate(new.parts)
        if part.sku == new.code
    ]
    if new.parts and (new.lot_tracked or new.serial_tracked or new.expiry_tracked):
        message = "the parts of a kit are tracked, not the kit"
        found.append(FieldError("parts", "kit_tracked", message))
    return found + _doubles([part.sku for part in new.parts], "parts", "a component")


def _doubles(keys: Sequence[Hashable], path: str, what: str) -> list[FieldError]:
    if all(count == 1 for count in Counter(keys).values()):
        return []
    return [FieldError(path, "double", f"{what} stands here twice")]


def aliases_of(new: NewSku) -> list[Alias]:
    """All codes of a SKU besides its own. Its GTINs must be valid (see `faults`)."""
    found = [
        Alias("gtin", "", normalise_gtin(gtin), None, f"gtins[{n}]")
        for n, gtin in enumerate(new.gtins)
    ]
    found += [
        Alias("gtin", "", normalise_gtin(gtin), pack.unit, f"packs[{n}].gtins[{m}]")
        for n, pack in enumerate(new.packs)
        for m, gtin in enumerate(pack.gtins)
    ]
    found += [
        Alias("other", "", normalise_code(code), None, f"other_codes[{n}]")
        for n, code in enumerate(new.other_codes)
    ]
    return found + [
        Alias(
            "supplier",
            normalise_code(one.supplier),
            normalise_code(one.code),
            None if one.unit == new.base_unit else one.unit,
            f"supplier_codes[{n}].code",
        )
        for n, one in enumerate(new.supplier_codes)
    ]


def canonical(new: NewSku) -> NewSku:
    """The same SKU with lists in order and codes as they are compared, so that equal is equal."""
    return msgspec.structs.replace(
        new,
        names={tag: name.strip() for tag, name in sorted(new.names.items()) if name.strip()},
        tags=sorted(set(new.tags)),
        attributes=tidy(new.attributes),
        gtins=sorted(normalise_gtin(gtin) for gtin in new.gtins),
        other_codes=sorted(normalise_code(code) for code in new.other_codes),
        supplier_codes=sorted(
            (
                SupplierCode(
                    normalise_code(one.supplier),
                    normalise_code(one.code),
                    None if one.unit == new.base_unit else one.unit,
                )
                for one in new.supplier_codes
            ),
            key=lambda one: (one.supplier, one.code),
        ),
        packs=sorted((_canonical_pack(pack) for pack in new.packs), key=lambda one: one.unit),
        parts=sorted(new.parts, key=lambda one: one.sku),
    )


def _canonical_pack(pack: Pack) -> Pack:
    return msgspec.structs.replace(
        pack,
        base_quantity=write_ratio(read_unit(pack.unit, pack.base_quantity)),
        gtins=sorted(normalise_gtin(gtin) for gtin in pack.gtins),
    )


def document_of(sku: Sku) -> NewSku:
    """What one would have to send to get this SKU."""
    return NewSku(**{name: getattr(sku, name) for name in NewSku.__struct_fields__})


def differing(before: NewSku, after: NewSku) -> list[str]:
    """The names of the fields in which two canonical SKUs differ."""
    return [
        name for name in NewSku.__struct_fields__ if getattr(before, name) != getattr(after, name)
    ]


def required_tags(sku: NewSku | Sku) -> list[str]:
    """What a node and a service must be able to do for this SKU: its tags, and every boolean
    attribute that is true (the node's attribute of the same name must be true as well)."""
    return sorted({*sku.tags, *demands(sku.attributes)})
