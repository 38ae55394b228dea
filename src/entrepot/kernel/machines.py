"""State machines: a room's `state_edges.tsv`, read once, and what may follow what.

The table has the columns from, verb, to, who, switchable. `switchable` names the step that a
place may switch off: an edge whose verb is that step needs it on, any other edge that names it
needs it off (the way round the step).
"""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from entrepot.kernel.refusals import Conflict


class Edge(msgspec.Struct, frozen=True):
    """One step of a machine."""

    source: str
    verb: str
    target: str
    who: str
    switchable: str

    def is_open(self, steps_off: Sequence[str]) -> bool:
        """Whether a place that has switched these steps off may go this way."""
        if not self.switchable:
            return True
        is_the_step = self.verb == self.switchable
        return is_the_step != (self.switchable in steps_off)


class Machine(msgspec.Struct, frozen=True):
    """All edges of one thing; `noun` is its word in refusals."""

    noun: str
    edges: tuple[Edge, ...]

    @property
    def states(self) -> frozenset[str]:
        """Every state that the table names."""
        return frozenset(e.source for e in self.edges) | frozenset(e.target for e in self.edges)

    @property
    def verbs(self) -> tuple[str, ...]:
        """Every verb, in the order of the table."""
        return tuple(dict.fromkeys(edge.verb for edge in self.edges))

    def sources(self, verb: str) -> tuple[str, ...]:
        """The states from which `verb` may be done, whatever is switched off."""
        return tuple(edge.source for edge in self.edges if edge.verb == verb)

    def follow(self, state: str, verb: str, *, steps_off: Sequence[str] = ()) -> str:
        """Where `verb` leads from `state`; Conflict (`wrong_state`) when there is no such edge."""
        for edge in self.edges:
            if edge.source == state and edge.verb == verb and edge.is_open(steps_off):
                return edge.target
        raise Conflict(
            f"a {self.noun} that is {state} cannot do this",
            code="wrong_state",
            status_now=state,
            verb=verb,
        )


@cache
def read_machine(package: str, noun: str, name: str = "state_edges.tsv") -> Machine:
    """The machine whose table lies in `package` under `name`."""
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return Machine(noun, tuple(_edges(text.splitlines())))


def _edges(lines: Iterable[str]) -> list[Edge]:
    rows = list(csv.reader(lines, delimiter="\t"))
    return [Edge(*row) for row in rows[1:]]
