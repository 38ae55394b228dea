"""Four rules about places and carriers: regions, carriers, capacity thresholds, promises.

Each reads attributes that the shop sets itself, so that nothing here knows a node by name.
"""

from entrepot.routing.plugins.contract import Charge, Facts, Mask, Rule, Verdict

BUSY_PERCENT = 80
FULL_PERCENT = 95
BUSY_FEE_MINOR = 250


def _regions(facts: Facts) -> Verdict:
    """Nodes with the attribute `serves` (a list of regions) serve no other region."""
    if facts.dest is None:
        return Verdict()
    masks = []
    for node in facts.nodes or ():
        serves = node.attrs.get("serves")
        if isinstance(serves, list) and facts.dest.region not in serves:
            masks.append(Mask(node.id, None, "region_not_served"))
    return Verdict(masks=tuple(masks))


def _carriers(facts: Facts) -> Verdict:
    """Carriers in the order's attribute `refused_carriers` do not bring it."""
    refused = facts.order.attrs.get("refused_carriers") if facts.order is not None else None
    if not isinstance(refused, list):
        return Verdict()
    closed = [service for service in facts.services or () if service.carrier in refused]
    return Verdict(masks=tuple(Mask(s.node, s.id, "carrier_refused") for s in closed))


def _thresholds(facts: Facts) -> Verdict:
    """Nodes whose attribute `load_percent` is high cost more, and above a limit take nothing."""
    masks, charges = [], []
    for node in facts.nodes or ():
        load = node.attrs.get("load_percent")
        if not isinstance(load, int) or load < BUSY_PERCENT:
            continue
        if load >= FULL_PERCENT:
            masks.append(Mask(node.id, None, "node_full"))
        else:
            charges.append(Charge(node.id, None, BUSY_FEE_MINOR, "node_busy"))
    return Verdict(masks=tuple(masks), charges=tuple(charges))


def _promises(facts: Facts) -> Verdict:
    """An order with the attribute `promise_hours` uses no option that arrives later."""
    hours = facts.order.attrs.get("promise_hours") if facts.order is not None else None
    if not isinstance(hours, int) or isinstance(hours, bool):
        return Verdict()
    due = facts.now + 60 * hours
    late = [one for one in facts.arrivals or () if one.eta > due]
    return Verdict(masks=tuple(Mask(one.node, one.service, "promise_broken") for one in late))


region_limits = Rule("1", "network@example.com", "Regions", ("dest", "nodes"), _regions)
carrier_limits = Rule("1", "network@example.com", "Carriers", ("order", "services"), _carriers)
capacity_thresholds = Rule("1", "network@example.com", "Thresholds", ("nodes",), _thresholds)
promise_hours = Rule("1", "network@example.com", "Promises", ("order", "arrivals"), _promises)
