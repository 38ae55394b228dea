"""The choice of one offer per order by branch and bound (HiGHS), its limit counted in nodes."""

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import msgspec
import numpy as np

from entrepot.routing.engine.network import Ints
from entrepot.routing.engine.offers import Offers, Rule
from entrepot.routing.engine.program import Program

ASKED: Final = 20
"""The solver asks whether to go on every so many times that it could: every few seconds."""
Choice = dict[int, int]
"""Orders to places in the offers; an order that is not named stays unfilled."""


class Choosing(msgspec.Struct, frozen=True, eq=False):
    """Which `orders` choose among which `offers` (places), on what `room`, under which rules.

    `beyond`: what leaving an order unfilled counts; None: none is left so.
    """

    orders: list[int]
    places: list[int]
    room: Ints
    rules: tuple[Rule, ...]
    beyond: int | None


def choose(
    offers: Offers, choosing: Choosing, start: Choice, nodes: int, go_on: Callable[[], bool]
) -> Choice:
    """The best choice found; `start`, a choice among the same offers, when none is better.

    `go_on` is asked now and then; when it says False the best so far is the answer.
    """
    program = _program(offers, choosing)
    _begin(program, choosing, start, nodes)
    _listen(program, go_on)
    program.solver.run()
    levels = program.levels()[: len(choosing.places)]
    picked = [place for place, level in zip(choosing.places, levels, strict=False) if level > 0.5]
    choice = {offers.kept[place].order: place for place in picked}
    taken = offers.limits - offers.room(choice)
    if len(choice) < len(picked) or (taken > choosing.room).any():
        return start
    return min(start, choice, key=lambda one: merit(offers, choosing.orders, one))


def merit(offers: Offers, orders: list[int], choice: Choice) -> tuple[int, int]:
    """Fewer orders unfilled come before less cost."""
    return len(orders) - len(choice), sum(offers.kept[place].cost for place in choice.values())


def _program(offers: Offers, choosing: Choosing) -> Program:
    """The offers' columns first, then what leaves an order unfilled; rules are rows at the end."""
    import highspy

    orders = np.zeros(offers.orders, np.bool_)
    orders[choosing.orders] = True
    program = Program(orders.tolist(), choosing.room)
    for place in choosing.places:
        offer = offers.kept[place]
        rows = [offer.order, *(offers.orders + row for row in offer.rows)]
        program.column(offer.cost, rows, [1, *offer.amounts])
    for order in choosing.orders if choosing.beyond is not None else ():
        program.column(choosing.beyond or 0, [order], [1])
    for rule in choosing.rules:
        counted = offers.halves(rule)[choosing.places]
        columns = np.nonzero(counted)[0]
        program.row(
            -program.infinity, float(rule.limit), columns.tolist(), counted[columns].tolist()
        )
    columns = np.arange(program.solver.getNumCol(), dtype=np.int32)
    whole = [highspy.HighsVarType.kInteger] * len(columns)
    program.solver.changeColsIntegrality(len(columns), columns, whole)
    return program


def _begin(program: Program, choosing: Choosing, start: Choice, nodes: int) -> None:
    """Where to begin, when to stop."""
    import highspy

    chosen = set(start.values())
    values = [float(place in chosen) for place in choosing.places]
    if choosing.beyond is not None:
        values += [float(order not in start) for order in choosing.orders]
    guess = highspy.HighsSolution()
    guess.col_value = values
    program.solver.setSolution(guess)
    for name, value in (("mip_max_nodes", nodes), ("mip_rel_gap", 0.0), ("mip_abs_gap", 0.9)):
        program.solver.setOptionValue(name, value)


def _listen(program: Program, go_on: Callable[[], bool]) -> None:
    """Let the solver ask whether it is to go on."""
    calls = count(1)

    def asked(event: Any) -> None:
        if next(calls) % ASKED == 0 and not go_on():
            event.interrupt()

    program.solver.cbMipInterrupt.subscribe(asked)
