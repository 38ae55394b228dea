"""What the columns of SKUs and nodes are called on pages, and what is said of their faults.

Keys of the catalogues, as in `words`; pages translate them.
"""

from entrepot.kernel.refusals import FieldError, Refusal
from entrepot.web import refusals
from entrepot.web.visits import Visit
from entrepot.web.words import _

COLUMN = {
    "code": _("Code"),
    "name.en": _("Name in English"),
    "name.zh-CN": _("Name in Chinese"),
    "name.zh-TW": _("Name in traditional Chinese"),
    "base_unit": _("Base unit"),
    "weight_g": _("Weight in grams"),
    "length_mm": _("Length in mm"),
    "width_mm": _("Width in mm"),
    "height_mm": _("Height in mm"),
    "shelf_life_days": _("Shelf life in days"),
    "tags": _("Tags"),
    "gtins": _("GTINs"),
    "other_codes": _("Other codes"),
    "supplier_codes": _("Supplier codes"),
    "packs": _("Packs"),
    "parts": _("Parts of the kit"),
    "lot_tracked": _("Lots"),
    "serial_tracked": _("Serial numbers"),
    "expiry_tracked": _("Expiry dates"),
    "closed": _("Closed"),
    "zone": _("Time zone"),
    "country": _("Country"),
    "address": _("Address"),
    "city": _("City"),
    "postcode": _("Postcode"),
    "lat": _("Latitude"),
    "lon": _("Longitude"),
    "region": _("Region"),
    "regions_served": _("Regions served"),
    "regions_blocked": _("Regions blocked"),
    "capabilities": _("Capabilities"),
    "weekdays": _("Working days"),
    "opens": _("Opens"),
    "closes": _("Closes"),
    "holidays": _("Holidays"),
    "closures": _("Extraordinary closings"),
    "staffed": _("Staffed hours"),
    "pick_up": _("Pick-up hours"),
    "minutes_per_shipment": _("Minutes for a shipment"),
    "minutes_per_unit": _("Minutes for a unit"),
    "capacities": _("At most a day"),
    "lanes": _("Carriers by region"),
    "quantities_master": _("Master of quantities"),
    "allocation_owner": _("Owner of allocation"),
}

HINT = {
    "base_unit": _("Stock is counted in whole base units; goods sold by weight in g."),
    "tags": _("Each asks for a warehouse with this capability: cold bulky battery"),
    "gtins": _("8, 12, 13 or 14 digits, parted by spaces."),
    "packs": _("box=8; third=1/3; behind a comma weight and GTIN: box=8, weight_g=4000"),
    "regions_served": _("CN-GD CN-ZJ. Empty: everywhere."),
    "weekdays": _("Monday is 1: 1 2 3 4 5"),
    "opens": _("Empty: around the clock."),
    "lat": _("Empty: found by city or postcode."),
}

EXAMPLE = {
    "supplier_codes": "ACME:77-A; ACME:77-B@box",
    "parts": "CUP=6; POT=1",
    "holidays": "2026-10-01 2026-10-02",
    "closures": "2026-12-24T12:00:00Z/2026-12-27T00:00:00Z",
    "staffed": "1 08:00-17:00 x3; 2 08:00-17:00 x3",
    "pick_up": "1 09:00-18:00; 6 10:00-14:00",
    "capacities": "shipments=500; units=2000; grams=900000",
    "lanes": "SF@CN-XJ delivers=false, cold=true; YTO@CN-XZ delivers=false",
}
"""How a cell with several things in it is written; the same in every language."""

MASTER = {
    "entrepot": "Entrepot",
    "erp": "ERP",
    "wms": "WMS",
    "external": _("Another system"),
}

