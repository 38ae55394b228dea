"""Deriving copies anew: a balance from its movements, a guarding row from balances and promises,
a channel's copy from guarding rows. Nothing moves: the ledger stays as it is."""

from uuid import UUID

from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "rebuild.sql")


async def rebuild_balance(
    tx: Tx, *, cause: UUID, sku_id: UUID, place_id: UUID, lot: str, owner: str, status: str
) -> bool:
    """A balance and what depends on it. False when its movements add up to less than nothing, or
    more is promised than can be made backorders; then the block must be given up."""
    told = await tx.value(
        SQL["rebuild_balance"], now=tx.now, actor=tx.principal.actor, cause=cause, sku_id=sku_id,
        place_id=place_id, lot=lot, owner=owner, status=status,
    )  # fmt: skip
    return told is True


async def rebuild_guard(tx: Tx, *, cause: UUID, sku_id: UUID, node_id: UUID) -> bool:
    """A guarding row and the channels' copies. Promises that are not there become backorders."""
    told = await tx.value(
        SQL["rebuild_guard"], now=tx.now, actor=tx.principal.actor, cause=cause, sku_id=sku_id,
        node_id=node_id,
    )  # fmt: skip
    return told is True


async def rebuild_channels(tx: Tx, *, sku_id: UUID) -> None:
    """The copies of every channel that sells a SKU."""
    await tx.value(SQL["count_pools"], sku_id=sku_id)
