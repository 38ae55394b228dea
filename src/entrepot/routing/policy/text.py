"""The plain-text form of policies: what people diff, mail and edit; `parsing` reads it back.

    policy regional version 3
    owner "routing@example.com"
    review 2027-01-31
    from 2026-11-01T00:00:00Z

    exclude tax-zone
      when order.attrs.market = "EU"
      unless node.attrs.tax_zone = order.attrs.tax_zone
      code "tax_zone"

A rule is a line «kind id» and indented lines «name value»: a condition after when, lines,
options and unless, else a JSON value. Tests follow the rules: «test id» and lines «name value».
"""

from typing import Any, Final

import msgspec

from entrepot.routing.policy.document import (
    All,
    AnyOf,
    AnyRule,
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
    Policy,
    PolicyTest,
    Test,
    Unequal,
)

SIGNS: Final[dict[type, str]] = {
    Equal: "=", Unequal: "!=", Less: "<", AtMost: "<=", More: ">", AtLeast: ">=", Has: "has",
}  # fmt: skip
CONDITIONS: Final = ("when", "lines", "options", "unless")


def condition_text(condition: Condition) -> str:
    """A condition as one line."""
    if isinstance(condition, All):
        return f"all({', '.join(map(condition_text, condition.of))})"
    if isinstance(condition, AnyOf):
        return f"any({', '.join(map(condition_text, condition.of))})"
    if isinstance(condition, Not):
        return f"not({condition_text(condition.of)})"
    return _test_text(condition)


def _test_text(test: Test) -> str:
    if isinstance(test, Exists):
        return f"{test.field} exists"
    if isinstance(test, Comparison):
        right = test.other if test.other is not None else _json(test.value)
        return f"{test.field} {SIGNS[type(test)]} {right}"
    return f"{test.field} in {_json(test.values)}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def policy_text(policy: Policy) -> str:
    """The whole policy; `parsing.parse_policy` gives back an equal one."""
    plain = msgspec.to_builtins(policy)
    head = [f"policy {policy.id} version {policy.version}", f"owner {_json(policy.owner)}"]
    head.append(f"review {plain['review']}")
    head.append(f"from {plain['effective_from']}")
    if policy.effective_until is not None:
        head.append(f"until {plain['effective_until']}")
    head += [
        f"{name} {_json(plain[name])}" for name in ("channel", "zone", "systems") if name in plain
    ]
    return "\n".join([*head, *map(rule_text, policy.rules), *map(_trial_text, policy.tests)]) + "\n"


def _trial_text(test: PolicyTest) -> str:
    plain = msgspec.to_builtins(test)
    lines = ["", f"test {plain.pop('id')}"]
    return "\n".join(lines + [f"  {name} {_json(value)}" for name, value in plain.items()])


def rule_text(rule: AnyRule) -> str:
    """One rule, with an empty line before it."""
    plain = msgspec.to_builtins(rule)
    lines = ["", f"{plain.pop('kind')} {plain.pop('id')}"]
    for name in CONDITIONS:
        condition = getattr(rule, name, None)
        if condition is not None:
            lines.append(f"  {name} {condition_text(condition)}")
            del plain[name]
    return "\n".join(lines + [f"  {name} {_json(value)}" for name, value in plain.items()])
