"""Writes of the counts room: open a sheet, begin a round, fill it in, close it.

What an approved count changes is posted by the flow, through the room of the thing counted:
`differences` says what that is.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.counts import queries, rules
from entrepot.counts.queries import unknown_count
from entrepot.counts.reading import read_sheet
from entrepot.counts.types import BookLine, FilledSheet, KeptLine, Rule, TakenCount, What
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Forbidden
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import Statement, load_sql

SQL = load_sql(__file__, "operations.sql")


class Difference(msgspec.Struct, frozen=True):
    """Units to add to the book of one key (negative: to take away)."""

    sku_id: UUID | None
    sku: str | None
    lot: str
    owner: str
    status: str
    serial: str
    parcel_id: UUID | None
    units: int


class NewSheet(msgspec.Struct, frozen=True):
    """What is to be counted, found and checked."""

    what: What
    warehouse: str
    bin_id: UUID
    sku_id: UUID | None
    rule: Rule


async def open_count(tx: Tx, *, sheet: NewSheet) -> UUID | None:
    """The id of the new sheet; None when a live one covers the same things."""
    await tx.value(SQL["lock_bin"], bin_id=sheet.bin_id)
    count_id = new_id(tx.now)
    opened = await tx.value(
        SQL["insert_count"],
        count_id=count_id,
        what=sheet.what,
        bin_id=sheet.bin_id,
        sku_id=sheet.sku_id,
        rule=sheet.rule,
        now=tx.now,
        actor=tx.principal.actor,
    )
    if opened is None:
        return None
    body = {"warehouse": sheet.warehouse, "what": sheet.what, "rule": sheet.rule}
    await _tell(tx, count_id, "count.opened", 1, body)
    return count_id


async def take_count(tx: Tx, *, count_id: UUID, warehouses: list[str] | None) -> TakenCount:
    """The sheet, locked; NotFound outside the scope."""
    found = await tx.find(SQL["take_count"], TakenCount, count_id=count_id, warehouses=warehouses)
    if found is None:
        raise unknown_count()
    return found


async def begin(tx: Tx, *, taken: TakenCount) -> None:
    """Somebody stands at the bin now: the book of this moment is kept. Beginning again, by
    whomever, starts the round afresh. Raises Conflict when no round is open."""
    _need_round(taken, "begin")
    book = await queries.list_book(tx, taken=taken)
    kept = await queries.list_lines(tx, count_id=taken.count_id, round_=taken.round)
    lines = {line.key: _gone(line) for line in kept} | book
    books = [line.book for line in lines.values()]
    await _put_lines(tx, SQL["put_book_begun"], taken, lines, books=books)
    sequence = await tx.value(
        SQL["begin"], count_id=taken.count_id, now=tx.now, actor=tx.principal.actor
    )
    await _tell(tx, taken.count_id, "count.begun", sequence, {"warehouse": taken.warehouse})


async def fill_in(tx: Tx, *, taken: TakenCount, sheet: FilledSheet) -> rules.Verdict:
    """Keep what was seen, and what the book says at this moment; the round ends.

    Raises Invalid naming every line that cannot be counted here, Conflict when no round is open.
    """
    _need_round(taken, "count")
    seen = await read_sheet(tx, taken=taken, sheet=sheet)
    book = await queries.list_book(tx, taken=taken)
    kept = await queries.list_lines(tx, count_id=taken.count_id, round_=taken.round)
    begun = {key: line.book for key, line in book.items()}
    if taken.begun_at is not None:
        begun = {line.key: line.book_begun for line in kept}
    lines = {line.key: _gone(line) for line in kept}
    lines |= {key: line for key, (line, _) in seen.items()} | book
    await _put_lines(
        tx,
        SQL["put_counted"],
        taken,
        lines,
        begun=[begun.get(key, 0) for key in lines],
        ended=[book[key].book if key in book else 0 for key in lines],
        counted=[seen[key][1] if key in seen else 0 for key in lines],
    )
    await tx.execute(
        SQL["put_counter"],
        count_id=taken.count_id,
        round=taken.round,
        actor=tx.principal.actor,
        now=tx.now,
    )
    return await _end_round(tx, taken)


async def _end_round(tx: Tx, taken: TakenCount) -> rules.Verdict:
    """What the round comes to. An approval is left to the caller, who posts the differences."""
    lines = await queries.list_lines(tx, count_id=taken.count_id, round_=taken.round)
    seen = [queries.seen_of(line) for line in lines]
    limits = await queries.find_limits(tx, node_id=taken.node_id)
    verdict = rules.verdict(seen, limits=limits, recounted=taken.round == 2)
    again = verdict == "count_again"
    counted = taken.status if taken.round == 2 else rules.MACHINE.follow(taken.status, "count")
    if again:
        await _write_round(tx, taken, counted, taken.round, seen, limits, asked=False)
    target = rules.MACHINE.follow(counted, "count_again") if again else counted
    sequence = await _write_round(
        tx, taken, target, 2 if again else taken.round, seen, limits,
        asked=verdict == "ask_approval",
    )  # fmt: skip
    first = sequence - 1 if again else sequence
    facts = {"warehouse": taken.warehouse, "round": str(taken.round), "verdict": verdict}
    await _tell(tx, taken.count_id, "count.counted", first, facts)
    if again:
        place = {"warehouse": taken.warehouse}
        await _tell(tx, taken.count_id, "count.recount_asked", sequence, place)
    return verdict


async def _write_round(
    tx: Tx,
    taken: TakenCount,
    status: str,
    round_: int,
    seen: Sequence[rules.Seen],
    limits: rules.Limits,
    *,
    asked: bool,
) -> int:
    sequence = await tx.value(
        SQL["end_round"],
        count_id=taken.count_id,
        status=status,
        round=round_,
        asked=asked,
        other_eyes=rules.needs_other_eyes(seen, limits=limits),
        units_off=rules.units_off(seen),
        begun_at=None,
        begun_by=None,
        closed_at=None,
        closed_by=None,
    )
    assert isinstance(sequence, int)
    return sequence


async def differences(tx: Tx, *, taken: TakenCount) -> list[Difference]:
    """What the last finished round changes, in the order of its keys."""
    lines = await queries.list_lines(tx, count_id=taken.count_id, round_=taken.round)
    found = []
    for line in lines:
        units = rules.difference(queries.seen_of(line))
        if units:
            found.append(
                Difference(
                    line.sku_id, line.sku, line.lot, line.owner, line.stock_status, line.serial,
                    line.parcel_id, units,
                )
            )  # fmt: skip
    return found


async def check_eyes(tx: Tx, *, taken: TakenCount) -> None:
    """Raises Forbidden when the approver counted and the difference is above the limit.

    A person and the keys they made are one pair of eyes.
    """
    outcome = await tx.one(queries.SQL["get_outcome"], queries.Outcome, count_id=taken.count_id)
    if outcome.other_eyes and await tx.value(
        queries.SQL["has_same_eyes"], actor=tx.principal.actor, others=outcome.counters
    ):
        raise Forbidden(
            "whoever counted cannot approve a difference of this size", code="other_eyes_needed"
        )


async def close(tx: Tx, *, taken: TakenCount, verb: str) -> None:
    """Approve or reject. Raises Conflict (`wrong_state`) when no round waits for a decision."""
    target = rules.MACHINE.follow(taken.status, verb)
    sequence = await tx.value(
        SQL["close"],
        count_id=taken.count_id,
        status=target,
        now=tx.now,
        actor=tx.principal.actor,
    )
    await _tell(tx, taken.count_id, f"count.{target}", sequence, {"warehouse": taken.warehouse})


async def put_limits(tx: Tx, *, node_id: UUID, limits: rules.Limits) -> None:
    """What the node lets pass from now on."""
    await tx.execute(
        SQL["put_limits"],
        node_id=node_id,
        free_units=limits.free_units,
        four_eyes_units=limits.four_eyes_units,
        four_eyes_minor=limits.four_eyes_minor,
    )


def _need_round(taken: TakenCount, verb: str) -> None:
    """A first round, or a recount that has not been counted yet."""
    if taken.status == "open" or (taken.status == "recount" and not taken.asked):
        return
    raise Conflict(
        f"a count that is {taken.status} cannot be counted",
        code="wrong_state",
        status_now=taken.status,
        verb=verb,
    )


def _gone(line: KeptLine) -> BookLine:
    """A line of a round that was begun before, as a book line without anything."""
    return BookLine(
        line.sku_id, line.sku or "", line.lot, line.owner, line.stock_status, line.serial,
        line.parcel_id, 0,
    )  # fmt: skip


async def _put_lines(
    tx: Tx,
    statement: Statement,
    taken: TakenCount,
    lines: dict[str, BookLine],
    **numbers: list[int],
) -> None:
    await tx.execute(
        statement,
        count_id=taken.count_id,
        round=taken.round,
        keys=list(lines),
        sku_ids=[line.sku_id for line in lines.values()],
        lots=[line.lot for line in lines.values()],
        owners=[line.owner for line in lines.values()],
        stock_statuses=[line.status for line in lines.values()],
        serials=[line.serial for line in lines.values()],
        parcel_ids=[line.parcel_id for line in lines.values()],
        **numbers,
    )


async def _tell(tx: Tx, count_id: UUID, name: str, sequence: object, body: dict[str, str]) -> None:
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name=name,
        count_id=count_id,
        sequence=sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({"count_id": count_id, **body}),
    )
