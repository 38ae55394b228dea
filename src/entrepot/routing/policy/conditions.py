"""Conditions compiled to predicates over a scene."""

import operator
from collections.abc import Callable, Iterator
from typing import Final

from entrepot.routing.policy.document import (
    All,
    AnyOf,
    AtLeast,
    AtMost,
    Comparison,
    Condition,
    Equal,
    Exists,
    Has,
    Less,
    More,
    Not,
    Test,
    Unequal,
    Within,
)
from entrepot.routing.policy.fields import Field, Scope, Value, field_of
from entrepot.routing.policy.scenes import Scene

Predicate = Callable[[Scene], bool]

_ORDERED: Final[dict[type, Callable[[int, int], bool]]] = {
    Less: operator.lt, AtMost: operator.le, More: operator.gt, AtLeast: operator.ge,
}  # fmt: skip


def predicate(condition: Condition | None) -> Predicate:
    """What decides the condition; without one everything holds. Fields must be known."""
    if condition is None:
        return _always
    if isinstance(condition, All):
        parts = [predicate(part) for part in condition.of]
        return lambda scene: all(part(scene) for part in parts)
    if isinstance(condition, AnyOf):
        parts = [predicate(part) for part in condition.of]
        return lambda scene: any(part(scene) for part in parts)
    if isinstance(condition, Not):
        inner = predicate(condition.of)
        return lambda scene: not inner(scene)
    return _test(condition)


def holds(condition: Condition | None, look: Callable[[str], Value]) -> bool:
    """The same decision with fields looked up by name, for orders that are only thought of."""
    if condition is None:
        return True
    if isinstance(condition, All):
        return all(holds(part, look) for part in condition.of)
    if isinstance(condition, AnyOf):
        return any(holds(part, look) for part in condition.of)
    if isinstance(condition, Not):
        return not holds(condition.of, look)
    left = look(condition.field)
    if isinstance(condition, Exists):
        return left is not None
    if isinstance(condition, Within):
        return _one_of(left, condition.values)
    right = condition.value if condition.other is None else look(condition.other)
    return _comparer(condition)(left, right)


def _always(scene: Scene) -> bool:
    return True


def _test(test: Test) -> Predicate:
    read = known(test.field).read
    if isinstance(test, Exists):
        return lambda scene: read(scene) is not None
    if isinstance(test, Within):
        wanted = test.values
        return lambda scene: _one_of(read(scene), wanted)
    other, compare = _other(test), _comparer(test)
    return lambda scene: compare(read(scene), other(scene))


def _other(test: Comparison) -> Callable[[Scene], Value]:
    if test.other is not None:
        return known(test.other).read
    value = test.value
    return lambda scene: value


def known(name: str) -> Field:
    """The field of that name; a document that was read has no others."""
    field = field_of(name)
    if field is None:
        raise KeyError(name)
    return field


def _same(left: Value, right: Value) -> bool:
    return left is not None and type(left) is type(right) and left == right


def _differ(left: Value, right: Value) -> bool:
    return left is not None and type(left) is type(right) and left != right


def _ordered(left: Value, right: Value, compare: Callable[[int, int], bool]) -> bool:
    return type(left) is int and type(right) is int and compare(left, right)


def _comparer(test: Comparison) -> Callable[[Value, Value], bool]:
    if isinstance(test, Has):
        return _has
    if isinstance(test, Equal):
        return _same
    if isinstance(test, Unequal):
        return _differ
    compare = _ORDERED[type(test)]
    return lambda left, right: _ordered(left, right, compare)


def _has(left: Value, right: Value) -> bool:
    return isinstance(left, tuple) and isinstance(right, str) and right in left


def _one_of(left: Value, wanted: tuple[str | int | bool, ...]) -> bool:
    if isinstance(left, tuple):
        return any(item in left for item in wanted if isinstance(item, str))
    return any(_same(left, item) for item in wanted)


def tests(condition: Condition | None) -> Iterator[Test]:
    """Every test inside a condition, from left to right."""
    if isinstance(condition, All | AnyOf):
        for part in condition.of:
            yield from tests(part)
    elif isinstance(condition, Not):
        yield from tests(condition.of)
    elif condition is not None:
        yield condition


def fields_read(condition: Condition | None) -> tuple[str, ...]:
    """The names of all fields that a condition reads, each once, in order of appearance."""
    names: dict[str, None] = {}
    for test in tests(condition):
        names[test.field] = None
        if isinstance(test, Comparison) and test.other is not None:
            names[test.other] = None
    return tuple(names)


def reads_lines(condition: Condition | None) -> bool:
    """Whether the answer can differ from line to line."""
    return any(known(name).scope in (Scope.LINE, Scope.STOCK) for name in fields_read(condition))
