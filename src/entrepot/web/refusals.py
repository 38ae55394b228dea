"""Refusals in the reader's words: a title, what to do, and the code to quote."""

from collections.abc import Callable

import msgspec

from entrepot.kernel.refusals import Conflict, FieldError, Forbidden, Invalid, NotFound, Refusal
from entrepot.web.visits import Visit
from entrepot.web.words import _


class RefusalWords(msgspec.Struct, frozen=True):
    """A refusal as a reader sees it."""

    title: str
    text: str
    code: str


_KINDS = {
    400: (_("That could not be read"), _("Please try again.")),
    401: (_("Please log in"), _("Your session has ended. Log in again to go on.")),
    403: (_("Not allowed"), _("Your account may not do this. Ask the office if you need it.")),
    404: (_("Not found"), _("There is nothing here, or it is not yours to see.")),
    409: (_("Not possible now"), _("The state of things has changed. Look again, then decide.")),
    413: (_("Too large"), _("That is more than can be taken at once. Send it in parts.")),
    422: (_("Please check"), _("Something is not right with what was entered.")),
    429: (_("Too fast"), _("Please wait a moment, then try again.")),
    503: (_("Away for a moment"), _("A part of the system is not there. Try again shortly.")),
}
_OURS = (_("Our mistake"), _("Something broke on our side. It was recorded; please try again."))

