"""The rules that exclude an option, one at a time and in words: code, observed, required."""

from entrepot.routing.engine.asking import Question
from entrepot.routing.engine.format import Exclusion, Node, Order, Rate, Service
from entrepot.routing.engine.network import Network
from entrepot.routing.engine.resolving import distance_km


def exclusion(network: Network, order: Order, option: int) -> Exclusion | None:
    """The first order-wide rule that keeps this option from being used; None: none does."""
    service = network.services[option]
    node = network.nodes[network.node_index[service.node]]
    if order.dest.region in node.regions_blocked:
        return Exclusion("region_blocked", order.dest.region, "another region")
    if order.cod and not service.cod:
        return Exclusion("no_cod", observed=False, required=True)
    rate, zone = _rate(network, order, node, service)
    if rate is None:
        return Exclusion("zone_not_served", zone, _zones_served(service))
    start = max(network.now, order.ready)
    caught = [departure for departure in service.departures if departure.catch_by >= start]
    if not caught:
        last = service.departures[-1].catch_by if service.departures else None
        return Exclusion("no_departure", last, start)
    eta = caught[0].leaves + caught[0].extra_transit + rate.transit_min
    if order.deliver_by is not None and order.late == "hard" and eta > order.deliver_by:
        return Exclusion("too_late", eta, order.deliver_by)
    return None


def _rate(network: Network, order: Order, node: Node, service: Service) -> tuple[Rate | None, int]:
    far = distance_km(order.dest, node.lat, node.lon)
    zone = sum(limit < far for limit in network.zone_km)
    return service.rates[zone], zone


def _zones_served(service: Service) -> list[str]:
    return [str(zone) for zone, rate in enumerate(service.rates) if rate is not None]


def idle_reason(question: Question, row: int) -> Exclusion:
    """Why an option that the order could use is in no plan of it."""
    network, order = question.network, question.order
    service = network.services[int(question.eligible.option[row])]
    node = network.nodes[int(question.eligible.node[row])]
    accepted = [
        line for line in order.lines if set(line.tags) <= set(node.tags) & set(service.tags)
    ]
    if not accepted:
        wanted = sorted({tag for line in order.lines for tag in line.tags})
        return Exclusion("not_capable", sorted(set(node.tags) & set(service.tags)), wanted)
    if not question.demand.can[row].any():
        skus = sorted(line.sku for line in accepted)
        return Exclusion("no_stock", [], skus)
    lightest = min(max(line.g, -(-line.cm3 * 1000 // service.divisor)) for line in accepted)
    if lightest > service.max_g:
        return Exclusion("too_heavy", lightest, service.max_g)
    return Exclusion("no_plan", "no allowed plan uses this option", None)
