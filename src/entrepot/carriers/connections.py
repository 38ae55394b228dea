"""Connections to live carriers: kept with sealed credentials, opened for the length of a quote."""

from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.carriers.adapters.protocol import LiveCarrier, LivePlace, Wiring
from entrepot.carriers.adapters.registry import adapter_names, make_carrier
from entrepot.carriers.live import LiveDoor, OpenConnection
from entrepot.carriers.live_offers import LiveService
from entrepot.carriers.rating.cards import Code
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid, NotFound
from entrepot.nodes.queries import get_place
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.outgoing_addresses import BadUrl, read_url
from entrepot.platform.secrets import SealingKey
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "connections.sql")

Setting = Annotated[str, Meta(max_length=2000)]
Settings = Annotated[dict[Code, Setting], Meta(max_length=50)]

ORIGIN = {"origin_postcode": "postcode", "origin_state": "state", "origin_city": "city"}
"""Options that say where shipments begin, for carriers that price by it."""


class NewConnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A connection as it is asked for. `credentials` None keeps those that are there; `warehouses`
    None: every node."""

    adapter: Code
    services: Annotated[tuple[LiveService, ...], Meta(min_length=1, max_length=100)]
    base_url: Annotated[str, Meta(max_length=2048)] = ""
    options: Settings = {}
    warehouses: Annotated[list[Code], Meta(min_length=1, max_length=200)] | None = None
    credentials: Settings | None = None
    enabled: bool = True


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a connection is asked for prices."""

    enabled: bool


class Connection(msgspec.Struct, frozen=True):
    """A connection as it is shown: never its credentials."""

    id: UUID
    code: str
    adapter: str
    base_url: str
    options: dict[str, str]
    services: tuple[LiveService, ...]
    warehouses: list[str] | None
    has_credentials: bool
    enabled: bool


class _Row(msgspec.Struct, frozen=True):
    id: UUID
    code: str
    adapter: str
    base_url: str
    options: bytes
    services: str
    warehouses: list[str] | None
    has_credentials: bool
    enabled: bool


class _LiveRow(msgspec.Struct, frozen=True):
    id: UUID
    code: str
    adapter: str
    base_url: str
    options: bytes
    services: str
    sealed: bytes
    sealed_version: int


class _Locked(msgspec.Struct, frozen=True):
    id: UUID
    adapter: str
    base_url: str
    options: bytes
    sealed: bytes
    sealed_version: int
    sequence: int


class _Switched(msgspec.Struct, frozen=True):
    id: UUID
    adapter: str
    sequence: int


def check_connection(new: NewConnection, *, loopback: bool) -> None:
    """Raises Invalid with everything that is wrong with the form of a connection."""
    errors = []
    if new.adapter not in adapter_names():
        text = f"there are {', '.join(sorted(adapter_names()))}"
        errors.append(FieldError("adapter", "unknown_adapter", text))
    if new.base_url or new.adapter != "karrio":
        try:
            read_url(new.base_url, loopback=loopback)
        except BadUrl as error:
            errors.append(FieldError("base_url", "bad_url", str(error)))
    for field in ("id", "code"):
        values = [getattr(service, field) for service in new.services]
        errors += [
            FieldError(f"services[{at}].{field}", "double", f"{value} stands twice")
            for at, value in enumerate(values)
            if value in values[:at]
        ]
    if errors:
        raise Invalid("the connection has errors", errors=errors)


async def list_connections(tx: ReadTx, *, code: str | None = None) -> list[Connection]:
    """Every connection by code, or the one of a code."""
    return [
        Connection(
            row.id, row.code, row.adapter, row.base_url, _texts(row.options),
            _services(row.services), row.warehouses, row.has_credentials, row.enabled,
        )
        for row in await tx.list(SQL["list_connections"], _Row, code=code)
    ]  # fmt: skip


