"""Promises and limits of a policy, written into the order itself: the strictest counts."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

import msgspec

from entrepot.kernel.calendars import instant, local_day
from entrepot.routing.engine.format import Line, Order
from entrepot.routing.policy.document import ByDay, Limit, Promise
from entrepot.routing.policy.program import Live
from entrepot.routing.policy.scenes import OrderFacts

KIT: Final = "\0together by "
"""Kits that a policy makes; no document can name a kit so."""


def limited(facts: OrderFacts, live: Sequence[Live], *, at: datetime, instant0: datetime) -> Order:
    """The order with every promise and limit of the policy that holds for it."""
    order = facts.order
    for rule in live:
        if isinstance(rule.rule, Promise):
            order = _promised(order, rule.rule, facts, at=at, instant0=instant0)
        elif isinstance(rule.rule, Limit):
            order = _divided(order, rule.rule, rule.lines)
    return order


def _promised(
    order: Order, rule: Promise, facts: OrderFacts, *, at: datetime, instant0: datetime
) -> Order:
    """The earlier deadline; once there is one, hard beats soft and the dearer day counts."""
    told = order.deliver_by
    wanted = told
    if rule.within_min is not None:
        wanted = facts.start + rule.within_min
    elif rule.by_day is not None:
        wanted = _minute_of(rule.by_day, at, instant0)
    if wanted is None:
        return order
    if told is None:
        return msgspec.structs.replace(
            order, deliver_by=wanted, late=rule.late, late_day=rule.late_day_minor
        )
    if rule.within_min is None and rule.by_day is None:
        return msgspec.structs.replace(order, late=rule.late, late_day=rule.late_day_minor)
    return msgspec.structs.replace(
        order,
        deliver_by=min(told, wanted),
        late="hard" if "hard" in (rule.late, order.late) else "soft",
        late_day=max(order.late_day, rule.late_day_minor),
    )


def _minute_of(by_day: ByDay, at: datetime, instant0: datetime) -> int:
    day = local_day(at, by_day.zone) + timedelta(days=by_day.days)
    moment = instant(day, time.fromisoformat(by_day.clock), by_day.zone)
    return int((moment - instant0).total_seconds() // 60)


def _divided(order: Order, rule: Limit, lines: tuple[int, ...]) -> Order:
    most = [n for n in (order.max_shipments, rule.max_shipments) if n is not None]
    return msgspec.structs.replace(
        order,
        max_shipments=min(most, default=None),
        split_lines=order.split_lines and not rule.whole_lines,
        ship_complete=order.ship_complete or rule.ship_complete,
        lines=_joined(order, lines, rule.id) if rule.together else order.lines,
    )


def _joined(order: Order, lines: tuple[int, ...], rule: str) -> list[Line]:
    """These lines as one kit, with the kits that any of them belongs to."""
    names = {order.lines[i].group for i in lines} - {None}
    kit = f"{KIT}{rule}"
    return [
        msgspec.structs.replace(line, group=kit) if i in lines or line.group in names else line
        for i, line in enumerate(order.lines)
    ]
