"""Pure rules: why a copy differs, and which copies one correction can make right."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from entrepot.reconciliation.types import Cause, Clash, Effect

CORRECTABLE = frozenset({"balance", "on_hand", "blocked", "reserved", "backordered", "channel"})
"""What is derived from other rows and can be derived anew. A serial has to be looked for."""


def find_causes(
    clashes: Sequence[Clash], *, effects: Iterable[Effect], packs: dict[UUID, list[int]]
) -> list[tuple[Cause, UUID | None]]:
    """The likely cause of each, and the movement that fits.

    `effects` are what the movements of a place did to it, newest first; `packs` sizes of packs by
    SKU. A guarding row that agrees with the ledger while its balance does not follows from that
    balance, and a channel's copy from its guarding rows.
    """
    known: dict[tuple[str, str], list[Effect]] = {}
    for effect in effects:
        known.setdefault((effect.kind, effect.at_key), []).append(effect)
    edited: dict[tuple[UUID, UUID | None], int] = {}
    for c in clashes:
        if c.kind == "balance":
            pair = (c.sku_id, c.node_id)
            edited[pair] = edited.get(pair, 0) + c.found - c.told
    guards = {
        c.sku_id for c in clashes
        if c.kind in ("on_hand", "blocked", "reserved") and not _follows(c, edited)
    }  # fmt: skip
    found: list[tuple[Cause, UUID | None]] = []
    for clash in clashes:
        if _follows(clash, edited) or (clash.kind == "channel" and clash.sku_id in guards):
            found.append(("follows", None))
        else:
            sizes = packs.get(clash.sku_id, [])
            found.append(_cause(clash, known.get((clash.kind, clash.at_key), []), sizes))
    return found


def _follows(clash: Clash, edited: dict[tuple[UUID, UUID | None], int]) -> bool:
    """Whether the balances of its node are wrong by as much the other way: it is right itself."""
    balances = edited.get((clash.sku_id, clash.node_id))
    return clash.kind in ("on_hand", "blocked") and balances == clash.told - clash.found


def _cause(
    clash: Clash, effects: Sequence[Effect], packs: Sequence[int]
) -> tuple[Cause, UUID | None]:
    amount = clash.found - clash.told
    for effect in effects:
        if effect.effect == -amount:
            return "lost", effect.movement_id
        if effect.effect == amount:
            return "doubled", effect.movement_id
    if _by_packs(clash.told, clash.found, packs):
        return "unit_mistake", None
    return ("unknown" if clash.kind == "serial" else "manual_edit"), None


def _by_packs(told: int, found: int, packs: Sequence[int]) -> bool:
    if told <= 0 or found <= 0:
        return False
    return any(p > 1 and (told == found * p or found == told * p) for p in packs)


def parts_of(rows: int, *, most: int) -> int:
    """Into how many parts of at most `most` rows a ledger of so many is added up."""
    return max(1, -(-rows // most))
