"""What a policy means for one order: masks, prices, stock, capacities, limits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from entrepot.routing.engine.format import Order, Problem
from entrepot.routing.policy.document import Fallback, Limit
from entrepot.routing.policy.excluding import Reason, exclusions
from entrepot.routing.policy.limiting import limited
from entrepot.routing.policy.pricing import Terms, charges, terms_of
from entrepot.routing.policy.program import Program
from entrepot.routing.policy.scenes import Lane, facts_of, lanes_of
from entrepot.routing.policy.stocking import Room, held, rooms, safeties, used_up

Action = Literal["backorder", "cancel", "manual"]


class Ruling(msgspec.Struct, frozen=True):
    """One order under a policy. `forbidden` has one entry per lane: line index → reason.

    `rules`: ids of the rules that hold for the order; `yielding`: those limits among them that
    give way when there is no plan.
    """

    order: Order
    lanes: tuple[Lane, ...]
    forbidden: list[dict[int, Reason]]
    terms: Terms
    safety: dict[tuple[str, str], tuple[int, str]]
    rooms: list[Room]
    rules: tuple[str, ...]
    yielding: tuple[str, ...]
    fallback: tuple[str, Action] | None
    lane_charges: dict[tuple[str, str], int]
    unit_charges: dict[tuple[str, str], int]


def ruling_of(
    program: Program,
    problem: Problem,
    order: Order,
    *,
    at: datetime,
    without: frozenset[str],
    spent: Mapping[str, int],
) -> Ruling:
    """Everything the policy says about one order; `spent`: what is used of its capacities."""
    told = facts_of(problem, order, at=at, zone=program.zone)
    live = program.live(told, at=at, without=without)
    lanes = lanes_of(problem, told)
    forbidden = exclusions(told, lanes, live)
    safety = safeties(told, lanes, live)
    spaces = rooms(told, lanes, live, spent)
    full = used_up(spaces)
    for lane, reasons in zip(lanes, forbidden, strict=True):
        for line, reason in held(told, lane, safety):
            reasons.setdefault(line, reason)
        if lane.node.id in full:
            for line in range(len(order.lines)):
                reasons.setdefault(line, full[lane.node.id])
    kept = limited(told, live, at=at, instant0=problem.instant0)
    each, by_unit = charges(told, lanes, live)
    fallbacks = (rule.rule for rule in live if isinstance(rule.rule, Fallback))
    first = next(fallbacks, None)
    return Ruling(
        kept,
        lanes,
        forbidden,
        terms_of(msgspec.structs.replace(told, order=kept), lanes, live),
        safety,
        spaces,
        tuple(rule.rule.id for rule in live),
        tuple(r.rule.id for r in live if isinstance(r.rule, Limit) and r.rule.yields),
        None if first is None else (first.id, first.action),
        {(lane.node.id, lane.service.id): n for lane, n in zip(lanes, each, strict=True) if n},
        by_unit,
    )
