"""Get one service's card: a version of it as it was imported, with all its versions."""

from entrepot.access.flow import query
from entrepot.carriers import tariff_queries
from entrepot.carriers.views import RateCard, card_of
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="rate_cards:read", callers=(ApiKey, Staff))
async def get_rate_card(tx: ReadTx, *, service: str, version: str | None = None) -> RateCard:
    """The named version, else the one in force, else the newest. Raises NotFound."""
    rows = await tariff_queries.get_versions(tx, service=service)
    return card_of(rows, version, await tariff_queries.tenant_today(tx))
