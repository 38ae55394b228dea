"""What codes of the trade are called on pages: statuses, steps, reasons, events, roles.

The texts here are keys of the catalogues; `_` only marks them, templates translate them.
"""


def _(text: str) -> str:
    return text


STATUS = {
    "expected": _("On its way"),
    "received": _("Arrived"),
    "inspected": _("Inspected"),
    "stored": _("In storage"),
    "consolidating": _("Being merged"),
    "packed": _("Packed"),
    "shipped": _("Shipped"),
    "delivered": _("Delivered"),
    "returned": _("Returned"),
    "lost": _("Lost"),
    "merged": _("Merged"),
    "split": _("Split"),
    "abandoned": _("Abandoned"),
    "destroyed": _("Destroyed"),
    "exception": _("Problem"),
}

STATUS_KIND = {
    "expected": "brand",
    "received": "good",
    "inspected": "good",
    "stored": "good",
    "delivered": "good",
    "lost": "stop",
    "destroyed": "stop",
    "exception": "attention",
    "abandoned": "attention",
    "returned": "attention",
}

VERB = {
    "announced": _("Pre-alert received"),
    "declared": _("Contents declared"),
    "merged": _("Merged with its pre-alert"),
    "received": _("Arrived at the warehouse"),
    "measured": _("Weighed and measured"),
    "assigned": _("Matched with its owner"),
    "contested": _("Owner in doubt"),
    "inspected": _("Inspected"),
    "stored": _("Put away"),
    "held": _("Put on hold"),
    "released": _("Released"),
    "set_aside": _("Set aside: we are looking into it"),
}

COURIER = {
    "SF": _("SF Express"),
    "YTO": _("YTO Express"),
    "ZTO": _("ZTO Express"),
    "STO": _("STO Express"),
    "YUNDA": _("Yunda Express"),
    "JD": _("JD Logistics"),
    "JT": _("J&T Express"),
    "DEPPON": _("Deppon Express"),
    "EMS": _("EMS / China Post"),
    "CAINIAO": _("Cainiao"),
    "4PX": _("4PX"),
    "YUNEXPRESS": _("YunExpress"),
}

TAG = {
    "general": _("General goods"),
    "battery_inside": _("Battery inside"),
    "battery_packed_with": _("Battery packed with"),
    "battery_alone": _("Battery alone"),
    "powerbank": _("Power bank"),
    "branded_sensitive": _("Branded goods"),
    "cosmetics": _("Cosmetics"),
    "food": _("Food"),
    "knife": _("Knife"),
    "liquid": _("Liquid"),
    "magnet": _("Magnet"),
    "powder": _("Powder"),
    "prohibited": _("Prohibited goods"),
}

ROLE = {
    "owner": _("Owner"),
    "manager": _("Warehouse lead"),
    "receiver": _("Receiving"),
    "inspector": _("Inspection"),
    "putaway": _("Put-away"),
    "packer": _("Packing"),
    "shipper": _("Hand-over"),
    "support": _("Customer service"),
    "finance": _("Finance"),
    "customer": _("Customer"),
    "auditor": _("Audit (read only)"),
}

NODE_KIND = {
    "warehouse": _("Warehouse"),
    "store": _("Store"),
    "partner": _("Partner warehouse"),
    "marketplace": _("Marketplace warehouse"),
}

BIN_CLASS = {
    "staging": _("Staging"),
    "shelf": _("Shelf"),
    "pallet": _("Pallet"),
    "floor": _("Floor"),
    "battery": _("Batteries"),
    "cage": _("Locked cage"),
    "exception": _("Problem parcels"),
    "unclaimed": _("Unclaimed parcels"),
    "packed": _("Packed"),
    "outbound": _("Outbound"),
}

TRANSFER_STATE = {
    "draft": _("Draft"),
    "sent": _("Under way"),
    "received": _("Received"),
    "short": _("Closed short"),
    "cancelled": _("Called off"),
}

SHORT_REASON = {
    "lost": _("lost on the way"),
    "stolen": _("stolen"),
    "damaged": _("broken on the way and thrown away"),
    "never_loaded": _("never loaded"),
    "other": _("another reason"),
}

COUNT_WHAT = {"stock": _("Goods"), "parcels": _("Parcels")}

COUNT_RULE = {
    "abc": _("due by turnover"),
    "value": _("due by turnover"),
    "zero": _("should be empty"),
    "rejection": _("after a rejection"),
    "asked": _("asked for"),
}

COUNT_STATUS = {
    "open": _("To count"),
    "counted": _("Counted"),
    "recount": _("Count again"),
    "approved": _("Approved"),
    "rejected": _("Rejected"),
}

STOCK_STATUS = {
    "good": _("good"),
    "promo": _("promotion"),
    "damaged": _("damaged"),
    "quarantine": _("in quarantine"),
    "hold": _("on hold"),
    "expired": _("expired"),
}

STOCK_REASON = {
    "receipt": _("Received"),
    "put_away": _("Put away"),
    "move": _("Moved"),
    "transfer_out": _("Sent to another warehouse"),
    "transfer_in": _("Came from another warehouse"),
    "transfer_lost": _("Lost on the way"),
    "sale": _("Handed over for a customer"),
    "return": _("Returned by a customer"),
    "scrap": _("Thrown away"),
    "loss": _("Lost"),
    "found": _("Found"),
    "named": _("Got its lot or serial"),
    "count_less": _("Counted less"),
    "count_more": _("Counted more"),
    "reclassify": _("Other state"),
    "expire": _("Past its date"),
    "opening": _("There when we began"),
    "partner_out": _("Handed to a partner"),
    "partner_in": _("Taken over from a partner"),
    "supplier_return": _("Sent back to the supplier"),
    "reversal": _("A mistake moved back"),
}

ASN_STATE = {
    "announced": _("Announced"),
    "receiving": _("Being received"),
    "received": _("Complete"),
    "cancelled": _("Cancelled"),
}

WHY_MISSING = {
    "not_sent": _("was not sent"),
    "lost_on_the_way": _("lost on the way"),
    "refused_at_dock": _("refused at the dock"),
    "announced_wrongly": _("announced wrongly"),
    "other": _("another reason"),
}

STOCK_PLACE = {
    "SUPPLIER": _("Supplier"),
    "CUSTOMER": _("Customer"),
    "ADJUSTMENT": _("Adjustment"),
    "PARTNER": _("Partner"),
    "TRANSIT": _("On the way"),
}
