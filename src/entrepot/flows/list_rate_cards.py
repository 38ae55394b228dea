"""List the services with the versions of their cards, and the rules that all cards share."""

from entrepot.access.flow import query
from entrepot.carriers import tariff_queries
from entrepot.carriers.views import PriceList, price_list_of
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx


@query(permission="rate_cards:read", callers=(ApiKey, Staff))
async def list_rate_cards(tx: ReadTx) -> PriceList:
    """Services by code, each with its versions past, current and to come."""
    return price_list_of(
        await tariff_queries.list_versions(tx),
        await tariff_queries.list_rule_versions(tx),
        await tariff_queries.tenant_today(tx),
    )
