"""Rules as sentences, in English and Chinese: everything that a rule says, and nothing else.

The words stand in `words.tsv`; texts and lists appear as JSON, so that no value can be mistaken
for another.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from entrepot.routing.policy.document import (
    All,
    AnyOf,
    AnyRule,
    Charge,
    Comparison,
    Condition,
    Exclude,
    Exists,
    Fallback,
    Limit,
    Marketplace,
    NodeCapacity,
    Not,
    Objective,
    Pickup,
    Policy,
    Prefer,
    Promise,
    StockPolicy,
)
from entrepot.routing.policy.fields import OPEN

Language = Literal["en", "zh-CN", "zh-TW"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-CN", "zh-TW")


@cache
def _words() -> dict[str, dict[str, str]]:
    text = files("entrepot.routing.policy").joinpath("words.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["key"]: row for row in rows}


def sentences(policy: Policy, *, language: Language) -> list[str]:
    """One sentence per rule, in the order of the rules."""
    return [sentence(rule, language=language) for rule in policy.rules]


def sentence(rule: AnyRule, *, language: Language) -> str:
    """A rule as a sentence."""
    return _Speaker(language).rule(rule)


class _Speaker:
    """One language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def _say(self, key: str, /, **values: object) -> str:
        return _words()[key][self._language].format(**values)

    def _minor(self, amount: int) -> str:
        return f"{amount:,}" if self._language == "en" else str(amount)

    def rule(self, rule: AnyRule) -> str:
        parts = []
        if rule.starts is not None:
            parts.append(self._say("from", a=rule.starts.isoformat()))
        if rule.until is not None:
            parts.append(self._say("until", a=rule.until.isoformat()))
        if rule.when is not None:
            parts.append(self._say("when", a=self.condition(rule.when)))
        if rule.lines is not None:
            parts.append(self._say("lines", a=self.condition(rule.lines)))
        said = self._say("comma").join([*parts, self._effect(rule)])
        owner = "" if rule.owner is None else self._say("owner", a=_json(rule.owner))
        return said[0].upper() + said[1:] + owner + self._say("stop")

    def condition(self, condition: Condition) -> str:
        if isinstance(condition, All | AnyOf):
            parts = self._say("between").join(map(self.condition, condition.of))
            return self._say("all" if isinstance(condition, All) else "any", parts=parts)
        if isinstance(condition, Not):
            return self._say("not", part=self.condition(condition.of))
        field = self._field(condition.field)
        if isinstance(condition, Exists):
            return self._say("exists", a=field)
        tag = str(condition.__struct_config__.tag)
        if isinstance(condition, Comparison):
            return self._say(tag, a=field, b=self._right(condition))
        return self._say(tag, a=field, b=", ".join(map(self._value, condition.values)))

    def _right(self, test: Comparison) -> str:
        return self._value(test.value) if test.other is None else self._field(test.other)

    def _value(self, value: object) -> str:
        if isinstance(value, bool):
            return self._say("yes" if value else "no")
        return _json(value)

    def _field(self, name: str) -> str:
        prefix = next((prefix for prefix in OPEN if name.startswith(prefix)), None)
        if prefix is None:
            return self._say(name)
        return self._say(prefix, key=name.removeprefix(prefix))

    def _effect(self, rule: AnyRule) -> str:
        if isinstance(rule, Objective):
            tiers = [self._say(f"tier.{tier}") for tier in rule.tiers]
            return self._say("objective", a=self._say("then").join(tiers))
        if isinstance(rule, Exclude):
            return self._exclude(rule)
        if isinstance(rule, Prefer):
            options = self.condition(rule.options)
            return self._say("prefer", a=options, b=self._minor(rule.minor_per_shipment))
        if isinstance(rule, Pickup):
            return self._say("pickup", a=rule.node_attr, b=_json(rule.level))
        if isinstance(rule, Fallback):
            return self._say("fallback", a=self._say(f"action.{rule.action}"))
        return self._say("between").join(self._several(rule)) + self._where(rule)

    def _exclude(self, rule: Exclude) -> str:
        options = None if rule.options is None else self.condition(rule.options)
        unless = None if rule.unless is None else self.condition(rule.unless)
        key = {(True, True): "both", (True, False): "options", (False, True): "unless"}.get(
            (options is not None, unless is not None), "all"
        )
        said = self._say(f"exclude.{key}", a=options, b=unless)
        return said + self._say("code", a=rule.code)

    def _where(self, rule: AnyRule) -> str:
        options = getattr(rule, "options", None)
        return "" if options is None else self._say("at_options", a=self.condition(options))

    def _several(self, rule: AnyRule) -> list[str]:
        """The phrases of rules that may do several things."""
        if isinstance(rule, Charge):
            return self._amounts(
                {
                    "charge.shipment": rule.minor_per_shipment,
                    "charge.unit": rule.minor_per_unit,
                }
            )
        if isinstance(rule, Limit):
            flags = ("whole_lines", "ship_complete", "together", "yields")
            most = {"limit.max_shipments": rule.max_shipments or 0}
            return self._amounts(most) + [
                self._say(f"limit.{flag}") for flag in flags if getattr(rule, flag)
            ]
        if isinstance(rule, StockPolicy):
            return self._stock(rule)
        if isinstance(rule, NodeCapacity):
            return self._capacity(rule)
        if isinstance(rule, Promise):
            return self._promise(rule)
        assert isinstance(rule, Marketplace)
        return self._marketplace(rule)

    def _amounts(self, amounts: dict[str, int]) -> list[str]:
        return [self._say(key, a=self._minor(n)) for key, n in amounts.items() if n]

    def _stock(self, rule: StockPolicy) -> list[str]:
        said = []
        if rule.hold_units is not None:
            said.append(self._say("stock.hold", a=self._minor(rule.hold_units)))
        if rule.release_safety:
            said.append(self._say("stock.release"))
        said += self._amounts(
            {
                "stock.credit": rule.credit_minor_per_unit,
                "stock.charge": rule.charge_minor_per_unit,
            }
        )
        if rule.min_life_days is not None:
            said.append(self._say("stock.life", a=self._minor(rule.min_life_days)))
        return said

    def _capacity(self, rule: NodeCapacity) -> list[str]:
        if rule.units is not None:
            said = [self._say("capacity.units", a=self._minor(rule.units))]
        elif rule.shipments is not None:
            said = [self._say("capacity.shipments", a=self._minor(rule.shipments))]
        else:
            minutes = (rule.labour_min or 0, rule.min_per_shipment, rule.min_per_unit)
            a, b, c = map(self._minor, minutes)
            said = [self._say("capacity.labour", a=a, b=b, c=c)]
        if rule.taken is not None:
            said.append(self._say("capacity.taken", a=rule.taken))
        return said

    def _promise(self, rule: Promise) -> list[str]:
        if rule.within_min is not None:
            said = [self._say("promise.within", a=self._minor(rule.within_min))]
        elif rule.by_day is not None:
            day = rule.by_day
            said = [self._say("promise.day", a=day.days, b=day.clock, c=day.zone)]
        else:
            said = [self._say("promise.kept")]
        late = self._minor(rule.late_day_minor)
        return [*said, self._say(f"promise.{rule.late}", a=late)]

    def _marketplace(self, rule: Marketplace) -> list[str]:
        said = [self._say("marketplace", a=_json(rule.channels))]
        if rule.carriers:
            said.append(self._say("marketplace.carriers", a=_json(rule.carriers)))
        if rule.stale_after_min is not None:
            said.append(self._say("marketplace.stale", a=self._minor(rule.stale_after_min)))
        return said + self._amounts({"marketplace.buffer": rule.buffer_units})


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
