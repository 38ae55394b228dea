"""What a well-typed policy can still get wrong: ids used twice, fields that do not exist or
cannot be read there, values of another type, contradictory dates, rules without effect."""

from collections.abc import Generator, Iterator
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from entrepot.kernel.refusals import FieldError
from entrepot.routing.policy.document import (
    All,
    AnyOf,
    AnyRule,
    AtLeast,
    AtMost,
    Charge,
    Comparison,
    Condition,
    Exclude,
    Has,
    Less,
    Limit,
    More,
    NodeCapacity,
    Not,
    Objective,
    Policy,
    Prefer,
    Promise,
    StockPolicy,
    Test,
    Within,
)
from entrepot.routing.policy.examples import trial_mistakes
from entrepot.routing.policy.fields import Field, Kind, Scope, field_of

MAX_DEPTH: Final = 20
_WIDE: Final = {Scope.ORDER}
_KINDS: Final[dict[type, Kind]] = {str: Kind.TEXT, bool: Kind.FLAG, int: Kind.NUMBER}


def mistakes(policy: Policy) -> Iterator[FieldError]:
    """Every contradiction inside a well-typed policy, in document order."""
    yield from _zone("zone", policy.zone)
    yield from _window("effective_until", policy.effective_from, policy.effective_until)
    seen: set[str] = set()
    for i, rule in enumerate(policy.rules):
        path = f"rules[{i}]"
        if rule.id in seen:
            yield FieldError(f"{path}.id", "repeated", f"{rule.id!r} occurs twice")
        seen.add(rule.id)
        yield from _window(f"{path}.until", rule.starts, rule.until)
        yield from _conditions(path, rule)
        yield from _effect(path, rule)
    for name in policy.systems:
        if field_of(name) is None:
            yield FieldError(f"systems.{name}", "unknown", f"no field {name!r}")
    yield from trial_mistakes(policy.tests)


def _window(path: str, start: datetime | None, end: datetime | None) -> Iterator[FieldError]:
    if start is not None and end is not None and end <= start:
        yield FieldError(path, "ends_before_it_starts", f"{end} is not after {start}")


def _zone(path: str, name: str) -> Iterator[FieldError]:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield FieldError(path, "unknown", f"no time zone {name!r}")


def _conditions(path: str, rule: AnyRule) -> Iterator[FieldError]:
    yield from _condition(f"{path}.when", rule.when, _WIDE, service=False)
    yield from _condition(f"{path}.lines", rule.lines, {*_WIDE, Scope.LINE}, service=False)
    scopes, service = readable_by(rule)
    for name in ("options", "unless"):
        condition = getattr(rule, name, None)
        yield from _condition(f"{path}.{name}", condition, scopes, service=service)


def readable_by(rule: AnyRule) -> tuple[set[Scope], bool]:
    """What the `options` of a rule may read: scopes, and whether `service.*`."""
    if isinstance(rule, Exclude):
        return set(Scope), True
    if isinstance(rule, StockPolicy):
        return set(Scope), False
    if isinstance(rule, Charge):
        return {Scope.ORDER, Scope.OPTION}, rule.minor_per_unit == 0
    return {Scope.ORDER, Scope.OPTION}, isinstance(rule, Prefer)


def _condition(
    path: str, condition: Condition | None, scopes: set[Scope], *, service: bool, depth: int = 1
) -> Iterator[FieldError]:
    if condition is None:
        return
    if depth > MAX_DEPTH:
        yield FieldError(path, "too_deep", f"conditions nest at most {MAX_DEPTH} deep")
    elif isinstance(condition, All | AnyOf):
        for i, part in enumerate(condition.of):
            yield from _condition(f"{path}.of[{i}]", part, scopes, service=service, depth=depth + 1)
    elif isinstance(condition, Not):
        yield from _condition(f"{path}.of", condition.of, scopes, service=service, depth=depth + 1)
    else:
        yield from _test(path, condition, scopes, service)


def _test(path: str, test: Test, scopes: set[Scope], service: bool) -> Iterator[FieldError]:
    field = yield from _readable(f"{path}.field", test.field, scopes, service)
    if isinstance(test, Comparison):
        if (test.value is None) == (test.other is None):
            yield FieldError(path, "one_of", "give either `value` or `as`")
        other = None
        if test.other is not None:
            other = yield from _readable(f"{path}.as", test.other, scopes, service)
        if field is not None:
            yield from _kinds(path, test, field, other)
    elif isinstance(test, Within) and field is not None:
        for i, value in enumerate(test.values):
            wanted = Kind.TEXT if field.kind is Kind.TEXTS else field.kind
            yield from _fits(f"{path}.values[{i}]", wanted, _KINDS[type(value)])


