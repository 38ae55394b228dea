"""Changing any number of the demo cards by one is noticed, for at least 90 in 100 numbers."""

import pytest

from tests.carriers.mutants import run


@pytest.mark.slow
def test_changed_numbers_are_noticed() -> None:
    result = run()
    assert result["percent"] >= 90, result["survivors"]
    assert result["numbers"] > 300
