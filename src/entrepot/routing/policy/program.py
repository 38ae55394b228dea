"""A policy compiled once: predicates instead of conditions. Kept by content."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from entrepot.routing.policy.conditions import Predicate, predicate, reads_lines
from entrepot.routing.policy.document import AnyRule, Policy
from entrepot.routing.policy.files import policy_bytes
from entrepot.routing.policy.scenes import OrderFacts, Scene


class Compiled(msgspec.Struct, frozen=True):
    """A rule with its predicates. `by_line`: its options must be asked line by line."""

    rule: AnyRule
    when: Predicate
    lines: Predicate
    options: Predicate
    unless: Predicate | None
    by_line: bool


class Live(msgspec.Struct, frozen=True):
    """A rule that holds for an order, with the indices of the lines it speaks of."""

    compiled: Compiled
    lines: tuple[int, ...]

    @property
    def rule(self) -> AnyRule:
        """The rule itself."""
        return self.compiled.rule


class Program(msgspec.Struct, frozen=True):
    """A whole policy, ready to be applied."""

    zone: str
    rules: tuple[Compiled, ...]

    def live(
        self, facts: OrderFacts, *, at: datetime, without: frozenset[str] = frozenset()
    ) -> list[Live]:
        """The rules that hold for an order at a moment, but those named in `without`."""
        found = []
        for compiled in self.rules:
            rule = compiled.rule
            if rule.id in without or not in_window(rule, at) or not compiled.when(Scene(facts)):
                continue
            lines = tuple(
                i for i, line in enumerate(facts.order.lines) if compiled.lines(Scene(facts, line))
            )
            if lines:
                found.append(Live(compiled, lines))
        return found


def in_window(rule: AnyRule, at: datetime) -> bool:
    """Whether a rule's own dates include the moment; `until` is the first moment without it."""
    return (rule.starts is None or rule.starts <= at) and (rule.until is None or at < rule.until)


def program_of(policy: Policy) -> Program:
    """The compiled policy; equal documents are compiled once."""
    return _program(policy_bytes(msgspec.structs.replace(policy, tests=(), systems={})))


@lru_cache(maxsize=64)
def _program(raw: bytes) -> Program:
    return compiled_anew(msgspec.json.decode(raw, type=Policy))


def compiled_anew(policy: Policy) -> Program:
    """The compiled policy, whether or not it was compiled before."""
    return Program(policy.zone, tuple(_compiled(rule) for rule in policy.rules))


def _compiled(rule: AnyRule) -> Compiled:
    options: Any = getattr(rule, "options", None)
    unless: Any = getattr(rule, "unless", None)
    return Compiled(
        rule,
        predicate(rule.when),
        predicate(rule.lines),
        predicate(options),
        None if unless is None else predicate(unless),
        any(map(reads_lines, (options, unless))) or (options is None and unless is None),
    )
