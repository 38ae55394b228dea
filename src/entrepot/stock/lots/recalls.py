"""Recalls: lots are called back everywhere at once, and the recall ends released or scrapped.

While it is open nothing of its lots is good: what lay in bins is taken into quarantine by the
statement that opens it, promises of it become backorders, and what arrives later (a receipt, a
return, goods in transit) goes into quarantine whatever the sender asked for.
"""

from collections.abc import Callable
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.machines import Machine, read_machine
from entrepot.kernel.refusals import Conflict, Forbidden, NotFound
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sheets import Cell, write_csv, write_xlsx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import adjustment_rules, errors, queries
from entrepot.stock.adjustments import operations as adjustments
from entrepot.stock.lots.recall_types import (
    NewRecall,
    Recall,
    RecalledGoods,
    RecallLine,
    RecallSummary,
    Recipient,
)
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "recalls.sql")
MOST_PLACES = 1000
MOST_RECIPIENTS = 20_000
COLUMNS = (
    "reference", "sku", "lot", "node", "place", "sent", "returned", "kept", "first_at", "last_at",
)  # fmt: skip


class _Taken(msgspec.Struct, frozen=True):
    id: UUID
    state: str
    opened_by: str


class TakenUnits(msgspec.Struct, frozen=True):
    """What a recall holds in a node, and what it is worth (None: nobody knows)."""

    node_id: UUID
    node: str
    master: str
    units: int
    value_minor: int | None


def machine() -> Machine:
    """The machine of recalls."""
    return read_machine("entrepot.stock", "recall", "recall_edges.tsv")


def unknown_recall() -> NotFound:
    """The refusal for a recall that is not there."""
    return NotFound("there is no such recall", code="unknown_recall")


async def open_recall(tx: Tx, *, new: NewRecall) -> UUID:
    """Call lots back in every node, in one statement; the recall's id.

    Raises Forbidden for callers of some warehouses, NotFound naming an unknown SKU, Conflict
    `recalled_already` when one of the lots belongs to an open recall.
    """
    need_every_warehouse(tx)
    named = await queries.skus_named(tx, skus=sorted({line.sku for line in new.lines}))
    ids = dict(zip(sorted({line.sku for line in new.lines}), named, strict=True))
    lines = list(dict.fromkeys(new.lines))
    recall_id = new_id(tx.now)
    told = await tx.value(
        SQL["open_recall"],
        now=tx.now,
        actor=tx.principal.actor,
        id=recall_id,
        document_id=new_id(tx.now),
        cause=new.cause,
        reference=new.reference,
        sku_ids=[ids[line.sku] for line in lines],
        lots=[line.lot for line in lines],
        expires_from=[line.expires_from for line in lines],
        expires_until=[line.expires_until for line in lines],
    )
    if told == "recalled_already":
        raise Conflict("one of these lots is called back already", code="recalled_already")
    if told != "done":
        raise errors.refusal_of_lines([(str(told), 1)])
    await _tell(tx, recall_id, "opened", 1, new.reference)
    return recall_id


def need_every_warehouse(tx: Tx) -> None:
    """Raises Forbidden for callers of some warehouses: a recall reaches into all of them."""
    if warehouses_of(tx.principal) is not None:
        raise Forbidden("a recall reaches every warehouse", code="every_warehouse_needed")


async def take(tx: Tx, *, recall_id: UUID) -> list[TakenUnits]:
    """Lock a recall that is to end; what it holds, node by node. Raises NotFound."""
    if await tx.find(SQL["take_recall"], _Taken, id=recall_id) is None:
        raise unknown_recall()
    return await tx.list(SQL["list_taken"], TakenUnits, id=recall_id)


