"""Export all live cards and the rules in force as one card file, which imports again unchanged."""

import json

from entrepot.access.flow import query
from entrepot.carriers import tariff_queries
from entrepot.carriers.views import CardExport
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="rate_cards:read", callers=(ApiKey, Staff))
async def export_rate_cards(tx: ReadTx) -> CardExport:
    """Every live version of every service, and each set of rules in force."""
    shelf = await tariff_queries.get_shelf(tx)
    return CardExport(
        services=[json.loads(row.document) for row in shelf.cards],
        rules={row.kind: json.loads(row.document) for row in shelf.rules},
    )
