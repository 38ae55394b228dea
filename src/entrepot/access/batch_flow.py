"""Flows whose requests may be carried together: `@batch_flow`.

The body gets the block and several whole requests, runs one statement and tells one `Claim` for
each. Each keeps its own caller, nonce and idempotency key; what it may change is in its value.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

import asyncpg
import msgspec

from entrepot.access.flow import Claim, Declared, Stamp, Undeclared, again, need_key, settle
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import ApiKey, Principal, Shopper, Staff, Visitor, credential
from entrepot.kernel.refusals import StoredRefusal, Unavailable, from_stored
from entrepot.platform import faults
from entrepot.platform.batch import Lane
from entrepot.platform.database import Database, Tx

R = TypeVar("R")
V = TypeVar("V", bound="Carried", contravariant=True)
TRIES = 5


class Carried(Protocol):
    """What a batch may carry."""

    @property
    def things(self) -> int:
        """How many things it changes: flights are bounded by their sum."""
        ...

    @property
    def once(self) -> str:
        """What only one request on its way may hold."""
        ...


class Request(msgspec.Struct, frozen=True):
    """One whole request: who asks, what identifies it, what is asked."""

    principal: Principal
    stamp: Stamp
    value: Any


Body = Callable[[Tx, Sequence[Request]], Awaitable[Sequence[Claim]]]
LaneOf = tuple[TenantId, frozenset[str] | None]


class BatchFlow(Declared[[], R], Generic[V, R]):
    """A verb that is one statement for many requests."""

    def __init__(
        self,
        body: Body,
        permission: str,
        callers: tuple[type, ...],
        answer: type[R],
        width: int,
    ) -> None:
        super().__init__(cast("Callable[..., Awaitable[R]]", body), permission, callers)
        self.answer_type = answer
        self.width = width
        self._run: Body = body
        self._lanes: WeakKeyDictionary[Database, dict[LaneOf, Lane[Request, Claim]]]
        self._lanes = WeakKeyDictionary()

    async def __call__(self, db: Database, principal: Principal, stamp: Stamp, /, value: V) -> R:
        """Run it once for `stamp`, alone or with others; the same stamp gives the same answer."""
        self.check(principal)
        need_key(principal, stamp)
        request = Request(principal, stamp, value)
        named = credential(principal)
        once = [value.once]
        if stamp.key is not None:
            once.append(f"key {named} {stamp.key}")
        if stamp.nonce is not None:
            once.append(f"nonce {named} {stamp.nonce}")
        lane = self._lane(db, principal)
        claim = await lane.carry(request, things=value.things, once=once)
        return self._answer(claim)

    def _lane(self, db: Database, principal: Principal) -> Lane[Request, Claim]:
        """Requests of one tenant and one scope of warehouses share a lane."""
        tenant = principal.tenant
        assert tenant is not None, "callers of flows belong to a tenant"
        scope = principal.warehouses if isinstance(principal, Staff | ApiKey) else None
        lanes = self._lanes.get(db)
        if lanes is None:
            lanes = self._lanes[db] = {}
        lane = lanes.get((tenant, scope))
        if lane is None:

            async def fly(requests: Sequence[Request]) -> Sequence[Claim]:
                return await self._carry(db, requests)

            lane = lanes[tenant, scope] = Lane(fly, width=self.width)
        return lane

    async def _carry(self, db: Database, requests: Sequence[Request]) -> Sequence[Claim]:
        async def once() -> Sequence[Claim]:
            async with db.autocommit(requests[0].principal) as tx:
                return await self._run(tx, requests)

        for _ in range(TRIES):
            try:
                claims = await again(once)
                await faults.at("batch.after_commit")
                return claims
            except asyncpg.UniqueViolationError:
                continue  # another process took the same key or reference: look once more
        raise Unavailable("too much happens to the same things at once", retry_after_s=1)

    def _answer(self, claim: Claim) -> R:
        answer = claim.answer if claim.verdict == "fresh" else settle(claim)
        assert answer is not None, "a carried request always has an answer"
        if claim.refused:
            raise from_stored(msgspec.json.decode(answer, type=StoredRefusal))
        decoded: R = msgspec.json.decode(answer, type=self.answer_type)
        return decoded


def batch_flow(
    *, permission: str, callers: tuple[type, ...], answer: type[R], width: int = 1
) -> Callable[[Body], BatchFlow[Any, R]]:
    """Declare a flow of many requests in one statement; at most `width` flights at a time."""
    if {Shopper, Visitor} & set(callers):
        raise Undeclared("a batch cannot serve shoppers or visitors: row security is per caller")
    return lambda body: BatchFlow(body, permission, callers, answer, width)
