"""What consolidations are called on pages: reasons, statuses, what is missing.

Keys of the catalogues, as in `words`; pages translate them.
"""

from entrepot.web.words import _

DRAFT_STATUS = {
    "draft": _("Draft"),
    "requested": _("Requested"),
    "packing": _("Being packed"),
    "packed": _("Packed"),
    "unpacking": _("Being unpacked"),
    "cancelled": _("Undone"),
}

DRAFT_KIND = {"draft": "brand", "requested": "brand", "packed": "good", "cancelled": ""}

AGAINST = {
    "other_customer": _("It is not yours any more."),
    "other_warehouse": _("It is in another warehouse."),
    "not_arrived": _("It has not arrived yet."),
    "wrong_status": _("In its present state it cannot leave."),
    "held": _("The warehouse keeps it back until something is settled."),
    "prohibited": _("It holds goods that may not be sent."),
    "not_measured": _("It has not been weighed and measured yet."),
    "not_declared": _("Say what is inside first: customs will ask."),
    "overdue_fee": _("A storage fee is due first."),
    "in_another_draft": _("It is in another consolidation."),
    "incomplete_set": _("Other cartons of the same order have not arrived yet."),
}

LACKING = {
    "parcels": _("There is no parcel in it."),
    "fit": _("A parcel in it cannot leave at the moment."),
    "destination": _("Say where it goes, then every line shows its price."),
    "lines": _("This warehouse has no shipping lines yet. Please ask us."),
    "declaration": _("A line needs to know what is inside each parcel. Please complete that."),
    "carton": _("One parcel fits none of our cartons. Take it out, or ask us."),
    "measures": _("A parcel has not been weighed and measured yet."),
}

VIEW = {
    "top": _("From above"),
    "front": _("From the front"),
    "side": _("From the side"),
}
