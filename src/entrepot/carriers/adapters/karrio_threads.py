"""Any carrier that karrio speaks to, in this process, in threads (the extra `karrio`).

karrio translates and parses; its requests leave through our own way out, because every carrier
extension sends by one function of karrio's that opens a URL, and that is replaced by ours. In a
thread that we did not start for a quote it refuses to send. karrio is LGPL: it is imported, never
copied, and only where the extra is installed.

Options: `carrier` (karrio's name of it, as in `karrio.mappers.<carrier>`), and its plain settings;
credentials: its secret settings. With `base_url` the carrier's own address is replaced by it.
"""

import asyncio
import contextvars
import importlib
import io
import re
import time
import urllib.error
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from email.message import Message
from functools import partial
from typing import Any

import msgspec

from entrepot.carriers.adapters.protocol import (
    LiveLine,
    LiveOffer,
    LiveOffers,
    LiveRefusal,
    LiveRequest,
    Misconfigured,
    Nonsense,
    Wiring,
    cut,
    need,
)
from entrepot.kernel.amounts import minor_digits
from entrepot.platform.outgoing import NotAnswered, Outgoing

_THREADS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="karrio")
_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
_LEAST_SECONDS = 0.05


class _Line:
    """One quote's way out, and the trouble it met: karrio turns some errors into its own."""

    def __init__(
        self, outgoing: Outgoing, loop: asyncio.AbstractEventLoop, deadline: float
    ) -> None:
        self._outgoing = outgoing
        self._loop = loop
        self._deadline = deadline
        self.trouble: NotAnswered | None = None

    def send(self, request: Any) -> "_Response":
        """Send a urllib request from karrio's thread. Raises OSError, as urlopen does."""
        left = self._deadline - time.monotonic()
        if left < _LEAST_SECONDS:
            self.trouble = NotAnswered("timed_out", "no time left")
            raise TimeoutError("no time left")
        work = self._outgoing.fetch(
            request.full_url,
            method=request.get_method(),
            headers=dict(request.header_items()),
            body=request.data or b"",
            timeout_s=left,
        )
        try:
            answer = asyncio.run_coroutine_threadsafe(work, self._loop).result(left + 1)
        except NotAnswered as error:
            self.trouble = error
            raise OSError(str(error)) from error
        headers = Message()
        for name, value in answer.headers.items():
            headers[name] = value
        body = io.BytesIO(answer.body)
        if answer.status >= 400:
            raise urllib.error.HTTPError(request.full_url, answer.status, "", headers, body)
        return _Response(answer.status, headers, answer.body)


class _Response(io.BytesIO):
    """What urlopen gives: readable, with status and headers."""

    def __init__(self, status: int, headers: Message, body: bytes) -> None:
        super().__init__(body)
        self.status = status
        self.headers = headers


_LINE: contextvars.ContextVar[_Line] = contextvars.ContextVar("karrio_line")


def _open(request: Any, timeout: float | None = None) -> _Response:
    line = _LINE.get(None)
    if line is None:
        raise OSError("karrio sends nothing outside a quote")
    return line.send(request)


def _parts(carrier: str) -> tuple[Any, Any]:
    """The carrier's parts and karrio's models, with karrio's sending replaced by ours."""
    names = (
        "karrio.core.utils.helpers", "karrio.core.models", f"karrio.mappers.{carrier}",
    )  # fmt: skip
    try:
        loaded: list[Any] = [importlib.import_module(name) for name in names]
    except ImportError as error:
        raise Misconfigured(f"karrio or its extension for {carrier} is not installed") from error
    sending, models, mapper = loaded
    if not hasattr(sending, "urlopen"):
        raise Misconfigured("this version of karrio sends in another way than we know")
    sending.urlopen = _open
    # karrio writes its own log to standard error; ours tells what happened, without contents.
    sending.logger.disable("karrio")
    return mapper, models


