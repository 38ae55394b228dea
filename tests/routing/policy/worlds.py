"""The worlds of the scenarios region, split or combine, and stock health.

Every class states in its docstring what the pack of the same name promises, once more in plain
Python; `brute_force` decides by these methods. Worlds and orders come from a seed.
"""

import random

from tests.routing.policy.brute_force import Lane, Reason, Terms
from tests.routing.policy.world import CITIES, Document, Scenario


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
