"""A draft priced anew: packed, forecast, quoted on every line, kept; earlier quotes are over.

Only for whoever holds the draft (`operations.take`). A draft in which a parcel cannot leave is not
priced: what is shown then is which one and why.
"""

from uuid import UUID

import msgspec

from entrepot.carriers.operations import supersede_quotes
from entrepot.carriers.queries import load_tariff
from entrepot.carriers.quoting import quote_and_keep
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.types import StoredQuote, Subject
from entrepot.consolidation import operations, queries
from entrepot.consolidation.pricing import Box, Priced, boxed, price
from entrepot.consolidation.queries import Head
from entrepot.consolidation.types import Destination, PredictedPacking
from entrepot.consolidation.viewing import Contents, contents_of, today_at
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.platform.database import ReadTx, Tx


async def reprice(tx: Tx, *, consolidation_id: UUID) -> None:
    """Price the draft as it is now. A line chosen before is chosen no longer."""
    head = await queries.get_head(tx, consolidation_id=consolidation_id)
    contents = await contents_of(tx, head)
    await supersede_quotes(tx, subject_kind="consolidation", subject_id=head.id)
    to = head.destination
    if not contents.fit or to is None:
        await operations.show_prediction(tx, consolidation_id=head.id, prediction_id=None)
        return
    box, priced = await _priced(tx, head, contents, to)
    quote = await _quoted(tx, head, contents, priced)
    if quote is None and priced.missing is None:
        priced = msgspec.structs.replace(priced, missing="declaration")
    await operations.put_prediction(
        tx, head, box=box, priced=priced, quote=quote, fingerprint=contents.fingerprint
    )


async def find_tariff(tx: ReadTx, *, warehouse: str) -> Tariff | None:
    """The lines of a warehouse, None before any price was imported."""
    try:
        return await load_tariff(tx, warehouse=warehouse)
    except Conflict as none:
        if none.code != "no_tariff":
            raise
        return None


async def _priced(
    tx: ReadTx, head: Head, contents: Contents, to: Destination
) -> tuple[Box, Priced]:
    if not all(one.mm and one.weight_g for one in contents.members):
        return Box(PredictedPacking((), ()), 0, 0), Priced(None, {}, (), "measures")
    box = await boxed(await queries.list_cartons(tx), contents.members)
    tariff = await find_tariff(tx, warehouse=head.warehouse)
    if tariff is None:
        return box, Priced(None, {}, (), "lines")
    today = today_at(tx, head)
    return box, price(tariff, box, contents.members, to, today=today, tier=head.member_tier)


async def _quoted(tx: Tx, head: Head, contents: Contents, priced: Priced) -> StoredQuote | None:
    """The quote on every line; None when a line taxes what nobody has declared."""
    if priced.request is None:
        return None
    try:
        return await quote_and_keep(
            tx,
            quote_id=new_id(tx.now),
            subject=Subject("consolidation", head.id, contents.fingerprint),
            warehouse=head.warehouse,
            request=priced.request,
            customer_id=head.customer_id,
        )
    except Invalid:
        return None
