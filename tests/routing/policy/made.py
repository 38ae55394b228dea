"""Policies from nothing: short builders, and a hypothesis strategy for arbitrary ones."""

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.fields import FIXED, Kind, Scope
from entrepot.routing.policy.files import read_policy

Document = dict[str, Any]


def patiently(examples: int) -> settings:
    """So many examples, however slowly a busy machine draws them."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


def document(*rules: Document, **more: Any) -> Document:
    """A plain policy with these rules."""
    return {
        "format": "routing-policy/1", "id": "trial", "version": 1, "owner": "routing desk",
        "review": "2027-01-31", "effective_from": "2026-01-01T00:00:00Z", "rules": list(rules),
        **more,
    }  # fmt: skip


def policy(*rules: Document, **more: Any) -> Policy:
    """The same, read."""
    return read_policy(json.dumps(document(*rules, **more)).encode())


def check(field: str, sign: str, value: Any = None, **more: Any) -> Document:
    """A test of a field; `check("a", "eq", 1)`, `check("a", "eq", **{"as": "b"})`."""
    if sign == "exists":
        return {"is": sign, "field": field}
    if sign == "in":
        return {"is": sign, "field": field, "values": value}
    return {"is": sign, "field": field, **({} if value is None else {"value": value}), **more}


def both(*parts: Document) -> Document:
    """All of these."""
    return {"is": "all", "of": list(parts)}


def either(*parts: Document) -> Document:
    """Any of these."""
    return {"is": "any", "of": list(parts)}


def no(part: Document) -> Document:
    """The opposite."""
    return {"is": "not", "of": part}


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
# Characters are chosen, not texts thrown away: most characters are unprintable, and hypothesis
# gives up on a strategy that throws away too much.
CHARACTERS = st.characters(exclude_categories=["C", "Z"], include_characters=" \n\t\0\x85\u2028")
WORDS = st.text(CHARACTERS, min_size=1, max_size=12)
NUMBERS = st.integers(-(10**12), 10**12)
SCALARS = {Kind.TEXT: WORDS, Kind.NUMBER: NUMBERS, Kind.FLAG: st.booleans()}
OPEN_SCOPES = {"order": Scope.ORDER, "line": Scope.LINE, "node": Scope.OPTION, "stock": Scope.STOCK}


@st.composite
def tests_of(draw: st.DrawFn, scopes: set[Scope], service: bool) -> Document:
    """One test of any field that may stand there."""
    fixed = [
        field for field in FIXED.values()
        if field.scope in scopes and (service or not field.name.startswith("service."))
    ]  # fmt: skip
    if draw(st.booleans()):
        prefix = draw(st.sampled_from([p for p, scope in OPEN_SCOPES.items() if scope in scopes]))
        name, kind = f"{prefix}.attrs.{draw(NAMES)}", draw(st.sampled_from(list(SCALARS)))
    else:
        field = draw(st.sampled_from(fixed))
        name, kind = field.name, field.kind
    if draw(st.integers(0, 9)) == 0:
        return check(name, "exists")
    if kind is Kind.TEXTS:
        if draw(st.booleans()):
            return check(name, "has", draw(WORDS))
        return check(name, "in", draw(st.lists(WORDS, min_size=1, max_size=3)))
    if draw(st.integers(0, 4)) == 0:
        return check(name, "in", draw(st.lists(SCALARS[kind], min_size=1, max_size=3)))
    signs = ["eq", "ne"] + (["lt", "le", "gt", "ge"] if kind is Kind.NUMBER else [])
    sign = draw(st.sampled_from(signs))
    others = [field.name for field in fixed if field.kind is kind]
    if others and draw(st.integers(0, 4)) == 0:
        return check(name, sign, **{"as": draw(st.sampled_from(others))})
    return check(name, sign, draw(SCALARS[kind]))


def conditions(scopes: set[Scope], *, service: bool) -> st.SearchStrategy[Document]:
    """Any condition of these scopes."""
    return st.recursive(
        tests_of(scopes, service),
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(lambda found: both(*found)),
            st.lists(parts, min_size=1, max_size=3).map(lambda found: either(*found)),
            parts.map(no),
        ),
        max_leaves=5,
    )


WHEN = conditions({Scope.ORDER}, service=False)
LINES = conditions({Scope.ORDER, Scope.LINE}, service=False)
ANYTHING = conditions(set(Scope), service=True)
STOCKS = conditions(set(Scope), service=False)
LANES = conditions({Scope.ORDER, Scope.OPTION}, service=True)
PLACES = conditions({Scope.ORDER, Scope.OPTION}, service=False)
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
MINOR = st.integers(1, 10**9)
SMALL = st.integers(1, 10**6)
TIERS = [
    "money", "preference", "shipments", "km", "priority", "late_days", "hours", "short_units",
    "depth", "age", "life", "slow",
]  # fmt: skip


def kind(name: str, optional: Document, **required: Any) -> st.SearchStrategy[Document]:
    """Rules of a kind; conditions and what is optional may be missing."""
    return st.fixed_dictionaries(
        {"kind": st.just(name), **required},
        optional={"when": WHEN, "lines": LINES, "owner": WORDS, **optional},
    )


RULES = st.one_of(
    kind(
        "objective", {}, tiers=st.lists(st.sampled_from(TIERS), min_size=1, max_size=4, unique=True)
    ),
    kind("exclude", {"unless": ANYTHING, "code": SLUGS}, options=ANYTHING),
    kind("prefer", {}, options=LANES, minor_per_shipment=MINOR),
    kind("charge", {"options": LANES}, minor_per_shipment=MINOR),
    kind("charge", {"options": PLACES, "minor_per_shipment": MINOR}, minor_per_unit=MINOR),
    kind(
        "limit",
        {"whole_lines": st.booleans(), "ship_complete": st.booleans(), "together": st.booleans(),
         "yields": st.booleans()},
        max_shipments=SMALL,
    ),
    kind("stock", {"options": STOCKS, "min_life_days": SMALL}, hold_units=SMALL),
    kind(
        "stock", {"options": STOCKS, "credit_minor_per_unit": MINOR}, release_safety=st.just(True)
    ),
    kind("stock", {"options": STOCKS}, charge_minor_per_unit=MINOR),
    kind("node_capacity", {"options": PLACES, "taken": SLUGS}, units=SMALL),
    kind("node_capacity", {"options": PLACES, "taken": SLUGS}, shipments=SMALL),
    kind(
        "node_capacity", {"options": PLACES, "min_per_unit": SMALL}, labour_min=SMALL,
        min_per_shipment=SMALL,
    ),
    kind("promise", {"late": st.just("hard")}, within_min=SMALL),
    kind(
        "promise",
        {"late_day_minor": MINOR},
        by_day=st.fixed_dictionaries(
            {"days": st.integers(0, 366), "clock": st.sampled_from(["00:00", "18:30", "23:59"]),
             "zone": st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"])}
        ),
        late=st.just("soft"),
    ),
    kind("pickup", {"node_attr": SLUGS, "level": WORDS}),
    kind(
        "marketplace",
        {"carriers": st.lists(WORDS, max_size=2), "stale_after_min": SMALL, "buffer_units": SMALL},
        channels=st.lists(WORDS, min_size=1, max_size=2),
    ),
    kind("fallback", {}, action=st.sampled_from(["backorder", "cancel", "manual"])),
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any policy that is well made."""
    rules = draw(st.lists(RULES, max_size=5))
    for number, rule in enumerate(rules):
        rule["id"] = f"r{number}"
        if draw(st.integers(0, 4)) == 0:
            rule |= {"from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00+08:00"}
    more = draw(
        st.fixed_dictionaries(
            {}, optional={"channel": WORDS, "zone": st.just("Asia/Shanghai"),
                          "effective_until": st.just("2027-06-01T00:00:00Z")},
        )
    )  # fmt: skip
    return document(*rules, **more) | {"id": draw(SLUGS), "owner": draw(WORDS)}
