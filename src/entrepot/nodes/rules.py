"""Pure decisions about nodes: valid ones, the bins of a zone, an address for one customer."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.nodes.types import NewBin, NewBins, NewBinZone, NewNode

RECEIVING_BIN = "R"
"""Code of the receiving bin that every node is born with."""

MOST_BINS = 10_000
_PLACEHOLDER = "{suite_code}"


def check_new_node(new: NewNode) -> None:
    """Raises Invalid with everything that is wrong at once."""
    errors: list[FieldError] = []
    try:
        ZoneInfo(new.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors.append(FieldError("zone", "unknown_zone", "this is no IANA time zone"))
    for language, template in new.receiving_address.items():
        if _PLACEHOLDER not in template:
            path = f"receiving_address.{language}"
            errors.append(FieldError(path, "no_suite_code", f"{_PLACEHOLDER} is missing"))
    if (new.lat is None) != (new.lon is None):
        errors.append(FieldError("lat", "half_a_position", "latitude and longitude go together"))
    if errors:
        raise Invalid("the node cannot be created like this", errors=errors)


def render_address(templates: Mapping[str, str], *, suite_code: str) -> dict[str, str]:
    """The receiving address in every language with this customer's code in it."""
    return {tag: text.replace(_PLACEHOLDER, suite_code) for tag, text in templates.items()}


def bins_of(new: NewBins) -> list[NewBin]:
    """All bins of a request, zones spelled out. Raises Invalid for doubles, none or too many."""
    bins = [*new.bins, *(one for zone in new.zones for one in _bins_of_zone(zone))]
    errors: list[FieldError] = []
    if not bins:
        errors.append(FieldError("bins", "empty", "name at least one bin or zone"))
    if len(bins) > MOST_BINS:
        errors.append(FieldError("zones", "too_many", f"at most {MOST_BINS} bins at once"))
    seen: set[str] = set()
    for place, one in enumerate(bins):
        if one.code in seen and len(errors) < 50:
            path = f"bins[{place}].code" if place < len(new.bins) else "zones"
            errors.append(FieldError(path, "double", f"bin {one.code} stands here twice"))
        seen.add(one.code)
    if errors:
        raise Invalid("the bins cannot be created like this", errors=errors)
    return bins


def _bins_of_zone(zone: NewBinZone) -> list[NewBin]:
    return [
        NewBin(
            code=f"{zone.code}-{aisle:02d}-{bay:02d}-{level}",
            bin_class=zone.bin_class,
            max_g=zone.max_g,
            length_mm=zone.length_mm,
            width_mm=zone.width_mm,
            height_mm=zone.height_mm,
            max_parcels=zone.max_parcels,
        )
        for aisle in range(1, zone.aisles + 1)
        for bay in range(1, zone.bays + 1)
        for level in range(1, zone.levels + 1)
    ]
