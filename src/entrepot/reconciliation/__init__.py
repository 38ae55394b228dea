"""The reconciliation room: whether the books agree, and periods whose balances are frozen.

Owns runs, the differences that they found with their one correction, the sums of the ledger that
let a run go on where the last one ended, periods, closings and entries that came too late. The
ledger counts: whatever differs from it is a copy that went wrong. A run changes no stock.
"""
