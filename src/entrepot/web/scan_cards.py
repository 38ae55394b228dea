"""Answers of the scan station in words: what happened, why, and what to do next."""

import msgspec

from entrepot.catalog.types import FoundSku
from entrepot.kernel.refusals import Refusal
from entrepot.parcels.types import (
    Already,
    FoundBin,
    ParcelSummary,
    PutAwayDone,
    Reception,
    ScannedParcel,
)
from entrepot.parties.types import CustomerBrief
from entrepot.web import languages
from entrepot.web.refusals import in_words
from entrepot.web.rendering import named
from entrepot.web.visits import Visit
from entrepot.web.words import _


class AnswerCard(msgspec.Struct, frozen=True):
    """One answer. `tone` is good, attention or stop; `hold` waits until it is acknowledged.

    `awaits` is the id of the parcel that the next bin scan is for; `place` is shown largest;
    `repeat` holds the fields of the scan, for a question or for weight and size.
    """

    tone: str
    title: str
    number: str = ""
    courier: str | None = None
    pieces: str = ""
    owner: CustomerBrief | None = None
    lines: list[str] = []
    tags: list[str] = []
    place_label: str = ""
    place: str = ""
    question: bool = False
    asks_owner: bool = False
    hold: bool = False
    awaits: str = ""
    measured: bool = True
    repeat: dict[str, str] = {}


def reception_card(
    visit: Visit, reception: Reception, *, scan: str, measures: dict[str, int], zone: str
) -> AnswerCard:
    """The answer to a parcel's scan. `scan` and `measures` are what was sent."""
    card = _STEPS[reception.next.step](visit, reception, zone)
    parcel = reception.parcel
    return msgspec.structs.replace(
        card,
        number=parcel.tracking_number,
        courier=parcel.courier or "",
        pieces=_pieces(visit, parcel),
        owner=parcel.customer,
        tags=parcel.tags,
        measured=parcel.weight_g is not None,
        repeat={"code": scan, "warehouse": parcel.warehouse}
        | {name: str(value) for name, value in measures.items()},
    )


def measured_card(visit: Visit, reception: Reception) -> AnswerCard:
    """The answer to weight and size that were added to a scanned parcel."""
    parcel = reception.parcel
    waits = _waits_for_bin(visit, parcel)
    return AnswerCard(
        "good",
        visit.say("Weight and size are kept"),
        number=parcel.tracking_number,
        courier=parcel.courier or "",
        owner=parcel.customer,
        lines=[languages.show_weight(parcel.weight_g, visit.language)] if parcel.weight_g else [],
        place_label=visit.say("Next") if waits else "",
        place=visit.say("Scan a bin") if waits else "",
        awaits=str(parcel.id) if waits else "",
    )


def _waits_for_bin(visit: Visit, parcel: ScannedParcel) -> bool:
    return parcel.status in ("received", "inspected") and visit.allowed("parcels:put_away")


def _pieces(visit: Visit, parcel: ScannedParcel) -> str:
    if parcel.pieces is None or parcel.pieces < 2:
        return ""
    return visit.say("%(here)s of %(all)s arrived", here=parcel.arrived, all=parcel.pieces)


def _put_away(visit: Visit, reception: Reception, zone: str) -> AnswerCard:
    if not visit.allowed("parcels:put_away"):
        return AnswerCard(
            "good",
            visit.say("Arrived"),
            place_label=visit.say("Next"),
            place=visit.say("To put-away"),
        )
    return AnswerCard(
        "good",
        visit.say("Arrived"),
        place_label=visit.say("Next"),
        place=visit.say("Scan a bin"),
        awaits=str(reception.parcel.id),
    )


def _inspect(visit: Visit, reception: Reception, zone: str) -> AnswerCard:
    return AnswerCard(
        "good",
        visit.say("Arrived"),
        place_label=visit.say("Next"),
        place=visit.say("To inspection"),
    )


def _ask_owner(visit: Visit, reception: Reception, zone: str) -> AnswerCard:
    several = reception.match.certainty == "ambiguous"
    why = (
        visit.say("More than one customer could be meant, so it is given to nobody yet.")
        if several
        else visit.say("No pre-alert and no member code leads to a customer.")
    )
    return AnswerCard(
        "attention",
        visit.say("Owner not known"),
        lines=[why, visit.say("The parcel is on record; the office finds the owner.")],
        place_label=visit.say("Next"),
        place=visit.say("Unclaimed shelf"),
        asks_owner=True,
    )


def _another_piece(visit: Visit, reception: Reception, zone: str) -> AnswerCard:
    return AnswerCard(
        "attention",
        visit.say("Another piece?"),
        lines=[visit.say(_DOUBTS.get(reception.next.why, _DOUBTS[""]))],
        question=True,
        hold=True,
    )


def _already(visit: Visit, reception: Reception, zone: str) -> AnswerCard:
    parcel = reception.parcel
    lines = [_by_whom(visit, reception.already, zone)] if reception.already else []
    waits = _waits_for_bin(visit, parcel)
    if parcel.bin and parcel.status == "stored":
        label, place = visit.say("It lies in"), parcel.bin
    elif waits:
        label, place = visit.say("Next"), visit.say("Scan a bin")
    else:
        label, place = "", ""
    return AnswerCard(
        "attention",
        visit.say("Already done"),
        lines=lines,
        place_label=label,
        place=place,
        awaits=str(parcel.id) if waits else "",
    )


