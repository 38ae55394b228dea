"""Price a shipment for a visitor: every line side by side, nothing stored, no live carrier asked.

Live carriers are left out on purpose: an open page must not spend a tenant's calls to others.
"""

import msgspec

from entrepot.access.flow import query
from entrepot.carriers import calculator, queries, quoting
from entrepot.carriers.rating.requests import Quote, Request
from entrepot.kernel.principals import Visitor
from entrepot.platform.database import ReadTx


class Calculated(msgspec.Struct, frozen=True):
    """The prices, and what the cards call their lines (`<service>/<code>` → names)."""

    quote: Quote
    line_names: dict[str, dict[str, str]]


@query(permission="calculator:use", callers=(Visitor,))
async def use_calculator(tx: ReadTx, *, warehouse: str, request: Request) -> Calculated:
    """Raises NotFound (`unknown_warehouse`), Conflict (`no_tariff`), Invalid naming fields."""
    quote, _ = await quoting.price_all(tx, warehouse=warehouse, request=request)
    tariff = await queries.load_tariff(tx, warehouse=warehouse)
    return Calculated(quote, calculator.line_names(tariff))
