"""What differences, drifts and alarms are called on pages: keys of the catalogues, as `words`."""

from entrepot.web.words import _

KIND = {
    "balance": _("Balance of a place"),
    "on_hand": _("On hand"),
    "blocked": _("Blocked"),
    "reserved": _("Reserved"),
    "backordered": _("Backordered"),
    "channel": _("Shown to buyers"),
    "serial": _("Serial number"),
    "silent": _("Silent"),
    "lagging": _("Too late"),
    "gap": _("Events missing"),
    "waiting": _("Events waiting"),
    "doubled": _("Told twice"),
}
CAUSE = {
    "lost": _("Something was lost"),
    "doubled": _("Something counted twice"),
    "late": _("Something came late"),
    "reordered": _("Something came out of order"),
    "manual_edit": _("Changed by hand"),
    "unit_mistake": _("Mistake of units"),
    "other_lot": _("In another lot there"),
    "follows": _("Follows from another difference"),
    "unknown": _("Not known"),
}
STATE = {
    "open": _("Open"),
    "corrected": _("Corrected"),
    "gone": _("Gone by itself"),
    "dismissed": _("Dismissed"),
    "closed": _("Closed"),
    "reopened": _("Opened again"),
}
MODE = {"full": _("Whole ledger"), "incremental": _("Since the last run")}
POLICY = {
    "stop": _("Do not sell"),
    "degrade": _("Keep a buffer"),
    "ignore": _("Sell as before"),
}
