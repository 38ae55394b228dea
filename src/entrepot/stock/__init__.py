"""The stock room: how much of what lies where, and what of it is promised.

Owns the ledger of movements, balances by place, lot, owner and status, the guarding row of each
(SKU, node) on which alone is decided what may be promised, the channels' copies, reservations.
Words: movement, place, balance, guarding row, reservation, shortage. Invariants 1–5 and 8 of
SAFETY are the views `stock.violation_*`.
"""
