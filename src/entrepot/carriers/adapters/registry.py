"""Adapters by name: those that come along, and those that installed packages offer.

A package offers one by an entry point of the group `entrepot.live_carriers` that names a
MakeCarrier. Its name must not be taken.
"""

from functools import cache
from importlib.metadata import entry_points

from entrepot.carriers.adapters.karrio_threads import KarrioThreads
from entrepot.carriers.adapters.plain_json import PlainJson
from entrepot.carriers.adapters.protocol import LiveCarrier, MakeCarrier, Misconfigured, Wiring

GROUP = "entrepot.live_carriers"
_OURS: dict[str, MakeCarrier] = {"plain_json": PlainJson, "karrio": KarrioThreads}


@cache
def adapter_names() -> frozenset[str]:
    """Every adapter that can be connected here."""
    return frozenset(_OURS) | {point.name for point in entry_points(group=GROUP)}


def make_carrier(name: str, wiring: Wiring) -> LiveCarrier:
    """The carrier of a connection. Raises Misconfigured; ImportError of a broken package is its
    own."""
    maker = _OURS.get(name) or _offered(name)
    if maker is None:
        raise Misconfigured(f"there is no adapter {name!r} here")
    return maker(wiring)


@cache
def _offered(name: str) -> MakeCarrier | None:
    found = list(entry_points(group=GROUP, name=name))
    if len(found) > 1:
        raise Misconfigured(f"{len(found)} packages offer an adapter {name!r}")
    if not found:
        return None
    maker: MakeCarrier = found[0].load()
    return maker
