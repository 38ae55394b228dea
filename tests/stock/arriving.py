"""Short ways to announce, receive, put away and take back goods."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from entrepot.access.flow import Stamp
from entrepot.flows.announce_goods import announce_goods
from entrepot.flows.cancel_asn import cancel_asn
from entrepot.flows.close_asn import close_asn
from entrepot.flows.get_asn import get_asn
from entrepot.flows.put_away_goods import put_away_goods
from entrepot.flows.receive_goods import receive_goods
from entrepot.flows.return_goods import return_goods
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Staff
from entrepot.stock.arrivals.types import (
    Asn,
    AsnSummary,
    CloseAsn,
    NewAsn,
    NewPutAway,
    NewReceipt,
    NewReturn,
    PutAwayDone,
    Received,
    Returned,
    WhyMissing,
)
from tests.flows.trade import stamp
from tests.stock.house import Stock

SOON = datetime(2027, 1, 1, tzinfo=UTC)
Line = dict[str, object]


def _whole(line: tuple[str, int] | Line) -> Line:
    return line if isinstance(line, dict) else {"code": line[0], "qty": line[1]}


async def announced(stock: Stock, *lines: tuple[str, int] | Line, **fields: object) -> Asn:
    """An ASN for N1, of (code, units) or whole lines."""
    given = [
        line if isinstance(line, dict) else {"code": line[0], "qty": line[1]} for line in lines
    ]
    document = {
        "reference": new_token(9), "node": "N1", "expected_at": SOON, "lines": given, **fields
    }  # fmt: skip
    return await announce_goods(
        stock.db, stock.staff, stamp(), new=msgspec.convert(document, NewAsn)
    )


async def received(
    stock: Stock,
    asn: Asn | AsnSummary | None,
    *lines: tuple[str, int] | Line,
    by: Staff | None = None,
    stamped: Stamp | None = None,
    **fields: object,
) -> Received:
    """A receipt at N1."""
    given = [
        line if isinstance(line, dict) else {"code": line[0], "qty": line[1]} for line in lines
    ]
    document: dict[str, object] = {"node": "N1", "lines": given, **fields}
    if asn is not None:
        document["asn"] = asn.id
    return await receive_goods(
        stock.db, by or stock.staff, stamped or stamp(), new=msgspec.convert(document, NewReceipt)
    )


async def looked_at(stock: Stock, asn: Asn | AsnSummary, by: Staff | None = None) -> Asn:
    return await get_asn(stock.db, by or stock.staff, asn_id=asn.id)


async def closed(
    stock: Stock,
    asn: Asn | AsnSummary,
    reason: WhyMissing | None = None,
    by: Staff | None = None,
) -> AsnSummary:
    return await close_asn(
        stock.db, by or stock.staff, stamp(), asn_id=asn.id, closing=CloseAsn(reason)
    )


async def cancelled(stock: Stock, asn: Asn | AsnSummary) -> AsnSummary:
    return await cancel_asn(stock.db, stock.staff, stamp(), asn_id=asn.id)


async def moved_back(stock: Stock, movement_id: UUID) -> UUID:
    done = await reverse_movement(stock.db, stock.staff, stamp(), movement_id=movement_id)
    return done.id


async def stowed(stock: Stock, code: str, to: str, **fields: object) -> PutAwayDone:
    document = {"node": "N1", "code": code, "to": to, **fields}
    return await put_away_goods(
        stock.db, stock.staff, stamp(), new=msgspec.convert(document, NewPutAway)
    )


async def came_back(
    stock: Stock, reference: str, *lines: Line, by: Staff | None = None, **fields: object
) -> Returned:
    document = {"node": "N1", "reference": reference, "lines": list(lines), **fields}
    return await return_goods(
        stock.db, by or stock.staff, stamp(), new=msgspec.convert(document, NewReturn)
    )


async def inbound(stock: Stock, sku: str) -> int:
    return (await stock.guard(sku)).inbound
