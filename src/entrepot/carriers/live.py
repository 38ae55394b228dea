"""Asking live carriers: all connections at once, within one deadline, whatever they do.

`ask_all` never raises for what a carrier or an adapter does and swallows nothing: every outcome
is in its `Heard`, in the log and in the metric. What a quote makes of it is `live_offers`.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Counter, Histogram

from entrepot.carriers.adapters.protocol import (
    LiveCarrier,
    LiveOffers,
    LivePlace,
    LiveRefusal,
    LiveRequest,
    Misconfigured,
    Nonsense,
    cut,
)
from entrepot.carriers.live_offers import Heard, LiveService, Trouble, reasons_against
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.requests import Request
from entrepot.platform.outgoing import NotAnswered, Outgoing
from entrepot.platform.secrets import SealingKey, Unsealable

log = structlog.get_logger()

DEADLINE_S = 4.0
"""How long a quote waits for its live carriers."""

_ANSWERS = Counter(
    "entrepot_live_carrier_answers_total", "What live carriers answered", ["adapter", "outcome"]
)
_SECONDS = Histogram(
    "entrepot_live_carrier_seconds", "How long live carriers took", ["adapter"],
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8),
)  # fmt: skip

_TROUBLES: dict[str, Trouble] = {
    "timed_out": "carrier_timed_out",
    "not_reached": "carrier_unreachable",
    "not_resolved": "carrier_unreachable",
    "bad_url": "carrier_misconfigured",
    "private_address": "carrier_misconfigured",
}
_Outcome = tuple[tuple[LiveOffers, None, str] | tuple[None, Trouble, str], int]


class OpenConnection(msgspec.Struct, frozen=True):
    """A connection for the length of one quote; `make` holds the unsealed credentials."""

    id: UUID
    code: str
    adapter: str
    services: tuple[LiveService, ...]
    origin: LivePlace
    make: Callable[[], LiveCarrier]


class LiveDoor(msgspec.Struct, frozen=True):
    """What it takes to reach carriers: the key that opens credentials, and the way out."""

    sealing: SealingKey
    outgoing: Outgoing
    deadline_s: float = DEADLINE_S


async def ask_all(
    tariff: Tariff,
    request: Request,
    connections: Sequence[OpenConnection],
    *,
    now: datetime,
    deadline_s: float = DEADLINE_S,
) -> tuple[Heard, ...]:
    """One `Heard` for each connection, in their order, after at most about `deadline_s`.

    A connection none of whose services can take the shipment is not asked.
    """
    deadline = time.monotonic() + deadline_s
    asked = {
        connection.id: asyncio.create_task(_ask(connection, request, deadline))
        for connection in connections
        if any(not any(reasons_against(tariff, s, request)) for s in connection.services)
    }
    try:
        if asked:
            await asyncio.wait(asked.values(), timeout=deadline_s)
    finally:
        # Not awaited: an adapter that does not heed its cancellation must not hold the quote.
        for task in asked.values():
            task.cancel()
    return tuple(_heard(one, asked.get(one.id), now, deadline_s) for one in connections)


def _heard(
    connection: OpenConnection,
    task: "asyncio.Task[_Outcome] | None",
    now: datetime,
    deadline_s: float,
) -> Heard:
    bare = Heard(
        connection=connection.id, code=connection.code, adapter=connection.adapter,
        asked_at=now, took_ms=0, services=connection.services,
    )  # fmt: skip
    if task is None:
        return msgspec.structs.replace(bare, said="not_asked")
    if task.done():
        (offers, trouble, said), took_ms = task.result()
    else:
        (offers, trouble, said), took_ms = (None, "carrier_timed_out", ""), int(deadline_s * 1000)
    _ANSWERS.labels(connection.adapter, trouble or "offers").inc()
    _SECONDS.labels(connection.adapter).observe(took_ms / 1000)
    if trouble is not None:
        log.warning(
            "live_carrier.excluded", connection=connection.code, adapter=connection.adapter,
            trouble=trouble, said=said, took_ms=took_ms,
        )  # fmt: skip
    return msgspec.structs.replace(
        bare, took_ms=took_ms, trouble=trouble, said=said, offers=offers.offers if offers else ()
    )


async def _ask(connection: OpenConnection, request: Request, deadline: float) -> _Outcome:
    """One connection's outcome; whatever an adapter raises is one."""
    start = time.monotonic()
    question = LiveRequest(
        ship_date=request.ship_date,
        origin=connection.origin,
        destination=LivePlace(request.country.strip().upper(), request.state, request.postcode),
        pieces=request.pieces,
        declared=request.declared,
    )
    outcome: tuple[LiveOffers, None, str] | tuple[None, Trouble, str]
    try:
        outcome = _read(await connection.make().rates(question, deadline=deadline))
    except NotAnswered as error:
        outcome = None, _TROUBLES.get(error.trouble, "carrier_nonsense"), error.trouble
    except TimeoutError:
        outcome = None, "carrier_timed_out", ""
    except Nonsense as error:
        outcome = None, "carrier_nonsense", cut(error)
    except Misconfigured as error:
        outcome = None, "carrier_misconfigured", cut(error)
    except Unsealable:
        outcome = None, "carrier_misconfigured", "credentials_do_not_open"
    except Exception as error:
        # A broken adapter is a bug to mend, and still no reason to have no quote.
        log.exception("live_carrier.adapter_broken", connection=connection.code)
        outcome = None, "carrier_nonsense", type(error).__name__
    return outcome, int((time.monotonic() - start) * 1000)


def _read(said: object) -> tuple[LiveOffers, None, str] | tuple[None, Trouble, str]:
    """An adapter's answer, its values checked once more: adapters are other people's code."""
    if isinstance(said, LiveRefusal):
        return None, "carrier_refused", cut(f"{said.code}: {said.message}")
    if not isinstance(said, LiveOffers):
        return None, "carrier_nonsense", type(said).__name__
    try:
        return msgspec.convert(msgspec.to_builtins(said), LiveOffers), None, ""
    except (msgspec.ValidationError, TypeError):
        return None, "carrier_nonsense", "values"
