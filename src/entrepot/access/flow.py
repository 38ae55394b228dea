"""Flows and queries: the only doors through which an entrance reaches the rooms.

`@flow` turns a function of a block (`tx`) into something an entrance calls with a database and
a principal. It checks who may call, opens the block, claims nonce and idempotency key, runs the
body in a savepoint, keeps the answer or the refusal under the key, and runs the whole block
again when PostgreSQL asks for it. `@hot_flow` is for a flow that is one SQL statement, which
claims for itself. `@query` is for looking.
"""

import typing
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import asyncpg
import msgspec

from entrepot.access.permissions import declarable
from entrepot.kernel.principals import (
    ApiKey,
    Job,
    Operator,
    Principal,
    Shopper,
    Visitor,
    credential,
)
from entrepot.kernel.refusals import (
    FieldError,
    Forbidden,
    Invalid,
    Refusal,
    StoredRefusal,
    TooMany,
    Unauthenticated,
    Unavailable,
    from_stored,
    to_stored,
)
from entrepot.platform import faults
from entrepot.platform.database import Database, ReadTx, Tx
from entrepot.platform.sqlfile import load_sql

P = ParamSpec("P")
R = TypeVar("R")

SQL = load_sql(__file__, "flow.sql")
TRIES = 5
_AGAIN = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.LockNotAvailableError,
)


class Stamp(msgspec.Struct, frozen=True):
    """What identifies a request: its nonce if it was signed, its idempotency key if it writes.

    `fingerprint` covers method, raw target and body, so that a key cannot serve another request.
    """

    request_id: str = ""
    nonce: str | None = None
    key: str | None = None
    fingerprint: bytes = b""


class Claim(msgspec.Struct, frozen=True):
    """What the database says of a request; see `platform.claim_request_v1`."""

    verdict: str
    refused: bool | None
    answer: bytes | None


class Undeclared(TypeError):
    """A flow without a proper declaration: found when the program starts."""


class Declared(Generic[P, R]):
    """What all doors share: a name, a permission, who may call, the body."""

    def __init__(
        self, body: Callable[..., Awaitable[R]], permission: str, callers: tuple[type, ...]
    ) -> None:
        if not declarable(permission):
            raise Undeclared(f"{body.__name__}: {permission!r} is no permission")
        if not callers or not all(kind in typing.get_args(Principal) for kind in callers):
            raise Undeclared(f"{body.__name__}: callers must be kinds of principals")
        self.name = body.__name__
        self.permission = permission
        self.callers = callers
        self.body = body
        self.answer_type: Any = typing.get_type_hints(body)["return"]
        self.__doc__ = body.__doc__

    def check(self, principal: Principal) -> None:
        """Raises Forbidden unless this kind of principal may call and holds the permission."""
        if not isinstance(principal, self.callers):
            raise Forbidden("this is not for you", code="wrong_kind_of_caller", flow=self.name)
        if self.permission not in principal.permissions:
            raise Forbidden(
                "a permission is missing", code="permission_missing", permission=self.permission
            )


async def again(run: Callable[[], Awaitable[R]]) -> R:
    """Run a whole block, and again when PostgreSQL asks for it; Unavailable after five tries."""
    for _ in range(TRIES):
        try:
            return await run()
        except _AGAIN:
            continue
    raise Unavailable("too much happens to the same things at once", retry_after_s=1)