async def close_recall(
    tx: Tx,
    *,
    recall_id: UUID,
    outcome: str,
    held: list[TakenUnits],
    limits: dict[UUID, adjustment_rules.Limits],
) -> None:
    """End a recall; `held`, what these eyes scrapped that day and the nodes' limits decide whether
    it takes other eyes.

    Raises Conflict `wrong_state`, Forbidden `other_eyes_needed` above a limit for whoever opened
    it, and Conflict `master_is_outside` where scrapping would change another system's numbers.
    """
    need_every_warehouse(tx)
    taken = await tx.one(SQL["take_recall"], _Taken, id=recall_id)
    state = machine().follow(taken.state, {"released": "release", "scrapped": "scrap"}[outcome])
    over = False
    for row in held:
        before = _NOTHING
        if outcome == "scrapped":
            before = await adjustments.find_before(tx, node_id=row.node_id)
        own = limits[row.node_id]
        over = over or bool(
            adjustment_rules.limit_passed(row.units, row.value_minor, limits=own, before=before)
        )
    same = await tx.value(SQL["has_same_eyes"], actor=tx.principal.actor, other=taken.opened_by)
    if over and same:
        raise Forbidden("who opened it does not close it", code="other_eyes_needed")
    outside = next((row for row in held if row.master != "entrepot"), None)
    if outcome == "scrapped" and outside is not None:
        raise Conflict(
            "the quantities of this node are told by another system",
            code="master_is_outside", node=outside.node, master=outside.master,
        )  # fmt: skip
    document_id = new_id(tx.now)
    told = await tx.value(
        SQL["close_recall"], now=tx.now, actor=tx.principal.actor, id=recall_id,
        document_id=document_id, state=state,
    )  # fmt: skip
    if told != "done":
        raise errors.refusal_of_lines([(str(told), 1)])
    found = await get_summary(tx, recall_id=recall_id)
    await _tell(tx, recall_id, state, 2, found.reference)


_NOTHING = adjustment_rules.Before(0, 0)


async def list_recalls(
    tx: ReadTx, *, state: str | None, before: UUID | None, most: int
) -> list[RecallSummary]:
    """Newest first, before `before`."""
    return await tx.list(SQL["list_recalls"], RecallSummary, state=state, before=before, most=most)


async def get_summary(tx: ReadTx, *, recall_id: UUID) -> RecallSummary:
    """A recall without its lots; NotFound."""
    found = await tx.find(SQL["find_recall"], RecallSummary, id=recall_id)
    if found is None:
        raise unknown_recall()
    return found


async def get_recall(tx: ReadTx, *, recall_id: UUID) -> Recall:
    """A recall with its lots, where they lie and how much left; of the caller's warehouses."""
    summary = await get_summary(tx, recall_id=recall_id)
    gone = await list_recipients(tx, recall_id=recall_id, after=0, most=MOST_RECIPIENTS)
    lies = await tx.list(
        SQL["list_lying"], RecalledGoods, id=recall_id, most=MOST_PLACES,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    return Recall(
        **msgspec.structs.asdict(summary),
        lines=await tx.list(SQL["list_recall_lines"], RecallLine, id=recall_id),
        lies=lies,
        left_units=sum(row.sent - row.returned for row in gone),
    )


async def list_recipients(tx: ReadTx, *, recall_id: UUID, after: int, most: int) -> list[Recipient]:
    """Who received how much, by reference, behind so many rows. NotFound."""
    await get_summary(tx, recall_id=recall_id)
    return await tx.list(
        SQL["list_recipients"], Recipient, id=recall_id, after=after, most=most,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


async def write_recipients(tx: ReadTx, *, recall_id: UUID, form: str) -> bytes:
    """The first 20,000 recipients as a CSV or XLSX file."""
    rows = await list_recipients(tx, recall_id=recall_id, after=0, most=MOST_RECIPIENTS)
    write: Callable[..., bytes] = {"csv": write_csv, "xlsx": write_xlsx}[form]
    return write(COLUMNS, [_cells(row) for row in rows])


def _cells(row: Recipient) -> list[Cell]:
    return [
        row.reference, row.sku, row.lot, row.node, row.place, row.sent, row.returned,
        row.sent - row.returned, row.first_at.isoformat(), row.last_at.isoformat(),
    ]  # fmt: skip


async def _tell(tx: Tx, recall_id: UUID, verb: str, sequence: int, reference: str) -> None:
    body = {"id": recall_id, "reference": reference}
    await tx.value(
        SQL["put_event"], event_id=new_id(tx.now), name=f"recall.{verb}", id=recall_id,
        sequence=sequence, now=tx.now, actor=tx.principal.actor, body=msgspec.json.encode(body),
    )  # fmt: skip
