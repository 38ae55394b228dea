"""Goods that come in: announce them, receive them, close or cancel what was announced.

What is awaited of the tenant's own goods is the `inbound` of their guarding rows, changed by the
same statement that changes the ASN. The ASN is locked first, so two receivers of one ASN wait for
each other, and so do receiving and closing.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.calendars import local_day
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Forbidden, Invalid
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.stock import operations
from entrepot.stock.arrivals import rules
from entrepot.stock.arrivals.queries import (
    Dock,
    get_dock,
    get_summary,
    sees_expected,
    unknown_asn,
)
from entrepot.stock.arrivals.rules import AwaitedLine, Counted, Goods
from entrepot.stock.arrivals.scanned import Wanted, find_goods, with_dates
from entrepot.stock.arrivals.types import (
    AsnSummary,
    NewAsn,
    NewReceipt,
    NewReceiptLine,
    Received,
    ReceivedLine,
    ReceivingRule,
    WhyMissing,
)
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.scope import warehouses_of
from entrepot.stock.types import End, NewMovement, Posted

SQL = load_sql(__file__, "operations.sql")


class TakenAsn(msgspec.Struct, frozen=True):
    """An ASN, locked for a change."""

    asn_id: UUID
    state: str
    reference: str
    supplier: str
    owner: str
    node: str
    zone: str
    node_id: UUID
    over_permille: int
    over_units: int
    blind: bool

    @property
    def rule(self) -> ReceivingRule:
        """What may come of it."""
        return ReceivingRule(self.over_permille, self.over_units, self.blind)


async def announce(tx: Tx, *, new: NewAsn) -> UUID:
    """The id of the new ASN; its goods are awaited from now on.

    Raises NotFound for unknown nodes and codes, Invalid for lines that cannot be meant, Conflict
    (`reference_taken`) when another one has the reference.
    """
    dock = await get_dock(tx, node=new.node)
    wanted = [Wanted(x.code, x.qty, x.unit, x.lot, x.expires_on) for x in new.lines]
    goods = await find_goods(tx, wanted=wanted, supplier=new.supplier)
    asn_id = new_id(tx.now)
    made = await tx.value(
        SQL["insert_asn"],
        asn_id=asn_id,
        node_id=dock.node_id,
        reference=new.reference,
        supplier=new.supplier,
        owner=new.owner,
        expected_at=new.expected_at,
        over_permille=new.over_permille,
        over_units=new.over_units,
        blind=new.blind,
        now=tx.now,
        actor=tx.principal.actor,
    )
    if made is None:
        raise Conflict("another ASN has this reference", code="reference_taken")
    await _insert_lines(tx, asn_id, list(enumerate(goods, 1)), expected=True)
    await tx.value(SQL["expect_asn"], asn_id=asn_id, node_id=dock.node_id)
    await tx.value(
        SQL["tell_asn"], now=tx.now, actor=tx.principal.actor, asn_id=asn_id, verb="announced",
        facts=msgspec.json.encode({"lines": len(goods)}),
    )  # fmt: skip
    return asn_id


async def _insert_lines(
    tx: Tx, asn_id: UUID, lines: Sequence[tuple[int, Goods]], *, expected: bool
) -> None:
    """Lines of an ASN; those that nobody announced expect nothing."""
    await tx.execute(
        SQL["insert_lines"],
        asn_id=asn_id,
        lines=[number for number, _ in lines],
        skus=[one.sku_id for _, one in lines],
        lots=[one.lot for _, one in lines],
        expires=[one.expires_on for _, one in lines],
        units=[one.unit for _, one in lines],
        unit_qtys=[one.unit_qty if expected else 0 for _, one in lines],
        expected=[one.units if expected else 0 for _, one in lines],
    )


async def take_asn(tx: Tx, *, asn_id: UUID) -> TakenAsn:
    """The ASN, locked; NotFound outside the caller's warehouses."""
    found = await tx.find(
        SQL["take_asn"], TakenAsn, asn_id=asn_id, warehouses=warehouses_of(tx.principal)
    )
    if found is None:
        raise unknown_asn()
    return found


