"""What a policy rules out: for each option and line the first rule that forbids it, and why."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from entrepot.routing.engine.format import Exclusion, Observed, Order
from entrepot.routing.policy.conditions import fields_read, known
from entrepot.routing.policy.document import (
    AtLeast,
    AtMost,
    Comparison,
    Condition,
    Equal,
    Exclude,
    Less,
    Marketplace,
    More,
    Not,
    Pickup,
    StockPolicy,
    Unequal,
)
from entrepot.routing.policy.fields import Value
from entrepot.routing.policy.program import Live
from entrepot.routing.policy.scenes import Lane, OrderFacts, Scene
from entrepot.routing.policy.text import condition_text

Reason = tuple[str, Exclusion]
"""The rule's id and the reason in the engine's words."""

_INVERSE: Final[dict[type, type[Comparison]]] = {
    Equal: Unequal, Unequal: Equal, Less: AtLeast, AtLeast: Less, More: AtMost, AtMost: More,
}  # fmt: skip


class Excluded(msgspec.Struct, frozen=True):
    """An option that a policy forbids one order: for these SKUs, all of them if `whole`."""

    order: str
    node: str
    service: str
    skus: tuple[str, ...]
    whole: bool
    rule: str
    code: str
    observed: Observed
    required: Observed


def exclusions(
    facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live]
) -> list[dict[int, Reason]]:
    """Per lane: the forbidden lines (by index) with the first rule that forbids each."""
    found: list[dict[int, Reason]] = [{} for _ in lanes]
    for rule in live:
        judge = _judge(rule)
        if judge is None:
            continue
        for lane, forbidden in zip(lanes, found, strict=True):
            for line, exclusion in judge(facts, lane, rule):
                forbidden.setdefault(line, (rule.rule.id, exclusion))
    return found


_Judge = Callable[[OrderFacts, Lane, Live], Iterator[tuple[int, Exclusion]]]


def _judge(live: Live) -> _Judge | None:
    if isinstance(live.rule, Exclude):
        return _by_condition
    if isinstance(live.rule, Pickup):
        return _by_pickup
    if isinstance(live.rule, Marketplace):
        return _by_marketplace
    if isinstance(live.rule, StockPolicy) and live.rule.min_life_days:
        return _by_life
    return None


def _by_condition(facts: OrderFacts, lane: Lane, live: Live) -> Iterator[tuple[int, Exclusion]]:
    compiled = live.compiled
    if not compiled.by_line:
        scene = Scene(facts, None, lane)
        if _forbids(live, scene):
            scene = Scene(facts, facts.order.lines[live.lines[0]], lane)
            exclusion = _told(live, scene)
            yield from ((line, exclusion) for line in live.lines)
        return
    for line in live.lines:
        scene = Scene(facts, facts.order.lines[line], lane)
        if _forbids(live, scene):
            yield line, _told(live, scene)


def _forbids(live: Live, scene: Scene) -> bool:
    compiled = live.compiled
    return compiled.options(scene) and not (compiled.unless and compiled.unless(scene))


def _told(live: Live, scene: Scene) -> Exclusion:
    """What was seen in the fields that decided, and what would be allowed."""
    rule = live.rule
    assert isinstance(rule, Exclude)
    deciding = rule.unless or rule.options or rule.lines or rule.when
    assert deciding is not None
    required = condition_text(deciding if rule.unless else inverse(deciding))
    names = fields_read(deciding)
    if len(names) == 1:
        return Exclusion(rule.code, _observed(known(names[0]).read(scene)), required)
    seen = [f"{name} = {_plain(known(name).read(scene))}" for name in names]
    return Exclusion(rule.code, seen, required)


def inverse(condition: Condition) -> Condition:
    """The opposite, without a double not; of a test of something absent too, only in words."""
    if isinstance(condition, Not):
        return condition.of
    flipped = _INVERSE.get(type(condition))
    if flipped is not None and isinstance(condition, Comparison):
        made = flipped(condition.field, condition.value, condition.other)
        assert isinstance(made, Equal | Unequal | Less | AtMost | More | AtLeast)
        return made
    return Not(condition)


def _observed(value: Value) -> Observed:
    return list(value) if isinstance(value, tuple) else value


def _plain(value: Value) -> str:
    return msgspec.json.encode(value).decode()


def _by_pickup(facts: OrderFacts, lane: Lane, live: Live) -> Iterator[tuple[int, Exclusion]]:
    rule = live.rule
    assert isinstance(rule, Pickup)
    wanted = facts.order.attrs.get(rule.node_attr)
    collected = lane.service.level == rule.level
    exclusion = None
    if isinstance(wanted, str) and not (collected and lane.node.id == wanted):
        exclusion = Exclusion(
            "not_the_pickup_point", [lane.node.id, lane.service.level], [wanted, rule.level]
        )
    elif not isinstance(wanted, str) and collected:
        exclusion = Exclusion("pickup_only", lane.service.level, "an order to be collected")
    if exclusion is not None:
        yield from ((line, exclusion) for line in live.lines)


def _by_marketplace(facts: OrderFacts, lane: Lane, live: Live) -> Iterator[tuple[int, Exclusion]]:
    rule = live.rule
    assert isinstance(rule, Marketplace)
    exclusion = _channel_reason(rule, channel_of(facts.order), lane)
    if exclusion is not None:
        yield from ((line, exclusion) for line in live.lines)


def channel_of(order: Order) -> str | None:
    """The sales channel of an order: its attribute `channel`."""
    channel = order.attrs.get("channel")
    return channel if isinstance(channel, str) else None


def _channel_reason(rule: Marketplace, channel: str | None, lane: Lane) -> Exclusion | None:
    pools = lane.node.attrs.get("pools")
    served = sorted(pools) if isinstance(pools, list) else []
    if channel not in rule.channels:
        if lane.node.type == "marketplace" and channel not in served:
            return Exclusion("marketplace_stock", served, channel)
        return None
    if channel not in served:
        return Exclusion("not_of_this_channel", served, channel)
    if rule.carriers and lane.service.carrier not in rule.carriers:
        return Exclusion("carrier_not_allowed", lane.service.carrier, sorted(rule.carriers))
    age = lane.node.attrs.get("feed_age_min")
    if rule.stale_after_min is not None and type(age) is int and age > rule.stale_after_min:
        return Exclusion("feed_stale", age, rule.stale_after_min)
    return None


def _by_life(facts: OrderFacts, lane: Lane, live: Live) -> Iterator[tuple[int, Exclusion]]:
    """Stock whose remaining life is told and too short."""
    rule = live.rule
    assert isinstance(rule, StockPolicy)
    for line in live.lines:
        wanted = facts.order.lines[line]
        life = lane.node.stock_attrs.get(wanted.sku, {}).get("life_days")
        scene = Scene(facts, wanted, lane)
        if type(life) is not int or rule.min_life_days is None or life >= rule.min_life_days:
            continue
        if live.compiled.options(scene):
            yield line, Exclusion("too_little_life", life, rule.min_life_days)
