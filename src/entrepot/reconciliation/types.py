"""Values of the reconciliation room: runs, differences, periods."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

Mode = Literal["full", "incremental"]
Kind = Literal["balance", "on_hand", "blocked", "reserved", "backordered", "channel", "serial"]
Cause = Literal["lost", "doubled", "unit_mistake", "manual_edit", "follows", "unknown"]
PeriodCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,29}$(?!\n)")]


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which run is wanted: `full` adds up the whole ledger, `incremental` what came since."""

    mode: Mode = "incremental"


class ViewFound(msgspec.Struct, frozen=True):
    """How many rows an invariant view returns; none is good."""

    view: str
    rows: int


class Run(msgspec.Struct, frozen=True):
    """One run. `found` differences are open after it, `fresh` of them it saw first, `gone` ones
    it saw no more; with `more` there are others beyond those it kept. `drifts` are the open ones
    of feeds, `violations` all rows of all invariant views. `documents` were added up."""

    id: UUID
    mode: str
    documents: int
    found: int
    fresh: int
    gone: int
    more: bool
    drifts: int
    violations: int
    views: list[ViewFound]
    began_at: datetime
    took_ms: int


class Difference(msgspec.Struct, frozen=True):
    """A copy that does not say what it is a copy of: `amount` = found - told, in base units.

    `place` names where; `suspect` is the movement that fits the amount, if one does.
    """

    id: UUID
    kind: str
    place: str
    sku: str
    node: str | None
    channel: str | None
    lot: str
    owner: str
    status: str
    serial: str | None
    told: int
    found: int
    amount: int
    cause: str
    suspect: UUID | None
    correctable: bool
    state: str
    first_seen: datetime
    closed_at: datetime | None


class Clash(msgspec.Struct, frozen=True):
    """A difference as a run finds it, before its cause is known."""

    kind: str
    sku_id: UUID
    node_id: UUID | None
    place_id: UUID | None
    channel_id: UUID | None
    lot: str
    owner: str
    status: str
    serial: str | None
    told: int
    found: int

    @property
    def at_key(self) -> str:
        """The name of its place among all of its kind."""
        where = self.place_id or self.node_id or self.channel_id
        parts = (self.sku_id, where, self.lot, self.owner, self.status, self.serial or "")
        return "\x1f".join(str(part) for part in parts)


class Effect(msgspec.Struct, frozen=True):
    """What one movement did at the place of a difference."""

    kind: str
    at_key: str
    movement_id: UUID
    effect: int


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period to close: all that is dated before `until` and is in no period yet."""

    code: PeriodCode
    until: Annotated[datetime, msgspec.Meta(tz=True)]


class Period(msgspec.Struct, frozen=True):
    """A period. `unexplained` places whose closing is not what the ledger adds up to; `late`
    entries came after it was closed and are booked in a later one."""

    code: str
    from_at: datetime | None
    until_at: datetime
    state: str
    closed_at: datetime | None
    rows: int
    unexplained: int
    late: int
    opening: int
    moved_in: int
    moved_out: int
    closing: int


class PeriodLine(msgspec.Struct, frozen=True):
    """A frozen balance; `late` of what moved is dated before the period."""

    sku: str
    node: str | None
    place: str
    lot: str
    owner: str
    status: str
    opening: int
    moved_in: int
    moved_out: int
    late: int
    closing: int
    cursor: str


class LateEntry(msgspec.Struct, frozen=True):
    """Something told of a closed period that is booked later; `document_id` says where."""

    document_id: UUID
    sku: str
    node: str | None
    delta: int
    dated_at: datetime
    booked_at: datetime
    cursor: str
