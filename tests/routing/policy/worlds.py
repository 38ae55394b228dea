"""Five worlds, one per scenario, each with its rules stated once more in plain Python.

Every class states in its docstring what the pack of the same name promises; `brute_force` decides
by these methods. Worlds and orders come from a seed.
"""

import random
from typing import Any

from tests.routing.policy.brute_force import Lane, Reason, Room, Terms

Document = dict[str, Any]
PLACES = {
    "CAN": (23.13, 113.26, "CN-GD"),
    "CTU": (30.57, 104.06, "CN-SC"),
    "HGH": (30.25, 120.17, "CN-ZJ"),
    "HKG": (22.32, 114.17, "HK"),
    "SHA": (31.23, 121.47, "CN-SH"),
}
CITIES = {
    "Shanghai": (31.2, 121.5, "CN-SH"),
    "Hangzhou": (30.3, 120.1, "CN-ZJ"),
    "Shenzhen": (22.54, 114.06, "CN-GD"),
    "Hong Kong": (22.28, 114.16, "HK"),
    "Chengdu": (30.66, 104.08, "CN-SC"),
    "Urumqi": (43.8, 87.6, "CN-XJ"),
}
SKUS = ["A", "B", "C", "D"]
NOON = "2026-11-22T04:00:00Z"


def service(node: str, name: str, carrier: str, rng: random.Random, **more: Any) -> Document:
    """A standard or express service with its rate card; two trucks."""
    fast = name == "exp"
    rates = [
        [1000, (2200 if fast else 1000) + (1500 if fast else 900) * zone, 1000,
         300 if fast else 200, (300 + 260 * zone) if fast else (700 + 720 * zone)]
        for zone in range(6)
    ]  # fmt: skip
    start = rng.choice([120, 240, 400])
    return {
        "id": name, "node": node, "carrier": carrier, "level": name, "max_g": 20_000,
        "divisor": 6000, "departures": [[start, start + 60, 0], [start + 1440, start + 1500, 0]],
        "rates": rates, "cod": carrier != "EMS", "tags": ["hazmat"] if not fast else [], **more,
    }  # fmt: skip


class Scenario:
    """What a scenario has unless it says otherwise."""

    name = ""
    tiers: tuple[str, ...] = ("money",)
    now = 0

    def node(self, rng: random.Random, name: str) -> Document:
        lat, lon, region = PLACES[name]
        stock = {
            sku: [rng.choice([1, 2, 3, 6]), rng.choice([0, 0, 1]), 0]
            for sku in SKUS
            if rng.random() < 0.62
        }
        return {
            "id": name, "type": "warehouse", "lat": lat, "lon": lon, "region": region,
            "tags": ["hazmat"] if rng.random() < 0.8 else [], "fix": rng.choice([300, 500, 700]),
            "unit": rng.choice([0, 40]), "stock": stock, "attrs": {}, "stock_attrs": {},
        }  # fmt: skip

    def services(self, rng: random.Random, name: str) -> list[Document]:
        return [
            service(name, "std", rng.choice(["EMS", "SF", "YTO"]), rng),
            service(name, "exp", "SF", rng),
        ]

    def world(self, seed: int) -> Document:
        rng = random.Random(seed)
        return {
            "format": "routing-problem/1", "instant0": NOON, "currency": "CNY", "now": self.now,
            "zone_km": [50, 300, 800, 1500, 2500], "nodes": [self.node(rng, n) for n in PLACES],
            "services": [made for n in PLACES for made in self.services(rng, n)],
        }  # fmt: skip

    def order(self, rng: random.Random, number: int) -> Document:
        lat, lon, region = CITIES[rng.choice(list(CITIES))]
        lines = [
            {"sku": sku, "qty": 1, "g": rng.choice([300, 900, 1800, 3500]),
             "cm3": rng.choice([500, 4000]), "tags": [], "attrs": {}}
            for sku in rng.sample(SKUS, rng.choice([1, 2, 3, 3]))
        ]  # fmt: skip
        lines[0]["qty"] = rng.choice([1, 1, 2, 3])
        return {
            "id": f"{self.name}-{number:03d}", "ready": rng.choice([0, 0, 300]),
            "dest": {"lat": lat, "lon": lon, "region": region}, "lines": lines, "cod": False,
            "attrs": {},
        }  # fmt: skip

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        return None

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        return Terms(order.get("deliver_by"), order.get("late", "hard") == "hard")

    def yielding(self, order: Document) -> list[str]:
        return []

    def per_shipment(self, order: Document, lane: Lane) -> int:
        return 0

    def per_unit(self, order: Document, line: Document, node: Document) -> int:
        return 0

    def safety(self, order: Document, line: Document, node: Document) -> tuple[int, str]:
        return node["stock"].get(line["sku"], [0, 0, 0])[1], ""

    def rooms(self, order: Document, node: Document) -> list[Room]:
        return []

    def fallback(self, order: Document) -> tuple[str, str] | None:
        return ("manual", "to-a-person")


