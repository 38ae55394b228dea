"""What the author of a rule package imports: the facts a rule sees and what it may answer.

A package names an object of kind `Rule` under the entry point group `entrepot.routing_rules`.
`judge` is a pure function of the facts it declares: no files, no network, no clock, no chance.
All imports stand at the top of the module; once the rule is loaded nothing can be opened.
"""

from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

GROUP: Final = "entrepot.routing_rules"
API: Final = 1
"""The version of everything in this file. A rule that speaks another one is not loaded."""
Attributes = dict[str, str | int | bool | list[str]]
Input = Literal["order", "dest", "lines", "nodes", "services", "stock", "arrivals"]
"""What a rule may declare. The options themselves, (node, service), are always there."""

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Reason = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Money = Annotated[int, Meta(ge=0, le=10**9)]


class OrderFacts(msgspec.Struct, frozen=True):
    """The order without its destination and lines; minutes since `instant0`."""

    ready: int
    deliver_by: int | None
    late: str
    cod: bool
    attrs: Attributes


class DestinationFacts(msgspec.Struct, frozen=True):
    """Where the order goes."""

    lat: float
    lon: float
    region: str


class LineFacts(msgspec.Struct, frozen=True):
    """One line: grams and cm3 are per unit."""

    sku: str
    qty: int
    g: int
    cm3: int
    tags: tuple[str, ...]
    attrs: Attributes


class NodeFacts(msgspec.Struct, frozen=True):
    """One node."""

    id: str
    type: str
    region: str
    tags: tuple[str, ...]
    attrs: Attributes


class ServiceFacts(msgspec.Struct, frozen=True):
    """One service of one node."""

    id: str
    node: str
    carrier: str
    level: str
    tags: tuple[str, ...]


class StockFacts(msgspec.Struct, frozen=True):
    """Usable units of one of the order's SKUs at one node."""

    node: str
    sku: str
    units: int
    attrs: Attributes


class ArrivalFacts(msgspec.Struct, frozen=True):
    """When an option that is open to the order would arrive, in minutes since `instant0`."""

    node: str
    service: str
    eta: int


class Facts(msgspec.Struct, frozen=True):
    """What a rule sees. What it has not declared is None."""

    options: tuple[tuple[str, str], ...]
    now: int
    order: OrderFacts | None = None
    dest: DestinationFacts | None = None
    lines: tuple[LineFacts, ...] | None = None
    nodes: tuple[NodeFacts, ...] | None = None
    services: tuple[ServiceFacts, ...] | None = None
    stock: tuple[StockFacts, ...] | None = None
    arrivals: tuple[ArrivalFacts, ...] | None = None


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An option this order must not use; `service` None: no service of the node."""

    node: Text
    service: Text | None
    reason: Reason


class Charge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money in minor units added to a shipment of this option; `service` None: of all of them."""

    node: Text
    service: Text | None
    money: Money
    reason: Reason


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a rule says about one order."""

    masks: tuple[Mask, ...] = ()
    charges: tuple[Charge, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A rule: who looks after it, which facts it reads, and the function that judges.

    `api`: the version of this contract that the rule is written for.
    """

    version: Text
    owner: Text
    summary: Text
    inputs: tuple[Input, ...]
    judge: Callable[[Facts], Verdict]
    api: int = API
