"""What the parts of a price are called: lines, reasons against a line, kinds, hints.

Keys of the catalogues, as in `words`; pages translate them.
"""

from entrepot.web.words import _

LINE = {
    "base": _("Freight"),
    "markup": _("Handling"),
    "tier_discount": _("Member discount"),
    "fuel": _("Fuel surcharge"),
    "insurance": _("Insurance"),
    "storage": _("Storage"),
    "coupon": _("Coupon"),
    "vat": _("Value-added tax"),
    "gst": _("Goods and services tax"),
    "duty": _("Duty"),
    "duty_prepay": _("Prepaid duty"),
    "eu_flat_duty": _("EU duty, by kind of goods"),
    "remote": _("Remote area"),
    "oversize": _("Oversize"),
    "overweight": _("Overweight"),
    "battery": _("Battery"),
    "demand": _("Demand surcharge"),
}

REASON = {
    "unknown_service": _("This line does not exist."),
    "option_not_offered": _("An option you asked for is not offered."),
    "no_valid_card": _("It has no prices for this day."),
    "country_not_served": _("It does not go to this address."),
    "goods_refused": _("It does not take these goods."),
    "piece_too_heavy": _("Too heavy for this line."),
    "piece_too_long": _("Too long for this line."),
    "value_over_limit": _("The value is above what this line takes."),
    "no_weight_band": _("It has no price for this weight."),
    "insured_over_cap": _("It cannot be insured this high."),
    "identity_missing": _("The receiver must be registered with customs first."),
    "carrier_timed_out": _("The carrier did not answer in time."),
    "carrier_unreachable": _("The carrier could not be reached."),
    "carrier_refused": _("The carrier refused it."),
    "carrier_nonsense": _("The carrier's answer could not be trusted."),
    "carrier_misconfigured": _("The connection to the carrier is not set up."),
    "carrier_no_offer": _("The carrier offers nothing for it."),
}

MARK = {
    "cheapest": _("Cheapest"),
    "fastest": _("Fastest"),
    "best_value": _("Best value"),
}

KIND = {
    "express": _("Express"),
    "postal": _("Postal"),
    "special_line": _("Air line"),
    "sea_parcel": _("Sea"),
    "sea_cbm": _("Sea, by volume"),
    "truck": _("Truck"),
}

INCOTERM = {
    "DDP": _("Duty and tax are in the price (DDP)."),
    "DAP": _("Duty and tax, if any, are paid on arrival (DAP)."),
    "DDU": _("Duty and tax, if any, are paid on arrival (DDU)."),
}

NEED = {"tw_ez_way": _("EZ WAY registration of the receiver")}