class Regional(Scenario):
    """Scenario 1, region.

    Goods stay in the order's tax zone, at nodes that serve the destination, in the node groups
    the order names; goods banned at a destination never ship there. COD only in Guangdong,
    Shanghai and Zhejiang and up to 5,000.00, in one shipment. Across a border a shipment costs
    15.00 more. Mainland orders should arrive within 3 days of being ready, 3.00 per day late;
    Hong Kong orders must within 2.
    """

    name = "regional"

    def node(self, rng: random.Random, name: str) -> Document:
        made = super().node(rng, name)
        serves = [city[2] for city in CITIES.values() if rng.random() < 0.9]
        made["attrs"] = {
            "tax_zone": "HK" if name == "HKG" else "CN",
            "country": "HK" if name == "HKG" else "CN",
            "group": {"CAN": "south", "HKG": "south", "CTU": "west"}.get(name, "east"),
        }
        if name != "SHA":
            made["attrs"]["serves"] = sorted(set(serves))
        return made

    def order(self, rng: random.Random, number: int) -> Document:
        made = super().order(rng, number)
        country = "HK" if made["dest"]["region"] == "HK" else "CN"
        made["attrs"] = {"country": country, "amount_minor": rng.choice([9_900, 500_000, 500_001])}
        if rng.random() < 0.3:
            made["attrs"]["tax_zone"] = country
        if rng.random() < 0.7:
            made["attrs"]["market"] = country
        if rng.random() < 0.2:
            made["attrs"]["node_groups"] = rng.choice([["east"], ["east", "south"], ["west"]])
        made["cod"] = rng.random() < 0.2
        if rng.random() < 0.15:
            made["lines"][0]["attrs"]["banned_in"] = rng.choice([["HK"], ["CN-XJ", "CN-SH"]])
        return made

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        attrs, node = order["attrs"], lane.node["attrs"]
        region = order["dest"]["region"]
        if "tax_zone" in attrs and node["tax_zone"] != attrs["tax_zone"]:
            seen = [
                f'node.attrs.tax_zone = "{node["tax_zone"]}"',
                f'order.attrs.tax_zone = "{attrs["tax_zone"]}"',
            ]
            return "tax-zone", "other_tax_zone", seen, "node.attrs.tax_zone = order.attrs.tax_zone"
        if "serves" in node and region not in node["serves"]:
            served = ",".join(f'"{name}"' for name in node["serves"])
            seen = [f"node.attrs.serves = [{served}]", f'dest.region = "{region}"']
            needed = "node.attrs.serves has dest.region"
            return "served-regions", "region_not_served", seen, needed
        if "node_groups" in attrs and node["group"] not in attrs["node_groups"]:
            groups = ",".join(f'"{name}"' for name in attrs["node_groups"])
            seen = [
                f"order.attrs.node_groups = [{groups}]", f'node.attrs.group = "{node["group"]}"'
            ]  # fmt: skip
            needed = "order.attrs.node_groups has node.attrs.group"
            return "node-groups", "other_node_group", seen, needed
        banned = line["attrs"].get("banned_in", [])
        if region in banned:
            places = ",".join(f'"{name}"' for name in sorted(banned))
            seen = [f"line.attrs.banned_in = [{places}]", f'dest.region = "{region}"']
            needed = "not(line.attrs.banned_in has dest.region)"
            return "banned-goods", "banned_there", seen, needed
        near = region in ("CN-GD", "CN-SH", "CN-ZJ")
        if order["cod"] and (not near or attrs["amount_minor"] > 500_000):
            seen = [
                "order.cod = true", f'dest.region = "{region}"',
                f"order.attrs.amount_minor = {attrs['amount_minor']}",
            ]  # fmt: skip
            needed = (
                'not(all(order.cod = true, any(not(dest.region in ["CN-GD","CN-SH","CN-ZJ"]),'
                " order.attrs.amount_minor > 500000)))"
            )
            return "cod-scope", "cod_not_offered", seen, needed
        return None

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        start = max(self.now, order["ready"])
        market = order["attrs"].get("market")
        if market == "CN":
            return Terms(start + 4320, hard=False, late_day=300, complete=order["cod"])
        if market == "HK":
            return Terms(start + 2880, hard=True, complete=order["cod"])
        return Terms(complete=order["cod"])

    def per_shipment(self, order: Document, lane: Lane) -> int:
        return 1500 if lane.node["attrs"]["country"] != order["attrs"]["country"] else 0


