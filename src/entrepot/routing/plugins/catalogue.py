"""Which rule packages are installed. Reads metadata only; no package is imported here."""

from importlib.metadata import entry_points

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.routing.plugins.contract import GROUP


class Installed(msgspec.Struct, frozen=True):
    """One entry point of the group: its name, what it points to, and the package it is from."""

    name: str
    entry: str
    package: str
    package_version: str


def installed() -> tuple[Installed, ...]:
    """Every rule that an installed package offers, by name."""
    found = {
        Installed(
            point.name,
            point.value,
            point.dist.name if point.dist else "",
            point.dist.version if point.dist else "",
        )
        for point in entry_points(group=GROUP)
    }
    return tuple(sorted(found, key=lambda rule: (rule.name, rule.package, rule.entry)))


def chosen(names: list[str]) -> tuple[Installed, ...]:
    """The rules with these names, in this order. Raises Invalid naming each that is not to be
    had, is offered by two packages, or is asked for twice."""
    offered = installed()
    errors, rules = [], []
    for i, name in enumerate(names):
        fitting = [rule for rule in offered if rule.name == name]
        if names.index(name) < i:
            errors.append(FieldError(f"rules[{i}]", "repeated", f"{name!r} is named twice"))
        elif not fitting:
            errors.append(FieldError(f"rules[{i}]", "unknown", f"no package offers {name!r}"))
        elif len(fitting) > 1:
            packages = ", ".join(rule.package for rule in fitting)
            errors.append(FieldError(f"rules[{i}]", "ambiguous", f"{name!r} is in {packages}"))
        else:
            rules.append(fitting[0])
    if errors:
        raise Invalid("these rules cannot be used", code="bad_rules", errors=errors)
    return tuple(rules)
