"""Cases worked by hand beside those of demo/price-cases.json: around each break ±1 g and ±1 mm.

Weights and rows were found by hand from the cards; the arithmetic is left standing in each line,
so that a reader can redo it. Nothing here calls the engine: `pct` and `kg` are Decimal sums
rounded half-up, on amounts copied from the cards. `PRICES` rows: id, service, "CC postcode",
pieces (g, l, w, h[, tags…]), expected lines or a reason, more fields of the request.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Lines = list[tuple[str, int]]
Row = tuple[str, str, str, list[tuple[Any, ...]], Lines | str, dict[str, Any]]


def pct(percent: str, minor: int) -> int:
    """`percent` of an amount, half-up."""
    value = Decimal(percent) * minor / 100
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def kg(weight: str, minor: int) -> int:
    """Kilograms times a price per kilogram, half-up."""
    return int((Decimal(weight) * minor).quantize(Decimal(1), ROUND_HALF_UP))


def express(base: int, demand: int, *more: tuple[str, int]) -> Lines:
    """Base, demand, what falls on top, and 30.5 % fuel on base and demand."""
    return [("base", base), ("demand", demand), *more, ("fuel", pct("30.5", base + demand))]


def taxed(base: int, code: str, percent: str, declared: int, *dynamic: tuple[str, int]) -> Lines:
    """Base, dynamic lines and a tax on declared value, base and dynamic lines."""
    basis = declared + base + sum(minor for _, minor in dynamic)
    return [("base", base), *dynamic, (code, pct(percent, basis))]


def cny(minor: int) -> dict[str, Any]:
    return {"declared": {"minor": minor, "currency": "CNY"}}


SMALL = (100, 100, 100)
HALF_BOX = (400, 300, 250)

MX: list[Row] = [
    # 20 500 g is the last half-kilo step, 20 501 g the first whole kilogram of the bands
    ("O01", "MX-EXP", "HK", [(500, *SMALL)], express(9800, 100), {}),
    ("O02", "MX-EXP", "HK", [(501, *SMALL)], express(9800 + 2100, 200), {}),
    ("O03", "MX-EXP", "HK", [(20500, *HALF_BOX)], express(9800 + 40 * 2100, 4100), {}),
    ("O04", "MX-EXP", "HK", [(20501, *HALF_BOX)], express(21 * 3600, 4200), {}),
    ("O05", "MX-EXP", "HK", [(22500, *HALF_BOX)] * 2, express(45 * 3300, 9000), {}),
    ("O06", "MX-EXP", "HK", [(23600, *HALF_BOX)] * 3, express(71 * 3100, 14200), {}),
    ("O07", "MX-EXP", "JP 1500043", [(500, *SMALL)], express(12600, 100), {}),
    ("O08", "MX-EXP", "JP 1500043", [(20500, *HALF_BOX)], express(12600 + 40 * 2900, 4100), {}),
    ("O09", "MX-EXP", "JP 1500043", [(20501, *HALF_BOX)], express(21 * 4600, 4200), {}),
    ("O10", "MX-EXP", "SG 560999", [(22500, *HALF_BOX)] * 2, express(45 * 4300, 9000), {}),
    ("O11", "MX-EXP", "SG 560999", [(23600, *HALF_BOX)] * 3, express(71 * 4100, 14200), {}),
    ("O12", "MX-EXP", "AU 2150", [(500, *SMALL)], express(15800, 100), {}),
    ("O13", "MX-EXP", "AU 2150", [(20500, *HALF_BOX)], express(15800 + 40 * 3900, 4100), {}),
    ("O14", "MX-EXP", "AU 2150", [(20501, *HALF_BOX)], express(21 * 6200, 4200), {}),
    ("O15", "MX-EXP", "AU 2150", [(22500, *HALF_BOX)] * 2, express(45 * 5900, 9000), {}),
    ("O16", "MX-EXP", "US 78704", [(500, *SMALL)], express(16800, 900), {}),
    ("O17", "MX-EXP", "US 78704", [(20500, *HALF_BOX)], express(16800 + 40 * 4100, 36900), {}),
    ("O18", "MX-EXP", "US 78704", [(20501, *HALF_BOX)], express(21 * 6500, 37800), {}),
    ("O19", "MX-EXP", "US 78704", [(22500, *HALF_BOX)] * 2, express(45 * 6200, 81000), {}),
    ("O20", "MX-EXP", "US 78704", [(23600, *HALF_BOX)] * 3, express(71 * 5900, 127800), {}),
    ("O21", "MX-EXP", "DE 10437", [(500, *SMALL)], express(16200, 750), {}),
    ("O22", "MX-EXP", "DE 10437", [(20501, *HALF_BOX)], express(21 * 6300, 31500), {}),
    ("O23", "MX-EXP", "DE 10437", [(22500, *HALF_BOX)] * 2, express(45 * 6000, 67500), {}),
    ("O24", "MX-EXP", "GB LS1 4AP", [(23600, *HALF_BOX)] * 3, express(71 * 5700, 106500), {}),
    # sides up to centimetres, volumetric grams at 5 000: 25 000 cm³ = 5 000 g, 25 004 = 5 001 g
    ("O25", "MX-EXP", "JP 1500043", [(1000, 250, 250, 400)], express(12600 + 9 * 2900, 1000), {}),
    ("O26", "MX-EXP", "JP 1500043", [(1000, 470, 280, 190)], express(12600 + 10 * 2900, 1100), {}),
    ("O27", "MX-EXP", "JP 1500043", [(1000, 251, 250, 400)], express(12600 + 10 * 2900, 1100), {}),
    # longest side 990 / 991 mm; 99 cm × 10 × 10 = 1 980 g, 100 × 10 × 10 = 2 000 g
    ("O28", "MX-EXP", "HK", [(1000, 990, 100, 100)], express(9800 + 3 * 2100, 400), {}),
    (
        "O29", "MX-EXP", "HK", [(1000, 991, 100, 100)],
        [("base", 16100), ("demand", 400), ("oversize", 20000), ("fuel", pct("30.5", 36500))], {},
    ),
    # piece of 23 999 (P65), 24 000, 68 000, 68 001, 70 000, 70 001 g
    (
        "O30", "MX-EXP", "HK", [(24000, *HALF_BOX)],
        [("base", 24 * 3600), ("demand", 4800), ("nonconveyable", 15500),
         ("fuel", pct("30.5", 86400 + 4800 + 15500))], {},
    ),
    (
        "O31", "MX-EXP", "HK", [(68000, *HALF_BOX)],
        [("base", 68 * 3300), ("demand", 13600), ("nonconveyable", 15500),
         ("fuel", pct("30.5", 224400 + 13600 + 15500))], {},
    ),
    ("O32", "MX-EXP", "HK", [(68001, *HALF_BOX)], express(69 * 3300, 13800), {}),
    ("O33", "MX-EXP", "HK", [(70000, *HALF_BOX)], express(70 * 3300, 14000), {}),
    ("O34", "MX-EXP", "HK", [(70001, *HALF_BOX)], "piece_too_heavy", {}),
    # longest side 2 700 / 2 701 mm: 270 × 10 × 10 cm = 5 400 g → 5 500 g
    (
        "O35", "MX-EXP", "HK", [(1000, 2700, 100, 100)],
        [("base", 9800 + 10 * 2100), ("demand", 1100), ("oversize", 20000),
         ("fuel", pct("30.5", 30800 + 1100 + 20000))], {},
    ),
    ("O36", "MX-EXP", "HK", [(1000, 2701, 100, 100)], "piece_too_long", {}),
    # one oversize piece and one heavy piece: each its own dearest line of the group
    (
        "O37", "MX-EXP", "HK", [(1000, 1000, 100, 100), (24000, *HALF_BOX)],
        [("base", 26 * 3600), ("demand", 5200), ("oversize", 20000), ("nonconveyable", 15500),
         ("fuel", pct("30.5", 93600 + 5200 + 35500))], {},
    ),
    # remote: 4.00 a kilogram from 50 kg on, 200.00 below; KW1 is not KW15
    (
        "O38", "MX-EXP", "GB KW15 1AA", [(1000, *SMALL)],
        [("base", 20100), ("demand", 1500), ("remote", 20000), ("fuel", pct("30.5", 21600))], {},
    ),
    ("O39", "MX-EXP", "GB KW1 5AA", [(1000, *SMALL)], express(20100, 1500), {}),
    (
        "O40", "MX-EXP", "AU 0872", [(23600, *HALF_BOX)] * 3,
        [("base", 71 * 5600), ("demand", 14200), ("remote", 71 * 400),
         ("fuel", pct("30.5", 397600 + 14200))], {},
    ),
    ("O41", "MX-EXP", "JP 905-0013", [(500, *SMALL)], express(12600, 100), {}),
    (
        "O42", "MX-EXP", "JP 905-1400", [(500, *SMALL)],
        [("base", 12600), ("demand", 100), ("remote", 20000), ("fuel", pct("30.5", 12700))], {},
    ),
    # windows: demand until 2027-01-31, the card from 2026-11-01 on
    ("O43", "MX-EXP", "HK", [(500, *SMALL)], express(9800, 100), {"ship_date": "2027-01-31"}),
    (
        "O44", "MX-EXP", "HK", [(500, *SMALL)], [("base", 9800), ("fuel", pct("30.5", 9800))],
        {"ship_date": "2027-02-01"},
    ),
    ("O45", "MX-EXP", "HK", [(500, *SMALL)], express(9800, 100), {"ship_date": "2026-11-01"}),
    ("O46", "MX-EXP", "HK", [(500, *SMALL, "powerbank")], "goods_refused", {}),
    ("O47", "MX-EXP", "HK", [(500, *SMALL, "never_heard_of")], "goods_refused", {}),
    ("O48", "MX-EXP", "FR 75001", [(500, *SMALL)], "country_not_served", {}),
    # member tiers lower the fuel basis: 5 % of 98.00 = 4.90; fuel on 93.10 + 1.00
    (
        "O49", "MX-EXP", "HK", [(500, *SMALL)],
        [("base", 9800), ("tier_discount", -490), ("demand", 100), ("fuel", pct("30.5", 9410))],
        {"tier": "V2"},
    ),
    ("O50", "MX-EXP", "HK", [(500, *SMALL)], express(9800, 100), {"tier": "V0"}),
]  # fmt: skip

POSTAL: list[Row] = [
    # a first weight and one step of each zone not in P10, P11, P70, P71, P73
    ("O51", "EMS", "HK", [(501, *SMALL)], [("base", 11000), ("customs_handling", 400)], {}),
    ("O52", "EMS", "AU", [(501, *SMALL)], [("base", 18000), ("customs_handling", 400)], {}),
    ("O53", "EMS", "DE", [(501, *SMALL)], [("base", 22200), ("customs_handling", 400)], {}),
    ("O54", "EMS", "US", [(500, *SMALL)], [("base", 16500), ("customs_handling", 400)], {}),
    ("O55", "EMS", "TW", [(500, *SMALL)], [("base", 9500), ("customs_handling", 400)], {}),
    ("O56", "EMS", "SG", [(500, *SMALL)], [("base", 12500), ("customs_handling", 400)], {}),
    ("O57", "EMS", "GB", [(500, *SMALL)], [("base", 17000), ("customs_handling", 400)], {}),
    ("O58", "EMS", "JP", [(500, *SMALL)], [("base", 11000), ("customs_handling", 400)], {}),
    # longest side 399: volume ignored, 2 300 → 2 500 g; 401 mm: 30 075 000 / 6 000 = 5 013 g
    ("O59", "EMS", "JP", [(2300, 399, 300, 250)],
     [("base", 11000 + 4 * 2800), ("customs_handling", 400)], {}),
    ("O60", "EMS", "JP", [(2300, 401, 300, 250)],
     [("base", 11000 + 10 * 2800), ("customs_handling", 400)], {}),
    # 400 × 282 × 266 = 30 004 800 / 6 000 = 5 000.8 → 5 001 → 5 500 g
    ("O61", "EMS", "JP", [(2300, 400, 282, 266)],
     [("base", 11000 + 10 * 2800), ("customs_handling", 400)], {}),
    ("O62", "EMS", "HK", [(30000, 1500, 50, 50)],
     [("base", 9000 + 59 * 2000), ("customs_handling", 400)], {}),
    ("O63", "EMS", "HK", [(30001, 1500, 50, 50)], "piece_too_heavy", {}),
    ("O64", "EMS", "HK", [(1000, 1501, 50, 50)], "piece_too_long", {}),
    ("O65", "EMS", "HK", [(1000, *SMALL, "battery_inside")], "goods_refused", {}),
]  # fmt: skip
