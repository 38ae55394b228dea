"""Runs: add up the ledger, compare every copy, keep what differs. A run changes no stock.

A run needs a block that sees everything as of one instant (`steady_flow`). The ledger is added up
in parts, within a bounded memory; only what differs leaves the database. Runs take turns on the
row of `reconciliation.progress`.
"""

import time
from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Job, Operator
from entrepot.kernel.refusals import Conflict
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql
from entrepot.reconciliation import copies, errors, late, queries, rules
from entrepot.reconciliation.copies import Compared, Since
from entrepot.reconciliation.queries import SQL as READS
from entrepot.reconciliation.types import Cause, Clash, Difference, Effect, Mode, Run, ViewFound
from entrepot.stock import rebuild
from entrepot.stock.scope import warehouses_of

SQL = load_sql(__file__, "operations.sql")

MOST = 10_000
"""Differences that one run keeps."""
PART_ROWS = 10_000_000
"""Movements that are added up at a time."""
MEMORY = "96MB"
"""What one sort or hash of a run may take before it goes to disk."""
_BALANCES, _SKU_SUMS = "stock.violation_balance", "stock.violation_sku_sum"
_ALL_MOVEMENTS = ("stock.violation_movement_ends", "stock.violation_transit_moves")
_ASKED = "platform.violation_unanswered_request"


class _Progress(msgspec.Struct, frozen=True):
    mark: int
    usable: bool
    late_mark: int
    sound: bool
    reach: int | None
    own: int

    @property
    def since(self) -> Since | None:
        """What tells rows written since apart, if anything does."""
        return None if self.reach is None else Since(self.reach, self.own)


class Outside(msgspec.Struct, frozen=True):
    """A place outside: nothing is kept about what lies there."""

    id: UUID


class _Packs(msgspec.Struct, frozen=True):
    sku_id: UUID
    packs: list[int]


class _Known(msgspec.Struct, frozen=True):
    kind: str
    at_key: str
    amount: int
    cause: Cause
    suspect: UUID | None


async def run(tx: Tx, *, mode: Mode) -> Run:
    """One run. An incremental one is a full one where no earlier one can be gone on from."""
    began = time.monotonic()
    run_id = new_id(tx.now)
    progress = await tx.one(SQL["take_progress"], _Progress)
    await tx.value(SQL["bound_memory"], memory=MEMORY)
    mark = await tx.value(SQL["last_position"])
    assert isinstance(mark, int)
    done: Mode = mode if progress.usable else "full"
    outside = [row.id for row in await tx.list(SQL["list_outside"], Outside)]
    if done == "full":
        found, documents = await _add_up_all(tx, outside), 0
    else:
        await tx.value(SQL["work_alone"])
        found, documents = await _add_up_arrived(tx, outside, progress)
    clashes, more = (found.places + found.copies)[:MOST], found.more
    await tx.execute(SQL["clear_ahead"])
    await tx.execute(SQL["put_ahead"])
    await late.note(tx, after=progress.late_mark, until=mark)
    views = await _count_views(tx, found, None if done == "full" else progress)
    await tx.execute(
        SQL["move_on"], mark=mark, usable=len(found.places) <= MOST, kept=found.kept,
        sound=not any(view.rows for view in views if view.view in copies.HISTORY),
    )  # fmt: skip
    await tx.execute(SQL["sign_progress"])
    fresh, gone = await _keep(tx, run_id, clashes, whole=not more)
    drifts = await tx.value(READS["count_drifts"])
    assert isinstance(drifts, int)
    made = Run(
        run_id, done, documents, len(clashes), fresh, gone, more, drifts,
        sum(view.rows for view in views), views, tx.now, int((time.monotonic() - began) * 1000),
    )  # fmt: skip
    await _put_run(tx, made, mark)
    return made


async def _put_run(tx: Tx, made: Run, mark: int) -> None:
    await tx.execute(
        SQL["put_run"], run_id=made.id, mode=made.mode, mark=mark, documents=made.documents,
        found=made.found, fresh=made.fresh, gone=made.gone, more=made.more, drifts=made.drifts,
        violations=made.violations, views=msgspec.json.encode(made.views), now=tx.now,
        took_ms=made.took_ms, actor=tx.principal.actor,
    )  # fmt: skip


