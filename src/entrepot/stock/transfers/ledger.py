"""Transfers at the ledger: movements into and out of a transfer's own place, what its receiver
may expect, its steps and their events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import errors
from entrepot.stock.operations import SQL as MOVES
from entrepot.stock.operations import Outcome
from entrepot.stock.scope import warehouses_of
from entrepot.stock.transfers import rules
from entrepot.stock.transfers.rules import Part
from entrepot.stock.transfers.types import TakenTransfer
from entrepot.stock.types import Status

SQL = load_sql(__file__, "operations.sql")


class Move(msgspec.Struct, frozen=True):
    """One movement into or out of a transfer's place; bin None: the receiving bin."""

    sku: str
    qty: int
    lot: str
    serial: str | None
    from_status: Status
    to_status: Status
    bin: str | None


async def post(tx: Tx, taken: TakenTransfer, moves: Sequence[Move], *, reason: str) -> UUID:
    """The movements between bins (or, lost, nothing) and the transfer's own place; the document.

    Raises what `stock.operations.post` raises.
    """
    document_id = new_id(tx.now)
    out, lost = reason == "transfer_out", reason == "transfer_lost"
    node = taken.from_code if out else taken.to_code
    bin_kind = "adjustment" if lost else "bin"
    nodes = [None if lost else node] * len(moves)
    bins = [move.bin for move in moves]
    ways = [taken.code] * len(moves)
    none = [None] * len(moves)
    outcomes = await tx.list(
        MOVES["post_lines"], Outcome, now=tx.now, actor=tx.principal.actor,
        document_id=document_id, reference=taken.code, warehouses=warehouses_of(tx.principal),
        ids=[new_id(tx.now) for _ in moves], skus=[m.sku for m in moves],
        qtys=[m.qty for m in moves], reasons=[reason] * len(moves),
        from_kinds=[bin_kind if out else "transit"] * len(moves),
        from_nodes=nodes if out else ways, from_bins=bins if out else none,
        from_statuses=[m.from_status for m in moves],
        to_kinds=["transit" if out else bin_kind] * len(moves),
        to_nodes=ways if out else nodes, to_bins=none if out or lost else bins,
        to_statuses=[m.to_status for m in moves], lots=[m.lot for m in moves],
        expires=none, serials=[m.serial for m in moves], owners=[taken.owner] * len(moves),
        refs=[taken.code] * len(moves), may_short=[False] * len(moves),
    )  # fmt: skip
    faults = [(o.outcome, o.line or 1) for o in outcomes if o.outcome != "done"]
    if faults:
        raise errors.refusal_of_lines(faults)
    # what came goes to those who wait for it longest, before anybody else
    await tx.execute(
        MOVES["fill_arrived"], now=tx.now, actor=tx.principal.actor, document_id=document_id
    )
    return document_id


async def count_arrived(tx: Tx, taken: TakenTransfer, parts: Sequence[Part], *, lost: bool) -> None:
    units = [part.qty for part in parts]
    nothing = [0] * len(parts)
    await tx.execute(
        SQL["count_arrived"], id=taken.transfer_id, skus=[p.coming.sku for p in parts],
        lots=[p.coming.lot for p in parts], statuses=[p.coming.status for p in parts],
        serials=[p.coming.serial for p in parts], came=nothing if lost else units,
        gone=units if lost else nothing,
    )  # fmt: skip
    await expect(tx, taken, [(p.coming.sku, p.coming.status, -p.qty) for p in parts])


async def expect(tx: Tx, taken: TakenTransfer, changes: Sequence[tuple[str, Status, int]]) -> None:
    """What may be promised once it is there comes, or no longer comes, to the destination."""
    counted = [c for c in changes if rules.counts_as_inbound(taken.owner, c[1])]
    await tx.execute(
        SQL["expect"], node_id=taken.to_id, skus=[sku for sku, _, _ in counted],
        units=[units for _, _, units in counted],
    )  # fmt: skip


async def step(
    tx: Tx,
    taken: TakenTransfer,
    state: str,
    event: str,
    *,
    warehouse: str,
    expected_at: datetime | None = None,
    short_reason: str | None = None,
) -> None:
    sequence = await tx.value(
        SQL["step"], id=taken.transfer_id, state=state, now=tx.now, actor=tx.principal.actor,
        expected_at=expected_at or taken.expected_at, short_reason=short_reason,
    )  # fmt: skip
    body = body_of(
        taken.transfer_id, taken.code, taken.from_code, taken.to_code, state, warehouse=warehouse
    )
    await put_event(tx, taken.transfer_id, event, sequence, body)


def body_of(
    transfer_id: UUID, code: str, from_code: str, to_code: str, state: str, *, warehouse: str
) -> bytes:
    return msgspec.json.encode({
        "id": transfer_id, "code": code, "from": from_code, "to": to_code, "state": state,
        "warehouse": warehouse,
    })  # fmt: skip


async def put_event(tx: Tx, transfer_id: UUID, name: str, sequence: object, body: bytes) -> None:
    await tx.value(
        SQL["put_event"], event_id=new_id(tx.now), name=name, id=transfer_id, sequence=sequence,
        now=tx.now, actor=tx.principal.actor, body=body,
    )  # fmt: skip
