"""Warnings: edges of a card that no rounded weight can meet, so that they mean nothing or
something else than was meant. A file with warnings still prices; an import shows them."""

from collections.abc import Iterator

from entrepot.carriers.rating.cards import (
    CardFile,
    FirstStep,
    FirstStepThenBands,
    KgBands,
    PerCubicMetre,
    RegistrationPlusKg,
    Rounding,
    Volume,
)
from entrepot.carriers.rating.cards import Price as PriceRow
from entrepot.kernel.refusals import FieldError


def warnings(file: CardFile) -> list[FieldError]:
    """Every edge that lies between two rounding steps, each with its place."""
    found: list[FieldError] = []
    for index, service in enumerate(file.services):
        weight, place = service.rate.weight, f"services[{index}].rate"
        if isinstance(weight, Volume):
            continue
        rows = weight.round
        found += _uneven(f"{place}.weight.min_g", weight.min_g, rows)
        for number, row in enumerate(rows):
            if row.upto_g is not None:
                found += _uneven(f"{place}.weight.round[{number}].upto_g", row.upto_g, rows)
        for zone, price in service.rate.price.items():
            for field, edge in _edges(price):
                found += _uneven(f"{place}.price.{zone}.{field}", edge, rows)
    return found


def _edges(price: PriceRow) -> Iterator[tuple[str, int]]:
    if isinstance(price, FirstStep | FirstStepThenBands):
        yield "first_g", price.first_g
        yield "step_g", price.step_g
    match price:
        case FirstStepThenBands(bands=bands) | KgBands(bands=bands):
            yield from ((f"bands[{i}].from_g", band.from_g) for i, band in enumerate(bands))
        case RegistrationPlusKg(bands=registered):
            yield from ((f"bands[{i}].to_g", band.to_g) for i, band in enumerate(registered))
        case FirstStep() | PerCubicMetre():
            return


def _uneven(place: str, edge: int, rows: list[Rounding]) -> Iterator[FieldError]:
    step = next((r.step_g for r in rows if r.upto_g is None or edge <= r.upto_g), rows[-1].step_g)
    if edge % step:
        text = f"{edge} g lies between two steps of {step} g"
        yield FieldError(place, "between_steps", text)
