"""Which cartons: the smallest that holds everything, else the fullest one after another.

1. Pieces that no carton takes are left over with their reason, lists that must share a carton and
   do not fit one as well.
2. The smallest carton (outer volume, cost, code) that holds all the rest is the answer.
3. Otherwise fill a large carton as full as can be, put its load into the smallest carton that
   holds it, and go on with the rest. "Large" are the cartons that no other one outdoes in both
   room and weight.
"""

from collections.abc import Sequence

from entrepot.consolidation.packing.filling import Load, Task, fill, turns, volume
from entrepot.consolidation.packing.types import (
    CartonType,
    Left,
    PackedCarton,
    Packing,
    PackRequest,
    Piece,
    Placement,
    Sides,
)

FILLER_G_PER_LITRE = 20
"""Air cushions and paper at most add about this to a carton's void [trade, to be configured]."""


def pack(request: PackRequest) -> Packing:
    """Cartons for all pieces of the request (see the module's text for how)."""
    pieces = request.pieces
    cartons = sorted(request.cartons, key=_size)
    large = [carton for carton in cartons if not _outdone(carton, cartons)]
    units, apart = _bound(request)
    left: dict[int, Left] = {}
    for index, piece in enumerate(pieces):
        reason = _refusal(piece, cartons)
        if reason is not None:
            left[index] = reason
    todo = []
    for unit in units:
        if not left.keys().isdisjoint(unit):
            lost = [index for index in unit if index not in left]
        elif len(unit) > 1 and not _fits_alone(request, unit, large):
            lost = list(unit)
        else:
            todo.append(unit)
            continue
        for index in lost:
            left[index] = Left(pieces[index].id, "together_does_not_fit")
    packed = _pack_units(Task(pieces, todo, apart, request.support_permille), cartons, large)
    return Packing(tuple(packed), tuple(left[index] for index in sorted(left)))


def _size(carton: CartonType) -> tuple[int, int, str]:
    return volume(carton.outer_mm), carton.cost_minor, carton.code


def _room_g(carton: CartonType) -> int:
    return carton.max_g - carton.tare_g


def _outdone(carton: CartonType, cartons: Sequence[CartonType]) -> bool:
    """Whether another carton has at least its room in each sorted side and its weight, and more
    of one; of equals the smaller outside stays. Upright pieces need the height itself."""
    for other in cartons:
        if other is carton:
            continue
        mine = (*sorted(carton.inner_mm[:2]), carton.inner_mm[2], _room_g(carton))
        theirs = (*sorted(other.inner_mm[:2]), other.inner_mm[2], _room_g(other))
        if all(a <= b for a, b in zip(mine, theirs, strict=True)) and (
            mine != theirs or _size(other) < _size(carton)
        ):
            return True
    return False


def _bound(request: PackRequest) -> tuple[list[tuple[int, ...]], dict[int, frozenset[int]]]:
    """Units of pieces that share a carton, and whom each piece may not share one with."""
    place = {piece.id: index for index, piece in enumerate(request.pieces)}
    group = list(range(len(request.pieces)))
    for names in request.together:
        merged = {group[place[name]] for name in names}
        group = [min(merged) if mark in merged else mark for mark in group]
    members: dict[int, list[int]] = {}
    for index, mark in enumerate(group):
        members.setdefault(mark, []).append(index)
    apart: dict[int, set[int]] = {}
    for names in request.apart:
        indices = {place[name] for name in names}
        for index in indices:
            apart.setdefault(index, set()).update(indices - {index})
    units = [tuple(indices) for indices in members.values()]
    return units, {index: frozenset(others) for index, others in apart.items()}


def _refusal(piece: Piece, cartons: Sequence[CartonType]) -> Left | None:
    roomy = [carton for carton in cartons if _goes_in(piece, carton.inner_mm)]
    if not roomy:
        return Left(piece.id, "too_large")
    if all(piece.g > _room_g(carton) for carton in roomy):
        return Left(piece.id, "too_heavy")
    return None


def _goes_in(piece: Piece, inner_mm: Sides) -> bool:
    length, width, height = inner_mm
    return any(a <= length and b <= width and c <= height for a, b, c in turns(piece))


def _fits_alone(request: PackRequest, unit: tuple[int, ...], cartons: Sequence[CartonType]) -> bool:
    task = Task(request.pieces, [unit], {}, request.support_permille)
    return any(_fill(carton, task).placed for carton in cartons)


def _fill(carton: CartonType, task: Task) -> Load:
    return fill(carton.inner_mm, _room_g(carton), task)


def _pack_units(
    task: Task, cartons: Sequence[CartonType], large: Sequence[CartonType]
) -> list[PackedCarton]:
    packed: list[PackedCarton] = []
    todo = list(task.units)
    while todo:
        rest = Task(task.pieces, todo, task.apart, task.support_permille)
        whole = _smallest(rest, cartons)
        if whole is not None:
            packed.append(_carton(task.pieces, *whole))
            break
        carton, load = max(
            ((carton, _fill(carton, rest)) for carton in large),
            key=lambda pair: (pair[1].volume_mm3, -volume(pair[0].outer_mm)),
        )
        inside = {index for index, _, _ in load.placed}
        gone = [unit for unit in todo if unit[0] in inside]
        if not gone:
            raise AssertionError("every unit was shown to fit a carton by itself")
        own = Task(task.pieces, gone, task.apart, task.support_permille)
        smaller = cartons[: cartons.index(carton)]
        packed.append(_carton(task.pieces, *(_smallest(own, smaller) or (carton, load))))
        todo = [unit for unit in todo if unit[0] not in inside]
    return packed


def _smallest(task: Task, cartons: Sequence[CartonType]) -> tuple[CartonType, Load] | None:
    """The smallest carton that holds all units of the task, or None."""
    members = [index for unit in task.units for index in unit]
    pieces = [task.pieces[index] for index in members]
    room, grams = sum(volume(piece.mm) for piece in pieces), sum(piece.g for piece in pieces)
    if any(task.apart.get(index, frozenset()) & set(members) for index in members):
        return None
    for carton in cartons:
        if room > volume(carton.inner_mm) or grams > _room_g(carton):
            continue
        if not all(_goes_in(piece, carton.inner_mm) for piece in pieces):
            continue
        load = _fill(carton, task)
        if len(load.placed) == len(members):
            return carton, load
    return None


def _carton(pieces: Sequence[Piece], carton: CartonType, load: Load) -> PackedCarton:
    gross = load.grams + carton.tare_g
    void_mm3 = volume(carton.inner_mm) - load.volume_mm3
    filler = -(-void_mm3 * FILLER_G_PER_LITRE // 10**6)
    return PackedCarton(
        code=carton.code,
        outer_mm=carton.outer_mm,
        gross_g=gross,
        gross_max_g=max(gross, min(carton.max_g, gross + filler)),
        fill_permille=load.volume_mm3 * 1000 // volume(carton.inner_mm),
        cost_minor=carton.cost_minor,
        placements=tuple(Placement(pieces[i].id, at, mm) for i, at, mm in load.placed),
    )
