"""What an adapter of a live carrier promises: it turns one request into typed offers or a refusal.

An adapter translates, nothing else. Whether an offer makes sense (price, currency, service), how
long it may take, and what the buyer is told is decided once, by `carriers.live`, for all of them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from entrepot.carriers.rating.cards import Amount, Code, Currency
from entrepot.carriers.rating.requests import Piece
from entrepot.platform.outgoing import Outgoing

Text = Annotated[str, Meta(max_length=200)]


class LivePlace(msgspec.Struct, frozen=True):
    """Where a shipment begins or ends, as far as a price needs it. `country` ISO 3166, upper."""

    country: str
    state: str | None = None
    postcode: str | None = None
    city: str | None = None


class LiveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier is asked: grams and millimetres as measured. No name, no street, no phone."""

    ship_date: date
    origin: LivePlace
    destination: LivePlace
    pieces: tuple[Piece, ...]
    declared: Amount | None = None


class LiveLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a carrier's price, under the carrier's own code; discounts are negative."""

    code: Code
    minor: Annotated[int, Meta(ge=-(10**12), le=10**12)]


class LiveOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one service would cost. `service` is the carrier's code; `lines`, where there are any,
    sum to `total_minor`; `days` from the least to the most; `reference` what the carrier wants to
    hear again when the offer is taken."""

    service: Code
    total_minor: Annotated[int, Meta(ge=-(10**12), le=10**12)]
    currency: Currency
    days: tuple[Annotated[int, Meta(ge=0, le=365)], Annotated[int, Meta(ge=0, le=365)]] | None = (
        None
    )
    lines: Annotated[tuple[LiveLine, ...], Meta(max_length=100)] = ()
    reference: Text | None = None


class LiveOffers(msgspec.Struct, frozen=True):
    """The carrier's offers, several services in one answer."""

    offers: Annotated[tuple[LiveOffer, ...], Meta(max_length=200)]


class LiveRefusal(msgspec.Struct, frozen=True):
    """The carrier understood and says no. Its own code and words, for whoever asks why."""

    code: Text
    message: Text = ""


class Nonsense(Exception):
    """The carrier's answer cannot be read; the message is for logs and holds nothing it sent."""


class LiveCarrier(Protocol):
    """One connection to a carrier: made once for a quote, asked once."""

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        """Offers, or the carrier's refusal. `deadline` is an instant of `time.monotonic()`.

        Raises NotAnswered (let `Outgoing` raise it) or Nonsense; it does not judge prices. It is
        cancelled at the deadline and must not block the event loop.
        """
        ...


class Wiring(msgspec.Struct, frozen=True):
    """What an adapter is made of: where the carrier is, what to know, how to prove oneself, and
    the only way out. `repr` never shows credentials."""

    base_url: str
    options: Mapping[str, str]
    credentials: Mapping[str, str]
    outgoing: Outgoing

    def __repr__(self) -> str:
        return f"Wiring({self.base_url})"


class MakeCarrier(Protocol):
    """What an adapter's module offers: wiring in, carrier out."""

    def __call__(self, wiring: Wiring) -> LiveCarrier:
        """Raises Misconfigured when an option or a credential is missing."""
        ...


class Misconfigured(Exception):
    """The connection lacks something the adapter needs; the message names it, never its value."""


def need(given: Mapping[str, str], *names: str) -> list[str]:
    """The named values. Raises Misconfigured naming all that are missing or empty."""
    missing = [name for name in names if not given.get(name)]
    if missing:
        raise Misconfigured(f"the connection lacks {', '.join(missing)}")
    return [given[name] for name in names]


def cut(text: object, length: int = 200) -> str:
    """A carrier's own words, printable and short."""
    shown = "".join(sign if sign.isprintable() else " " for sign in str(text)[:length])
    return shown.strip()
