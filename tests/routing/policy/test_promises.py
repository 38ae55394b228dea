"""Promises of policies that span several rules: splitting, markets, tenants, templates, fields."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.fields import FIXED, OPEN, field_of
from entrepot.routing.policy.files import check_policy, policy_bytes
from entrepot.routing.policy.lint.linting import lint
from entrepot.routing.policy.parsing import parse_policy
from entrepot.routing.policy.scenes import Scene, facts_of, lanes_of
from entrepot.routing.policy.shelf import from_shelf, names_on
from entrepot.routing.policy.text import policy_text
from tests.routing.policy.made import check, no, policy
from tests.routing.policy.test_rules import APART, at_node, decided, nodes, problem_of, reason
from tests.routing.test_decisions import EVERYWHERE, line, world

Document = dict[str, Any]
DOCS = Path(__file__).resolve().parents[3] / "docs" / "policies.md"


def dear_chengdu(**order: Any) -> Document:
    """Two lines, cheaper apart than together."""
    plain = world(APART, line("A"), line("B"), **order)
    at_node(plain, "CTU")["fix"] = 5000
    return plain


def test_splitting_is_allowed_by_tenant_channel_and_order() -> None:
    whole = {"kind": "limit", "id": "whole", "ship_complete": True}
    tenants = policy(), policy(whole)
    assert [len(nodes(decided(dear_chengdu(), rules))) for rules in tenants] == [2, 1]
    by_channel = policy(whole | {"when": check("order.attrs.channel", "in", ["pos", "b2b"])})
    by_order = policy(whole | {"when": check("order.attrs.split", "eq", False)})
    for rules, attrs, shipments in (
        (by_channel, {"channel": "b2b"}, 1), (by_channel, {"channel": "web"}, 2),
        (by_channel, {}, 2), (by_order, {"split": False}, 1), (by_order, {"split": True}, 2),
    ):  # fmt: skip
        assert len(nodes(decided(dear_chengdu(attrs=attrs), rules))) == shipments


def test_two_tenants_decide_the_same_order_otherwise_and_say_why() -> None:
    plain = world(EVERYWHERE, line("A"))
    near = decided(plain, policy(id="near"))
    rule = {"kind": "exclude", "id": "no-east", "options": check("node.id", "eq", "SHA"),
            "code": "closed_for_us"}  # fmt: skip
    other = decided(plain, policy(rule, id="other"))
    assert (list(nodes(near)), list(nodes(other))) == (["SHA"], ["CAN"])
    assert reason(near, "SHA") is None
    told = reason(other, "SHA")
    assert told is not None and told.code == "closed_for_us"


def test_promoted_stock_goes_before_slow_stock_before_the_rest() -> None:
    rules = from_shelf("stock-health")
    plain = world(EVERYWHERE, line("A"))
    plain["instant0"] = "2026-11-22T00:00:00Z"
    for service in plain["services"]:
        service["rates"] = [[1000, 2000, 1000, 200, 700]] * 6
    at_node(plain, "CTU")["stock_attrs"] = {"A": {"promo": True}}
    at_node(plain, "SHA")["stock_attrs"] = {"A": {"slow": True}}
    for place in ("CTU", "SHA", "CAN"):
        assert list(nodes(decided(plain, rules))) == [place]
        at_node(plain, place)["stock"] = {}


def test_a_paused_or_stale_store_is_left_out() -> None:
    plain = world(EVERYWHERE, line("A"))
    shop = at_node(plain, "SHA") | {"type": "store"}
    for attrs, code in (
        ({"count_age_days": 14}, None), ({"count_age_days": 15}, "stale_count"),
        ({"paused": True}, "store_paused"), ({"paused": False}, None),
    ):  # fmt: skip
        shop["attrs"] = attrs
        at_node(plain, "SHA").update(shop)
        plain["now"] = 240
        found = decided(plain, from_shelf("stores-and-pickup"))
        told = reason(found, "SHA")
        assert (told.code if told else None) == code
        assert list(nodes(found)) == (["SHA"] if code is None else ["CAN"])


def test_a_busy_node_counts_as_dearer() -> None:
    rule = {"kind": "prefer", "id": "load", "minor_per_shipment": 2500,
            "options": no(check("node.attrs.load_percent", "gt", 80))}  # fmt: skip
    plain = world(EVERYWHERE, line("A"))
    for load, node in ((80, "SHA"), (81, "CAN")):
        at_node(plain, "SHA")["attrs"] = {"load_percent": load}
        assert list(nodes(decided(plain, policy(rule)))) == [node]


@pytest.mark.parametrize("name", names_on("strategies"))
def test_totals_by_node_are_enough(name: str) -> None:
    found = decided(world(EVERYWHERE, line("A"), line("B", 2)), from_shelf(name))
    assert found.plan.status == "optimal"
    assert sum(sum(units.values()) for units in nodes(found).values()) == 3


def test_every_field_reads_what_it_says() -> None:
    plain = world(
        {"SHA": {"A": 7}}, line("A", 3, tags=["cold"], attrs={"kind": "gift"}, group="set"),
        line("B", 2, tags=["hazmat"]), cod=True, deliver_by=900, attrs={"channel": "app"},
    )  # fmt: skip
    plain["now"] = 60
    node = at_node(plain, "SHA")
    node |= {"attrs": {"serves": ["b", "a"]}, "stock_attrs": {"A": {"age_days": 9}}}
    node["attrs"] |= {"lane:SF:CN-ZJ:delivers": False, "lane:SF:CN-ZJ-1:delivers": True}
    node["stock"]["A"] = [7, 2, 0]
    problem = problem_of(plain)
    facts = facts_of(
        problem, problem.orders[0], at=moment_of(problem), zone="Asia/Shanghai"
    )  # fmt: skip
    lane = next(lane for lane in lanes_of(problem, facts) if lane.node.id == "SHA")
    scene = Scene(facts, problem.orders[0].lines[0], lane)
    read = {name: field.read(scene) for name, field in FIXED.items()}
    assert read == {
        "order.cod": True, "order.units": 5, "order.lines": 2, "order.weight_g": 2500,
        "order.volume_cm3": 3000, "order.tags": ("cold", "hazmat"), "order.deadline_min": 840,
        "dest.region": "CN-ZJ", "time.weekday": 7, "time.minute": 9 * 60, "time.day": 20261122,
        "line.sku": "A", "line.qty": 3, "line.unit_g": 500, "line.unit_cm3": 600,
        "line.tags": ("cold",), "line.kit": "set", "node.id": "SHA", "node.type": "warehouse",
        "node.region": "CN", "node.tags": ("cold",), "node.km": 166, "node.zone": 1,
        "service.id": "std", "service.carrier": "SF", "service.level": "standard",
        "service.tags": ("cold",), "service.cod": False, "service.max_g": 20000,
        "service.transit_min": 1440, "service.first_minor": 2000, "service.eta_min": 2100,
        "stock.units": 5,
    }  # fmt: skip
    names = {
        "order.attrs.channel": "app", "line.attrs.kind": "gift", "node.attrs.serves": ("a", "b"),
        "stock.attrs.age_days": 9, "node.attrs.nothing": None,
        "lane.attrs.delivers": False, "lane.attrs.nothing": None,
    }  # fmt: skip
    fields = {name: field_of(name) for name in names}
    assert {name: field.read(scene) for name, field in fields.items() if field} == names
    assert len(FIXED) + len(OPEN) >= 15


def test_a_new_market_is_a_clone_with_few_settings() -> None:
    template = policy_text(from_shelf("regional"))
    settings = {
        "policy regional version 1": "policy taiwan version 1",
        '["CN-GD","CN-SH","CN-ZJ"]': '["TW-NORTH"]',
        "order.attrs.amount_minor > 500000": "order.attrs.amount_minor > 2000000",
        'market = "CN"': 'market = "TW"',
        "within_min 4320": "within_min 2880",
        "late_day_minor 300": "late_day_minor 5000",
        "minor_per_shipment 1500": "minor_per_shipment 12000",
        '"Asia/Shanghai"': '"Asia/Taipei"',
    }
    assert len(settings) <= 10
    for old, new in settings.items():
        assert template.count(old) >= 1
        template = template.replace(old, new)
    market = parse_policy(template)
    at = moment_of(problem_of(world(EVERYWHERE, line("A"))))
    # The template's tests are about the template's market; the clone wants its own.
    own = msgspec.structs.replace(market, tests=())
    assert [finding.kind for finding in lint(own, at=at)] == ["untested"]
    plain = world(EVERYWHERE, line("A"), cod=True, attrs={"amount_minor": 2_000_000})
    plain["orders"][0]["dest"] = {"lat": 25.0, "lon": 121.5, "region": "TW-NORTH"}
    for service in plain["services"]:
        service["cod"] = True
    assert list(nodes(decided(plain, market))) == ["SHA"]
    told = reason(decided(plain, from_shelf("regional")), "SHA")
    assert told is not None and told.code == "cod_not_offered"


@pytest.mark.parametrize("name", [*names_on("packs"), *names_on("strategies")])
def test_everything_on_the_shelf_can_be_ejected_and_edited(name: str) -> None:
    shipped = from_shelf(name)
    text = policy_text(shipped)
    assert policy_bytes(parse_policy(text)) == policy_bytes(shipped)
    edited = parse_policy(text.replace(f"policy {name} version 1", "policy mine version 2"))
    check_policy(edited)
    assert (edited.id, edited.version, edited.rules) == ("mine", 2, shipped.rules)


def test_the_docs_count_what_ships() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert f"{len(names_on('strategies'))} strategies and {len(names_on('packs'))} packs" in text
    for name in (*names_on("packs"), *names_on("strategies")):
        assert f"`{name}`" in text