def _by_whom(visit: Visit, already: Already, zone: str) -> str:
    at = languages.show_clock(already.at, zone, visit.language)
    actor = visit.principal.actor if visit.principal else ""
    if already.by == actor:
        return visit.say("By you, %(time)s.", time=at)
    if already.by.startswith("key:"):
        return visit.say("By a connected system, %(time)s.", time=at)
    return visit.say("By a colleague, %(time)s.", time=at)


def _stop(visit: Visit, reception: Reception, zone: str) -> AnswerCard:
    return AnswerCard(
        "stop",
        visit.say("Stop"),
        lines=[
            visit.say(_STOPS.get(reception.next.why, _STOPS[""])),
            visit.say("Set the parcel aside and tell the shift lead."),
        ],
        hold=True,
    )


_DOUBTS = {
    "": _("This number was scanned before. Is a second carton with it in your hands?"),
    "other_measures": _(
        "This number was scanned before, with another weight or size. "
        "Is a second carton in your hands?"
    ),
    "left_recently": _(
        "A parcel with this number left the warehouse not long ago. Is this another one?"
    ),
}
_STOPS = {
    "": _("This parcel must not go on."),
    "held": _("This parcel is on hold."),
    "prohibited_goods": _("Prohibited goods are declared inside."),
}

_STEPS = {
    "put_away": _put_away,
    "inspect": _inspect,
    "ask_owner": _ask_owner,
    "ask_another_piece": _another_piece,
    "already_done": _already,
    "stop": _stop,
}


def put_away_card(visit: Visit, done: PutAwayDone, *, zone: str) -> AnswerCard:
    """The answer to a bin's scan after a parcel's."""
    lines = [_by_whom(visit, done.already, zone)] if done.already else []
    return AnswerCard(
        "attention" if done.already else "good",
        visit.say("Already done") if done.already else visit.say("Put away"),
        number=done.parcel.tracking_number,
        courier=done.parcel.courier or "",
        owner=done.parcel.customer,
        lines=lines,
        place_label=visit.say("It lies in"),
        place=done.bin,
    )


def bin_card(visit: Visit, found: FoundBin) -> AnswerCard:
    """The answer to a bin that no parcel waits for."""
    return AnswerCard(
        "attention",
        visit.say("A bin"),
        lines=[
            visit.say("Parcels in it: %(number)s", number=found.parcels),
            visit.say("To put a parcel here, scan the parcel first."),
        ],
        place_label=visit.say("Bin"),
        place=found.code,
    )


def customer_card(visit: Visit, customer: CustomerBrief) -> AnswerCard:
    """The answer to a member code."""
    return AnswerCard(
        "attention",
        visit.say("A member code"),
        owner=customer,
        lines=[visit.say("This is a customer, not a parcel. Scan the courier's label.")],
    )


def sku_card(visit: Visit, found: list[FoundSku]) -> AnswerCard:
    """The answer to a code on goods: which SKU it is, and how many the pack that bears it holds."""
    first = found[0]
    lines = [named(visit.language, first.names, first.sku)]
    if first.by != "sku" and first.base_quantity != "1":
        lines.append(
            visit.say(
                "1 %(unit)s holds %(quantity)s", unit=first.unit, quantity=first.base_quantity
            )
        )
    others = sorted({one.sku for one in found[1:]} - {first.sku})
    if others:
        lines.append(visit.say("The same code: %(codes)s", codes=", ".join(others)))
    return AnswerCard(
        "attention" if others else "good", visit.say("A SKU"), number=first.sku, lines=lines
    )


def parcel_card(visit: Visit, parcel: ParcelSummary) -> AnswerCard:
    """The answer to a parcel for somebody who puts away but does not receive."""
    place = parcel.last_event.place
    return AnswerCard(
        "good",
        visit.say("To be put away"),
        number=parcel.tracking_number,
        courier=parcel.courier or "",
        owner=parcel.customer,
        lines=[visit.say("Now in %(bin)s", bin=place.bin)] if place and place.bin else [],
        place_label=visit.say("Next"),
        place=visit.say("Scan a bin"),
        awaits=str(parcel.id),
    )


def unknown_card(visit: Visit, code: str) -> AnswerCard:
    """The answer to a code that means nothing here."""
    return AnswerCard(
        "stop",
        visit.say("Code not known"),
        number=code,
        lines=[
            visit.say("It is no parcel, bin or member code of this warehouse."),
            visit.say("Scan the courier's label again, or type its number."),
        ],
        hold=True,
    )


def refusal_card(visit: Visit, refusal: Refusal, *, code: str, awaits: str = "") -> AnswerCard:
    """The answer when the work was refused: what, why, what next; nothing has moved."""
    words = in_words(visit, refusal)
    return AnswerCard(
        "stop",
        words.title,
        number=code,
        lines=[words.text, visit.say("Nothing was changed.")],
        hold=True,
        awaits=awaits,
    )
