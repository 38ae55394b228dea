"""Nodes: the bins of a zone, addresses with a customer's code, what is refused."""

import pytest

from entrepot.kernel.refusals import Invalid
from entrepot.nodes.rules import bins_of, render_address
from entrepot.nodes.types import NewBin, NewBins, NewBinZone


def test_a_zone_is_spelled_out() -> None:
    bins = bins_of(NewBins(zones=[NewBinZone(code="A", aisles=8, bays=20, levels=5, max_g=25_000)]))
    assert len(bins) == 800
    assert (bins[0].code, bins[-1].code) == ("A-01-01-1", "A-08-20-5")
    assert {one.max_g for one in bins} == {25_000}


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewBins(), "empty"),
        (NewBins(bins=[NewBin("A-1"), NewBin("A-1")]), "double"),
        (
            NewBins(
                bins=[NewBin("A-01-01-1")],
                zones=[NewBinZone(code="A", aisles=1, bays=1, levels=1)],
            ),
            "double",
        ),
        (NewBins(zones=[NewBinZone(code="A", aisles=99, bays=99, levels=9)]), "too_many"),
    ],
)
def test_what_is_no_set_of_bins_is_refused(new: NewBins, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        bins_of(new)
    assert caught.value.errors[0].code == code


def test_an_address_carries_the_code_in_every_language() -> None:
    templates = {"en": "{suite_code}, 1 Road {suite_code}", "zh-CN": "示例路 1 号 {suite_code}"}
    lines = render_address(templates, suite_code="QG104472-7")
    assert lines == {
        "en": "QG104472-7, 1 Road QG104472-7",
        "zh-CN": "示例路 1 号 QG104472-7",
    }
