"""The plain-text form: whatever policy there is, its text reads back as the same policy."""

import json

import pytest
from hypothesis import given

from entrepot.kernel.refusals import Invalid
from entrepot.routing.policy.files import policy_bytes, read_policy
from entrepot.routing.policy.parsing import parse_policy
from entrepot.routing.policy.text import policy_text
from tests.routing.policy.made import Document, documents, patiently


@patiently(150)
@given(documents())
def test_every_policy_survives_its_text(plain: Document) -> None:
    policy = read_policy(json.dumps(plain).encode())
    assert policy_bytes(parse_policy(policy_text(policy))) == policy_bytes(policy)


TEXT = """# spring rules
policy regional version 3
owner "routing@example.com"
review 2027-01-31
from 2026-11-01T00:00:00Z
zone "Asia/Shanghai"

exclude tax-zone
  when any(order.attrs.market = "EU", not(dest.region in ["CN","HK"]))
  unless node.attrs.tax_zone = order.attrs.tax_zone
  code "tax_zone"

limit small-orders
  when all(order.attrs.amount_minor < 10000, order.cod = false)
  max_shipments 1
"""


def test_a_text_written_by_hand_is_read() -> None:
    policy = parse_policy(TEXT)
    assert [rule.id for rule in policy.rules] == ["tax-zone", "small-orders"]
    assert policy_text(policy) == TEXT.partition("\n")[2]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("exclude tax-zone", "exclude tax zone", "line 8"),
        ("not(dest.region", "not(dest.region,", "line 9"),
        ('= "EU"', '= EU"', "line 9"),
        ("max_shipments 1", "max_shipments 1.5", "line 15"),
        ("version 3", "version three", "line 2"),
        ("  max_shipments 1", "  max_shipments 1\n  max_shipments 2", "line 16"),
    ],
)
def test_mistakes_are_told_by_line(old: str, new: str, line: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_policy(TEXT.replace(old, new))
    assert [error.path for error in refused.value.errors] == [line]


def test_all_mistakes_of_a_text_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        parse_policy(TEXT.replace("version 3", "3").replace("max_shipments 1", "max_shipments"))
    assert [error.path for error in refused.value.errors] == ["line 2", "line 15"]
    with pytest.raises(Invalid) as refused:
        parse_policy(TEXT.replace("max_shipments 1", "most 1").replace("dest.region", "dest.moon"))
    assert [error.path for error in refused.value.errors] == ["rules[1].most"]
