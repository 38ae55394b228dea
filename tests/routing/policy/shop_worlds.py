"""The worlds of the scenarios stores and pick-up, and marketplaces.

Every class states in its docstring what the pack of the same name promises, once more in plain
Python; `brute_force` decides by these methods. Worlds and orders come from a seed.
"""

import random

from tests.routing.policy.brute_force import Lane, Reason, Room, Terms
from tests.routing.policy.world import SKUS, Document, Scenario, service


class StoresAndPickup(Scenario):
    """Scenario 4, stores and pick-up.

    Orders to be collected are served at their store by its pick-up counter, others never.
    Paused stores, stores counted more than 14 days ago and, for units above 3 kg, all stores are
    left out; stores keep one unit on the shop floor, take six orders an hour and work 60 minutes
    at 6 a shipment and 2 a unit. From a store a shipment counts 2.50 dearer. At most two
    shipments. Collections without a plan are cancelled, others go to a person.
    """

    name = "stores-and-pickup"

    def node(self, rng: random.Random, name: str) -> Document:
        made = super().node(rng, name)
        if name in ("HGH", "HKG", "CAN"):
            made["type"] = "store"
            made["attrs"] = {
                "count_age_days": {"HGH": 14, "HKG": 15, "CAN": 2}[name],
                "orders_this_hour": {"HGH": 2, "HKG": 0, "CAN": 6}[name],
                "minutes_worked": {"HGH": 50, "HKG": 0, "CAN": 30}[name],
                "paused": False,
            }
            made["stock"] = {sku: [rng.choice([1, 2, 3, 6]), 0, 0] for sku in SKUS}
        return made

    def services(self, rng: random.Random, name: str) -> list[Document]:
        made = [service(name, "std", "SF", rng)]
        if name in ("HGH", "HKG", "CAN"):
            counter = [100_000, 0, 1000, 0, 30]
            made.append(service(name, "counter", "own", rng, level="pickup", rates=[counter] * 6))
        return made

    def order(self, rng: random.Random, number: int) -> Document:
        made = super().order(rng, number)
        if rng.random() < 0.35:
            made["attrs"]["pickup_node"] = rng.choice(["HGH", "HKG", "CAN"])
        return made

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        wanted, level = order["attrs"].get("pickup_node"), lane.service["level"]
        node = lane.node
        if wanted is not None and (level != "pickup" or node["id"] != wanted):
            return "collect", "not_the_pickup_point", [node["id"], level], [wanted, "pickup"]
        if wanted is None and level == "pickup":
            return "collect", "pickup_only", "pickup", "an order to be collected"
        age = node["attrs"].get("count_age_days")
        if node["type"] == "store" and age > 14:
            seen = ['node.type = "store"', f"node.attrs.count_age_days = {age}"]
            needed = 'not(all(node.type = "store", node.attrs.count_age_days > 14))'
            return "stale-count", "stale_count", seen, needed
        if node["type"] == "store" and line["g"] > 3000:
            return "heavy-from-store", "too_heavy_for_store", "store", 'node.type != "store"'
        return None

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        return Terms(most=2)

    def per_shipment(self, order: Document, lane: Lane) -> int:
        return 250 if lane.node["type"] == "store" else 0

    def safety(self, order: Document, line: Document, node: Document) -> tuple[int, str]:
        kept = node["stock"].get(line["sku"], [0, 0, 0])[1]
        return (1, "shop-floor") if node["type"] == "store" and kept < 1 else (kept, "")

    def rooms(self, order: Document, node: Document) -> list[Room]:
        if node["type"] != "store":
            return []
        attrs = node["attrs"]
        return [
            Room("orders-an-hour", max(0, 6 - attrs["orders_this_hour"]), 1, 0),
            Room("labour", max(0, 60 - attrs["minutes_worked"]), 6, 2),
        ]

    def fallback(self, order: Document) -> tuple[str, str] | None:
        if "pickup_node" in order["attrs"]:
            return ("cancel", "cancel-collection")
        return ("manual", "to-a-person")