async def put_connection(
    tx: Tx, *, code: str, new: NewConnection, connection_id: UUID, sealing: SealingKey
) -> UUID:
    """Make or change the connection of a code; its id (`connection_id` when it is new).

    Raises NotFound (`unknown_warehouse`); Conflict when two are made of one code at once; Invalid
    when credentials that are kept would go elsewhere: who does not know them could learn them so.
    """
    for warehouse in new.warehouses or ():
        await get_place(tx, code=warehouse, warehouses=None)
    locked = await tx.find(SQL["lock_connection"], _Locked, code=code)
    found = locked or _Locked(connection_id, "", "", b"{}", b"", 0, 0)
    if new.credentials is None and found.sealed_version and _aim_of(found) != _aim_of(new):
        raise _credentials_again()
    sealed, version = found.sealed, found.sealed_version
    if new.credentials is not None:
        version = found.sealed_version + 1
        secret = msgspec.json.encode(new.credentials)
        sealed = sealing.seal(secret, owner=_owner(tx), name=_name(found.id), version=version)
    row = {
        "connection_id": found.id,
        "adapter": new.adapter,
        "base_url": new.base_url,
        "options": msgspec.json.encode(new.options),
        "services": msgspec.json.encode(new.services).decode(),
        "warehouses": new.warehouses,
        "sealed": sealed,
        "sealed_version": version,
        "enabled": new.enabled,
        "changed_by": tx.principal.actor,
        "now": tx.now,
    }
    if locked is None:
        written = await tx.execute(SQL["insert_connection"], code=code, **row)
    else:
        written = await tx.execute(SQL["update_connection"], sequence=found.sequence + 1, **row)
    if written != 1:
        raise Conflict("the connection is being made by somebody else", code="made_meanwhile")
    await _tell(tx, _Switched(found.id, new.adapter, found.sequence + 1), code, new.enabled)
    return found.id


async def switch_connection(tx: Tx, *, code: str, enabled: bool) -> UUID:
    """Ask a carrier from now on, or no longer; all else stays. Raises NotFound."""
    found = await tx.find(
        SQL["switch_connection"],
        _Switched,
        code=code,
        enabled=enabled,
        changed_by=tx.principal.actor,
        now=tx.now,
    )
    if found is None:
        raise NotFound("there is no such connection", code="unknown_connection")
    await _tell(tx, found, code, enabled)
    return found.id


async def _tell(tx: Tx, changed: _Switched, code: str, enabled: bool) -> None:
    body = {"connection": code, "adapter": changed.adapter, "enabled": enabled}
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name="carrier_connection.changed",
        aggregate_id=changed.id,
        sequence=changed.sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )


async def open_connections(
    tx: ReadTx, *, warehouse: str, country: str, door: LiveDoor
) -> list[OpenConnection]:
    """The enabled connections of a node; their credentials are unsealed when they are made."""
    rows = await tx.list(SQL["list_live"], _LiveRow, warehouse=warehouse)
    return [_open(row, _owner(tx), country, door) for row in rows]


def _open(row: _LiveRow, owner: str, country: str, door: LiveDoor) -> OpenConnection:
    options = _texts(row.options)
    place = {field: options.pop(name) for name, field in ORIGIN.items() if name in options}
    return OpenConnection(
        row.id,
        row.code,
        row.adapter,
        _services(row.services),
        LivePlace(country, **place),
        partial(_make, row, owner, options, door),
    )


def _make(row: _LiveRow, owner: str, options: dict[str, str], door: LiveDoor) -> LiveCarrier:
    credentials: dict[str, str] = {}
    if row.sealed_version:
        secret = door.sealing.unseal(
            row.sealed, owner=owner, name=_name(row.id), version=row.sealed_version
        )
        credentials = msgspec.json.decode(secret, type=dict[str, str])
    return make_carrier(row.adapter, Wiring(row.base_url, options, credentials, door.outgoing))


def _aim_of(one: NewConnection | _Locked) -> tuple[str, str, dict[str, str]]:
    """Where credentials are sent, and how: all of a connection but where shipments begin."""
    given = one.options if isinstance(one, NewConnection) else _texts(one.options)
    return one.adapter, one.base_url, {k: v for k, v in given.items() if k not in ORIGIN}


def _credentials_again() -> Invalid:
    text = "for another adapter, address or option they are stated again"
    error = FieldError("credentials", "missing", text)
    return Invalid("the credentials do not move along", errors=[error])


def _owner(tx: ReadTx) -> str:
    return str(tx.principal.tenant)


def _name(connection_id: UUID) -> str:
    return f"carrier:{connection_id}"


def _texts(raw: bytes) -> dict[str, str]:
    return msgspec.json.decode(raw, type=dict[str, str])


def _services(text: str) -> tuple[LiveService, ...]:
    return msgspec.json.decode(text, type=tuple[LiveService, ...])
