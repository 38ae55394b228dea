"""What the parts of a rate card are called on the office's pages.

Keys of the catalogues, as in `words`; pages translate them.
"""

from entrepot.web.words import _

RULE = {
    "pricing_rules": _("Order and rounding"),
    "fx": _("Exchange rates"),
    "insurance": _("Insurance"),
    "member_tiers": _("Member tiers"),
    "value_added_services": _("Value-added services"),
    "duty_thresholds": _("Duty thresholds"),
    "storage": _("Storage fees"),
    "calendars": _("Working days and holidays"),
}

STANDING = {
    "past": _("Past"),
    "in_force": _("In force"),
    "to_come": _("To come"),
    "withdrawn": _("Withdrawn"),
}

STANDING_KIND = {"in_force": "good", "to_come": "brand", "withdrawn": "stop"}

METHOD = {
    "max": _("Whichever is more counts: what it weighs or its size."),
    "actual": _("Only what it weighs counts."),
    "max_if_any_side_ge": _("Its size counts only from a side of %(limit)s on."),
    "max_unless_sides_sum_le": _("Its size counts only when the three sides exceed %(limit)s."),
    "max_if_vol_gt_k_actual": _("Its size counts only above %(limit)s times what it weighs."),
    "half_volumetric": _("Half of what its size exceeds its weight by is added."),
    "volume": _("Its volume is charged, not its weight."),
}

PIECES = {
    "each": _("Every parcel is charged by itself."),
    "sum_then_round": _("All parcels are added up, then rounded once."),
    "max_of_sums": _("The sums of weights and of sizes are compared."),
}

DIMS = {
    "exact": "",
    "half_up_cm": _("Sides are rounded to the centimetre."),
    "up_cm": _("Sides are rounded up to the centimetre."),
}

PER = {
    "piece": _("per parcel"),
    "shipment": _("per shipment"),
    "chargeable_kg": _("per kg"),
    "chargeable_kg_started": _("per started kg"),
    "chargeable_kg_started_half": _("per kg"),
}

TAXED = {
    "declared_value": _("declared value"),
    "base": _("freight"),
    "dynamic": _("surcharges"),
    "fuel": _("fuel surcharge"),
}

ERROR = {
    "overlap": _("Overlap"),
    "gap": _("Gap"),
    "loop": _("Circle"),
    "unreachable": _("Never used"),
    "missing": _("Missing"),
    "unknown_field": _("Unknown field"),
    "unknown_service": _("Unknown line"),
    "unknown_column": _("Unknown column"),
    "version_taken": _("Version in use"),
    "no_rate": _("No exchange rate"),
    "wrong_type": _("Wrong kind of value"),
    "out_of_range": _("Out of range"),
    "bad_value": _("Wrong value"),
}
