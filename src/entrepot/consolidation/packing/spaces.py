"""Free room in a carton, kept as the set of maximal empty boxes.

A space is (z, y, x, x2, y2, z2): its low corner, lowest first so that sorting puts the floor
first, then its far corner. Placing a box replaces each space that it cuts by the up to six
maximal boxes around it. Spaces overlap each other; none lies inside another. The idea of maximal
spaces is old and public (Lai and Chan 1997, "difference process").
"""

Space = tuple[int, int, int, int, int, int]


def whole(inner_mm: tuple[int, int, int]) -> list[Space]:
    """The one space of an empty carton."""
    length, width, height = inner_mm
    return [(0, 0, 0, length, width, height)]


def cut(
    spaces: list[Space],
    at: tuple[int, int, int],
    size: tuple[int, int, int],
    least_side: int,
    least_volume: int,
) -> list[Space]:
    """The spaces after a box was placed; those too small for what is still to come are dropped."""
    x, y, z = at
    far_x, far_y, far_z = x + size[0], y + size[1], z + size[2]
    kept: list[Space] = []
    made: set[Space] = set()
    for space in spaces:
        z1, y1, x1, x2, y2, z2 = space
        if x >= x2 or far_x <= x1 or y >= y2 or far_y <= y1 or z >= z2 or far_z <= z1:
            kept.append(space)
            continue
        if far_x + least_side <= x2:
            made.add((z1, y1, far_x, x2, y2, z2))
        if x - least_side >= x1:
            made.add((z1, y1, x1, x, y2, z2))
        if far_y + least_side <= y2:
            made.add((z1, far_y, x1, x2, y2, z2))
        if y - least_side >= y1:
            made.add((z1, y1, x1, x2, y, z2))
        if far_z + least_side <= z2:
            made.add((far_z, y1, x1, x2, y2, z2))
        if z - least_side >= z1:
            made.add((z1, y1, x1, x2, y2, z))
    if not made:
        return kept
    roomy = [s for s in made if (s[3] - s[2]) * (s[4] - s[1]) * (s[5] - s[0]) >= least_volume]
    kept += [space for space in roomy if not _inside_any(space, roomy, kept)]
    kept.sort()
    return kept


def _inside_any(space: Space, made: list[Space], kept: list[Space]) -> bool:
    z1, y1, x1, x2, y2, z2 = space
    for other in made:
        a, b, c, d, e, f = other
        if a <= z1 and b <= y1 and c <= x1 and d >= x2 and e >= y2 and f >= z2 and other != space:
            return True
    for a, b, c, d, e, f in kept:
        if a <= z1 and b <= y1 and c <= x1 and d >= x2 and e >= y2 and f >= z2:
            return True
    return False
