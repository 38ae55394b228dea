"""Reads of goods that come in: ASNs with their progress, and what holds at a dock."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.catalog.queries import skus_of
from entrepot.kernel.principals import Principal
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock.arrivals.types import (
    Asn,
    AsnLine,
    AsnReceipt,
    AsnState,
    AsnSummary,
    ReceivingRule,
)
from entrepot.stock.queries import Body
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "queries.sql")
MOST_RECEIPTS = 200


class Dock(msgspec.Struct, frozen=True):
    """A node where goods come in, and its rule."""

    node_id: UUID
    code: str
    zone: str
    over_permille: int
    over_units: int
    blind: bool

    @property
    def rule(self) -> ReceivingRule:
        """What it lets pass."""
        return ReceivingRule(self.over_permille, self.over_units, self.blind)


class _AsnRow(AsnSummary, frozen=True):
    blind: bool
    over_permille: int
    over_units: int


def sees_expected(principal: Principal, *, blind: bool) -> bool:
    """Whether the caller learns what is expected: where receiving is blind only whoever
    announces goods or approves what is too many."""
    return not blind or bool(principal.permissions & {"arrivals:create", "stock:approve"})


async def get_dock(tx: ReadTx, *, node: str) -> Dock:
    """The node; NotFound (`unknown_node`) when it is closed or not the caller's."""
    found = await tx.find(SQL["find_dock"], Dock, node=node, warehouses=warehouses_of(tx.principal))
    if found is None:
        raise NotFound("there is no such node", code="unknown_node", node=node)
    return found


async def list_asns(
    tx: ReadTx,
    *,
    node: str | None = None,
    state: AsnState | None = None,
    live: bool = False,
    reference: str | None = None,
    after: UUID | None = None,
    most: int = 50,
    code: str = "",
) -> list[AsnSummary]:
    """Newest first, behind `after`; `live`: only those that are not closed; of a scanned `code`:
    whatever it may stand for."""
    rows = await _rows(
        tx, id=None, node=node, state=state, live=live, reference=reference, after=after,
        most=most, code=code,
    )  # fmt: skip
    return [_summary(tx.principal, row) for row in rows]


async def get_summary(tx: ReadTx, *, asn_id: UUID) -> AsnSummary:
    """One ASN without its lines; NotFound (`unknown_asn`)."""
    return _summary(tx.principal, await _one(tx, asn_id))


async def get_asn(tx: ReadTx, *, asn_id: UUID) -> Asn:
    """One ASN with its lines and newest receipts; NotFound (`unknown_asn`)."""
    row = await _one(tx, asn_id)
    sees = sees_expected(tx.principal, blind=row.blind)
    lines = await tx.list(SQL["list_asn_lines"], Body, asn_id=asn_id)
    receipts = await tx.list(
        SQL["list_asn_receipts"], AsnReceipt, asn_id=asn_id, most=MOST_RECEIPTS
    )
    uncovered = await tx.value(SQL["get_uncovered"], asn_id=asn_id)
    assert isinstance(uncovered, int)
    told = msgspec.structs.asdict(_summary(tx.principal, row))
    return Asn(
        **told, over_permille=row.over_permille, over_units=row.over_units, blind=row.blind,
        items=[_line(line.body, sees=sees) for line in lines], receipts=receipts,
        uncovered=uncovered,
    )  # fmt: skip


def unknown_asn() -> NotFound:
    """The refusal for an ASN that is not there or not the caller's."""
    return NotFound("there is no such ASN", code="unknown_asn")


async def _one(tx: ReadTx, asn_id: UUID) -> _AsnRow:
    rows = await _rows(
        tx, id=asn_id, node=None, state=None, live=False, reference=None, after=None, most=1
    )
    if not rows:
        raise unknown_asn()
    return rows[0]


async def _rows(tx: ReadTx, *, code: str = "", **wanted: object) -> Sequence[_AsnRow]:
    return await tx.list(
        SQL["list_asns"], _AsnRow, **wanted, code=code,
        skus=await skus_of(tx, scanned=code) if code else [],
        sees=sees_expected(tx.principal, blind=True), warehouses=warehouses_of(tx.principal),
    )  # fmt: skip


def _summary(principal: Principal, row: _AsnRow) -> AsnSummary:
    told = {name: getattr(row, name) for name in AsnSummary.__struct_fields__}
    if not sees_expected(principal, blind=row.blind):
        told |= {"expected": None, "open": None, "over": None, "missing": 0}
    return AsnSummary(**told)


def _line(body: bytes, *, sees: bool) -> AsnLine:
    line = msgspec.json.decode(body, type=AsnLine)
    if sees:
        return line
    return msgspec.structs.replace(
        line, unit=None, unit_qty=None, expected=None, open=None, over=None, missing=0
    )
