"""Change which parcels may join a draft."""

import msgspec

from entrepot.access.flow import flow
from entrepot.consolidation import cartons
from entrepot.consolidation.eligibility import Rules
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="settings:change", callers=(ApiKey, Staff))
async def change_joining_rules(tx: Tx, *, rules: Rules) -> Rules:
    """The rules; drafts are judged by them at their next look. Raises Forbidden for who works in
    some warehouses only."""
    refuse_part_of_house(tx.principal)
    await cartons.change_rules(tx, rules=rules)
    facts = {"rules": msgspec.to_builtins(rules)}
    await put_audit(
        tx, verb="change_joining_rules", subject="setting", subject_id=None, facts=facts
    )
    return rules
