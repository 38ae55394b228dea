"""Each rule of joining a draft alone, several together, and rules changed as data."""

from typing import Any

import msgspec
import pytest

from entrepot.consolidation.eligibility import Facts, Rules, reasons_against

FINE = Facts(
    warehouse="SZX1",
    status="stored",
    held=False,
    weight_g=500,
    size_mm=(100, 80, 60),
    declared=True,
)


def against(rules: Rules | None = None, **facts: Any) -> tuple[str, ...]:
    changed = msgspec.structs.replace(FINE, **facts)
    return reasons_against(changed, warehouse="SZX1", rules=rules or Rules())


@pytest.mark.parametrize("status", ["received", "inspected", "stored"])
def test_nothing_against_a_good_parcel(status: str) -> None:
    assert against(status=status) == ()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"warehouse": "CAN1"}, "other_warehouse"),
        ({"status": "expected", "warehouse": None, "weight_g": None}, "not_arrived"),
        ({"status": "shipped"}, "wrong_status"),
        ({"status": "lost"}, "wrong_status"),
        ({"status": "exception"}, "wrong_status"),
        ({"held": True}, "held"),
        ({"tags": frozenset({"general", "prohibited"})}, "prohibited"),
        ({"weight_g": None}, "not_measured"),
        ({"size_mm": None}, "not_measured"),
        ({"declared": False}, "not_declared"),
        ({"overdue_minor": 1}, "overdue_fee"),
        ({"draft": "other"}, "in_another_draft"),
        ({"draft": "other", "status": "consolidating"}, "in_another_draft"),
    ],
)
def test_each_reason_alone(facts: dict[str, Any], reason: str) -> None:
    assert against(**facts) == (reason,)


def test_all_reasons_of_a_parcel_are_told() -> None:
    found = against(
        warehouse="CAN1", held=True, weight_g=None, declared=False, overdue_minor=50, draft="other"
    )
    assert found == (
        "other_warehouse", "in_another_draft", "held", "not_measured", "not_declared",
        "overdue_fee",
    )  # fmt: skip


def test_a_parcel_of_the_draft_itself_stays() -> None:
    changed = msgspec.structs.replace(FINE, draft="mine", status="consolidating")
    assert reasons_against(changed, warehouse="SZX1", rules=Rules(), draft="mine") == ()


def test_rules_are_data() -> None:
    loose = Rules(
        statuses=frozenset({"stored"}), measured=False, declared=False, most_overdue_minor=None
    )
    assert against(loose, weight_g=None, declared=False, overdue_minor=10**6) == ()
    assert against(loose, status="received") == ("wrong_status",)
    assert against(Rules(most_overdue_minor=500), overdue_minor=500) == ()
    assert against(Rules(most_overdue_minor=500), overdue_minor=501) == ("overdue_fee",)
