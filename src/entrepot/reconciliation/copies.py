"""Comparing places and copies: all of them, or only what was written since the last run looked.

A row of PostgreSQL tells which transaction wrote it, whoever that was and however: a row of a copy
that an older transaction wrote than any that was open when the last run looked is as that run saw
it. So an incremental run reads through the copies but compares only what changed, what it changes
against, and what differed before. Rows that were taken away tell nothing; they are missing in the
totals, and then everything is compared.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.reconciliation.types import Clash, ViewFound

SQL = load_sql(__file__, "copies.sql")

_COPIES = {
    "on_hand": "stock.violation_guard", "reserved": "stock.violation_reserved",
    "channel": "stock.violation_channel", "serial": "stock.violation_serial",
}  # fmt: skip
"""Each row of these views comes as one of this kind when copies are compared."""
HISTORY = ("platform.violation_outbox_sequence", "stock.violation_document_event")
"""Views of what is only ever added to: once sound, only what was added can break it."""


class Compared(msgspec.Struct, frozen=True):
    """What differs: `places` between ledger and balances, `copies` elsewhere, with how many rows
    the views of copies have. With `more` neither is all. `kept`: the next run may go on from the
    differences of this one: they are all, and all that is wrong."""

    places: list[Clash]
    copies: list[Clash]
    views: dict[str, int]
    more: bool
    kept: bool


class Since(msgspec.Struct, frozen=True):
    """What was written since the last run looked, by the ages of transactions: copies up to
    `reach`, sums of this run below `own`."""

    reach: int
    own: int


class _Totals(msgspec.Struct, frozen=True):
    balance: int
    on_hand: int
    channel: int


async def compare(tx: Tx, *, since: Since | None, most: int) -> Compared:
    """Balances with the sums that were kept and brought up to date, and every copy; what changed
    since if that can be told apart."""
    if since is not None:
        places = await tx.list(
            SQL["compare_changed_sums"], Clash, reach=since.reach, own=since.own, most=most + 1
        )
        copies = await tx.list(
            SQL["list_changed_clashes"], Clash, reach=since.reach, most=_rows_of(most)
        )  # fmt: skip
        found = _compared(places, copies, most)
        if not found.more and await _nothing_was_taken(tx, found):
            return found
    return await compare_copies(
        tx, places=await tx.list(SQL["compare_sums"], Clash, most=most + 1), most=most
    )


async def compare_copies(tx: Tx, *, places: list[Clash], most: int) -> Compared:
    """All copies; `places` were compared before."""
    rows = await tx.list(SQL["list_clashes"], Clash, most=_rows_of(most))
    return _compared(places, rows, most)


async def count_new_breaks(tx: Tx, *, after: int, since: Since) -> dict[str, int]:
    """How many rows the views of a history that was sound have now."""
    rows = await tx.list(SQL["count_new_breaks"], ViewFound, after=after, reach=since.reach)
    return {row.view: row.rows for row in rows}


def _rows_of(most: int) -> int:
    return 2 * (most + 1)  # a row of a view comes at most twice


def _compared(places: list[Clash], rows: Sequence[Clash], most: int) -> Compared:
    kinds = Counter(row.kind for row in rows)
    copies = [row for row in rows if row.told != row.found]
    cut = len(rows) == _rows_of(most)
    views = {} if cut else {view: kinds[kind] for kind, view in _COPIES.items()}
    more = cut or len(places) + len(copies) > most
    # A channel without a row where there is nothing to sell: wrong, but no difference.
    bare = any(row.kind == "channel" and row.told == row.found for row in rows)
    return Compared(places, copies, views, more, not (more or bare))


async def _nothing_was_taken(tx: Tx, found: Compared) -> bool:
    """Whether copies exceed what they are copies of by just what was found. A row taken away
    makes the whole less, and never more."""
    amounts = Counter[str]()
    for clash in (*found.places, *found.copies):
        amounts[clash.kind] += clash.found - clash.told
    totals = await tx.one(SQL["compare_totals"], _Totals)
    return totals == _Totals(amounts["balance"], amounts["on_hand"], amounts["channel"])
