"""What base units are worth, for limits of value."""

from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import queries
from entrepot.stock.adjustment_types import NewUnitValues

SQL = load_sql(__file__, "operations.sql")


async def set_unit_values(tx: Tx, *, new: NewUnitValues) -> int:
    """What base units are worth from now on; NotFound naming a SKU that is not there."""
    worth = {value.sku: value.value_minor for value in new.values}
    ids = await queries.skus_named(tx, skus=list(worth))
    return await tx.execute(
        SQL["put_values"], sku_ids=ids, values=list(worth.values()), now=tx.now,
        actor=tx.principal.actor,
    )  # fmt: skip
