"""Values of packing: cartons of a catalogue, pieces, where they lie, what is left over."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Millimetres = Annotated[int, Meta(gt=0, le=30_000)]
Grams = Annotated[int, Meta(gt=0, le=5_000_000)]
Sides = tuple[int, int, int]
Code = Annotated[str, Meta(min_length=1, max_length=80)]


class CartonType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A carton of the catalogue. `max_g` is what it may weigh in all, tare included."""

    code: Code
    inner_mm: tuple[Millimetres, Millimetres, Millimetres]
    outer_mm: tuple[Millimetres, Millimetres, Millimetres]
    tare_g: Annotated[int, Meta(ge=0, le=1_000_000)]
    max_g: Grams
    cost_minor: Annotated[int, Meta(ge=0, le=10**12)] = 0


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A box to be packed. `upright` keeps its third side vertical; nothing lies on `fragile`."""

    id: Code
    mm: tuple[Millimetres, Millimetres, Millimetres]
    g: Grams
    fragile: bool = False
    upright: bool = False


class PackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to pack. Each list in `together` shares one carton; of each list in `apart` no two do.

    `support_permille` is the part of a base that must rest on the floor or on other pieces; 0
    lets pieces float, as some other packers do.
    """

    cartons: Annotated[tuple[CartonType, ...], Meta(min_length=1, max_length=200)]
    pieces: Annotated[tuple[Piece, ...], Meta(min_length=1, max_length=1000)]
    together: tuple[tuple[Code, ...], ...] = ()
    apart: tuple[tuple[Code, ...], ...] = ()
    support_permille: Annotated[int, Meta(ge=0, le=1000)] = 700


class Placement(msgspec.Struct, frozen=True):
    """Where a piece lies: the corner nearest the origin, and its sides as turned."""

    id: str
    at: Sides
    mm: Sides


class PackedCarton(msgspec.Struct, frozen=True):
    """One carton: outer size, gross weight from pieces and tare, and with filler for the void."""

    code: str
    outer_mm: Sides
    gross_g: int
    gross_max_g: int
    fill_permille: int
    cost_minor: int
    placements: tuple[Placement, ...]


class Left(msgspec.Struct, frozen=True):
    """A piece that no carton takes, and why."""

    id: str
    reason: Literal["too_large", "too_heavy", "together_does_not_fit"]


class Packing(msgspec.Struct, frozen=True):
    """The cartons that a request needs, and what is left over."""

    cartons: tuple[PackedCarton, ...]
    left: tuple[Left, ...]
