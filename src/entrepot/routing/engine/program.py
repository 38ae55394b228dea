"""A linear program over offers, for HiGHS: rows first, then columns.

One thread and a fixed seed, so that the same input gives the same answer. highspy is imported
when a wave is asked for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from entrepot.routing.engine.network import Ints

Floats = NDArray[np.float64]


class Program:
    """Rows: one of each order (exactly one offer, where `orders` says so), then resources."""

    def __init__(self, orders: list[bool], room: Ints) -> None:
        import highspy

        self.infinity: float = highspy.kHighsInf
        make: Any = highspy.Highs
        self.solver = make()
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 1)):
            self.solver.setOptionValue(name, value)
        for taking_part in orders:
            self.row(1.0 if taking_part else 0.0, 1.0, [], [])
        for limit in room.tolist():
            self.row(-self.infinity, float(limit), [], [])

    def row(self, low: float, high: float, columns: list[int], values: list[int]) -> None:
        """Add a row."""
        index = np.array(columns, np.int32)
        self.solver.addRow(low, high, len(index), index, np.array(values, np.float64))

    def column(self, cost: int, rows: list[int], values: list[int]) -> None:
        """Add a column of any level from 0 on."""
        index, amounts = np.array(rows, np.int32), np.array(values, np.float64)
        self.solver.addCol(float(cost), 0.0, self.infinity, len(index), index, amounts)

    def levels(self) -> Floats:
        """The level of each column in the solution; empty when there is none."""
        return np.array(self.solver.getSolution().col_value)
