"""Pure decisions about parcels: what may follow what, what a second scan means, what comes next.

The machine stands in `state_edges.tsv` (SAFETY 1). Constants of the scan rules are repeated in
`parcels.receive_v1`, which decides inside the database; a test compares the two.
"""

import csv
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files

import msgspec

from entrepot.kernel.refusals import Conflict

SECOND_SCAN_WITHIN = timedelta(hours=72)
"""A second scan with other measures within this time may be another piece (FLOWS 1)."""

NUMBER_REUSED_AFTER = timedelta(days=60)
"""A number of a parcel that has left is a new occurrence after this time, before it is a doubt."""

IN_CUSTODY = frozenset(
    {"received", "inspected", "stored", "consolidating", "packed", "exception", "abandoned"}
)


class Edge(msgspec.Struct, frozen=True):
    """One step of the machine; `switchable` names the step of a node that opens or closes it."""

    source: str
    verb: str
    target: str
    who: str
    switchable: str


@cache
def edges() -> tuple[Edge, ...]:
    """The table of edges."""
    text = files("entrepot.parcels").joinpath("state_edges.tsv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines(), delimiter="\t")
    return tuple(Edge(*row) for row in rows)[1:]


@cache
def states() -> frozenset[str]:
    """Every state that the table names."""
    return frozenset(edge.source for edge in edges()) | {edge.target for edge in edges()}


def next_status(status: str, verb: str, *, steps_off: Sequence[str] = ()) -> str:
    """Where `verb` leads from `status`. Raises Conflict when there is no such edge.

    `steps_off`: steps that the node does not use. Putting away uninspected goods needs
    inspection switched off; inspecting needs it on.
    """
    for edge in edges():
        if edge.source == status and edge.verb == verb and _open(edge, steps_off):
            return edge.target
    raise Conflict(
        f"a parcel that is {status} cannot do this",
        code="wrong_state",
        status_now=status,
        verb=verb,
    )


def _open(edge: Edge, steps_off: Sequence[str]) -> bool:
    if not edge.switchable:
        return True
    is_the_step = edge.verb == edge.switchable
    return is_the_step != (edge.switchable in steps_off)


def weight_differs(first_g: int | None, second_g: int | None) -> bool:
    """Whether two weighings cannot be of one parcel: more than 30 g and more than 3 % apart."""
    if first_g is None or second_g is None:
        return False
    apart = abs(first_g - second_g)
    return apart > 30 and apart * 100 > 3 * max(first_g, second_g)


def size_differs(first: Sequence[int | None], second: Sequence[int | None]) -> bool:
    """Whether two measurings cannot be of one box: a side differs by more than 20 mm.

    Sides are compared from the longest to the shortest: a box may lie on any face.
    """
    ours = [side for side in first if side is not None]
    theirs = [side for side in second if side is not None]
    if len(ours) != 3 or len(theirs) != 3:
        return False
    pairs = zip(sorted(ours), sorted(theirs), strict=True)
    return any(abs(a - b) > 20 for a, b in pairs)
