"""Change what a node lets pass at its dock: tolerance of too many, blind receiving."""

import msgspec

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock.arrivals import operations as arrivals
from entrepot.stock.arrivals.types import ReceivingRule


@flow(permission="stock:approve", callers=(Staff, ApiKey))
async def change_receiving_rule(tx: Tx, *, node: str, rule: ReceivingRule) -> ReceivingRule:
    """The rule as it holds from now on."""
    node_id = await arrivals.put_rule(tx, node=node, rule=rule)
    await put_audit(
        tx, verb="change_receiving_rule", subject="node", subject_id=node_id,
        facts=msgspec.structs.asdict(rule),
    )  # fmt: skip
    return rule
