"""The picture of a packed carton: from above, from the front and from the side, as one SVG.

A plain text for pages and mails: no script, no outside reference, sizes in millimetres scaled by
the viewer. Each piece has its colour and number in all views and a title for screen readers; what
lies nearer covers what lies behind.
"""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from entrepot.consolidation.packing.types import Placement, Sides

GAP_MM = 40
COLOURS = (
    "#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2",
    "#eeca3b", "#b279a2", "#ff9da6", "#9d755d", "#8d9db6",
)  # fmt: skip

Axes = tuple[int, int, int, bool]
"""Which side runs right, which runs along the page, which is the depth, and whether the page's
second side grows upwards."""

VIEWS: tuple[tuple[str, Axes], ...] = (
    ("top", (0, 1, 2, False)),
    ("front", (0, 2, 1, True)),
    ("side", (1, 2, 0, True)),
)


def three_views(
    inner_mm: Sides,
    placements: Sequence[Placement],
    names: Mapping[str, str] | None = None,
) -> str:
    """An SVG of the three views in a row. `names` are the captions of the views (by `top`,
    `front`, `side`) in the reader's language; without them there are no captions."""
    parts = []
    left = 0
    height = max(inner_mm[1], inner_mm[2]) + 2 * GAP_MM
    for view, axes in VIEWS:
        caption = (names or {}).get(view, "")
        parts.append(_view(inner_mm, placements, axes, left + GAP_MM, caption))
        left += inner_mm[axes[0]] + GAP_MM
    width = left + GAP_MM
    body = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="sans-serif" font-size="28">{body}</svg>'
    )


def separate_views(
    inner_mm: Sides, placements: Sequence[Placement], names: Mapping[str, str]
) -> dict[str, str]:
    """The same three views as an SVG each, so that a phone can show them one below the other.

    Numbers are drawn in a size that can still be read when the picture is as wide as a phone.
    """
    letters = max(inner_mm) // 12 + 1
    found = {}
    for view, axes in VIEWS:
        width, height = inner_mm[axes[0]], inner_mm[axes[1]]
        body = _view(inner_mm, placements, axes, 0, "", letters=letters)
        found[view] = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 {GAP_MM - 4} {width + 8} '
            f'{height + 8}" role="img" aria-label={quoteattr(names[view])} '
            f'font-family="sans-serif" font-size="{letters}">{body}</svg>'
        )
    return found


def _view(
    inner_mm: Sides,
    placements: Sequence[Placement],
    axes: Axes,
    left: int,
    caption: str,
    *,
    letters: int = 28,
) -> str:
    across, along, deep, upwards = axes
    width, height = inner_mm[across], inner_mm[along]
    shapes = [
        f'<rect width="{width}" height="{height}" fill="#f4efe6" stroke="#8a6d3b" '
        f'stroke-width="4"/>'
    ]
    numbered = list(enumerate(placements, start=1))
    for number, placement in sorted(numbered, key=lambda pair: _nearness(pair[1], deep, upwards)):
        x, y = placement.at[across], placement.at[along]
        a, b = placement.mm[across], placement.mm[along]
        top = height - y - b if upwards else y
        middle, base = x + a // 2, top + b // 2 + letters * 3 // 8
        colour = COLOURS[(number - 1) % len(COLOURS)]
        shapes.append(
            f"<g><title>{number}: {escape(placement.id)}</title>"
            f'<rect x="{x}" y="{top}" width="{a}" height="{b}" fill="{colour}" '
            f'fill-opacity="0.9" stroke="#222" stroke-width="2"/>'
            f'<text x="{middle}" y="{base}" text-anchor="middle">{number}</text>'
            "</g>"
        )
    words = f'<text y="-8">{escape(caption)}</text>' if caption else ""
    label = f" aria-label={quoteattr(caption)}" if caption else ""
    return f'<g transform="translate({left} {GAP_MM})"{label}>{words}{"".join(shapes)}</g>'


def _nearness(placement: Placement, deep: int, upwards: bool) -> tuple[int, str]:
    """Smaller is drawn earlier. From above, the higher is nearer; in the other views the carton
    is seen from the origin, so the smaller coordinate is nearer."""
    if not upwards:
        return placement.at[deep] + placement.mm[deep], placement.id
    return -placement.at[deep], placement.id
