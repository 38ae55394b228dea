"""Moving back obeys what moving obeys: the steps of statuses, the limits of adjustments."""

from uuid import UUID

import msgspec

from entrepot.kernel.refusals import Forbidden
from entrepot.platform.database import Tx
from entrepot.stock import adjustment_rules as rules
from entrepot.stock.adjustments.operations import SQL, find_before
from entrepot.stock.scope import warehouses_of


class Reversed(msgspec.Struct, frozen=True):
    """A movement to be moved back; `node_id` only where it changed a book by a word alone."""

    node_id: UUID | None
    units: int
    value_minor: int | None
    actors: list[str]
    from_status: str
    to_status: str
    inside: bool


async def find_reversed(tx: Tx, *, movement_id: UUID) -> Reversed | None:
    """What moving a movement back would undo; None for an unknown one."""
    return await tx.find(
        SQL["find_reversed"], Reversed, movement_id=movement_id,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def check_reversal(tx: Tx, *, found: Reversed, limits: rules.Limits | None) -> None:
    """Moving back obeys what moving obeys. Raises as `rules.check_step_back`, and Forbidden
    `other_eyes_needed` when it undoes, with what these eyes moved back that day, more of
    adjustments and counts than `limits` leave to one pair, and these posted it or asked for it."""
    if found.inside and found.from_status != found.to_status:
        rules.check_step_back(found.from_status, found.to_status, tx.principal.permissions)
    if limits is None or found.node_id is None:
        return
    before = await find_before(tx, node_id=found.node_id, moved_back=True)
    if not rules.limit_passed(found.units, found.value_minor, limits=limits, before=before):
        return
    if await tx.value(SQL["has_same_eyes"], actor=tx.principal.actor, others=found.actors):
        raise Forbidden("who posted it does not move it back", code="other_eyes_needed")