_FOR_ONE_WHO_MAY = _("Check it. Somebody who may can take it nevertheless.")
_NO_CUSTOMER = (_("No such member code"), _("Check the code and its last character."))
_NO_WAREHOUSE = (_("Not your warehouse"), _("It is unknown, or your account does not work there."))
_NO_NUMBER = (_("No tracking number"), _("Scan the courier's label again, or type its number."))
_CODES = {
    "stale_page": (_("The page is too old"), _("Load it again and repeat what you did.")),
    "foreign_form": (_("Not allowed"), _("The form was sent from another site.")),
    "idempotency_key_reused": (_("The page is too old"), _("Load it again, then send it anew.")),
    "wrong_email_or_password": (
        _("That did not match"),
        _("Check the e-mail address and the password."),
    ),
    "too_many_guesses": (_("Too many tries"), _("Wait a little, then try again.")),
    "link_is_over": (_("This link is over"), _("It was used or is too old. Ask for a new one.")),
    "wrong_bin": (_("Wrong bin"), _("This bin is not in this warehouse. Scan another one.")),
    "receiving_bin": (_("Receiving bin"), _("It lies there already. Scan a bin for storing.")),
    "held": (_("On hold"), _("This parcel must stay where it is. Tell the shift lead.")),
    "wrong_state": (_("Not possible now"), _("In its present state this cannot be done.")),
    "has_owner": (_("Has an owner already"), _("This parcel belongs to somebody else.")),
    "unknown_customer": _NO_CUSTOMER,
    "customer_missing": _NO_CUSTOMER,
    "unknown_warehouse": _NO_WAREHOUSE,
    "unreadable_code": _NO_NUMBER,
    "not_a_tracking_number": _NO_NUMBER,
    "tracking_number_length": _NO_NUMBER,
    "unknown_parcel": (_("No such parcel"), _("It is not on record here.")),
    "not_unclaimed": (_("Not in the queue"), _("Somebody has assigned this parcel meanwhile.")),
    "node_code_taken": (_("Code is taken"), _("Another warehouse has this code.")),
    "email_taken": (_("Is here already"), _("Somebody here has this e-mail address.")),
    "stronger_grant": (_("Not allowed"), _("Nobody hands on more than they hold.")),
    "last_carton": (_("Not possible now"), _("One carton must stay: parcels are packed into it.")),
    "no_tariff": (_("No prices yet"), _("The office has not entered its prices. Ask again later.")),
    "nothing_eligible": (
        _("Nothing can go now"),
        _("Each parcel says why it stays behind."),
    ),
    "parcels_not_eligible": (
        _("A parcel cannot go"),
        _("It is in another consolidation, or something keeps it back."),
    ),
    "parcels_changed": (
        _("The parcels have changed"),
        _("Look at the new prices, then choose again."),
    ),
    "quote_expired": (
        _("The prices have expired"),
        _("Look at the new prices, then choose again."),
    ),
    "quote_superseded": (
        _("The prices have expired"),
        _("Look at the new prices, then choose again."),
    ),
    "quote_changed": (
        _("The prices have expired"),
        _("Look at the new prices, then choose again."),
    ),
    "too_many_parcels": (_("Too many parcels"), _("One consolidation holds at most 100.")),
    "service_not_offered": (
        _("This line does not take it"),
        _("Choose one of the lines that show a price."),
    ),
    "country_missing": (_("A country is needed"), _("Choose where it goes.")),
    "not_priced": (
        _("No prices yet"),
        _("Something is missing before it can be priced: see above."),
    ),
    "count_open": (_("Is being counted"), _("This bin has an open sheet. Take that one.")),
    "other_eyes_needed": (_("Another person decides"), _("Whoever counted cannot approve this.")),
    "promised_to_others": (
        _("Promised to somebody"),
        _("So much is not free: orders wait for these goods."),
    ),
    "picked_for_somebody": (
        _("Picked for somebody"),
        _("These goods lie ready for an order. Put them back there first."),
    ),
    "lasting_promised": (
        _("Promised as lasting goods"),
        _("An order needs goods that last as long. Take what expires sooner."),
    ),
    "lot_expired": (_("Past its date"), _("This lot may not leave. Take another one.")),
    "more_than_sent": (
        _("More than was sent"),
        _("This was not sent, or not so much of it. Set it aside and tell the shift lead."),
    ),
    "more_than_asked": (_("More than was asked for"), _("The list asks for less of it.")),
    "not_asked_for": (_("Not on the list"), _("This transfer does not ask for it.")),
    "still_soft": (_("Only a cart"), _("Nobody has ordered this yet.")),
    "not_in_this_order": (_("Not for this order"), _("Put it back: this order holds none of it.")),
    "more_than_promised": (_("That is enough"), _("The order needs no more of it from here.")),
    "no_pack_bin": (
        _("No bin to pick into"),
        _("The warehouse needs a bin of the kind packed, outbound or staging."),
    ),
    "not_picked": (_("Not picked"), _("So much of it was not picked.")),
    "groups_isolated": (
        _("Not between these two"),
        _("The groups of these warehouses keep their goods to themselves."),
    ),
    "unknown_node": _NO_WAREHOUSE,
    "unknown_bin": (_("No such bin"), _("There is no bin of this code in this warehouse.")),
    "unknown_sku": (_("No such SKU"), _("It is not in the catalogue.")),
    "unknown_code": (
        _("Nothing bears this code"),
        _("Nothing was received. Set the goods aside and have their code entered."),
    ),
    "over_expected": (_("More than was announced"), _FOR_ONE_WHO_MAY),
    "not_expected": (_("Not announced"), _FOR_ONE_WHO_MAY),
    "other_lot": (_("Another lot was announced"), _FOR_ONE_WHO_MAY),
    "not_on_dock": (
        _("Not on the dock"),
        _("None of these goods wait to be put away. Receive them first, or scan the next piece."),
    ),
    "not_there": (_("Not so many there"), _("Less of it lies there than you want to take.")),
    "which_goods": (_("Which of them?"), _("Several lots lie there: choose one of the list.")),
    "nothing_shipped": (_("No such order"), _("Nothing was shipped for this reference.")),
    "not_shipped": (_("Not of this order"), _("These goods were not shipped for it.")),
    "lot_not_shipped": (_("Another lot"), _("This lot was not shipped for this order.")),
    "serial_not_shipped": (
        _("Another piece"),
        _("This serial was not shipped for this order, or it came back already."),
    ),
    "more_than_shipped": (_("Too many"), _("So many were not shipped, or some are back already.")),
    "serial_elsewhere": (_("Another piece"), _("This serial is on record in another place.")),
    "short_asked": (
        _("It waits already"),
        _("That the rest will not come was said before and waits for a second person."),
    ),
    "reference_taken": (_("Reference is taken"), _("Something else has this reference.")),
    "master_is_outside": (
        _("Not counted here"),
        _("Another system tells the quantities of this warehouse."),
    ),
    "other_node": (_("Another warehouse"), _("This announcement is for another warehouse.")),
    "already_reversed": (_("Moved back already"), _("Somebody has undone this before.")),
    "bin_closed": (
        _("This bin is closed"),
        _("The goods came from a bin that is closed now. Put them into another one."),
    ),
    "receive_again": (
        _("It was moved back"),
        _("This was undone. Receive the goods, or hand them over, once more."),
    ),
    "came_back": (
        _("Too much came back"),
        _("Of this sale more came back than would be left of it."),
    ),
    "goods_are_held": (_("Kept back"), _("These goods may not leave. Release them first.")),
    "needs_adjustment": (
        _("Needs an adjustment"),
        _("Ask for an adjustment, or have the bin counted."),
    ),
    "several_skus": (
        _("Several goods have this code"),
        _("Scan the code of the SKU itself, so that nothing is guessed."),
    ),
    "part_of_a_unit": (
        _("Not a whole piece"),
        _("This pack is no whole number of pieces. Scan the code of the SKU and say how many."),
    ),
    "sku_closed": (_("This SKU is closed"), _("Nothing new of it can come in.")),
    "other_owner": (_("Belongs to somebody else"), _("The goods of this list have another owner.")),
    "part_of_a_transfer": (
        _("Part of a transfer"),
        _("It cannot be moved back by itself. Send the goods back by a transfer."),
    ),
    "alarm_closed": (_("Done already"), _("Somebody was before you, or the difference is gone.")),
    "drift_closed": (_("Done already"), _("Somebody was before you, or the difference is gone.")),
    "source_must_mend": (
        _("The source has to send it again"),
        _("There is nothing to post here: ask whoever runs the other system."),
    ),
    "tracked_otherwise": (
        _("Kept differently now"),
        _("By lot or by serial, this SKU is kept otherwise than then. Have the bin counted."),
    ),
    "tenant_suspended": (_("Closed for now"), _("These pages are suspended.")),
}

