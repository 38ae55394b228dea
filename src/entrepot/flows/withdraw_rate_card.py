"""Withdraw a version of a card that is not yet valid."""

from entrepot.access.flow import flow
from entrepot.carriers import tariff_operations, tariff_queries
from entrepot.carriers.views import CardVersion, versions_shown
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="rate_cards:change", callers=(ApiKey, Staff))
async def withdraw_rate_card(tx: Tx, *, service: str, version: str) -> CardVersion:
    """The version, withdrawn; its name stays taken. The version before it runs on.

    Raises NotFound (`unknown_card`), Conflict (`card_in_force`, `card_withdrawn`).
    """
    refuse_part_of_house(tx.principal)
    card_id = await tariff_operations.withdraw_card(tx, service=service, version=version)
    facts = {"service": service, "version": version}
    await put_audit(
        tx, verb="withdraw_rate_card", subject="rate_card", subject_id=card_id, facts=facts
    )
    rows = await tariff_queries.get_versions(tx, service=service)
    shown = versions_shown(rows, await tariff_queries.tenant_today(tx))
    return next(one for one in shown if one.version == version)
