"""Writes of the catalog room.

One writer of the catalogue at a time: the epoch row is taken first, so that two writers cannot
give one code to two SKUs or close a circle of kits from both ends. Readers never wait.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.catalog import importing, queries, rules
from entrepot.catalog.importing import Plan, Planned, Wanted
from entrepot.catalog.types import NewSku, Sku
from entrepot.catalog.units import read_unit
from entrepot.kernel.attributes import Attribute, NewAttribute, definition_faults
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")

_Rows = list[dict[str, object]]


async def take_turn(tx: Tx) -> None:
    """Wait for whoever writes the catalogue, and let the others wait until this block ends."""
    await tx.value(SQL["bump_epoch"])


async def create_sku(tx: Tx, *, new: NewSku) -> Sku:
    """A new SKU. Raises Conflict for a code in use, Invalid for all else."""
    await take_turn(tx)
    if await queries.ids_of(tx, codes=[new.code]):
        raise Conflict("a SKU has this code already", code="sku_code_taken", sku=new.code)
    await _write_one(tx, new, current={})
    return await queries.get_sku(tx, code=new.code)


async def replace_sku(tx: Tx, *, new: NewSku) -> Sku:
    """The SKU of this code as `new` says; nothing happens when it is so already."""
    await take_turn(tx)
    current = await queries.get_sku(tx, code=new.code)
    await _write_one(tx, new, current={new.code: current})
    return await queries.get_sku(tx, code=new.code)


async def _write_one(tx: Tx, new: NewSku, *, current: dict[str, Sku]) -> None:
    plan = await importing.plan_skus(
        tx,
        wanted=[Wanted(new)],
        current=current,
        definitions=await queries.list_attributes(tx),
    )
    await carry_out(tx, plan=plan)


async def carry_out(tx: Tx, *, plan: Plan) -> None:
    """Write what a plan says, all of it or nothing. Raises Invalid with all its errors."""
    refuse(plan.errors)
    planned = [*plan.create, *plan.change]
    if not planned:
        return
    ids = {
        one.wanted.sku.code: new_id(tx.now) if one.before is None else one.before.id
        for one in planned
    }
    await _write_rows(tx, plan, ids)
    await _write_codes_and_parts(tx, planned, ids)
    await _refuse_circles(tx, planned)
    names = [*("sku.created" for _ in plan.create), *("sku.changed" for _ in plan.change)]
    events: _Rows = [
        {"event_id": new_id(tx.now), "sku_id": ids[one.wanted.sku.code], "name": name}
        for one, name in zip(planned, names, strict=True)
    ]
    await tx.execute(
        SQL["put_events"],
        rows=msgspec.json.encode(events),
        now=tx.now,
        actor=tx.principal.actor,
    )


def refuse(errors: Sequence[FieldError]) -> None:
    """Raises Invalid when there is an error."""
    if errors:
        raise Invalid(f"{len(errors)} things are wrong with the SKUs", errors=errors)


async def _write_rows(tx: Tx, plan: Plan, ids: dict[str, UUID]) -> None:
    if plan.create:
        rows = [_row(one, ids) for one in plan.create]
        await tx.execute(SQL["insert_skus"], rows=msgspec.json.encode(rows), now=tx.now)
    if plan.change:
        rows = [_row(one, ids) for one in plan.change]
        await tx.execute(SQL["update_skus"], rows=msgspec.json.encode(rows), now=tx.now)
        before = [ids[one.wanted.sku.code] for one in plan.change]
        await tx.execute(SQL["delete_aliases"], sku_ids=before)
        await tx.execute(SQL["delete_parts"], sku_ids=before)
        await tx.execute(SQL["delete_packs"], sku_ids=before)


def _row(planned: Planned, ids: dict[str, UUID]) -> dict[str, object]:
    sku = planned.wanted.sku
    plain = {name: getattr(sku, name) for name in NewSku.__struct_fields__}
    return plain | {"sku_id": ids[sku.code]}


async def _write_codes_and_parts(tx: Tx, planned: Sequence[Planned], ids: dict[str, UUID]) -> None:
    packs: _Rows = []
    aliases: _Rows = []
    parts: _Rows = []
    for sku in (one.wanted.sku for one in planned):
        sku_id = ids[sku.code]
        for pack in sku.packs:
            unit = read_unit(pack.unit, pack.base_quantity)
            packs.append(msgspec.structs.asdict(pack) | {"sku_id": sku_id} | {
                "base_numerator": unit.base_numerator,
                "base_denominator": unit.base_denominator,
            })  # fmt: skip
        for alias in rules.aliases_of(sku):
            row = msgspec.structs.asdict(alias)
            aliases.append(row | {"alias_id": new_id(tx.now), "sku_id": sku_id})
        for part in sku.parts:
            parts.append({"kit_sku_id": sku_id, "sku": part.sku, "quantity": part.quantity})
    if packs:
        await tx.execute(SQL["insert_packs"], rows=msgspec.json.encode(packs))
    if aliases:
        await tx.execute(SQL["insert_aliases"], rows=msgspec.json.encode(aliases), now=tx.now)
    if parts:
        await tx.execute(SQL["insert_parts"], rows=msgspec.json.encode(parts))


async def _refuse_circles(tx: Tx, planned: Sequence[Planned]) -> None:
    """A circle that a write closes runs through a kit that it wrote."""
    kits = {one.wanted.sku.code: one.wanted for one in planned if one.wanted.sku.parts}
    circles = await queries.list_circles(tx, codes=kits) if kits else []
    refuse([
        kits[code].at(FieldError("parts", "circle", f"kit {code} would hold itself"))
        for code in circles
    ])  # fmt: skip


async def define_attribute(tx: Tx, *, new: NewAttribute) -> Attribute:
    """A new attribute of SKUs, or more allowed values and other names for one there is.

    Raises Conflict when it has another type, or values would no longer be allowed.
    """
    errors = definition_faults(new)
    if errors:
        raise Invalid("the attribute cannot be defined like this", errors=errors)
    await take_turn(tx)
    names = msgspec.json.encode(new.names)
    written = await tx.execute(
        SQL["insert_attribute"],
        name=new.name, type=new.type, allowed=list(new.allowed), names=names, now=tx.now,
    )  # fmt: skip
    if written == 0:
        widened = await tx.execute(
            SQL["widen_attribute"],
            name=new.name, type=new.type, allowed=list(new.allowed), names=names,
        )  # fmt: skip
        if widened == 0:
            raise Conflict(
                "type and allowed values of an attribute in use stay",
                code="attribute_differs", attribute=new.name,
            )  # fmt: skip
    return Attribute(new.name, new.type, list(new.allowed), dict(new.names))