class KarrioThreads:
    """One connection to one of karrio's carriers."""

    def __init__(self, wiring: Wiring) -> None:
        (self._carrier,) = need(wiring.options, "carrier")
        if not _NAME.fullmatch(self._carrier):
            raise Misconfigured("the option carrier is karrio's name of one")
        self._wiring = wiring

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        """Asked in a thread of its own pool; the thread ends by itself at the deadline."""
        loop = asyncio.get_running_loop()
        line = _Line(self._wiring.outgoing, loop, deadline)
        context = contextvars.copy_context()
        context.run(_LINE.set, line)
        try:
            rates, messages = await loop.run_in_executor(
                _THREADS, partial(context.run, self._ask, request)
            )
        except Misconfigured:
            raise
        except Exception as error:
            if line.trouble is not None:
                raise line.trouble from error
            raise Nonsense(f"karrio could not read it: {type(error).__name__}") from error
        if line.trouble is not None:
            raise line.trouble
        if rates:
            return LiveOffers(tuple(_offer(rate) for rate in rates))
        if messages:
            return LiveRefusal(cut(messages[0].code or "refused"), cut(messages[0].message or ""))
        raise Nonsense("neither a rate nor a message")

    def _ask(self, request: LiveRequest) -> tuple[Sequence[Any], Sequence[Any]]:
        """All of karrio's work, loading it (a second, once) included."""
        parts, models = _parts(self._carrier)
        own = {k: value for k, value in self._wiring.options.items() if k != "carrier"}
        known = {**own, **self._wiring.credentials}
        settings = _settings(parts.Settings, known, self._wiring.base_url)
        mapper, proxy = parts.Mapper(settings), parts.Proxy(settings)
        wanted = mapper.create_rate_request(_payload(models, request))
        rates, messages = mapper.parse_rate_response(proxy.get_rates(wanted))
        return rates, messages


def _settings(kind: Any, values: Mapping[str, str], base_url: str) -> Any:
    """karrio's settings of the connection; with `base_url` the carrier is there."""
    if base_url:
        address = property(lambda _: base_url.rstrip("/"))
        kind = type(kind.__name__, (kind,), {"server_url": address})
    try:
        return kind(**values)
    except TypeError as error:
        # The message of a TypeError names arguments, not their values.
        raise Misconfigured(f"karrio's settings: {cut(error)}") from error


def _payload(models: Any, request: LiveRequest) -> Any:
    """karrio keeps two places of a kilogram, so grams are rounded up to tens: never too cheap."""

    def place(of: Any) -> Any:
        return models.Address(
            country_code=of.country, postal_code=of.postcode, state_code=of.state, city=of.city
        )

    parcels = [
        models.Parcel(
            weight=-(-piece.g // 10) / 100, weight_unit="KG",
            length=piece.mm[0] / 10, width=piece.mm[1] / 10, height=piece.mm[2] / 10,
            dimension_unit="CM",
        )
        for piece in request.pieces
    ]  # fmt: skip
    options: dict[str, Any] = {"shipment_date": request.ship_date.isoformat()}
    if request.declared is not None:
        digits = minor_digits(request.declared.currency)
        options["declared_value"] = request.declared.minor / 10**digits
        options["currency"] = request.declared.currency
    return models.RateRequest(
        shipper=place(request.origin), recipient=place(request.destination),
        parcels=parcels, services=[], options=options,
    )  # fmt: skip


def _offer(rate: Any) -> LiveOffer:
    """One of karrio's rates. Raises Nonsense for what is not a whole number of minor units."""
    currency = str(rate.currency or "")
    digits = minor_digits(currency)
    total = _minor(rate.total_charge, digits)
    lines = tuple(
        LiveLine(cut(charge.name, 80) or "charge", _minor(charge.amount, digits))
        for charge in rate.extra_charges or ()
    )
    if sum(line.minor for line in lines) != total:
        lines = ()
    days = rate.transit_days
    spread = (rate.meta or {}).get("days_range") if isinstance(rate.meta, dict) else None
    found = {
        "service": str(rate.service), "total_minor": total, "currency": currency,
        "days": spread or ([days, days] if days is not None else None),
        "lines": msgspec.to_builtins(lines), "reference": str(rate.id) if rate.id else None,
    }  # fmt: skip
    try:
        return msgspec.convert(found, LiveOffer)
    except msgspec.ValidationError as error:
        raise Nonsense("a rate of the wrong form") from error


def _minor(amount: object, digits: int) -> int:
    """karrio's floating amount as minor units, exactly as it prints."""
    try:
        scaled = Decimal(str(amount)).scaleb(digits)
        whole = int(scaled)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise Nonsense("an amount that is no number") from error
    if scaled != whole:
        raise Nonsense("an amount finer than its currency")
    return whole
