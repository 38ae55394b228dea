"""Writes of the parcels room: announce, give to an owner, put away."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.nodes.types import Bin
from entrepot.parcels import couriers, queries, rules
from entrepot.parcels.scope import scope_of
from entrepot.parcels.tracking import TrackingNumber
from entrepot.parcels.types import Already, NewItem
from entrepot.parties.queries import customer_named
from entrepot.parties.types import CustomerBrief
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")
_IDS_OF_ANNOUNCEMENT = 42
"""Parcel, event, and two for each of up to twenty pieces that may lie unclaimed already."""


class Announced(msgspec.Struct, frozen=True):
    """What became of a pre-alert: announced (new), known, or arrived (it lies here)."""

    parcel_id: UUID
    outcome: str


class Announcement(msgspec.Struct, frozen=True):
    """A pre-alert, read and ready to be written."""

    number: TrackingNumber
    courier: str | None
    items: Sequence[NewItem]


class TakenParcel(msgspec.Struct, frozen=True):
    """A parcel, locked for a change."""

    parcel_id: UUID
    status: str
    customer_id: UUID | None
    warehouse: str | None
    steps_off: list[str] | None
    bin: str | None
    held: bool
    sequence: int


async def customer_meant(
    tx: ReadTx, *, customer_id: UUID | None, suite_code: str | None
) -> CustomerBrief:
    """For whom: a shopper for themselves, staff and keys for whom they name.

    Raises Invalid when nobody or two are named, NotFound for an unknown or foreign customer.
    """
    own = scope_of(tx.principal).customer_id
    if own is not None and customer_id is None and suite_code is None:
        customer_id = own
    if (customer_id is None) == (suite_code is None):
        message = "name the customer by id or by suite code"
        raise Invalid(message, errors=[FieldError("customer_id", "customer_missing", message)])
    return await customer_named(
        tx, customer_id=customer_id, suite_code=suite_code, scope_customer_id=own
    )


async def check_categories(tx: ReadTx, *, items: Sequence[tuple[str, NewItem]]) -> None:
    """Raises Invalid naming the path of every item whose category does not exist."""
    codes = sorted({item.category for _, item in items if item.category is not None})
    unknown = await queries.unknown_categories(tx, codes=codes) if codes else set()
    errors = [
        FieldError(f"{path}.category", "unknown_category", "this is no goods category")
        for path, item in items
        if item.category in unknown
    ]
    if errors:
        raise Invalid("a category does not exist", errors=errors)


async def announce(
    tx: Tx, *, customer_id: UUID, announcement: Announcement, warehouse: str | None
) -> Announced:
    """One pre-alert of a customer."""
    chosen, candidates = _couriers(announcement)
    return await tx.one(
        SQL["announce"],
        Announced,
        ids=_ids(tx),
        now=tx.now,
        actor=tx.principal.actor,
        customer_id=customer_id,
        number=announcement.number.number,
        original=announcement.number.original,
        piece=announcement.number.piece,
        pieces=announcement.number.pieces,
        courier=chosen,
        couriers=candidates,
        warehouse=warehouse,
        items=_items(tx, announcement.items),
    )


async def announce_many(
    tx: Tx, *, customer_id: UUID, announcements: Sequence[Announcement], warehouse: str | None
) -> list[Announced]:
    """Many pre-alerts of a customer in one statement, in order of their numbers (locks)."""
    ordered = sorted(announcements, key=lambda a: (a.number.number, a.number.piece or 0))
    recognised = [_couriers(a) for a in ordered]
    return await tx.list(
        SQL["announce_many"],
        Announced,
        id_lists=[" ".join(str(i) for i in _ids(tx)) for _ in ordered],
        numbers=[a.number.number for a in ordered],
        originals=[a.number.original for a in ordered],
        piece_numbers=[a.number.piece for a in ordered],
        piece_counts=[a.number.pieces for a in ordered],
        couriers=[chosen for chosen, _ in recognised],
        candidates=[" ".join(candidates) for _, candidates in recognised],
        items=[_items(tx, a.items).decode() for a in ordered],
        now=tx.now,
        actor=tx.principal.actor,
        customer_id=customer_id,
        warehouse=warehouse,
    )


async def give_to(tx: Tx, *, parcel_id: UUID, customer_id: UUID) -> None:
    """Staff found the owner of a parcel in custody. The same owner again changes nothing.

    Raises NotFound, or Conflict when it has another owner or is not here.
    """
    taken = await _take(tx, parcel_id)
    if taken.customer_id == customer_id:
        return
    if taken.customer_id is not None:
        raise Conflict("this parcel has an owner", code="has_owner")
    if taken.status not in rules.IN_CUSTODY:
        raise Conflict("this parcel is not here", code="wrong_state", status_now=taken.status)
    await tx.value(
        SQL["give_to"],
        ids=[new_id(tx.now), new_id(tx.now)],
        now=tx.now,
        actor=tx.principal.actor,
        parcel_id=parcel_id,
        customer_id=customer_id,
    )


async def put_away(tx: Tx, *, parcel_id: UUID, into: Bin | None, code: str) -> Already | None:
    """Put a parcel into a bin of its node; Already when it lies there.

    Raises NotFound for an unknown parcel or bin, Conflict for a held parcel, a bin of another
    node, the receiving bin, or a state that does not allow it.
    """
    taken = await take_parcel(tx, parcel_id=parcel_id)
    if taken.status == "stored" and taken.bin == code:
        return await tx.one(SQL["find_entry"], Already, parcel_id=parcel_id, verb="stored")
    if into is None:
        raise Conflict("this bin is not of the parcel's warehouse", code="wrong_bin", bin=code)
    if into.receiving:
        raise Conflict("parcels are not put away where they came in", code="receiving_bin")
    if taken.held:
        raise Conflict("this parcel is on hold", code="held")
    await _store(tx, taken, into, "put_away")
    return None


async def find_again(tx: Tx, *, parcel_id: UUID, into: Bin) -> None:
    """A parcel lies in this bin, whatever the book said: it is stored there from now on.

    Raises NotFound, or Conflict when its state does not allow it.
    """
    taken = await take_parcel(tx, parcel_id=parcel_id)
    if taken.warehouse != into.warehouse:
        raise Conflict("this parcel is of another warehouse", code="wrong_bin", bin=into.code)
    if taken.status == "stored":
        await _put_into(tx, taken, into, "stored")
    else:
        verb = "resume_stored" if taken.status == "exception" else "put_away"
        await _store(tx, taken, into, verb)


async def _store(tx: Tx, taken: TakenParcel, into: Bin, verb: str) -> None:
    target = rules.MACHINE.follow(taken.status, verb, steps_off=taken.steps_off or ())
    await _put_into(tx, taken, into, target)


async def _put_into(tx: Tx, taken: TakenParcel, into: Bin, target: str) -> None:
    await tx.value(
        SQL["move_to"],
        status=target,
        bin_id=into.id,
        parcel_id=taken.parcel_id,
        status_before=taken.status,
    )
    body = {
        "parcel_id": taken.parcel_id,
        "customer_id": taken.customer_id,
        "warehouse": taken.warehouse,
        "bin": into.code,
    }
    await _record(tx, taken.parcel_id, "stored", body)


async def _record(tx: Tx, parcel_id: UUID, verb: str, body: Mapping[str, object]) -> None:
    await tx.value(
        SQL["record"],
        event_id=new_id(tx.now),
        parcel_id=parcel_id,
        verb=verb,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )


async def set_aside(tx: Tx, *, parcel_id: UUID, reason: str) -> None:
    """Something is wrong with a parcel: it waits as an exception, its last known bin is kept.

    `reason` is a code of the trade (`missing_at_count`). Raises NotFound, or Conflict when its
    state does not allow it.
    """
    taken = await take_parcel(tx, parcel_id=parcel_id)
    target = rules.MACHINE.follow(taken.status, "set_aside")
    await tx.value(
        SQL["set_status"], status=target, parcel_id=parcel_id, status_before=taken.status
    )
    body = {
        "parcel_id": parcel_id,
        "customer_id": taken.customer_id,
        "warehouse": taken.warehouse,
        "reason": reason,
    }
    await _record(tx, parcel_id, "set_aside", body)


async def take_parcel(tx: Tx, *, parcel_id: UUID) -> TakenParcel:
    """The parcel, locked; NotFound when it is unknown or outside the caller's warehouses."""
    found = await tx.find(
        SQL["take_parcel"],
        TakenParcel,
        parcel_id=parcel_id,
        warehouses=scope_of(tx.principal).warehouses,
    )
    if found is None:
        raise queries.unknown_parcel()
    return found


async def _take(tx: Tx, parcel_id: UUID) -> TakenParcel:
    """The number's lock first, then the row: the order in which scans take them."""
    await tx.value(
        SQL["lock_number_of"], parcel_id=parcel_id, warehouses=scope_of(tx.principal).warehouses
    )
    return await take_parcel(tx, parcel_id=parcel_id)


def _couriers(announcement: Announcement) -> tuple[str | None, list[str]]:
    candidates = couriers.recognise(announcement.number.number)
    chosen = couriers.choose(candidates, announcement.courier)
    return chosen, [candidate.courier for candidate in candidates]


def _ids(tx: Tx) -> list[UUID]:
    return [new_id(tx.now) for _ in range(_IDS_OF_ANNOUNCEMENT)]


def _items(tx: Tx, items: Sequence[NewItem]) -> bytes:
    return msgspec.json.encode(
        [{"id": new_id(tx.now), **msgspec.structs.asdict(item)} for item in items]
    )
