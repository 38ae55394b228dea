"""The stock room: how much of what lies where, and what of it is promised.

Owns the ledger of movements, balances by place, lot, owner and status, the guarding row of each
(SKU, node) on which alone is decided what may be promised, the channels' copies, reservations.
Words: movement, place, balance, guarding row, reservation, shortage. Invariants 1–5 and 8 of
SAFETY are the views `stock.violation_*`.

Where to look, by the beginning of a file's name:

- `operations`, `queries`, `levels`, `functions_post|reserve|guards|…`: the ledger and promises.
- `arrivals`, `put_away`, `returns`: goods coming in, against what was announced, and back.
- `transfers`, `picking`: goods between nodes, and goods fetched for an order.
- `lots`, `recall`, `history`: where goods came from and went, called back, as of a past instant.
- `adjustment`, `status_edges`: what a person's word changes, and who else has to agree.
- `feeds`: what other systems tell, and whether it can be true.
- `strategy`: what stock is for (age, life, promotions), as the router and the pages read it.

Locks are taken in one order everywhere: ASN or return guard, reservations by id, (SKU, node),
(SKU, channel); see docs/stock.md.
"""
