"""Consolidation (集运): parcels of one customer become one shipment.

A draft claims parcels of one customer in one warehouse and moves none; a unique row for each parcel
lets only one draft have it. `packing` predicts the cartons, `pricing` what every line would cost,
`forecast` the range; `carriers` keeps the quote. Choosing a line fixes its price for these parcels
as they are: changed parcels or a quote that is over are a conflict. Undo lets all go until packing
starts. `advice` (asked by `advising`) says whether parts or a later day would be cheaper.

Words: draft, claim, left out, prediction, apart, line, choice. Invariants: one claim a parcel;
claims belong to live consolidations; a choice was predicted for its own consolidation.
"""
