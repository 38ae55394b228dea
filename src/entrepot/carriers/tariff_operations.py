"""Writes of cards, rules and what nodes offer. Each bumps the epoch `carriers`.

The epoch's row is taken first: two imports at once wait for each other, and the second one is
compared with what the first has written.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from entrepot.carriers import tariff_queries
from entrepot.carriers.importing import Form, NewCard, NewRule, Plan, Shelf
from entrepot.carriers.types import NodeServiceChange
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "tariff_operations.sql")


class Written(msgspec.Struct, frozen=True):
    """A row that was written, and its number in the order of its events."""

    id: UUID
    sequence: int


async def import_tariff(
    tx: Tx, *, form: Form, plan: Callable[[Shelf], Plan]
) -> tuple[UUID | None, Plan]:
    """Write what `plan` finds to be new on the shelf as it is now. None: nothing is new."""
    await tx.value(SQL["bump_epoch"])
    found = plan(await tariff_queries.get_shelf(tx))
    if not found.cards and not found.rules:
        return None, found
    import_id = new_id(tx.now)
    await tx.execute(
        SQL["insert_import"],
        import_id=import_id,
        now=tx.now,
        imported_by=tx.principal.actor,
        form=form,
        cards=len(found.cards),
        rules=len(found.rules),
    )
    await _insert_cards(tx, import_id, found.cards)
    await _insert_rules(tx, import_id, found.rules)
    body = {
        "cards": [f"{card.service} {card.version}" for card in found.cards],
        "rules": [rule.kind for rule in found.rules],
    }
    await _tell(tx, "rate_cards.imported", "tariff_import", Written(import_id, 1), body)
    return import_id, found


async def _insert_cards(tx: Tx, import_id: UUID, cards: Sequence[NewCard]) -> None:
    await tx.execute(
        SQL["insert_cards"],
        import_id=import_id,
        card_ids=[new_id(tx.now) for _ in cards],
        services=[card.service for card in cards],
        versions=[card.version for card in cards],
        valid_froms=[card.valid_from for card in cards],
        valid_tos=[card.valid_to for card in cards],
        documents=[card.document for card in cards],
        sha256s=[card.sha256 for card in cards],
    )


async def _insert_rules(tx: Tx, import_id: UUID, rules: Sequence[NewRule]) -> None:
    await tx.execute(
        SQL["insert_rules"],
        import_id=import_id,
        kinds=[rule.kind for rule in rules],
        numbers=[rule.number for rule in rules],
        documents=[rule.document for rule in rules],
        sha256s=[rule.sha256 for rule in rules],
    )


async def withdraw_card(tx: Tx, *, service: str, version: str) -> UUID:
    """Take back a version that is not yet valid. Its name stays taken.

    Raises NotFound (`unknown_card`), Conflict (`card_in_force` or `card_withdrawn`).
    """
    await tx.value(SQL["bump_epoch"])
    rows = await tariff_queries.list_versions(tx, service=service)
    row = next((row for row in rows if row.version == version), None)
    if row is None:
        raise NotFound("there is no such version of this card", code="unknown_card")
    if row.withdrawn_at is not None:
        raise Conflict("this version was withdrawn", code="card_withdrawn")
    today = await tariff_queries.tenant_today(tx)
    written = await tx.find(
        SQL["withdraw_card"], Written, service=service, version=version, now=tx.now, today=today
    )
    if written is None:
        raise Conflict("this version is or was in force", code="card_in_force")
    event = Written(written.id, written.sequence - 1)
    body = {"service": service, "version": version}
    await _tell(tx, "rate_card.withdrawn", "card_withdrawal", event, body)
    return written.id


async def put_node_services(
    tx: Tx, *, node_id: UUID, warehouse: str, changes: Sequence[NodeServiceChange]
) -> int:
    """Switch services at a node on or off; how many changed. Raises Invalid (`unknown_service`)
    with the place of every service that has no card, or that stands twice."""
    known = set(await tariff_queries.list_services(tx))
    names = [change.service for change in changes]
    errors = [
        FieldError(f"services[{index}].service", "unknown_service", "no card has this service")
        for index, name in enumerate(names)
        if name not in known
    ]
    errors += [
        FieldError(f"services[{index}].service", "overlap", "this service stands twice")
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    if errors:
        raise Invalid("these services cannot be switched", errors=errors)
    changed = 0
    for change in sorted(changes, key=lambda one: one.service):
        written = await tx.find(
            SQL["put_node_service"],
            Written,
            node_service_id=new_id(tx.now),
            node_id=node_id,
            now=tx.now,
            **msgspec.structs.asdict(change),
        )
        if written is not None:
            changed += 1
            body = {"warehouse": warehouse, **msgspec.structs.asdict(change)}
            await _tell(tx, "node_service.changed", "node_service", written, body)
    if changed:
        await tx.value(SQL["bump_epoch"])
    return changed


async def _tell(tx: Tx, name: str, aggregate: str, row: Written, body: object) -> None:
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name=name,
        aggregate=aggregate,
        aggregate_id=row.id,
        sequence=row.sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )
