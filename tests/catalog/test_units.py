"""Units are exact: packs of 8 out of 15, thirds, and no quantity lost on the way."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.catalog.units import (
    MOST_QUANTITY,
    Unit,
    break_down,
    read_unit,
    to_base,
    total,
    whole_units,
    write_ratio,
)
from entrepot.kernel.refusals import Invalid

terms = st.integers(1, 10_000)
units = st.builds(lambda n, d: read_unit("u", f"{n}/{d}"), terms, terms)


def test_a_pack_of_8_out_of_a_case_of_15() -> None:
    pack, case = read_unit("pack", "8"), read_unit("case", "15")
    assert total([(1, case)]) == 15
    assert whole_units(15, pack) == (1, 7)
    assert break_down(31, [pack, case]) == [(2, case), (1, None)]
    assert break_down(24, [pack, case]) == [(1, case), (1, pack), (1, None)]


def test_three_thirds_are_one_whatever_the_lines_are() -> None:
    third = read_unit("third", "1/3")
    assert to_base(3, third) == 1
    assert total([(1, third), (2, third)]) == 1
    with pytest.raises(Invalid) as refused:
        to_base(1, third)
    assert refused.value.errors[0].code == "not_whole"
    assert break_down(2, [third]) == [(6, third)]


@pytest.mark.parametrize(
    "ratio", ["0", "1/0", "0/3", "-1", "1.5", "", "1/2/3", "10000000000", "１"]
)
def test_no_ratio(ratio: str) -> None:
    with pytest.raises(ValueError):
        read_unit("u", ratio)


def test_quantities_have_bounds() -> None:
    with pytest.raises(Invalid):
        to_base(-1, read_unit("u", "8"))
    with pytest.raises(Invalid):
        to_base(MOST_QUANTITY, read_unit("u", "2"))
    assert to_base(0, read_unit("u", "1/3")) == 0


@given(terms, terms)
def test_a_ratio_is_kept_in_lowest_terms_and_reads_back(n: int, d: int) -> None:
    unit = read_unit("u", f"{n}/{d}")
    assert unit.ratio == Fraction(n, d)
    assert Fraction(unit.base_numerator, unit.base_denominator).denominator == unit.base_denominator
    assert read_unit("u", write_ratio(unit)) == unit


@given(st.integers(0, 10**6), units)
def test_whole_units_lose_nothing(base: int, unit: Unit) -> None:
    count, left = whole_units(base, unit)
    assert count * unit.ratio + left == base
    assert 0 <= left < unit.ratio


@given(st.lists(st.tuples(st.integers(0, 1000), units), max_size=8))
def test_a_sum_is_exact_or_refused(quantities: list[tuple[int, Unit]]) -> None:
    exact = sum((q * u.ratio for q, u in quantities), Fraction(0))
    if exact.denominator == 1:
        assert total(quantities) == exact
    else:
        with pytest.raises(Invalid):
            total(quantities)


@given(st.integers(0, 10**6), st.lists(units, max_size=5, unique_by=lambda u: u.ratio))
def test_breaking_down_puts_together_again(base: int, given_units: list[Unit]) -> None:
    parts = break_down(base, given_units)
    assert sum(n * (u.ratio if u else 1) for n, u in parts) == base
    assert all(n > 0 for n, _ in parts)
    assert len(parts) <= len(given_units) + 1