async def receive(tx: Tx, *, new: NewReceipt) -> Received:
    """Post what lies on the dock, count it at its ASN, give it to those who wait for it longest.

    Raises NotFound (`unknown_code`, `unknown_node`, `unknown_asn`, `unknown_place`), Invalid for
    lines that are not whole, Conflict `wrong_state`, `other_node`, `over_expected`,
    `not_expected`, `other_lot`, `master_is_outside`, Forbidden to accept without `stock:approve`.
    """
    if new.accept and "stock:approve" not in tx.principal.permissions:
        raise Forbidden("accepting needs stock:approve", code="permission_missing")
    taken = None if new.asn is None else await take_asn(tx, asn_id=new.asn)
    dock = await get_dock(tx, node=new.node)
    reference = _reference(new, taken)
    supplier = new.supplier if taken is None else taken.supplier
    wanted = [Wanted(x.code, x.qty, x.unit, x.lot, x.expires_on, x.serials) for x in new.lines]
    goods = await find_goods(tx, wanted=wanted, supplier=supplier)
    rules.check_kept(
        goods, today=local_day(tx.now, dock.zone), good=[x.status == "good" for x in new.lines]
    )
    allocation = None if taken is None else await _allocate(tx, taken, goods, accept=new.accept)
    owner = new.owner if taken is None else taken.owner
    movements = [
        movement
        for line, one in zip(new.lines, goods, strict=True)
        for movement in _movements(dock, line, one, owner)
    ]
    await feeds.refuse_edits(tx, movements=movements)
    posted = await operations.post(tx, reference=reference, movements=movements)
    await with_dates(tx, goods)  # of two who bring a new lot at once, one finds its date now
    lines = _received(new.lines, goods, posted, allocation)
    if taken is not None and allocation is not None:
        await _count(tx, taken, goods, allocation, posted)
    asn = None if taken is None else await get_summary(tx, asn_id=taken.asn_id)
    return Received(posted.document_id, reference, dock.code, lines, asn)


def _reference(new: NewReceipt, taken: TakenAsn | None) -> str:
    """What the document is posted under. Raises Invalid, or Conflict for an ASN of elsewhere."""
    if taken is None:
        if new.reference is None:
            error = FieldError("reference", "missing", "name an ASN, or what the goods came by")
            raise Invalid("what did the goods come by?", errors=[error])
        return new.reference
    if new.reference not in (None, taken.reference):
        error = FieldError("reference", "not_of_this_asn", "this ASN has another reference")
        raise Invalid("the ASN has a reference of its own", errors=[error])
    if taken.node != new.node:
        raise Conflict("this ASN is of another node", code="other_node", node=taken.node)
    if new.owner not in ("", taken.owner):
        raise Conflict("these goods belong to somebody else", code="other_owner")
    rules.asns().follow(taken.state, "receive")
    return taken.reference


async def _allocate(
    tx: Tx, taken: TakenAsn, goods: Sequence[Goods], *, accept: bool
) -> rules.Allocation:
    lines = await tx.list(SQL["list_awaited"], AwaitedLine, asn_id=taken.asn_id)
    allocation = rules.allocate(lines, goods, taken.rule)
    if not accept and allocation.doubts:
        mine = [x for x in lines if x.sku_id == goods[allocation.doubts[0][1]].sku_id]
        left = rules.most(sum(x.expected for x in mine), taken.rule) - sum(x.received for x in mine)
        may_tell = sees_expected(tx.principal, blind=taken.blind)
        rules.refuse_doubts(allocation.doubts, goods, may_tell=may_tell, left=max(0, left))
    return allocation


def _movements(dock: Dock, line: NewReceiptLine, one: Goods, owner: str) -> list[NewMovement]:
    """One movement, or one for each serial."""
    to = End(node=dock.code, bin=line.bin, status=line.status)
    return [
        NewMovement(
            sku=one.sku, qty=units, reason="receipt", to=to, lot=one.lot,
            expires_on=one.expires_on, serial=serial, owner=owner,
        )
        for units, serial in rules.pieces(one)
    ]  # fmt: skip


def _received(
    lines: Sequence[NewReceiptLine],
    goods: Sequence[Goods],
    posted: Posted,
    allocation: rules.Allocation | None,
) -> list[ReceivedLine]:
    ids = iter(posted.movements)
    counted = [] if allocation is None else [*allocation.counted, *allocation.unexpected]
    return [
        ReceivedLine(
            one.sku, one.units, one.lot, line.status, [next(ids) for _ in rules.pieces(one)],
            sorted({c.line for c in counted if c.place == place}),
        )
        for place, (line, one) in enumerate(zip(lines, goods, strict=True))
    ]  # fmt: skip