async def _add_up_all(tx: Tx, outside: Sequence[UUID]) -> Compared:
    """The whole ledger and all copies; sums are kept, so that the next run can go on from them."""
    rough = await tx.value(SQL["rough_rows"])
    parts = rules.parts_of(rough if isinstance(rough, int) else 0, most=PART_ROWS)
    clashes: list[Clash] = []
    for part in range(parts):
        clashes += await tx.list(
            SQL["add_up_ledger"], Clash, outside=list(outside), parts=parts, part=part,
            most=MOST + 1 - len(clashes),
        )  # fmt: skip
    if len(clashes) <= MOST:
        await tx.execute(SQL["drop_sums"])
        await tx.execute(SQL["copy_sums"])
        await tx.execute(
            SQL["put_sums"], sku_ids=[c.sku_id for c in clashes],
            place_ids=[c.place_id for c in clashes], lots=[c.lot for c in clashes],
            owners=[c.owner for c in clashes], statuses=[c.status for c in clashes],
            moved=[c.told for c in clashes],
        )  # fmt: skip
    return await copies.compare_copies(tx, places=clashes, most=MOST)


async def _add_up_arrived(tx: Tx, outside: Sequence[UUID], last: _Progress) -> tuple[Compared, int]:
    """Only documents that came since the mark, how many; what was added up is remembered."""
    documents = await tx.execute(SQL["put_arrived"], after=last.mark)
    await tx.execute(SQL["add_arrived"], outside=list(outside))
    found = await copies.compare(tx, since=last.since, most=MOST)
    await tx.execute(SQL["clear_arrived"])
    return found, documents


async def _count_views(tx: Tx, found: Compared, last: _Progress | None) -> list[ViewFound]:
    """Every invariant view. Balances, sums of a SKU and copies were compared by the run itself. A
    run that goes on from the `last` one repeats those that read all movements, which never change,
    and asks of the history, if that was sound, only what came since."""
    by_sku: dict[UUID, int] = {}
    for clash in found.places:
        by_sku[clash.sku_id] = by_sku.get(clash.sku_id, 0) + clash.found - clash.told
    known = found.views | {
        _BALANCES: len(found.places),
        _SKU_SUMS: sum(1 for amount in by_sku.values() if amount),
    }
    if last is not None:
        whole = await queries.list_runs(tx, mode="full")
        known |= {v.view: v.rows for run in whole for v in run.views if v.view in _ALL_MOVEMENTS}
        if last.sound and last.since is not None:
            known |= await copies.count_new_breaks(tx, after=last.mark, since=last.since)
    views = await tx.list(
        READS["count_violations"], ViewFound, known=list(known), known_rows=list(known.values())
    )
    # Whoever calls with a key waits for the answer to this very request.
    asked = 0 if isinstance(tx.principal, Job | Operator) else 1
    return [
        ViewFound(v.view, v.rows - asked) if v.view == _ASKED else v for v in views
    ]  # fmt: skip


async def _keep(tx: Tx, run_id: UUID, clashes: Sequence[Clash], *, whole: bool) -> tuple[int, int]:
    """Open what is new, bring the rest up to date, end what is gone; how many of each end. Unless
    these are the `whole` of what differs, nobody knows whether the others are gone."""
    causes = await _causes(tx, clashes)
    await tx.execute(
        SQL["put_differences"], run_id=run_id, now=tx.now, ids=[new_id(tx.now) for _ in clashes],
        kinds=[c.kind for c in clashes], at_keys=[c.at_key for c in clashes],
        sku_ids=[c.sku_id for c in clashes], node_ids=[c.node_id for c in clashes],
        place_ids=[c.place_id for c in clashes], channel_ids=[c.channel_id for c in clashes],
        lots=[c.lot for c in clashes], owners=[c.owner for c in clashes],
        statuses=[c.status for c in clashes], serials=[c.serial for c in clashes],
        told=[c.told for c in clashes], found=[c.found for c in clashes],
        causes=[cause for cause, _ in causes], suspects=[suspect for _, suspect in causes],
    )  # fmt: skip
    gone = 0
    if whole:
        gone = await tx.execute(
            SQL["end_differences"], run_id=run_id, now=tx.now, actor=tx.principal.actor
        )
    fresh = await tx.value(SQL["count_fresh"], run_id=run_id)
    await tx.value(
        SQL["tell_differences"], run_id=run_id, now=tx.now, actor=tx.principal.actor
    )  # fmt: skip
    assert isinstance(fresh, int)
    return fresh, gone


