"""What the pages of consolidations show: the drawn box, lines in two lots, the one click."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from entrepot.consolidation.packing.drawing import COLOURS, separate_views
from entrepot.consolidation.types import Consolidation, DraftLine, WarehouseLines
from entrepot.flows.list_destinations import list_destinations
from entrepot.flows.ready_to_consolidate import ready_to_consolidate
from entrepot.kernel.principals import Shopper
from entrepot.web import consolidation_words
from entrepot.web.countries import countries, country_name
from entrepot.web.deps import Site
from entrepot.web.rendering import named
from entrepot.web.visits import Visit


class DrawnBox(msgspec.Struct, frozen=True):
    """A predicted carton for the page: its three pictures, and who lies in it by number."""

    code: str
    outer_mm: tuple[int, int, int]
    views: dict[str, str]
    inside: list[tuple[int, str, str]]
    fill_percent: int


def drawn(visit: Visit, made: Consolidation) -> list[DrawnBox]:
    """The boxes of a consolidation, their parcels named by tracking number."""
    if made.prediction is None:
        return []
    known = {str(parcel.id): parcel.tracking_number or "" for parcel in made.parcels}
    captions = {view: visit.say(text) for view, text in consolidation_words.VIEW.items()}
    boxes = []
    for box in made.prediction.packing.boxes:
        placements = [
            msgspec.structs.replace(placement, id=known.get(placement.id, ""))
            for placement in box.carton.placements
        ]
        inside = [
            (at, placement.id, COLOURS[(at - 1) % len(COLOURS)])
            for at, placement in enumerate(placements, start=1)
        ]
        boxes.append(
            DrawnBox(
                box.carton.code,
                box.carton.outer_mm,
                separate_views(box.inner_mm, placements, captions),
                inside,
                box.carton.fill_permille // 10,
            )
        )
    return boxes


async def click_context(deps: Site, visit: Visit, shopper: Shopper) -> dict[str, Any]:
    """What the first screen needs to offer the one click."""
    ready = await ready_to_consolidate(deps.db, shopper)
    choices = {}
    for place in ready.ready:
        lines = await list_destinations(deps.db, shopper, warehouse=place.warehouse)
        choices[place.warehouse] = countries(visit, lines.countries)
    to = ready.destination
    going = {parcel.id for place in ready.ready for parcel in place.parcels}
    return {
        "ready": ready,
        "behind": {
            place.warehouse: [one for one in place.left_out if one.id not in going]
            for place in ready.ready
        },
        "destinations": choices,
        "given": {
            "country": to.country if to else "",
            "postcode": (to.postcode or "") if to else "",
        },
        "area": "portal",
        "cw": WORDS,
    }


def priced(made: Consolidation) -> list[DraftLine]:
    """The lines that take it."""
    return [line for line in lines_of(made) if line.offer.price is not None]


def not_for_it(made: Consolidation) -> tuple[list[DraftLine], int]:
    """The lines that do not take it for some reason of their own, and how many just do not go
    there."""
    others = [line for line in lines_of(made) if line.offer.price is None]
    near = [
        line
        for line in others
        if any(reason.code != "country_not_served" for reason in line.offer.reasons)
        and not any(reason.code == "country_not_served" for reason in line.offer.reasons)
    ]
    return near, len(others) - len(near)


def draft_context(
    visit: Visit,
    made: Consolidation,
    lines: WarehouseLines,
    *,
    zones: Mapping[str, str],
    names: Mapping[str, dict[str, str]],
) -> dict[str, Any]:
    """What the template of a consolidation needs besides what every page needs."""
    near, elsewhere = not_for_it(made)
    numbers = numbers_of(made)
    return {
        "made": made,
        "boxes": drawn(visit, made),
        "priced": priced(made),
        "near": near,
        "elsewhere": elsewhere,
        "countries": countries(visit, lines.countries),
        "goes_to": country_name(visit, made.destination.country) if made.destination else "",
        "line_names": lines.line_names,
        "names": names,
        "zone": zones.get(made.warehouse, visit.house_of.zone),
        "cw": WORDS,
        "numbers": numbers,
        "in_order": sorted(made.parcels, key=lambda parcel: numbers.get(parcel.id, 0)),
        "codes": {str(parcel.id): parcel.tracking_number for parcel in made.parcels},
        "service_names": {line.offer.service: line.offer.name for line in lines_of(made)},
        "chosen_name": chosen_name(visit, made),
        "base_currency": made.quote.currency if made.quote else "",
    }


def lines_of(made: Consolidation) -> Sequence[DraftLine]:
    """Every line of its quote."""
    return made.quote.lines if made.quote else ()


def numbers_of(made: Consolidation) -> dict[UUID, int]:
    """The number that each parcel bears in the picture of its box; several boxes number anew,
    so then none is shown."""
    if made.prediction is None or len(made.prediction.packing.boxes) != 1:
        return {}
    placements = made.prediction.packing.boxes[0].carton.placements
    return {UUID(placement.id): at for at, placement in enumerate(placements, start=1)}


def chosen_name(visit: Visit, made: Consolidation) -> str:
    """The chosen line in the reader's language."""
    if made.choice is None:
        return ""
    names = {line.offer.service: line.offer.name for line in lines_of(made)}
    return named(visit.language, names.get(made.choice.service, {}), made.choice.service)


WORDS = {
    name: getattr(consolidation_words, name) for name in dir(consolidation_words) if name.isupper()
}