async def _count(
    tx: Tx,
    taken: TakenAsn,
    goods: Sequence[Goods],
    allocation: rules.Allocation,
    posted: Posted,
) -> None:
    """Count what was posted at the lines of its ASN, and tell of it."""
    fresh = {c.line: goods[c.place] for c in allocation.unexpected}
    if fresh:
        await _insert_lines(tx, taken.asn_id, sorted(fresh.items()), expected=False)
    counted = [*allocation.counted, *allocation.unexpected]
    receipts = _receipts(goods, counted, posted.movements)
    await tx.execute(
        SQL["insert_receipts"],
        asn_id=taken.asn_id,
        movements=[movement for movement, _, _ in receipts],
        lines=[line for _, line, _ in receipts],
        quantities=[units for _, _, units in receipts],
    )
    await tx.value(
        SQL["count_at_asn"], asn_id=taken.asn_id, lines=[c.line for c in counted],
        units=[c.units for c in counted], closing=False,
    )  # fmt: skip
    facts = {"document_id": posted.document_id, "units": sum(c.units for c in counted)}
    state = rules.asns().follow(taken.state, "receive")
    await _step(tx, taken.asn_id, "received", facts, state=state)


def _receipts(
    goods: Sequence[Goods], counted: Sequence[Counted], movements: Sequence[UUID]
) -> list[tuple[UUID, int, int]]:
    """(movement, line, units): the movements of each place, dealt out over its lines in order."""
    ids = iter(movements)
    found: list[tuple[UUID, int, int]] = []
    for place, one in enumerate(goods):
        parts = [[c.line, c.units] for c in counted if c.place == place]
        for units, _ in rules.pieces(one):
            movement, left = next(ids), units
            while left:
                part = min(left, parts[0][1])
                found.append((movement, parts[0][0], part))
                left -= part
                parts[0][1] -= part
                if not parts[0][1]:
                    parts.pop(0)
    return found


async def close(tx: Tx, *, asn_id: UUID, reason: WhyMissing | None) -> AsnSummary:
    """Nothing more will come: what is missing is no longer inbound.

    Raises Conflict `wrong_state`, Invalid (`reason_missing`) when something is missing and nobody
    says why.
    """
    taken = await take_asn(tx, asn_id=asn_id)
    state = rules.asns().follow(taken.state, "close")
    lines = await tx.list(SQL["list_awaited"], AwaitedLine, asn_id=asn_id)
    missing = sum(max(0, line.expected - line.received) for line in lines)
    if missing and reason is None:
        error = FieldError("reason", "reason_missing", "say why something is missing")
        raise Invalid("something is missing", errors=[error])
    await _give_up(tx, taken)
    facts = {"missing": missing, "reason": reason or ""}
    await _step(tx, asn_id, "closed", facts, state=state, reason=reason if missing else None)
    return await get_summary(tx, asn_id=asn_id)


async def cancel(tx: Tx, *, asn_id: UUID) -> AsnSummary:
    """The goods will not come: nothing of it is inbound any more. Raises Conflict `wrong_state`
    once something was received."""
    taken = await take_asn(tx, asn_id=asn_id)
    state = rules.asns().follow(taken.state, "cancel")
    await _give_up(tx, taken)
    await _step(tx, asn_id, "cancelled", {}, state=state)
    return await get_summary(tx, asn_id=asn_id)


async def _give_up(tx: Tx, taken: TakenAsn) -> None:
    await tx.value(SQL["count_at_asn"], asn_id=taken.asn_id, lines=[], units=[], closing=True)


async def _step(
    tx: Tx,
    asn_id: UUID,
    verb: str,
    facts: object,
    *,
    state: str,
    reason: str | None = None,
) -> None:
    await tx.value(
        SQL["step_asn"], now=tx.now, actor=tx.principal.actor, asn_id=asn_id, state=state,
        reason=reason, verb=verb, facts=msgspec.json.encode(facts),
    )  # fmt: skip


async def put_rule(tx: Tx, *, node: str, rule: ReceivingRule) -> UUID:
    """What a node lets pass from now on; the node's id."""
    dock = await get_dock(tx, node=node)
    await tx.execute(
        SQL["put_rule"], node_id=dock.node_id, over_permille=rule.over_permille,
        over_units=rule.over_units, blind=rule.blind,
    )  # fmt: skip
    return dock.node_id
