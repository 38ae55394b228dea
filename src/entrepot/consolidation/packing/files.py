"""Packing requests as JSON: read strictly, every error at once with its place."""

from collections.abc import Iterator, Sequence

from entrepot.consolidation.packing.types import CartonType, PackRequest
from entrepot.kernel.reading import read
from entrepot.kernel.refusals import FieldError, Invalid


def read_pack_request(raw: bytes | str) -> PackRequest:
    """A request, checked. Raises Unparsable, or Invalid with all errors."""
    request = read(raw, PackRequest)
    found = list(findings(request))
    if found:
        raise Invalid("the request does not hold together", errors=found)
    return request


def findings(request: PackRequest) -> Iterator[FieldError]:
    """Names that stand twice or nowhere, cartons that cannot be, wishes against each other."""
    yield from _twice([carton.code for carton in request.cartons], "cartons", "code")
    yield from _twice([piece.id for piece in request.pieces], "pieces", "id")
    for index, carton in enumerate(request.cartons):
        yield from _carton(carton, f"cartons[{index}]")
    known = {piece.id for piece in request.pieces}
    for name, lists in (("together", request.together), ("apart", request.apart)):
        for index, ids in enumerate(lists):
            place = f"{name}[{index}]"
            if len(set(ids)) < 2 or len(set(ids)) < len(ids):
                yield FieldError(place, "bad_value", "at least two pieces, none twice")
            for number, one in enumerate(ids):
                if one not in known:
                    yield FieldError(f"{place}[{number}]", "unknown_piece", "no such piece")
    yield from _against(request)


def _twice(names: Sequence[str], place: str, field: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield FieldError(f"{place}[{index}].{field}", "duplicate", f"{name} stands twice")
        seen.add(name)


def _carton(carton: CartonType, place: str) -> Iterator[FieldError]:
    for side, (inner, outer) in enumerate(zip(carton.inner_mm, carton.outer_mm, strict=True)):
        if inner > outer:
            text = "larger inside than outside"
            yield FieldError(f"{place}.inner_mm[{side}]", "out_of_range", text)
    if carton.max_g <= carton.tare_g:
        yield FieldError(f"{place}.max_g", "out_of_range", "holds nothing but itself")


def _against(request: PackRequest) -> Iterator[FieldError]:
    """Pieces that must share a carton and may not."""
    groups: list[set[str]] = []
    for ids in request.together:
        joined = set(ids)
        for group in [group for group in groups if group & joined]:
            joined |= group
            groups.remove(group)
        groups.append(joined)
    for index, ids in enumerate(request.apart):
        for group in groups:
            if len(group & set(ids)) > 1:
                both = " and ".join(sorted(group & set(ids)))
                text = f"{both} must share a carton and may not"
                yield FieldError(f"apart[{index}]", "contradiction", text)
