"""A worked example of a live carrier: «Harbour Post», whose invented protocol is like many.

It takes a GET with kilograms and centimetres, answers prices as decimal texts, one list entry a
product, and refuses with status 400 and `{"fault": {"no": 17, "text": "…"}}`. docs/carriers.md
walks through this file; tests/carriers/test_live_adapters.py holds it to the contract.
"""

import base64
import time
from decimal import Decimal, InvalidOperation
from typing import Annotated
from urllib.parse import urlencode

import msgspec

from entrepot.carriers.adapters.protocol import (
    LiveOffer,
    LiveOffers,
    LiveRefusal,
    LiveRequest,
    Nonsense,
    Wiring,
    cut,
    need,
)
from entrepot.kernel.amounts import minor_digits


class Product(msgspec.Struct):
    """One product as Harbour Post lists it."""

    product: str
    price: str
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    working_days: int


class Fault(msgspec.Struct):
    """Why Harbour Post says no."""

    no: int
    text: str


class Refused(msgspec.Struct):
    """A refusal."""

    fault: Fault


class HarbourPost:
    """One connection. Option: `contract` (a contract number); credentials: `user`, `password`."""

    def __init__(self, wiring: Wiring) -> None:
        (self.contract,) = need(wiring.options, "contract")
        user, password = need(wiring.credentials, "user", "password")
        self.proof = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.url = wiring.base_url.rstrip("/") + "/prices"
        self.outgoing = wiring.outgoing

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        """Ask, read, done: prices are judged by Entrepot, not here."""
        answer = await self.outgoing.fetch(
            f"{self.url}?{urlencode(question(request, self.contract))}",
            headers={"Authorization": f"Basic {self.proof}", "Accept": "application/json"},
            timeout_s=max(deadline - time.monotonic(), 0),
        )
        try:
            if answer.status == 200:
                products = msgspec.json.decode(answer.body, type=list[Product])
                return LiveOffers(tuple(offer(product) for product in products))
            if answer.status == 400:
                fault = msgspec.json.decode(answer.body, type=Refused).fault
                return LiveRefusal(str(fault.no), cut(fault.text))
        except msgspec.DecodeError as error:
            raise Nonsense(f"status {answer.status}, but not Harbour Post's form") from error
        raise Nonsense(f"status {answer.status}")


def question(request: LiveRequest, contract: str) -> list[tuple[str, str]]:
    """The request in Harbour Post's units: exact, because 1 g is 0.001 kg and 1 mm 0.1 cm."""
    fields = [
        ("contract", contract),
        ("from", request.origin.postcode or ""),
        ("to_country", request.destination.country),
        ("to", request.destination.postcode or ""),
        ("date", request.ship_date.isoformat()),
    ]
    for piece in request.pieces:
        sides = "x".join(str(Decimal(side) / 10) for side in piece.mm)
        fields.append(("piece", f"{Decimal(piece.g) / 1000}kg,{sides}cm"))
    return fields


def offer(product: Product) -> LiveOffer:
    """One product as an offer. Raises Nonsense for a price that is no amount of its currency."""
    try:
        minor = Decimal(product.price).scaleb(minor_digits(product.currency))
        whole = int(minor)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise Nonsense("a price that is no number") from error
    if minor != whole:
        raise Nonsense("a price finer than its currency")
    days = product.working_days
    return LiveOffer(product.product, whole, product.currency, days=(days, days))
