"""The stock room: how much of what lies where, and what of it is promised.

Owns the ledger of movements, balances by place, lot, owner and status, the guarding row of each
(SKU, node) on which alone is decided what may be promised, the channels' copies, reservations.
Words: movement, place, balance, guarding row, reservation, shortage. Invariants 1–5 and 8 of
SAFETY are the views `stock.violation_*`.

Where to look:

- here: the ledger, promises and what stock is for: `operations`, `queries`, `levels`, `history`
  (as of a past instant), `strategy`; the SQL functions of all of them are `functions_*.sql`.
- `arrivals/`: goods coming in, against what was announced, put away, and back from customers.
- `transfers/`, `picking/`: goods between nodes, and goods fetched for an order.
- `lots/`: where goods came from and went, and what is called back.
- `adjustments/`: what a person's word changes, and who else has to agree. Their rules and types
  lie here, since transfers ask them too.
- `feeds/`: what other systems tell, and whether it can be true.

Locks are taken in one order everywhere: ASN or return guard, reservations by id, (SKU, node),
(SKU, channel); see docs/stock.md.
"""
