"""The fields that conditions may name, with their type and where they may stand.

Scopes from narrow to wide: `order` (the order, its destination, the moment), `line` (also one
line of it), `option` (also a node and a service), `stock` (also that line's stock at the node).
Names ending in `.attrs.` are open: any attribute's name follows, of any type. `lane.attrs.` are
those of the option's carrier from its node into the order's region (`lane_key`).
"""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from entrepot.routing.engine.format import Attributes, Line
from entrepot.routing.policy.scenes import Lane, Scene, whole_km

Value = str | int | bool | tuple[str, ...] | None


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    TEXTS = "texts"
    ANY = "any"


class Scope(StrEnum):
    """What must be known to read a field."""

    ORDER = "order"
    LINE = "line"
    OPTION = "option"
    STOCK = "stock"


class Field(msgspec.Struct, frozen=True):
    """A field of conditions."""

    name: str
    kind: Kind
    scope: Scope
    read: Callable[[Scene], Value]


def _line(scene: Scene) -> Line:
    if scene.line is None:
        raise ValueError("no line here")
    return scene.line


def _lane(scene: Scene) -> Lane:
    if scene.lane is None:
        raise ValueError("no option here")
    return scene.lane


def _transit(scene: Scene) -> int | None:
    rate = _lane(scene).rate
    return None if rate is None else rate.transit_min


def _first_price(scene: Scene) -> int | None:
    rate = _lane(scene).rate
    return None if rate is None else rate.first_price


def _eta(scene: Scene) -> int | None:
    eta = _lane(scene).eta
    return None if eta is None else eta - scene.facts.now


def _to_deadline(scene: Scene) -> int | None:
    promise = scene.facts.order.deliver_by
    return None if promise is None else promise - scene.facts.now


def _usable(scene: Scene) -> int:
    stock = _lane(scene).node.stock.get(_line(scene).sku)
    return 0 if stock is None else stock.usable


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


_O, _L, _P = Scope.ORDER, Scope.LINE, Scope.OPTION
_FIXED: Final = [
    Field("order.cod", Kind.FLAG, _O, lambda s: s.facts.order.cod),
    Field("order.units", Kind.NUMBER, _O, lambda s: s.facts.units),
    Field("order.lines", Kind.NUMBER, _O, lambda s: len(s.facts.order.lines)),
    Field("order.weight_g", Kind.NUMBER, _O, lambda s: s.facts.weight_g),
    Field("order.volume_cm3", Kind.NUMBER, _O, lambda s: s.facts.volume_cm3),
    Field("order.tags", Kind.TEXTS, _O, lambda s: s.facts.tags),
    Field("order.deadline_min", Kind.NUMBER, _O, _to_deadline),
    Field("dest.region", Kind.TEXT, _O, lambda s: s.facts.order.dest.region),
    Field("time.weekday", Kind.NUMBER, _O, lambda s: s.facts.weekday),
    Field("time.minute", Kind.NUMBER, _O, lambda s: s.facts.minute),
    Field("time.day", Kind.NUMBER, _O, lambda s: s.facts.day),
    Field("line.sku", Kind.TEXT, _L, lambda s: _line(s).sku),
    Field("line.qty", Kind.NUMBER, _L, lambda s: _line(s).qty),
    Field("line.unit_g", Kind.NUMBER, _L, lambda s: _line(s).g),
    Field("line.unit_cm3", Kind.NUMBER, _L, lambda s: _line(s).cm3),
    Field("line.tags", Kind.TEXTS, _L, lambda s: _texts(_line(s).tags)),
    Field("line.kit", Kind.TEXT, _L, lambda s: _line(s).group),
    Field("node.id", Kind.TEXT, _P, lambda s: _lane(s).node.id),
    Field("node.type", Kind.TEXT, _P, lambda s: _lane(s).node.type),
    Field("node.region", Kind.TEXT, _P, lambda s: _lane(s).node.region),
    Field("node.tags", Kind.TEXTS, _P, lambda s: _texts(_lane(s).node.tags)),
    Field("node.km", Kind.NUMBER, _P, lambda s: whole_km(_lane(s))),
    Field("node.zone", Kind.NUMBER, _P, lambda s: _lane(s).zone),
    Field("service.id", Kind.TEXT, _P, lambda s: _lane(s).service.id),
    Field("service.carrier", Kind.TEXT, _P, lambda s: _lane(s).service.carrier),
    Field("service.level", Kind.TEXT, _P, lambda s: _lane(s).service.level),
    Field("service.tags", Kind.TEXTS, _P, lambda s: _texts(_lane(s).service.tags)),
    Field("service.cod", Kind.FLAG, _P, lambda s: _lane(s).service.cod),
    Field("service.max_g", Kind.NUMBER, _P, lambda s: _lane(s).service.max_g),
    Field("service.transit_min", Kind.NUMBER, _P, _transit),
    Field("service.first_minor", Kind.NUMBER, _P, _first_price),
    Field("service.eta_min", Kind.NUMBER, _P, _eta),
    Field("stock.units", Kind.NUMBER, Scope.STOCK, _usable),
]
FIXED: Final = {field.name: field for field in _FIXED}


def lane_key(carrier: str, region: str, name: str) -> str:
    """The attribute of a node that says something of a carrier into a region."""
    return f"lane:{carrier}:{region}:{name}"


def _of_lane(scene: Scene) -> Attributes:
    lane = _lane(scene)
    start = lane_key(lane.service.carrier, scene.facts.order.dest.region, "")
    return {
        name.removeprefix(start): value
        for name, value in lane.node.attrs.items()
        if name.startswith(start)
    }


_OPEN: Final[dict[str, tuple[Scope, Callable[[Scene], Attributes]]]] = {
    "order.attrs.": (_O, lambda s: s.facts.order.attrs),
    "line.attrs.": (_L, lambda s: _line(s).attrs),
    "node.attrs.": (_P, lambda s: _lane(s).node.attrs),
    "lane.attrs.": (_P, _of_lane),
    "stock.attrs.": (
        Scope.STOCK,
        lambda s: _lane(s).node.stock_attrs.get(_line(s).sku, {}),
    ),
}
OPEN: Final = tuple(_OPEN)
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def field_of(name: str) -> Field | None:
    """The field of that name, None when there is none."""
    if name in FIXED:
        return FIXED[name]
    for prefix, (scope, attributes) in _OPEN.items():
        key = name.removeprefix(prefix)
        if key != name and _KEY.fullmatch(key):
            return Field(name, Kind.ANY, scope, _reader(attributes, key))
    return None


def _reader(attributes: Callable[[Scene], Attributes], key: str) -> Callable[[Scene], Value]:
    def read(scene: Scene) -> Value:
        value = attributes(scene).get(key)
        return _texts(value) if isinstance(value, list) else value

    return read
