"""Which courier a number may belong to: every candidate, the likeliest first.

International numbers come from the package tracking-numbers with their check digits; couriers
of mainland China publish none, so their shapes stand in `couriers.tsv` (general knowledge of
the trade; several overlap, hence candidates and never a verdict). Rank 1: a prefix of their
own; 2: a usual beginning; 3: only the length fits. Pure.
"""

import csv
import re
from functools import cache
from importlib.resources import files

import msgspec
from tracking_numbers import DEFINITIONS

_LETTERS_FIRST = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}\Z")


class Courier(msgspec.Struct, frozen=True):
    """A courier that this number may belong to."""

    courier: str
    rank: int


class _Shape(msgspec.Struct, frozen=True):
    courier: str
    name: str
    name_zh: str
    rank: int
    pattern: re.Pattern[str]


@cache
def shapes() -> tuple[_Shape, ...]:
    """The table of shapes, as it stands beside this module."""
    text = files("entrepot.parcels").joinpath("couriers.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return tuple(
        _Shape(
            row["courier"], row["name"], row["name_zh"], int(row["rank"]),
            re.compile(rf"(?:{row['pattern']})\Z"),
        )
        for row in rows
    )  # fmt: skip


@cache
def courier_names() -> dict[str, tuple[str, str]]:
    """Courier code → (English name, Chinese name) of the couriers in our table."""
    return {shape.courier: (shape.name, shape.name_zh) for shape in shapes()}


def recognise(number: str) -> list[Courier]:
    """All couriers whose numbers look like this normalised number; empty when none is known."""
    ranks: dict[str, int] = {}
    for shape in shapes():
        if shape.pattern.match(number):
            ranks[shape.courier] = min(shape.rank, ranks.get(shape.courier, 9))
    for courier in _with_check_digit(number):
        ranks.setdefault(courier, 1)
    return [Courier(code, rank) for code, rank in sorted(ranks.items(), key=lambda r: r[1])]


def choose(candidates: list[Courier], named: str | None) -> str | None:
    """The courier to show: as named by the scanner, else the single likeliest, else nobody."""
    if named is not None and named.strip():
        return _code_of(named)
    likeliest = [c.courier for c in candidates if c.rank == candidates[0].rank]
    return likeliest[0] if len(likeliest) == 1 and candidates[0].rank <= 2 else None


def _code_of(named: str) -> str:
    """Our code for a courier's name in any of its forms; unknown names stay as they are."""
    wanted = named.strip().casefold()
    for code, names in courier_names().items():
        if wanted in (code, names[0].casefold(), names[1]):
            return code
    return wanted


def _with_check_digit(number: str) -> list[str]:
    found: list[str] = []
    for definition in DEFINITIONS:
        tested = definition.test(number)
        if tested is None or not tested.valid:
            continue
        code = tested.courier.code
        if code == "s10" and _LETTERS_FIRST.match(number) and number.endswith("CN"):
            code = "ems"
        found.append(code)
    return found