async def _causes(tx: Tx, clashes: Sequence[Clash]) -> list[tuple[Cause, UUID | None]]:
    """The likely cause of each. What is open with the same amount keeps the one it has: it was
    there before anything that came since."""
    rows = await tx.list(SQL["list_known_causes"], _Known, most=MOST)
    known = {(row.kind, row.at_key, row.amount): row for row in rows}
    kept = [known.get((c.kind, c.at_key, c.found - c.told)) for c in clashes]
    follows = rules.find_causes(clashes, effects=(), packs={})
    new = [
        c for c, before, (cause, _) in zip(clashes, kept, follows, strict=True)
        if before is None and cause != "follows"
    ]  # fmt: skip
    effects = await tx.list(
        READS["list_effects"], Effect, kinds=[c.kind for c in new],
        at_keys=[c.at_key for c in new], sku_ids=[c.sku_id for c in new],
        node_ids=[c.node_id for c in new], place_ids=[c.place_id for c in new],
        amounts=[c.found - c.told for c in new],
    )  # fmt: skip
    packs = await tx.list(READS["list_packs"], _Packs, sku_ids=sorted({c.sku_id for c in new}))
    found = rules.find_causes(
        clashes, effects=effects, packs={row.sku_id: row.packs for row in packs}
    )
    return [
        fresh if before is None or fresh[0] == "follows" else (before.cause, before.suspect)
        for fresh, before in zip(found, kept, strict=True)
    ]


async def correct(tx: Tx, *, difference_id: UUID) -> Difference:
    """Derive the copy anew from what it is a copy of, once.

    Raises NotFound outside the caller's warehouses, Conflict `difference_closed` when somebody
    was before, `not_correctable` where the goods have to be looked for, `follows_another` where
    what it is a copy of is wrong itself, `less_than_nothing` where movements add up to a number
    that no place can hold.
    """
    known = await queries.list_differences(tx, difference_id=difference_id)
    if not known:
        raise errors.unknown_difference()
    taken = await tx.find(
        SQL["take_difference"], Clash, difference_id=difference_id,
        warehouses=warehouses_of(tx.principal),
    )  # fmt: skip
    if taken is None:
        raise errors.difference_closed()
    if taken.kind not in rules.CORRECTABLE:
        raise Conflict("this has to be looked for", code="not_correctable", kind=taken.kind)
    if known[0].cause == "follows":
        raise Conflict("what it follows from comes first", code="follows_another")
    if not await _rebuilt(tx, difference_id, taken):
        raise Conflict("movements add up to less than nothing there", code="less_than_nothing")
    sequence = await tx.value(
        SQL["close_difference"], difference_id=difference_id, now=tx.now, actor=tx.principal.actor
    )
    await tx.value(
        SQL["tell_corrected"], event_id=new_id(tx.now), difference_id=difference_id,
        sequence=sequence, now=tx.now, actor=tx.principal.actor,
    )  # fmt: skip
    return (await queries.list_differences(tx, difference_id=difference_id))[0]


async def _rebuilt(tx: Tx, cause: UUID, at: Clash) -> bool:
    if at.place_id is not None:
        return await rebuild.rebuild_balance(
            tx, cause=cause, sku_id=at.sku_id, place_id=at.place_id, lot=at.lot, owner=at.owner,
            status=at.status,
        )  # fmt: skip
    if at.node_id is not None:
        return await rebuild.rebuild_guard(
            tx, cause=cause, sku_id=at.sku_id, node_id=at.node_id
        )  # fmt: skip
    await rebuild.rebuild_channels(tx, sku_id=at.sku_id)
    return True