FAULT = {
    "double": _("The same stands here twice."),
    "bad_gtin": _("This is no GTIN: check its digits."),
    "bad_ratio": _("A pack is a whole number or a fraction such as 1/3."),
    "unknown_unit": _("No pack has this unit."),
    "is_base_unit": _("The base unit is no pack of itself."),
    "taken": _("This code stands for another SKU already."),
    "unknown_sku": _("There is no such SKU."),
    "closed_sku": _("This SKU is closed."),
    "circle": _("A kit cannot hold itself."),
    "part_of_itself": _("A kit cannot hold itself."),
    "in_kit": _("It is still a part of a kit."),
    "kit_tracked": _("The parts of a kit are tracked, not the kit."),
    "not_tracked": _("Only goods that expire have a shelf life."),
    "unknown_attribute": _("No such attribute is defined."),
    "bad_code": _("This cannot be a code: some of its characters mean something else."),
    "fixed": _("This never changes."),
    "closes_first": _("It must close later than it opens."),
    "unknown_place": _("This place is not known: name a larger city nearby, or its postcode."),
    "half_a_day": _("Opening and closing time go together."),
    "half_a_position": _("Latitude and longitude go together."),
    "ends_first": _("It must end after it begins."),
    "contradiction": _("A region cannot be served and blocked."),
    "unreadable": _("This is neither CSV nor XLSX."),
    "no_code_column": _("A column named code is needed."),
    "double_column": _("A column name stands twice in the first line."),
    "too_many_rows": _("That is too much at once: at most 20,000 rows."),
    "too_large": _("That is more than can be taken at once. Send it in parts."),
    "node_code_taken": _("Another warehouse has this code."),
    "groups_isolated": _("The groups do not allow this."),
}

REFUSAL = {
    "sku_code_taken": (_("Code is taken"), _("Another SKU has this code.")),
    "unknown_sku": (_("Not found"), _("There is no such SKU.")),
    "unreadable_sheet": (
        _("That could not be read"),
        _("Bring a CSV or XLSX file with names in its first line."),
    ),
    "channel_code_taken": (_("Code is taken"), _("Another channel has this code.")),
    "unknown_channel": (_("Not found"), _("There is no such channel.")),
    "unknown_group": (_("Not found"), _("There is no such group.")),
    "groups_isolated": (
        _("The groups do not allow this"),
        _("A channel would sell from a warehouse that may not serve it."),
    ),
    "all_warehouses_needed": (
        _("Not allowed"),
        _("This concerns every warehouse, your account works in some."),
    ),
    "attribute_differs": (
        _("Not possible now"),
        _("Type and allowed values of an attribute in use stay."),
    ),
}  # fmt: skip


def in_words(visit: Visit, refusal: Refusal) -> refusals.RefusalWords:
    """The refusal in the reader's language, with the words of catalogue and nodes."""
    words = REFUSAL.get(refusal.code)
    if words is None:
        return refusals.in_words(visit, refusal)
    return refusals.RefusalWords(visit.say(words[0]), visit.say(words[1]), refusal.code)


def fault_words(visit: Visit, error: FieldError) -> str:
    """One fault in the reader's language."""
    text = FAULT.get(error.code)
    return visit.say(text) if text else refusals.field_words(visit, error)


def by_column(visit: Visit, refusal: Refusal) -> dict[str, str]:
    """Column of a form → what is wrong with it (the first fault of each)."""
    found: dict[str, str] = {}
    for error in refusal.errors:
        found.setdefault(column_of(error.path), fault_words(visit, error))
    return found


def column_of(path: str) -> str:
    """The column that a path in a document belongs to: `names.en` → `name.en`."""
    bare = path.partition("]")[2].lstrip(".") if path.startswith("rows[") else path
    for field, column in (("names.", "name."), ("attributes.", "attribute.")):
        if bare.startswith(field):
            return column + bare.removeprefix(field)
    if bare.startswith(("name.", "attribute.")):
        return bare
    return bare.partition("[")[0].partition(".")[0]


def line_of(path: str) -> int | None:
    """The line of a sheet that a path names."""
    number = path.removeprefix("rows[").partition("]")[0]
    return int(number) if path.startswith("rows[") and number.isdecimal() else None


def pairs_of(values: list[str]) -> list[tuple[str, str]]:
    """The options of a field to choose from, none first."""
    return [("", "–"), *((value, value) for value in values)]
