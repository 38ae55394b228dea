"""Every claim names a real promise, a real test and a real breakage."""

from tests.promises import faults


def test_claims_hold_water() -> None:
    assert faults() == []
