"""A verdict checked, and laid over a problem: masked options go, charged options cost more.

Charges are added to the first price of every zone, so that the engine needs to know nothing of
rules. A problem is patched for one order, since a verdict speaks of one order only.
"""

from collections.abc import Iterable, Iterator

import msgspec

from entrepot.routing.engine.format import Candidate, Exclusion, Problem, Rate, Service
from entrepot.routing.plugins.contract import Charge, Mask, Verdict
from entrepot.routing.plugins.outcomes import RuleOutcome

MOST_MONEY = 10**9
"""All charges of all rules on one option together."""


def nonsense_in(problem: Problem, verdict: Verdict) -> str | None:
    """The first thing in a verdict that speaks of what is not there, or None."""
    services = {(service.node, service.id) for service in problem.services}
    nodes = {node.id for node in problem.nodes}
    said: dict[str, tuple[Mask | Charge, ...]] = {
        "masks": verdict.masks,
        "charges": verdict.charges,
    }
    for kind, entries in said.items():
        seen = set()
        for i, entry in enumerate(entries):
            option = (entry.node, entry.service)
            known = entry.node in nodes if entry.service is None else option in services
            if not known:
                return f"{kind}[{i}]: there is no such option"
            if option in seen:
                return f"{kind}[{i}]: the option is named twice"
            seen.add(option)
    return None


def patched(problem: Problem, outcomes: Iterable[RuleOutcome]) -> Problem:
    """The problem of one order with what the rules say of it."""
    said = tuple(outcomes)
    if not any(outcome.masks or outcome.charges for outcome in said):
        return problem
    kept = []
    for service in problem.services:
        if not any(_speaks_of(mask, service) for outcome in said for mask in outcome.masks):
            kept.append(_charged(service, charge_on(service, said)))
    return msgspec.structs.replace(problem, services=kept)


def masked(problem: Problem, outcomes: Iterable[RuleOutcome]) -> Iterator[Candidate]:
    """Every option that a rule takes away, with the first rule that does and its reason."""
    said = tuple(outcomes)
    for service in sorted(problem.services, key=lambda service: (service.node, service.id)):
        for outcome in said:
            mask = next((mask for mask in outcome.masks if _speaks_of(mask, service)), None)
            if mask is not None:
                yield Candidate(
                    service.node, service.id, Exclusion("rule", outcome.rule, mask.reason)
                )
                break


def charge_on(service: Service, outcomes: Iterable[RuleOutcome]) -> int:
    """What the rules add to a shipment of this service, cut at `MOST_MONEY`."""
    money = sum(
        charge.money
        for outcome in outcomes
        for charge in outcome.charges
        if _speaks_of(charge, service)
    )
    return min(money, MOST_MONEY)


def _speaks_of(entry: Mask | Charge, service: Service) -> bool:
    return entry.node == service.node and entry.service in (None, service.id)


def _charged(service: Service, money: int) -> Service:
    if not money:
        return service
    rates = [rate and _dearer(rate, money) for rate in service.rates]
    return msgspec.structs.replace(service, rates=rates)


def _dearer(rate: Rate, money: int) -> Rate:
    return msgspec.structs.replace(rate, first_price=rate.first_price + money)
