"""Two routing rules: lithium cells do not fly, and fragile goods cost more without soft packing.

A rule is a pure function of the facts it declares. It may mask options and charge money for them.
Once it is loaded it can open nothing, so everything it needs is imported or written up here.
"""

from entrepot.routing.plugins.contract import Charge, Facts, Mask, Rule, Verdict

FRAGILE_FEE_MINOR = 300


def _no_flying(facts: Facts) -> Verdict:
    """Mask every service by air when a line is tagged `lithium`."""
    lithium = any("lithium" in line.tags for line in facts.lines or ())
    by_air = [service for service in facts.services or () if service.level == "air"]
    if not lithium:
        return Verdict()
    return Verdict(masks=tuple(Mask(s.node, s.id, "lithium_by_air") for s in by_air))


def _soft_packing(facts: Facts) -> Verdict:
    """Charge nodes without soft packing for orders whose attribute `fragile` is true."""
    if facts.order is None or facts.order.attrs.get("fragile") is not True:
        return Verdict()
    hard = [node.id for node in facts.nodes or () if node.attrs.get("soft_packing") is not True]
    return Verdict(
        charges=tuple(Charge(node, None, FRAGILE_FEE_MINOR, "no_soft_packing") for node in hard)
    )


lithium_by_road = Rule(
    version="1",
    owner="safety@example.com",
    summary="Lithium cells go by road",
    inputs=("lines", "services"),
    judge=_no_flying,
)
fragile_fee = Rule(
    version="1",
    owner="packing@example.com",
    summary="Fragile goods cost 3.00 more where there is no soft packing",
    inputs=("order", "nodes"),
    judge=_soft_packing,
)
