"""An independent look at a packing: it shares no code with the packer and counts its own faults.

Overlap is found by sweeping pairs, support by cutting bases into a grid of all edges and counting
the cells that rest on something: slow and plain on purpose.
"""

from itertools import combinations
from typing import Any


def faults(request: dict[str, Any], packing: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a packing; both as plain JSON documents."""
    found: list[str] = []
    pieces = {piece["id"]: piece for piece in request["pieces"]}
    types = {carton["code"]: carton for carton in request["cartons"]}
    where: dict[str, int] = {}
    for number, carton in enumerate(packing["cartons"]):
        found += _carton_faults(types[carton["code"]], carton, pieces, request, number)
        for placement in carton["placements"]:
            if placement["id"] in where:
                found.append(f"{placement['id']} lies twice")
            where[placement["id"]] = number
    left = [item["id"] for item in packing["left"]]
    if sorted([*where, *left]) != sorted(pieces):
        found.append("pieces are missing or left over twice")
    for ids in request.get("together", ()):
        if len({where.get(one) for one in ids}) > 1:
            found.append(f"{ids} are not together")
    for ids in request.get("apart", ()):
        for one, other in combinations(ids, 2):
            if one in where and where[one] == where.get(other):
                found.append(f"{one} and {other} are not apart")
    return found


def _carton_faults(
    kind: dict[str, Any],
    carton: dict[str, Any],
    pieces: dict[str, Any],
    request: dict[str, Any],
    number: int,
) -> list[str]:
    found = []
    boxes = [_box(placement, pieces[placement["id"]]) for placement in carton["placements"]]
    if not boxes:
        found.append(f"carton {number} is empty")
    for box in boxes:
        name, low, high, piece = box
        sides = [b - a for a, b in zip(low, high, strict=True)]
        if sorted(sides) != sorted(piece["mm"]):
            found.append(f"{name} changed its size")
        if piece.get("upright") and sides[2] != piece["mm"][2]:
            found.append(f"{name} lies on its side")
        if min(low) < 0 or any(b > m for b, m in zip(high, kind["inner_mm"], strict=True)):
            found.append(f"{name} sticks out")
        part = _resting_permille(box, boxes)
        if low[2] > 0 and part < request.get("support_permille", 700):
            found.append(f"{name} rests on {part} permille")
    for one, other in combinations(boxes, 2):
        if all(one[1][i] < other[2][i] and other[1][i] < one[2][i] for i in range(3)):
            found.append(f"{one[0]} and {other[0]} overlap")
        for below, above in ((one, other), (other, one)):
            if below[3].get("fragile") and above[1][2] == below[2][2] and _meets(below, above):
                found.append(f"{above[0]} lies on fragile {below[0]}")
    gross = kind["tare_g"] + sum(box[3]["g"] for box in boxes)
    if gross != carton["gross_g"] or gross > kind["max_g"]:
        found.append(f"carton {number} weighs {gross}")
    return found


def _box(placement: dict[str, Any], piece: dict[str, Any]) -> tuple[str, Any, Any, Any]:
    low = tuple(placement["at"])
    high = tuple(a + s for a, s in zip(low, placement["mm"], strict=True))
    return placement["id"], low, high, piece


def _meets(below: Any, above: Any) -> bool:
    return all(below[1][i] < above[2][i] and above[1][i] < below[2][i] for i in (0, 1))


def _resting_permille(box: Any, boxes: list[Any]) -> int:
    _, low, high, _ = box
    under = [other for other in boxes if other[2][2] == low[2] and _meets(other, box)]
    edges = []
    for axis in (0, 1):
        marks = {low[axis], high[axis]}
        for other in under:
            marks |= {m for m in (other[1][axis], other[2][axis]) if low[axis] < m < high[axis]}
        edges.append(sorted(marks))
    resting = 0
    for x, far_x in zip(edges[0], edges[0][1:], strict=False):
        for y, far_y in zip(edges[1], edges[1][1:], strict=False):
            for other in under:
                inside_x = other[1][0] <= x and far_x <= other[2][0]
                if inside_x and other[1][1] <= y and far_y <= other[2][1]:
                    resting += (far_x - x) * (far_y - y)
                    break
    return resting * 1000 // ((high[0] - low[0]) * (high[1] - low[1]))
