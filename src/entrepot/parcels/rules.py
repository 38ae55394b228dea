"""Pure decisions about parcels: what may follow what, what a second scan means, what comes next.

The machine stands in `state_edges.tsv` (SAFETY 1). Constants of the scan rules are repeated in
`parcels.receive_v1`, which decides inside the database; a test compares the two.
"""

from collections.abc import Sequence
from datetime import timedelta

from entrepot.kernel.machines import read_machine

SECOND_SCAN_WITHIN = timedelta(hours=72)
"""A second scan with other measures within this time may be another piece (FLOWS 1)."""

NUMBER_REUSED_AFTER = timedelta(days=60)
"""A number of a parcel that has left is a new occurrence after this time, before it is a doubt."""

IN_CUSTODY = frozenset(
    {"received", "inspected", "stored", "consolidating", "packed", "exception", "abandoned"}
)


MACHINE = read_machine("entrepot.parcels", "parcel")
"""What may follow what. Putting away uninspected goods needs inspection switched off at the
node; inspecting needs it on."""


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
