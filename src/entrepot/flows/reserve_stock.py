"""Reserve stock: whole requests, one statement, carried together where they want the same SKU.

Where there is plenty for all, nothing has to be decided: lines that name no node are for the
first node of the channel that has any, and `flows.reserve_at_once_v2` writes down what we have
already answered, or does nothing. All others go to `flows.reserve_stock_batch_v2`, which claims
the requests, locks the guarding rows, decides first come first served and writes everything down.
When it needs every node of a channel to say no, it says `again` and has done nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import msgspec

from entrepot.access.batch_flow import Request, batch_flow
from entrepot.access.flow import Claim
from entrepot.kernel.ids import TenantId, new_id_texts, new_ids
from entrepot.kernel.principals import ApiKey, Job, Staff, credential
from entrepot.platform.columns import Unjoinable, joined, joined_numbers
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import parse_statement
from entrepot.stock.types import NewReservation, Reservation, ReservedLine

RESERVE = parse_statement(
    "reserve_stock",
    """
    select verdict, refused, answer
    from flows.reserve_stock_batch_v2(
        :now, :whole, :key_ids, :key_versions, :key_of, :credentials, :nonces, :keys,
        :fingerprints, :request_ids, :actors, :ids, :event_ids, :audit_ids, :references,
        :channels, :expires, :line_of, :skus, :qtys, :nodes, :warehouses
    )
    order by req
    """,
)


AT_ONCE = parse_statement(
    "reserve_at_once",
    """
    select flows.reserve_at_once_v2(
        :now, :look, :key_ids, :key_versions, string_to_array(:credentials, chr(31)),
        string_to_array(:nonces, chr(31), ''), string_to_array(:keys, chr(31), ''), :fingerprints,
        string_to_array(:request_ids, chr(31)), string_to_array(:actors, chr(31)),
        string_to_array(:ids, chr(31))::uuid[], string_to_array(:event_ids, chr(31))::uuid[],
        string_to_array(:audit_ids, chr(31))::uuid[], string_to_array(:references, chr(31)),
        :expires, string_to_array(:answers, chr(31))::jsonb[],
        string_to_array(:guard_first, chr(31))::integer[],
        string_to_array(:line_of, chr(31))::integer[],
        string_to_array(:guard_of, chr(31))::integer[],
        string_to_array(:qtys, chr(31))::bigint[], :guard_channels, :guard_skus, :guard_nodes,
        :guard_qtys, :warehouses
    )
    """,
)
FIRST_NODES = parse_statement(
    "first_nodes",
    "select stock.first_nodes_v1(:guard_channels, :guard_skus, :guard_qtys, :warehouses)",
)
_NOT_AT_ONCE = (
    asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.UniqueViolationError, Unjoinable,
)  # fmt: skip

LOOKS = 64
_looks: dict[TenantId | None, int] = {}
"""How many more flights of a tenant look for live references before they write: none does while
references are new, `LOOKS` do after one that could not go the straight road."""


class _Told(msgspec.Struct, frozen=True):
    """A `Reservation` as the database writes it: instants as PostgreSQL shows them."""

    id: str
    reference: str
    channel: str
    state: str
    strength: str
    expires_at: str | None
    created_at: str
    lines: list[ReservedLine]


@batch_flow(
    permission="reservations:create", callers=(ApiKey, Staff, Job), answer=Reservation, width=2
)
async def reserve_stock(tx: Tx, requests: Sequence[Request]) -> Sequence[Claim]:
    """What is held now, for each request.

    Refusals: Conflict `insufficient_stock` with every shortage; NotFound for an unknown channel,
    SKU or node; Invalid for an expiry that has passed.
    """
    if not any(_has_lapsed(request.value, tx.now) for request in requests):
        answers = await _reserve_at_once(tx, requests)
        if answers is not None:
            return [Claim("fresh", False, answer) for answer in answers]
    found = await _reserve(tx, requests, whole=False)
    if found[0].verdict == "again":
        found = await _reserve(tx, requests, whole=True)
    return found


def _has_lapsed(value: NewReservation, now: datetime) -> bool:
    return value.expires_at is not None and value.expires_at <= now


async def _reserve_at_once(tx: Tx, requests: Sequence[Request]) -> list[bytes] | None:
    """The answers when all requests were kept; None when none was."""
    nodes = await _first_nodes(tx, requests)
    if nodes is None:
        return None
    asked = _Asked(nodes)
    ids = new_id_texts(tx.now, 3 * len(requests))
    made = _instant(tx.now)
    answers = [
        asked.take(n, reservation_id, request.value, made)
        for n, (reservation_id, request) in enumerate(zip(ids, requests, strict=False), 1)
    ]
    looks = _looks.get(tx.principal.tenant, 0)
    try:
        written = _written(requests, asked, ids)
        kept = await tx.value(
            AT_ONCE,
            now=tx.now,
            look=looks > 0,
            answers=joined([answer.decode() for answer in answers]),
            **written,
        )
    except _NOT_AT_ONCE:
        kept = False
    _looks[tx.principal.tenant] = max(looks - 1, 0) if kept else LOOKS
    return answers if kept else None


def _written(requests: Sequence[Request], asked: "_Asked", ids: list[str]) -> dict[str, Any]:
    """What `AT_ONCE` writes of the requests; `ids`: three of each. Raises Unjoinable."""
    count = len(requests)
    expires = [request.value.expires_at for request in requests]
    who = _who_asks(requests)
    for column in ("credentials", "nonces", "keys", "request_ids", "actors"):
        who[column] = joined(who[column])
    return who | {
        "ids": joined(ids[:count]),
        "event_ids": joined(ids[count : 2 * count]),
        "audit_ids": joined(ids[2 * count :]),
        "references": joined([request.value.reference for request in requests]),
        "expires": expires if any(expires) else [],
        "guard_first": joined_numbers(asked.guard_first),
        "line_of": joined_numbers(asked.line_of),
        "guard_of": joined_numbers(asked.guard_of),
        "qtys": joined_numbers(asked.qtys),
        "guard_channels": [channel for channel, _, _ in asked.guards],
        "guard_skus": [sku for _, sku, _ in asked.guards],
        "guard_nodes": [node for _, _, node in asked.guards],
        "guard_qtys": asked.guard_qtys,
    }


async def _first_nodes(tx: Tx, requests: Sequence[Request]) -> dict[tuple[str, str], str] | None:
    """Where lines without a node are taken, by channel and SKU; None when that wants deciding."""
    wanted: dict[tuple[str, str], int] = {}
    for request in requests:
        for line in request.value.lines:
            if line.node is None:
                at = (request.value.channel, line.sku)
                wanted[at] = wanted.get(at, 0) + line.qty
    if not wanted:
        return {}
    if len(requests) == 1:
        return None  # a look costs one alone more than it saves
    found = await tx.value(
        FIRST_NODES,
        guard_channels=[channel for channel, _ in wanted],
        guard_skus=[sku for _, sku in wanted],
        guard_qtys=list(wanted.values()),
        warehouses=_scope(requests),
    )
    nodes = cast("list[str | None] | None", found)
    if nodes is None or None in nodes:
        return None
    return dict(zip(wanted, cast("list[str]", nodes), strict=True))


class _Asked:
    """Lines of requests, by the guarding rows that they need; places count from 1. `nodes`:
    where lines without a node are taken."""

    def __init__(self, nodes: dict[tuple[str, str], str]) -> None:
        self.nodes = nodes
        self.guards: dict[tuple[str, str, str], int] = {}
        self.guard_qtys: list[int] = []
        self.guard_first: list[int] = []
        self.line_of: list[int] = []
        self.guard_of: list[int] = []
        self.qtys: list[int] = []

    def take(self, place: int, reservation_id: str, value: NewReservation, made: str) -> bytes:
        """Take the lines of the request in this place; what it is told when they are held."""
        wanted: dict[tuple[str, str], int] = {}
        # lines that name their node come first, as where requests are decided
        lines = (
            sorted(value.lines, key=lambda line: line.node is None) if self.nodes else value.lines
        )
        for line in lines:
            at = (line.sku, line.node or self.nodes[value.channel, line.sku])
            wanted[at] = wanted.get(at, 0) + line.qty
        first = len(self.guard_of)
        for (sku, node), qty in wanted.items():
            guard = self.guards.setdefault((value.channel, sku, node), len(self.guards) + 1)
            if guard > len(self.guard_qtys):
                self.guard_qtys.append(0)
            self.guard_qtys[guard - 1] += qty
            self.line_of.append(place)
            self.guard_of.append(guard)
            self.qtys.append(qty)
        self.guard_first.append(self.guard_of[first])
        held = [ReservedLine(sku, node, qty) for (sku, node), qty in wanted.items()]
        expires = None if value.expires_at is None else _instant(value.expires_at)
        return msgspec.json.encode(
            _Told(
                reservation_id, value.reference, value.channel, "pending",
                "hard" if expires is None else "soft", expires, made, held,
            )
        )  # fmt: skip


def _instant(moment: datetime) -> str:
    """An instant as PostgreSQL writes it into JSON."""
    text = moment.astimezone(UTC).isoformat()
    whole, point, rest = text.partition(".")
    return text if not point else f"{whole}.{rest[:6]}".rstrip("0") + rest[6:]


def _who_asks(requests: Sequence[Request]) -> dict[str, Any]:
    """Who asks and what identifies each request, as both statements take it."""
    principals = [request.principal for request in requests]
    stamps = [request.stamp for request in requests]
    names = {id(p): (credential(p), p.actor) for p in {id(p): p for p in principals}.values()}
    keys = list({p for p in principals if isinstance(p, ApiKey)})
    return {
        "key_ids": [key.key_id for key in keys],
        "key_versions": [key.version for key in keys],
        "credentials": [names[id(p)][0] for p in principals],
        "nonces": [stamp.nonce for stamp in stamps],
        "keys": [stamp.key for stamp in stamps],
        "fingerprints": [stamp.fingerprint for stamp in stamps],
        "request_ids": [stamp.request_id for stamp in stamps],
        "actors": [names[id(p)][1] for p in principals],
        "warehouses": _scope(requests),
    }


def _scope(requests: Sequence[Request]) -> list[str] | None:
    """The warehouses of the callers, whom a lane tells apart by them; None: all."""
    first = requests[0].principal
    scope = first.warehouses if isinstance(first, Staff | ApiKey) else None
    return None if scope is None else sorted(scope)


async def _reserve(tx: Tx, requests: Sequence[Request], *, whole: bool) -> list[Claim]:
    values: list[NewReservation] = [request.value for request in requests]
    lines = [line for value in values for line in value.lines]
    who = _who_asks(requests)
    versions = zip(who["key_ids"], who["key_versions"], strict=True)
    keys = {named: n for n, named in enumerate(versions, 1)}
    expires = [value.expires_at for value in values]
    count = len(requests)
    ids = new_ids(tx.now, 3 * count)
    return await tx.list(
        RESERVE,
        Claim,
        now=tx.now,
        whole=whole,
        key_of=[
            keys[p.key_id, p.version] if isinstance(p, ApiKey) else None
            for p in (request.principal for request in requests)
        ] if keys else [],
        ids=ids[:count],
        event_ids=ids[count : 2 * count],
        audit_ids=ids[2 * count :],
        references=[value.reference for value in values],
        channels=[value.channel for value in values],
        expires=expires if any(expires) else [],
        line_of=[n for n, value in enumerate(values, 1) for _ in value.lines],
        skus=[line.sku for line in lines],
        qtys=[line.qty for line in lines],
        nodes=[line.node for line in lines],
        **who,
    )  # fmt: skip
