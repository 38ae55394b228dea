"""One scan of the station: find out what the code is, do the one sensible thing, say it.

A code that was asked for as a bin puts the waiting parcel there; a parcel's number receives it;
whatever else it is, the answer says so and nothing moves.
"""

from uuid import UUID

import msgspec

from entrepot.access.flow import Stamp
from entrepot.flows.look_up_code import look_up_code
from entrepot.flows.put_away_parcel import put_away_parcel
from entrepot.flows.receive_parcel import receive_parcel
from entrepot.kernel.principals import Principal
from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.parcels.types import FoundCode, Label, NewLookup, NewScan, PutAway
from entrepot.platform.documents import convert
from entrepot.web import scan_cards as cards
from entrepot.web.deps import Site
from entrepot.web.forms import Form
from entrepot.web.scan_cards import AnswerCard
from entrepot.web.visits import Visit

MEASURES = ("weight_g", "length_mm", "width_mm", "height_mm")


class Scan(msgspec.Struct, frozen=True):
    """What the station sent. `awaits` is the parcel that the answer before waited for."""

    code: str
    warehouse: str
    symbology: str | None
    awaits: UUID | None
    another_piece: bool | None
    suite_code: str
    measures: dict[str, int]


def read_scan(form: Form) -> Scan:
    """The scan in a form. Raises Invalid when there is no code or a measure is no number."""
    code = form.text("code")
    if not code:
        raise Invalid("no code", code="no_code", errors=[FieldError("code", "missing", "missing")])
    return Scan(
        code=code,
        warehouse=form.text("warehouse"),
        symbology=form.text("symbology") or None,
        awaits=_uuid(form.text("parcel_id")),
        another_piece={"yes": True, "no": False}.get(form.text("another_piece")),
        suite_code=form.text("suite_code"),
        measures=form.whole(*MEASURES),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def answer_scan(
    deps: Site, visit: Visit, principal: Principal, stamp: Stamp, *, scan: Scan, zone: str
) -> AnswerCard:
    """Do what the scan asks for; a refusal becomes a card that must be acknowledged."""
    try:
        if scan.measures or scan.suite_code or scan.another_piece is not None:
            return await _receive(deps, visit, principal, stamp, scan=scan, zone=zone)
        lookup = convert(
            {"code": scan.code, "warehouse": scan.warehouse, "symbology": scan.symbology},
            NewLookup,
        )
        found = await look_up_code(deps.db, principal, lookup=lookup)
        return await _act(deps, visit, principal, stamp, scan=scan, found=found, zone=zone)
    except Refusal as refusal:
        if refusal.status in (401, 429, 503):
            raise
        return cards.refusal_card(
            visit, refusal, code=scan.code, awaits=str(scan.awaits) if scan.awaits else ""
        )


async def _act(
    deps: Site,
    visit: Visit,
    principal: Principal,
    stamp: Stamp,
    *,
    scan: Scan,
    found: FoundCode,
    zone: str,
) -> AnswerCard:
    if found.kind == "bin":
        if scan.awaits is None:
            return cards.bin_card(visit, found.bins[0])
        done = await put_away_parcel(
            deps.db, principal, stamp, parcel_id=scan.awaits, put=PutAway(found.bins[0].code)
        )
        return cards.put_away_card(visit, done, zone=zone)
    if found.kind == "customer":
        return cards.customer_card(visit, found.customers[0])
    if found.kind == "sku":
        return cards.sku_card(visit, found.skus)
    if found.number is None:
        return cards.unknown_card(visit, scan.code)
    if visit.allowed("parcels:receive"):
        return await _receive(deps, visit, principal, stamp, scan=scan, zone=zone)
    if found.parcels:
        return cards.parcel_card(visit, found.parcels[0])
    return cards.unknown_card(visit, scan.code)


async def _receive(
    deps: Site, visit: Visit, principal: Principal, stamp: Stamp, *, scan: Scan, zone: str
) -> AnswerCard:
    # "No, the same parcel": what was measured this time is not taken, the first weighing stands.
    measures = {} if scan.another_piece is False else scan.measures
    new = NewScan(
        warehouse=scan.warehouse,
        tracking_number=scan.code,
        symbology=scan.symbology,
        another_piece=bool(scan.another_piece),
        label=Label(suite_code=scan.suite_code) if scan.suite_code else None,
    )
    wanted = msgspec.to_builtins(new) | measures
    reception = await receive_parcel(deps.db, principal, stamp, scan=convert(wanted, NewScan))
    if measures and reception.next.step == "already_done":
        return cards.measured_card(visit, reception)
    return cards.reception_card(visit, reception, scan=scan.code, measures=measures, zone=zone)