_TOO_MANY_LINES = _("That is too much at once: at most 500 lines.")
_CHOOSE = _("Choose one of the list.")
_NOT_RIGHT = _("This cannot be right: too long, too short or not of the expected form.")
_FIELDS = {
    "missing": _("This is needed."),
    "empty": _("There is no line yet."),
    "unstorable_text": _("This holds a character that cannot be kept."),
    "not_a_number": _("This is not a whole number."),
    "not_a_quantity": _("A whole number from 1 to 100,000 is needed."),
    "not_an_amount": _("An amount like 49.00 is needed."),
    "not_a_price": _("An amount like 49.00 is needed."),
    "not_a_measure": _("A number above zero is needed, like 1.25."),
    "too_fine": _("That is finer than grams and millimetres."),
    "no_rate": _("There is no exchange rate for this currency."),
    "not_a_currency": _("A currency code of three letters is needed, like CNY."),
    "wrong_type": _("This is not of the right kind."),
    "out_of_range": _NOT_RIGHT,
    "bad_value": _NOT_RIGHT,
    "not_a_tracking_number": _("This cannot be a tracking number."),
    "tracking_number_length": _("A tracking number has 4 to 48 characters."),
    "unreadable_code": _("This cannot be a tracking number."),
    "double": _("This number is there twice."),
    "too_many_columns": _("Seven columns at most."),
    "too_many_lines": _TOO_MANY_LINES,
    "unknown_category": _("This category is not known."),
    "check_digit": _("The last character does not fit: check the code."),
    "customer_missing": _("Name the customer."),
    "not_an_email": _("This is no e-mail address."),
    "not_a_phone": _("This is no phone number."),
    "unknown_zone": _("This time zone is not known."),
    "no_suite_code": _("The address must contain {suite_code}."),
    "password_too_plain": _("Choose a longer password, with different characters."),
    "email_as_password": _("The e-mail address is no password."),
    "unknown_role": _("This role is not known."),
    "roles_or_customer": _("Choose at least one role."),
    "not_counted_here": _("This does not belong on this sheet."),
    "unknown_parcel": _("No parcel of this number is in this warehouse."),
    "lot_missing": _("These goods are kept by lot: which one?"),
    "expiry_missing": _("These goods are kept by their date: which one?"),
    "expiry_differs": _("This lot has another date on record."),
    "past_its_date": _("Past its date: it cannot be good."),
    "serials_differ": _("As many serials as pieces are needed."),
    "serial_twice": _("A serial is there twice."),
    "unknown_code": _("Nothing bears this code."),
    "ambiguous_code": _("This code stands for several SKUs."),
    "sku_closed": _("This SKU is closed."),
    "is_kit": _("A kit has no pieces of its own: take its parts."),
    "unknown_unit": _("This SKU has no such unit."),
    "not_whole": _("This is no whole number of pieces."),
    "reason_missing": _("Something is missing: say why."),
    "unknown_column": _("There is no such column."),
    "serial_missing": _("Of these goods every piece is counted by its serial."),
    "same_node": _("Goods go from one warehouse to another."),
    "lots_mixed": _("A SKU names its lots on every line, or on none."),
    "serial_not_kept": _("These goods have no serials."),
    "unknown_sku": _("There is no such SKU."),
    "unknown_node": _("It is unknown, or your account does not work there."),
    "unknown_place": _("There is no such warehouse or bin."),
    "unknown_cause": _CHOOSE,
    "not_of_this_cause": _CHOOSE,
    "unknown_reason": _CHOOSE,
    "not_in_a_bin": _("Goods on their way lie in no bin: leave it empty."),
    "not_under_way": _("Goods of this state are not on their way: receive them first."),
    "not_kept_by_name": _("These goods are kept neither by lot nor by serial."),
    "one_of_a_serial": _("One serial stands for one piece."),
    "not_of_this_asn": _("This announcement has another reference."),
    "in_the_future": _("This moment has still to come."),
    "lot_or_serial": _("Name a lot or a serial."),
    "named_twice": _("It is there twice."),
    "lots_or_days": _("Name lots, or the days when they expire."),
    "ends_first": _("The end is before the beginning."),
    "unknown_scope": _("This permission is not known."),
}