class Flow(Declared[P, R]):
    """A verb that changes things, in one block.

    A `steady` one sees everything as of one instant; PostgreSQL asks for another run of it when
    somebody else changed what it changes.
    """

    steady = False

    async def __call__(
        self, db: Database, principal: Principal, stamp: Stamp, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run it once for `stamp`; the same stamp again gives the same answer."""
        self.check(principal)
        need_key(principal, stamp)
        return await again(lambda: self._once(db, principal, stamp, *args, **kwargs))

    async def _once(
        self, db: Database, principal: Principal, stamp: Stamp, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        async with db.begin(principal, request_id=stamp.request_id, steady=self.steady) as tx:
            found = await claim(tx, stamp)
            if found.verdict == "stored":
                # Settled after the commit, so the nonce of a repetition is burnt as well.
                outcome: R | Refusal | None = None
            else:
                settle(found)
                outcome = await self._work(tx, stamp, *args, **kwargs)
            await faults.at(f"{self.name}.before_commit")
        await faults.at(f"{self.name}.after_commit")
        if outcome is None:
            stored = settle(found)
            return msgspec.json.decode(stored or b"", type=self.answer_type)  # type: ignore[no-any-return]
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _work(
        self, tx: Tx, stamp: Stamp, /, *args: P.args, **kwargs: P.kwargs
    ) -> R | Refusal:
        """Run the body; its answer or refusal, kept under the key if there is one."""
        try:
            async with tx.savepoint():
                answer = await self.body(tx, *args, **kwargs)
        except (Unavailable, TooMany):
            raise
        except Refusal as decided:
            if stamp.key is None:
                raise
            await keep(tx, stamp, refused=True, answer=to_stored(decided))
            return decided
        if stamp.key is not None:
            await keep(tx, stamp, refused=False, answer=answer)
        return answer


Before = Callable[..., Awaitable[dict[str, Any]]]
"""What a split flow does first: database, principal and the call's keywords in, the keywords that
its body gets out."""


class SplitFlow(Flow[P, R]):
    """A verb around a call to others: look, call with no block open, then the block that keeps.

    A request that was settled before, or whose nonce is used, makes no call a second time.
    """

    def __init__(
        self,
        body: Callable[..., Awaitable[R]],
        permission: str,
        callers: tuple[type, ...],
        before: Before,
    ) -> None:
        super().__init__(body, permission, callers)
        self._before = before

    async def __call__(
        self, db: Database, principal: Principal, stamp: Stamp, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run it once for `stamp`, as any flow."""
        self.check(principal)
        need_key(principal, stamp)
        settled = await again(lambda: _is_settled(db, principal, stamp))
        given: Any = kwargs if settled else await self._before(db, principal, **kwargs)
        return await super().__call__(db, principal, stamp, *args, **given)


async def _is_settled(db: Database, principal: Principal, stamp: Stamp) -> bool:
    """Whether this request's key or nonce was seen. A look only: the claim decides."""
    whose = credential(principal)
    async with db.read(principal) as tx:
        if await tx.value(SQL["is_settled"], credential=whose, key=stamp.key):
            return True
        if stamp.nonce is None:
            return False
        return bool(await tx.value(SQL["is_replayed"], credential=whose, nonce=stamp.nonce))


class HotFlow(Declared[P, R]):
    """A verb that is one SQL statement: one round trip, its own transaction."""

    async def __call__(
        self, db: Database, principal: Principal, stamp: Stamp, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run it; the statement itself claims `stamp`."""
        self.check(principal)
        need_key(principal, stamp)

        async def once() -> R:
            async with db.autocommit(principal, request_id=stamp.request_id) as tx:
                return await self.body(tx, stamp, *args, **kwargs)

        return await again(once)


class Query(Declared[P, R]):
    """A verb that looks."""

    async def __call__(
        self, db: Database, principal: Principal, /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run it in a block that cannot write."""
        self.check(principal)

        async def once() -> R:
            async with db.read(principal) as tx:
                return await self.body(tx, *args, **kwargs)

        return await again(once)


def _no_visitors(callers: tuple[type, ...]) -> None:
    """Visitors share one credential, so one could ask for the kept answer of another."""
    if Visitor in callers:
        raise Undeclared("visitors have no idempotency keys of their own")


def flow(
    *, permission: str, callers: tuple[type, ...]
) -> Callable[[Callable[Concatenate[Tx, P], Awaitable[R]]], Flow[P, R]]:
    """Declare a flow: what it takes to call it, and who may."""
    _no_visitors(callers)
    return lambda body: Flow(body, permission, callers)


def steady_flow(
    *, permission: str, callers: tuple[type, ...]
) -> Callable[[Callable[Concatenate[Tx, P], Awaitable[R]]], Flow[P, R]]:
    """Declare a flow that must see everything as of one instant; see `Flow`."""
    _no_visitors(callers)

    def declared(body: Callable[Concatenate[Tx, P], Awaitable[R]]) -> Flow[P, R]:
        made: Flow[P, R] = Flow(body, permission, callers)
        made.steady = True
        return made

    return declared


def split_flow(
    *, permission: str, callers: tuple[type, ...], before: Before
) -> Callable[[Callable[Concatenate[Tx, P], Awaitable[R]]], SplitFlow[P, R]]:
    """Declare a flow whose call to others stands before its block; see `SplitFlow`."""
    _no_visitors(callers)
    return lambda body: SplitFlow(body, permission, callers, before)


def hot_flow(
    *, permission: str, callers: tuple[type, ...]
) -> Callable[[Callable[Concatenate[Tx, Stamp, P], Awaitable[R]]], HotFlow[P, R]]:
    """Declare a flow of one statement; the body gets the stamp and claims it there."""
    _no_visitors(callers)
    if Shopper in callers:
        raise Undeclared("a hot flow cannot serve shoppers: row security needs a transaction")
    return lambda body: HotFlow(body, permission, callers)


def query(
    *, permission: str, callers: tuple[type, ...]
) -> Callable[[Callable[Concatenate[ReadTx, P], Awaitable[R]]], Query[P, R]]:
    """Declare a query: what it takes to call it, and who may."""
    return lambda body: Query(body, permission, callers)


def need_key(principal: Principal, stamp: Stamp) -> None:
    """Raises Invalid when a caller from outside writes without an idempotency key."""
    if stamp.key is None and not isinstance(principal, Job | Operator):
        error = FieldError("idempotency-key", "missing", "every write names itself by a key")
        raise Invalid(
            "the idempotency key is missing", code="idempotency_key_missing", errors=[error]
        )


async def claim(tx: Tx, stamp: Stamp) -> Claim:
    """Claim nonce and idempotency key in this block; `settle` tells what follows."""
    by = tx.principal
    if isinstance(by, ApiKey):
        statement, key_part = SQL["claim_by_key"], {"key_id": by.key_id, "version": by.version}
    else:
        statement, key_part = SQL["claim"], {}
    return await tx.one(
        statement,
        Claim,
        credential=credential(by),
        nonce=stamp.nonce,
        key=stamp.key,
        fingerprint=stamp.fingerprint,
        at=tx.now,
        **key_part,
    )


def settle(found: Claim) -> bytes | None:
    """What follows from a claim. None: do the work. Bytes: the answer of before.

    Raises Unauthenticated for a dead key or a used nonce, Invalid when the idempotency key
    belongs to another request, and the stored refusal when the work was refused before.
    """
    match found.verdict:
        case "fresh":
            return None
        case "dead_key":
            raise Unauthenticated("the key is no longer live", code="signature_invalid")
        case "replayed":
            raise Unauthenticated("the nonce was used before", code="nonce_replayed")
        case "other_body":
            raise Invalid(
                "this idempotency key belongs to another request", code="idempotency_key_reused"
            )
    if found.answer is None:
        raise Unavailable("the first request with this key is still at work", retry_after_s=1)
    if found.refused:
        raise from_stored(msgspec.json.decode(found.answer, type=StoredRefusal))
    return found.answer


async def keep(tx: Tx, stamp: Stamp, *, refused: bool, answer: object) -> None:
    """Keep the answer under the idempotency key, in the block that did the work."""
    await tx.value(
        SQL["keep_answer"],
        credential=credential(tx.principal),
        key=stamp.key,
        refused=refused,
        answer=msgspec.json.encode(answer),
    )