class SplitOrCombine(Scenario):
    """Scenario 2, split or combine.

    As few shipments as possible, then the least money. One shipment: when the order asks for it,
    for COD, below 200.00. One shipment unless there is no other way: for Xinjiang and Tibet, and
    for orders with a deadline. Gifts travel together, hazardous goods travel together, fresh
    goods' lines are not split; never more than three shipments. Without a plan: back order where
    the customer agreed, else a person.
    """

    name = "split-or-combine"
    tiers = ("shipments", "money")

    def order(self, rng: random.Random, number: int) -> Document:
        made = super().order(rng, number)
        made["attrs"] = {"amount_minor": rng.choice([5_000, 19_999, 20_000, 80_000, 80_000])}
        if rng.random() < 0.15:
            made["attrs"]["split"] = False
        if rng.random() < 0.4:
            made["attrs"]["backorder"] = True
        made["cod"] = rng.random() < 0.12
        if rng.random() < 0.35:
            made["deliver_by"] = rng.choice([1200, 1900, 2500, 4000])
        for line in made["lines"]:
            chance = rng.random()
            if chance < 0.2:
                line["attrs"]["gift"] = True
            elif chance < 0.4:
                line["tags"] = ["hazmat"]
            elif chance < 0.55:
                line["attrs"]["type"] = "fresh"
        return made

    def yielding(self, order: Document) -> list[str]:
        found = ["remote"] if order["dest"]["region"] == "CN-XJ" else []
        return found + (["promise-first"] if order.get("deliver_by") is not None else [])

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        attrs = order["attrs"]
        one = attrs["amount_minor"] < 20_000
        one = one or any(rule not in dropped for rule in self.yielding(order))
        gifts = frozenset(x["sku"] for x in order["lines"] if x["attrs"].get("gift"))
        hazardous = frozenset(x["sku"] for x in order["lines"] if "hazmat" in x["tags"])
        return Terms(
            order.get("deliver_by"),
            most=1 if one else 3,
            complete=order["cod"] or attrs.get("split") is False,
            whole_lines=any(x["attrs"].get("type") == "fresh" for x in order["lines"]),
            together=tuple(kit for kit in (gifts, hazardous) if kit),
        )

    def fallback(self, order: Document) -> tuple[str, str] | None:
        waits = order["attrs"].get("backorder") is True
        return ("backorder", "wait") if waits else ("manual", "to-a-person")


class StockHealth(Scenario):
    """Scenario 3, stock health.

    Quarantined stock is not sold; fragile goods leave only specialist nodes; mainland customers
    get 30 days of life at least, Hong Kong 60. Four units of best sellers stay for app and VIP
    customers; VIPs may take safety stock. Slow stock counts 7.00 a unit cheaper, promoted stock
    9.00 in the promotion's week; then older stock first. Without a plan: back order.
    """

    name = "stock-health"
    tiers = ("money", "age")

    def node(self, rng: random.Random, name: str) -> Document:
        made = super().node(rng, name)
        made["attrs"] = {"specialist": rng.random() < 0.5}
        for sku in made["stock"]:
            attrs: Document = {
                "age_days": rng.choice([3, 40, 200]), "life_days": rng.choice([29, 30, 60, 400])
            }  # fmt: skip
            for flag, chance in (("slow", 0.25), ("promo", 0.2), ("quarantined", 0.2)):
                if rng.random() < chance:
                    attrs[flag] = True
            made["stock_attrs"][sku] = attrs
        return made

    def order(self, rng: random.Random, number: int) -> Document:
        made = super().order(rng, number)
        made["attrs"]["channel"] = rng.choice(["app", "vip", "web", "tmall"])
        if rng.random() < 0.7:
            made["attrs"]["market"] = "HK" if made["dest"]["region"] == "HK" else "CN"
        for line in made["lines"]:
            if rng.random() < 0.3:
                line["attrs"]["fragile"] = True
            if rng.random() < 0.4:
                line["attrs"]["best_seller"] = True
        return made

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        stock = lane.node["stock_attrs"].get(line["sku"], {})
        if stock.get("quarantined"):
            return "quarantined", "quarantined", True, "stock.attrs.quarantined != true"
        if line["attrs"].get("fragile") and not lane.node["attrs"]["specialist"]:
            return "fragile", "specialist_only", False, "node.attrs.specialist = true"
        market = order["attrs"].get("market")
        wanted = {"CN": (30, "life-mainland"), "HK": (60, "life-hong-kong")}.get(market)
        if wanted is not None and "life_days" in stock and stock["life_days"] < wanted[0]:
            return wanted[1], "too_little_life", stock["life_days"], wanted[0]
        return None

    def per_unit(self, order: Document, line: Document, node: Document) -> int:
        stock = node["stock_attrs"].get(line["sku"], {})
        return -700 * bool(stock.get("slow")) - 900 * bool(stock.get("promo"))

    def safety(self, order: Document, line: Document, node: Document) -> tuple[int, str]:
        kept = node["stock"].get(line["sku"], [0, 0, 0])[1]
        channel = order["attrs"]["channel"]
        if channel == "vip":
            return 0, "vip-override" if kept else ""
        if line["attrs"].get("best_seller") and channel != "app" and kept < 4:
            return 4, "best-sellers"
        return kept, ""

    def fallback(self, order: Document) -> tuple[str, str] | None:
        return ("backorder", "wait")


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


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (Regional(), SplitOrCombine(), StockHealth(), StoresAndPickup(), Marketplaces())
}
