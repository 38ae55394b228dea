"""Which options an order may use at all, and what each costs before weight and units.

Works on all options at once. `explaining` says in words, option by option, what is left out here.
"""

import math
from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.format import Destination, Order
from entrepot.routing.engine.network import NEVER, Bools, Ints, Network

EARTH_KM: Final = 6371.0
_NEAR_LIMIT: Final = 1e-9
"""Relative distance to a zone limit below which the scalar formula decides."""


class Eligible(msgspec.Struct, frozen=True, eq=False):
    """The options left for one order; every array has one entry per eligible option.

    `option` are indices into the network, ascending, so the canonical order is kept. `base` is
    the money of a shipment that weighs nothing: handling, penalty, lateness and first weight.
    """

    option: Ints
    node: Ints
    base: Ints
    step_price: Ints
    ladder: Ints
    eta: Ints


def distance_km(dest: Destination, lat: float, lon: float) -> float:
    """Great-circle distance by the haversine formula with R = 6371.0 km."""
    phi1, phi2 = math.radians(dest.lat), math.radians(lat)
    half_phi = math.sin((phi2 - phi1) / 2)
    half_lambda = math.sin(math.radians(lon - dest.lon) / 2)
    a = half_phi * half_phi + math.cos(phi1) * math.cos(phi2) * half_lambda * half_lambda
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(a)))


def zones(network: Network, dest: Destination) -> Ints:
    """The zone 0..5 of every node: how many limits lie strictly below its distance."""
    phi, lam = math.radians(dest.lat), math.radians(dest.lon)
    half_phi = np.sin((network.lat - phi) / 2)
    half_lambda = np.sin((network.lon - lam) / 2)
    a = half_phi * half_phi + math.cos(phi) * network.cos_lat * half_lambda * half_lambda
    km = 2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(a)))
    limits = np.array(network.zone_km)
    found: Ints = np.searchsorted(limits, km, side="left")
    close = np.abs(km[:, None] - limits) <= _NEAR_LIMIT * (1.0 + limits)
    for i in np.nonzero(close.any(axis=1))[0].tolist():
        exact = distance_km(dest, network.nodes[i].lat, network.nodes[i].lon)
        found[i] = sum(limit < exact for limit in network.zone_km)
    return found


def resolve(network: Network, order: Order) -> Eligible:
    """The options that order-wide rules leave, by region, COD, zone, departure and deadline."""
    rows = np.arange(len(network.services))
    zone = zones(network, order.dest)[network.node_of]
    start = max(network.now, order.ready)
    first = (network.catch_by >= start).argmax(axis=1)
    leaves = network.leaves[rows, first]
    usable: Bools = network.served[rows, zone] & (leaves < NEVER)
    if order.cod:
        usable &= network.cod
    blocked = network.blocking(order.dest.region)
    if blocked.any():
        usable &= ~blocked[network.node_of]
    rates = network.rates[rows, zone]
    eta = leaves + rates[:, 4]
    if order.deliver_by is not None and order.late == "hard":
        usable &= eta <= order.deliver_by
    option = np.nonzero(usable)[0]
    node = network.node_of[option]
    base = network.per_shipment[node] + rates[option, 1] + lateness(order, eta[option])
    return Eligible(
        option, node, base, rates[option, 3], network.ladder_of[option, zone[option]], eta[option]
    )


def lateness(order: Order, eta: Ints) -> Ints:
    """Money per shipment for arriving late: `late_day` for every started day, soft orders only."""
    if order.deliver_by is None or order.late == "hard" or order.late_day == 0:
        return np.zeros(len(eta), np.int64)
    late = np.maximum(eta - order.deliver_by, 0)
    days: Ints = -(-late // 1440) * order.late_day
    return days
