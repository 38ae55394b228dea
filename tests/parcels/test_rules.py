"""The parcel machine (SAFETY 1): every pair that is no edge is a 409; the SQL copy is equal."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.kernel.refusals import Conflict
from entrepot.parcels.rules import MACHINE, size_differs, weight_differs

VERBS = sorted(MACHINE.verbs)
PAIRS = {(edge.source, edge.verb) for edge in MACHINE.edges}
LIFE = ["expected", "received", "stored", "consolidating", "packed", "shipped", "delivered"]


def test_the_table_has_the_way_of_a_parcel_and_the_ways_out() -> None:
    steps = {(edge.source, edge.target) for edge in MACHINE.edges}
    assert set(pairwise(LIFE)) <= steps
    assert {("received", "inspected"), ("inspected", "stored"), ("abandoned", "destroyed")} <= steps
    for source in ("received", "inspected", "stored", "consolidating", "packed"):
        for target in ("returned", "lost", "merged", "split", "abandoned", "exception"):
            assert (source, target) in steps
    assert len(MACHINE.states) == 15
    assert len(set(MACHINE.edges)) == len(MACHINE.edges)


@pytest.mark.parametrize(("status", "verb"), sorted(set(product(MACHINE.states, VERBS)) - PAIRS))
def test_every_pair_that_is_no_edge_is_a_conflict(status: str, verb: str) -> None:
    for steps_off in ((), ("inspect",)):
        with pytest.raises(Conflict) as caught:
            MACHINE.follow(status, verb, steps_off=steps_off)
        assert caught.value.code == "wrong_state"


def test_every_edge_leads_where_the_table_says() -> None:
    for edge in MACHINE.edges:
        off = ("inspect",) if edge.verb == "put_away" else ()
        assert MACHINE.follow(edge.source, edge.verb, steps_off=off) == edge.target


def test_inspection_is_either_done_or_switched_off() -> None:
    with pytest.raises(Conflict):
        MACHINE.follow("received", "put_away")
    with pytest.raises(Conflict):
        MACHINE.follow("received", "inspect", steps_off=("inspect",))
    assert MACHINE.follow("received", "put_away", steps_off=("inspect",)) == "stored"


@pytest.mark.parametrize(
    ("first", "second", "differs"),
    [
        (1000, 1030, False), (1000, 1031, True), (10_000, 10_300, False), (10_000, 10_400, True),
        (None, 500, False), (500, None, False), (10, 45, True),
    ],
)  # fmt: skip
def test_weights(first: int | None, second: int | None, differs: bool) -> None:
    assert weight_differs(first, second) is differs


SIDE = st.integers(1, 3000)


@given(st.permutations([0, 1, 2]), st.tuples(SIDE, SIDE, SIDE))
def test_a_box_may_lie_on_any_face(turn: list[int], sides: tuple[int, int, int]) -> None:
    assert not size_differs(sides, [sides[i] for i in turn])


def test_sizes() -> None:
    assert not size_differs((300, 200, 100), (280, 220, 120))
    assert size_differs((300, 200, 100), (300, 200, 121))
    assert not size_differs((300, 200, None), (300, 200, 500))
