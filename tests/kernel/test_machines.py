"""Machines: one reading of `state_edges.tsv` for every room."""

import pytest

from entrepot.kernel.machines import Edge, Machine, read_machine
from entrepot.kernel.refusals import Conflict

MACHINE = Machine(
    "thing",
    (
        Edge("new", "weigh", "weighed", "staff", "weigh"),
        Edge("new", "send", "sent", "staff", "weigh"),
        Edge("weighed", "send", "sent", "staff", ""),
    ),
)


def test_a_step_that_is_switched_off_is_gone_round() -> None:
    assert MACHINE.follow("new", "weigh") == "weighed"
    assert MACHINE.follow("new", "send", steps_off=("weigh",)) == "sent"
    for verb, off in (("send", ()), ("weigh", ("weigh",))):
        with pytest.raises(Conflict) as refused:
            MACHINE.follow("new", verb, steps_off=off)
        assert refused.value.facts == {"status_now": "new", "verb": verb}


def test_states_and_verbs_are_those_of_the_table() -> None:
    assert MACHINE.states == {"new", "weighed", "sent"}
    assert MACHINE.verbs == ("weigh", "send")
    assert MACHINE.sources("send") == ("new", "weighed")
    assert "returned" in read_machine("entrepot.parcels", "parcel").states
