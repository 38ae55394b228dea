"""The exact cost of every option carrying every possible part of an order."""

import msgspec
import numpy as np

from entrepot.routing.engine.items import Demand
from entrepot.routing.engine.lattice import FAR, Lattice
from entrepot.routing.engine.network import Bools, Ints, Network
from entrepot.routing.engine.resolving import Eligible


class Table(msgspec.Struct, frozen=True, eq=False):
    """`cost[o, s]`: what option row o takes for part s, times `radix`, plus one per shipment.

    FAR where it cannot carry the part. `rows` are places among the eligible options. The radix
    makes the cheapest plan also the one with the fewest shipments among equals.
    """

    rows: Ints
    cost: Ints
    radix: int


def cost_table(
    network: Network,
    eligible: Eligible,
    demand: Demand,
    lattice: Lattice,
    *,
    rows: Ints,
    radix: int,
    capacity_left: Ints,
) -> Table:
    """Price all parts for the options in `rows`: rules 2, 4, 5 and 6 of the format."""
    option = eligible.option[rows]
    handling = demand.handling[rows] * radix
    cost: Ints = (eligible.base[rows] * radix + (radix > 1))[:, None]
    possible: Bools = np.ones((len(rows), 1), np.bool_)
    can = demand.can[rows]
    for d, count in enumerate(lattice.counts):
        amount = np.arange(count + 1)
        shape = (len(rows), cost.shape[1] * (count + 1))
        cost = (cost[:, :, None] + (handling[:, d, None] * amount)[:, None, :]).reshape(shape)
        fits = amount <= can[:, d, None]
        possible = (possible[:, :, None] & fits[:, None, :]).reshape(shape)
    grams = lattice.vectors @ demand.grams
    heavy = np.maximum(lattice.vectors @ demand.dim_grams.T, grams[:, None]).T
    cost = cost + _steps(network, eligible, rows, heavy) * radix
    limit = network.max_g[option]
    if heavy[:, -1].max(initial=0) > limit.min(initial=0):
        possible &= heavy[network.divisor_of[option]] <= limit[:, None]
    _forbid_beyond_capacity(network, option, lattice, demand, grams, capacity_left, possible)
    possible[:, lattice.vectors @ demand.units == 0] = False
    cost[~possible] = FAR
    return Table(rows, cost, radix)


def _steps(network: Network, eligible: Eligible, rows: Ints, heavy: Ints) -> Ints:
    """Money for weight steps, counted once per distinct (divisor, first weight, step)."""
    ladder = eligible.ladder[rows]
    used, place = np.unique(ladder, return_inverse=True)
    divisor, first, step = network.ladders[used].T
    over = np.maximum(heavy[divisor] - first[:, None], 0)
    steps = -(-over // step[:, None])
    money: Ints = steps[place] * eligible.step_price[rows][:, None]
    return money


def _forbid_beyond_capacity(
    network: Network,
    option: Ints,
    lattice: Lattice,
    demand: Demand,
    grams: Ints,
    capacity_left: Ints,
    possible: Bools,
) -> None:
    uses = network.uses
    units = lattice.vectors @ demand.units
    for column in range(uses.width):
        capacity = uses.capacity[option, column]
        left = np.where(capacity >= 0, capacity_left[capacity], FAR)
        shipment, unit, gram = (
            uses.per_shipment[option, column],
            uses.per_unit[option, column],
            uses.per_g[option, column],
        )
        if (shipment + unit * units[-1] + gram * grams[-1] > left).any():
            need = shipment[:, None] + unit[:, None] * units + gram[:, None] * grams
            possible &= need <= left[:, None]