def _readable(
    path: str, name: str, scopes: set[Scope], service: bool
) -> Generator[FieldError, None, Field | None]:
    """Complain about a field; the generator returns it when it may be read here."""
    field = field_of(name)
    if field is None:
        yield FieldError(path, "unknown", f"no field {name!r}")
        return None
    if field.scope not in scopes or (name.startswith("service.") and not service):
        yield FieldError(path, "out_of_scope", f"{name} is not known here")
        return None
    return field


def _kinds(path: str, test: Comparison, field: Field, other: Field | None) -> Iterator[FieldError]:
    """The types of both sides against what the test can compare."""
    right = other.kind if other is not None else _KINDS.get(type(test.value))
    if isinstance(test, Has):
        yield from _fits(f"{path}.field", Kind.TEXTS, field.kind)
        wanted = Kind.TEXT
    elif isinstance(test, Less | AtMost | More | AtLeast):
        yield from _fits(f"{path}.field", Kind.NUMBER, field.kind)
        wanted = Kind.NUMBER
    elif field.kind is Kind.TEXTS:
        yield FieldError(f"{path}.field", "wrong_type", f"{field.name} is a list: use has or in")
        return
    else:
        wanted = field.kind
    if right is not None:
        yield from _fits(f"{path}.{'as' if other is not None else 'value'}", wanted, right)


def _fits(path: str, wanted: Kind, found: Kind) -> Iterator[FieldError]:
    if Kind.ANY not in (wanted, found) and wanted is not found:
        yield FieldError(path, "wrong_type", f"expected {wanted}, found {found}")


def _effect(path: str, rule: AnyRule) -> Iterator[FieldError]:
    """Rules that do nothing, or two things that cannot both be done."""
    if isinstance(rule, Objective) and len(set(rule.tiers)) < len(rule.tiers):
        yield FieldError(f"{path}.tiers", "repeated", "a tier occurs twice")
    if isinstance(rule, Exclude) and not (rule.when or rule.lines or rule.options or rule.unless):
        yield FieldError(path, "excludes_everything", "an exclude needs a condition")
    if isinstance(rule, Charge) and not (rule.minor_per_shipment or rule.minor_per_unit):
        yield FieldError(path, "no_effect", "a charge of nothing")
    if isinstance(rule, Limit) and not (
        rule.max_shipments or rule.whole_lines or rule.ship_complete or rule.together
    ):
        yield FieldError(path, "no_effect", "a limit that limits nothing")
    if isinstance(rule, StockPolicy):
        yield from _stock_effect(path, rule)
    if isinstance(rule, NodeCapacity):
        yield from _capacity_effect(path, rule)
    if isinstance(rule, Promise):
        if rule.within_min is not None and rule.by_day is not None:
            yield FieldError(path, "one_of", "give either `within_min` or `by_day`")
        if rule.by_day is not None:
            yield from _zone(f"{path}.by_day.zone", rule.by_day.zone)
        if rule.late == "hard" and rule.late_day_minor:
            yield FieldError(f"{path}.late_day_minor", "no_effect", "a hard promise is never late")


def _stock_effect(path: str, rule: StockPolicy) -> Iterator[FieldError]:
    effects = (
        rule.hold_units, rule.release_safety, rule.credit_minor_per_unit,
        rule.charge_minor_per_unit, rule.min_life_days,
    )  # fmt: skip
    if not any(effects):
        yield FieldError(path, "no_effect", "a stock rule that does nothing")
    if rule.release_safety and rule.hold_units:
        yield FieldError(f"{path}.hold_units", "contradiction", "stock is held and freed at once")
    if rule.credit_minor_per_unit and rule.charge_minor_per_unit:
        yield FieldError(
            f"{path}.charge_minor_per_unit", "contradiction", "stock is made dear and cheap at once"
        )


def _capacity_effect(path: str, rule: NodeCapacity) -> Iterator[FieldError]:
    given = [name for name in ("units", "shipments", "labour_min") if _given(rule, name)]
    if len(given) != 1:
        yield FieldError(path, "one_of", "give one of `units`, `shipments`, `labour_min`")
    used = bool(rule.min_per_shipment or rule.min_per_unit)
    if given == ["labour_min"] and not used:
        yield FieldError(path, "no_effect", "labour that no shipment and no unit uses")
    if given != ["labour_min"] and used:
        yield FieldError(path, "no_effect", "minutes are used up only by `labour_min`")


def _given(rule: NodeCapacity, name: str) -> bool:
    return getattr(rule, name) is not None
