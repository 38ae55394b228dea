"""Orders only thought of: every combination of field values that conditions can tell apart."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Final

from entrepot.routing.policy.conditions import holds, tests
from entrepot.routing.policy.document import (
    AnyRule,
    AtLeast,
    AtMost,
    Comparison,
    Condition,
    Exclude,
    Has,
    Less,
    More,
    Prefer,
    Within,
)
from entrepot.routing.policy.fields import FIXED, Kind, Value

Thought = dict[str, Value]
_ORDERED: Final = (Less, AtMost, More, AtLeast)
MOST: Final = 20_000
"""More combinations than these are not tried, and nothing is claimed about all of them."""
MOST_LISTED: Final = 4
OTHER: Final = "something else"
_SOMETIMES_MISSING: Final = {
    "order.deadline_min", "line.kit", "service.transit_min", "service.first_minor",
    "service.eta_min",
}  # fmt: skip


def speaks(rule: AnyRule, look: Callable[[str], Value]) -> bool:
    """Whether a rule does something to this line on this option."""
    if not (holds(rule.when, look) and holds(rule.lines, look)):
        return False
    if isinstance(rule, Prefer):
        return not holds(rule.options, look)
    options: Condition | None = getattr(rule, "options", None)
    unless: Condition | None = getattr(rule, "unless", None)
    return holds(options, look) and (unless is None or not holds(unless, look))


def conditions_of(rules: Iterable[AnyRule]) -> list[Condition]:
    """Every condition of the rules."""
    found = []
    for rule in rules:
        parts = [rule.when, rule.lines, getattr(rule, "options", None)]
        if isinstance(rule, Exclude):
            parts.append(rule.unless)
        found += [part for part in parts if part is not None]
    return found


def thoughts(conditions: Sequence[Condition]) -> Iterator[Thought] | None:
    """Every combination that the conditions can tell apart; None: more than `MOST`."""
    domains = _domains(conditions)
    if domains is None:
        return None
    size = 1
    for values in domains.values():
        size *= len(values)
    if size > MOST:
        return None
    return (dict(zip(domains, values, strict=True)) for values in product(*domains.values()))


def _domains(conditions: Sequence[Condition]) -> dict[str, list[Value]] | None:
    """For each field read: one value on either side of every constant it is compared with.

    Fields that are compared with each other get as many more values as there are such
    comparisons, so that they can differ beyond all constants. None: a list has too many subsets.
    """
    constants: dict[str, set[str | int | bool]] = {}
    lists: set[str] = set()
    links: list[tuple[str, str, bool]] = []
    ordered: set[str] = set()
    for condition in conditions:
        for test in tests(condition):
            seen = constants.setdefault(test.field, set())
            if isinstance(test, Within):
                seen.update(test.values)
            elif isinstance(test, Comparison) and test.other is not None:
                constants.setdefault(test.other, set())
                links.append((test.field, test.other, isinstance(test, _ORDERED)))
            elif isinstance(test, Comparison) and test.value is not None:
                seen.add(test.value)
            if isinstance(test, Has):
                lists.add(test.field)
            if isinstance(test, _ORDERED):
                ordered.add(test.field)
    _share(constants, links)
    if any(_too_many(name, constants[name], name in lists) for name in constants):
        return None
    return {
        name: _values(name, values, name in lists, name in ordered, len(links))
        for name, values in constants.items()
    }


def _too_many(name: str, constants: set[str | int | bool], listed: bool) -> bool:
    return (listed or _kind(name) is Kind.TEXTS) and len(constants) > MOST_LISTED


def _share(constants: dict[str, set[str | int | bool]], links: list[tuple[str, str, bool]]) -> None:
    """Fields that are compared with each other know each other's constants."""
    for _ in links:
        for left, right, _ in links:
            both = constants[left] | constants[right]
            constants[left], constants[right] = set(both), set(both)
    for left, right, compared in links:
        if not constants[left]:
            number = compared or Kind.NUMBER in {_kind(left), _kind(right)}
            constants[left] = constants[right] = {7} if number else {"this", "that"}


def _kind(name: str) -> Kind | None:
    return FIXED[name].kind if name in FIXED else None


def _values(
    name: str, constants: set[str | int | bool], listed: bool, ordered: bool, links: int
) -> list[Value]:
    kind = _kind(name)
    texts = sorted(c for c in constants if isinstance(c, str))
    numbers = sorted(c for c in constants if isinstance(c, int) and not isinstance(c, bool))
    found: list[Value] = []
    if listed or kind is Kind.TEXTS:
        for size in range(len(texts) + 1):
            found += combinations(texts, size)
    elif kind is Kind.FLAG or any(isinstance(c, bool) for c in constants):
        found += [True, False]
    elif kind is Kind.NUMBER or numbers:
        steps = range(-1 - links, 2 + links)
        around = {n + step for n in numbers for step in steps} or {5}
        found += sorted(n for n in around if n >= 0 or kind is None)
    if texts and not (listed or kind is Kind.TEXTS):
        found += [*texts, OTHER, *(f"{OTHER} {i}" for i in range(links))]
    if not found:
        found.append(OTHER if not ordered else 5)
    missing = kind is None or name in _SOMETIMES_MISSING
    return [*found, None] if missing else found
