"""The five scenarios by name."""

from tests.routing.policy.shop_worlds import Marketplaces, StoresAndPickup
from tests.routing.policy.world import Scenario
from tests.routing.policy.worlds import Regional, SplitOrCombine, StockHealth

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (Regional(), SplitOrCombine(), StockHealth(), StoresAndPickup(), Marketplaces())
}