class Marketplaces(Scenario):
    """Scenario 5, marketplaces and third parties.

    Orders of Tmall, Lazada and Shopee use only nodes of their pools (Tmall with Cainiao or SF
    and stock told within the hour, one unit staying; Lazada and Shopee within half an hour, two
    staying); marketplace nodes serve their pools only. Partners must be active; own-only goods
    leave own warehouses. A partner costs 2.00 a shipment and 0.50 a unit; anything but an own
    warehouse counts 1.50 dearer. Tmall must arrive within two days, overseas should within three
    (5.00 a day); all in one shipment. Overseas without a plan is cancelled, others go to a person.
    """

    name = "marketplaces"

    def node(self, rng: random.Random, name: str) -> Document:
        made = super().node(rng, name)
        made["type"] = {"CTU": "partner", "HGH": "partner", "HKG": "marketplace"}.get(
            name, "warehouse"
        )
        made["attrs"] = {
            "pools": {"HKG": ["lazada", "shopee"], "SHA": ["lazada", "tmall"],
                      "HGH": ["shopee", "tmall"], "CTU": ["tmall"],
                      "CAN": ["lazada", "shopee", "tmall"]}[name],
        }  # fmt: skip
        if made["type"] == "partner":
            made["attrs"]["partner_status"] = {"CTU": "suspended", "HGH": "active"}[name]
        if name != "SHA":
            made["attrs"]["feed_age_min"] = {"HKG": 30, "CAN": 31, "HGH": 60, "CTU": 5}[name]
        return made

    def order(self, rng: random.Random, number: int) -> Document:
        made = super().order(rng, number)
        channel = rng.choice(["tmall", "tmall", "lazada", "shopee", "web", None])
        if channel is not None:
            made["attrs"]["channel"] = channel
        for line in made["lines"]:
            if rng.random() < 0.25:
                line["attrs"]["own_only"] = True
        return made

    def _channel(self, order: Document, lane: Lane, names: list[str]) -> Reason | None:
        channel, pools = order["attrs"].get("channel"), sorted(lane.node["attrs"]["pools"])
        tmall = names == ["tmall"]
        rule = "tmall" if tmall else "overseas"
        if channel not in names:
            if lane.node["type"] == "marketplace" and channel not in pools:
                return rule, "marketplace_stock", pools, channel
            return None
        if channel not in pools:
            return rule, "not_of_this_channel", pools, channel
        carrier, age = lane.service["carrier"], lane.node["attrs"].get("feed_age_min")
        if tmall and carrier not in ("CAINIAO", "SF"):
            return rule, "carrier_not_allowed", carrier, ["CAINIAO", "SF"]
        if age is not None and age > (60 if tmall else 30):
            return rule, "feed_stale", age, 60 if tmall else 30
        return None

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        for names in (["tmall"], ["lazada", "shopee"]):
            found = self._channel(order, lane, names)
            if found is not None:
                return found
        kind, status = lane.node["type"], lane.node["attrs"].get("partner_status")
        if kind == "partner" and status != "active":
            seen = ['node.type = "partner"', f'node.attrs.partner_status = "{status}"']
            needed = 'not(all(node.type = "partner", node.attrs.partner_status != "active"))'
            return "partner-not-active", "partner_not_active", seen, needed
        if line["attrs"].get("own_only") and kind in ("partner", "marketplace"):
            needed = 'not(node.type in ["partner","marketplace"])'
            return "partner-goods", "own_warehouse_only", kind, needed
        return None

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        start, channel = max(self.now, order["ready"]), order["attrs"].get("channel")
        if channel == "tmall":
            return Terms(start + 2880, most=1)
        if channel in ("lazada", "shopee"):
            return Terms(start + 4320, hard=False, late_day=500, most=1)
        return Terms()

    def per_shipment(self, order: Document, lane: Lane) -> int:
        kind = lane.node["type"]
        return 200 * (kind == "partner") + 150 * (kind != "warehouse")

    def per_unit(self, order: Document, line: Document, node: Document) -> int:
        return 50 if node["type"] == "partner" else 0

    def safety(self, order: Document, line: Document, node: Document) -> tuple[int, str]:
        kept = node["stock"].get(line["sku"], [0, 0, 0])[1]
        channel = order["attrs"].get("channel")
        if channel == "tmall":
            return kept + 1, "tmall"
        if channel in ("lazada", "shopee"):
            return kept + 2, "overseas"
        return kept, ""

    def fallback(self, order: Document) -> tuple[str, str] | None:
        if order["attrs"].get("channel") in ("lazada", "shopee"):
            return ("cancel", "cancel-overseas")
        return ("manual", "to-a-person")
