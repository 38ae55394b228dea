"""The picture of a packed carton: well-formed, complete, harmless, with the nearest in front."""

from xml.etree import ElementTree

from entrepot.consolidation.packing.drawing import three_views
from entrepot.consolidation.packing.types import Placement

SVG = "{http://www.w3.org/2000/svg}"
INNER = (300, 200, 100)
PLACED = (
    Placement("low", (0, 0, 0), (300, 200, 40)),
    Placement("high", (0, 0, 40), (100, 80, 30)),
    Placement("<script>&", (100, 0, 40), (200, 200, 60)),
)


def views() -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(three_views(INNER, PLACED)))


def rectangles(view: ElementTree.Element) -> dict[str, tuple[int, ...]]:
    found = {}
    for group in view.findall(f"{SVG}g"):
        title, rect = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert rect is not None
        numbers = tuple(int(rect.get(key, "")) for key in ("x", "y", "width", "height"))
        found[str(title.text)] = numbers
    return found


def test_each_view_shows_each_piece_where_it_lies() -> None:
    top, front, side = views()
    assert rectangles(top)["2: high"] == (0, 0, 100, 80)
    assert rectangles(front)["2: high"] == (0, 100 - 40 - 30, 100, 30)
    assert rectangles(side)["2: high"] == (0, 100 - 40 - 30, 80, 30)
    assert all(len(rectangles(view)) == 3 for view in (top, front, side))


def test_the_nearest_piece_is_drawn_last() -> None:
    top, front, side = views()
    assert list(rectangles(top)) == ["1: low", "2: high", "3: <script>&"]
    assert next(iter(rectangles(side))) == "3: <script>&"
    assert list(rectangles(front))[-1] in {"1: low", "2: high"}


def test_names_are_text_and_nothing_else() -> None:
    picture = three_views(INNER, PLACED, {"top": 'from "above" <b>'})
    assert "<script>" not in picture
    assert "<b>" not in picture
    label = ElementTree.fromstring(picture)[0].get("aria-label")
    assert label == 'from "above" <b>'


def test_the_picture_is_as_large_as_its_views() -> None:
    box = ElementTree.fromstring(three_views(INNER, ())).get("viewBox")
    assert box == f"0 0 {300 + 300 + 200 + 4 * 40} {200 + 80}"
