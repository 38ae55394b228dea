"""Words of lots, recalls and adjustments on pages, and their refusals."""

from collections.abc import Collection

from entrepot.kernel.refusals import Refusal
from entrepot.web import refusals
from entrepot.web.refusals import RefusalWords
from entrepot.web.visits import Visit
from entrepot.web.words import _

CAUSE = {
    "broken": _("Broken beyond use"),
    "spoiled": _("Spoiled"),
    "past_date": _("Past its date"),
    "sample": _("Taken as a sample"),
    "unsellable": _("Cannot be sold any more"),
    "missing": _("Not where it should be"),
    "stolen": _("Stolen"),
    "lost_on_the_way": _("Lost on the way"),
    "turned_up": _("Turned up again"),
    "wrong_entry": _("Entered wrongly"),
    "named_later": _("Came before it was kept by lot or serial"),
    "found_damaged": _("Found damaged"),
    "to_inspect": _("Has to be inspected"),
    "complaint": _("A customer complained"),
    "supplier_notice": _("The supplier gave notice"),
    "checked": _("Checked and in order"),
    "repaired": _("Repaired"),
    "promotion": _("For a promotion, or back from one"),
    "out_of_date": _("Past its date, or too near it"),
}

ADJUSTMENT_STATE = {
    "posted": _("Posted"),
    "requested": _("Waits for a decision"),
    "approved": _("Approved"),
    "rejected": _("Rejected"),
    "withdrawn": _("Withdrawn"),
}

OVER = {
    "units": _("More units than one person may adjust alone."),
    "value": _("Worth more than one person may adjust alone, or of unknown value."),
    "day": _("With what the same person adjusted in the last 24 hours it is above the limit."),
}

RECALL_CAUSE = {
    "safety": _("Safety"),
    "quality": _("Quality"),
    "labelling": _("Labelling"),
    "authority": _("Ordered by an authority"),
    "supplier": _("The supplier gave notice"),
    "other": _("Another reason"),
}

RECALL_STATE = {
    "open": _("The recall is open"),
    "released": _("Released: good after all"),
    "scrapped": _("Scrapped"),
}

PLACE = {
    "supplier": _("Supplier"),
    "customer": _("Customer"),
    "partner": _("Partner"),
    "adjustment": _("Adjustment"),
}

ALL = {
    "CAUSE": CAUSE,
    "ADJUSTMENT_STATE": ADJUSTMENT_STATE,
    "OVER": OVER,
    "RECALL_CAUSE": RECALL_CAUSE,
    "RECALL_STATE": RECALL_STATE,
    "PLACE": PLACE,
}
"""What templates are given as `told`."""

_CODES = {
    "goods_moved": (
        _("These goods are not there"),
        _("%(sku)s in %(bin)s: %(asked)s were asked for, %(there)s lie there."),
    ),
    "other_eyes_needed": (
        _("Another person decides"),
        _("Whoever asked for it cannot decide it; their own API keys cannot either."),
    ),
    "not_yours": (_("Not yours"), _("Only who asked for it can withdraw it.")),
    "no_such_step": (
        _("Not possible by hand"),
        _("Goods in this state cannot get the other state."),
    ),
    "lot_recalled": (_("Called back"), _("This lot is called back. End the recall first.")),
    "recalled_already": (
        _("Called back already"),
        _("One of these lots belongs to an open recall."),
    ),
    "every_warehouse_needed": (
        _("Not allowed"),
        _("A recall reaches every warehouse: somebody who works in all of them opens and ends it."),
    ),
    "unknown_lot": (_("No such lot"), _("No lot of this name ever lay here.")),
    "unknown_serial": (_("No such serial"), _("No piece of this serial ever lay here.")),
    "unknown_node": (_("Not your warehouse"), _("It is unknown, or you do not work there.")),
    "master_is_outside": (
        _("Told by another system"),
        _("The quantities of this warehouse are those of another system. Correct them there."),
    ),
}


_ABOUT = {
    "unknown_node": "node", "master_is_outside": "node", "unknown_sku": "sku",
    "unknown_bin": "bin", "not_there": "qty", "goods_moved": "qty", "promised_to_others": "qty",
    "picked_for_somebody": "qty", "lot_recalled": "lot", "unknown_lot": "lot",
    "lot_expired": "to_status", "serial_elsewhere": "serial", "no_such_step": "to_status",
    "reference_taken": "reference", "recalled_already": "lots", "reason": "cause",
}  # fmt: skip
"""The field of a form that a refusal as a whole, or a part of a line, is about."""


def at_fields(
    visit: Visit, refusal: Refusal | None, names: Collection[str], **elsewhere: str
) -> tuple[dict[str, str], list[str]]:
    """What is wrong with each of the form's fields `names`, and what is about none of them.

    A part of a line stands at the field that bears its name, or at the one that `elsewhere` says.
    """
    if refusal is None:
        return {}, []
    found: dict[str, str] = {}
    rest: list[str] = []
    for error in refusal.errors:
        part = error.path.rpartition(".")[2]
        field = elsewhere.get(part) or _ABOUT.get(part, part)
        text = refusals.field_words(visit, error)
        if field in names:
            found.setdefault(field, text)
        elif text not in rest:
            rest.append(text)
    about = _ABOUT.get(refusal.code, "")
    if about in names:
        found.setdefault(about, in_words(visit, refusal).title)
    return found, rest[:5]


def in_words(visit: Visit, refusal: Refusal) -> RefusalWords:
    """The refusal in the reader's language, with the goods it names."""
    found = _CODES.get(refusal.code)
    if found is None:
        return refusals.in_words(visit, refusal)
    facts = {name: "–" if value is None else value for name, value in refusal.facts.items()}
    return RefusalWords(visit.say(found[0]), visit.say(found[1], **facts), refusal.code)