SHOWN = (NotFound, Conflict, Invalid)
"""Refusals that are shown beside the form, with everything that was typed: `except SHOWN as
refusal` around the flow. All others go on to a page of their own (`problem_pages.py`)."""
SHOWN_OR_FORBIDDEN = (Forbidden, *SHOWN)
"""The same for forms where a right may be missing for what was typed, not for the page."""
InWords = Callable[[Visit, Refusal], RefusalWords]


def in_words(visit: Visit, refusal: Refusal) -> RefusalWords:
    """The refusal in the reader's language; `code` is what to quote to support."""
    title, text = _CODES.get(refusal.code) or _KINDS.get(refusal.status) or _OURS
    return RefusalWords(visit.say(title), visit.say(text), refusal.code)


def field_words(visit: Visit, error: FieldError) -> str:
    """One field's fault in the reader's language; the English message when it has no words."""
    text = _FIELDS.get(error.code)
    return visit.say(text) if text else error.message


def beside_form(refusal: Refusal, *gone: str) -> bool:
    """Whether a refusal is shown on the page of the form again; not with a code of `gone`, which
    says that there is no such page."""
    return isinstance(refusal, SHOWN_OR_FORBIDDEN) and refusal.code not in ("no_such_page", *gone)


def by_field(visit: Visit, refusal: Refusal | None) -> dict[str, str]:
    """Path of a field → what is wrong with it (the first fault of each)."""
    found: dict[str, str] = {}
    for error in refusal.errors if refusal else ():
        found.setdefault(error.path, field_words(visit, error))
    return found
