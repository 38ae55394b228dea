"""The doors: who may call, once for a key, refusals kept, whole blocks again, nonces burnt."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from entrepot.access.flow import (
    TRIES,
    Claim,
    Stamp,
    Undeclared,
    flow,
    hot_flow,
    query,
    settle,
)
from entrepot.flows.revoke_api_key import revoke_api_key
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import ApiKey, Job, Operator, Principal, Shopper, Staff, Visitor
from entrepot.kernel.refusals import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Refusal,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.sqlfile import parse_statement
from tests.access.house import House, stamp

COUNT = parse_statement("count", "select platform.next_number_v1(:name)")
LOOK = parse_statement("look", "select value from platform.counter where name = :name")
WRITE = parse_statement("write", "insert into platform.counter values (:name, 1)")
CLAIM = parse_statement(
    "claim",
    "select verdict, refused, answer from access.claim_request_v1("
    ":key_id, :version, :credential, :nonce, :key, :fingerprint, :at)",
)


class Counted(msgspec.Struct, frozen=True):
    """How often, for whom, and a text that has to come back as it was."""

    times: int
    who: UUID | None
    text: str


@flow(permission="parcels:assign", callers=(Staff, ApiKey, Shopper, Job))
async def count(tx: Tx, *, name: str, trouble: Any = None) -> Counted:
    """Count, then perhaps fail."""
    times = await tx.value(COUNT, name=name)
    assert isinstance(times, int)
    if isinstance(trouble, Refusal):
        raise trouble
    if trouble is not None:
        await trouble(times)
    person = tx.principal.person_id if isinstance(tx.principal, Staff) else None
    return Counted(times, person, "a “text” 仓")


@query(permission="parcels:read", callers=(Staff,))
async def look(tx: ReadTx, *, name: str) -> list[int]:
    """How far the counter is."""
    value = await tx.value(LOOK, name=name)
    return [value] if isinstance(value, int) else []


def name() -> str:
    return f"test-{new_token(9)}"


async def value_of(house: House, counter: str) -> int:
    found = await look(house.db, house.owner, name=counter)
    return found[0] if found else 0


async def test_the_same_request_is_done_once(house: House) -> None:
    counter, same = name(), stamp()
    first = await count(house.db, house.owner, same, name=counter)
    again = msgspec.structs.replace(same, nonce=new_token(16))
    assert await count(house.db, house.owner, again, name=counter) == first
    assert first == Counted(1, house.owner.person_id, "a “text” 仓")
    assert await value_of(house, counter) == 1


async def test_eight_at_once_are_done_once(house: House) -> None:
    counter, same = name(), stamp()
    stamps = [msgspec.structs.replace(same, nonce=new_token(16)) for _ in range(8)]
    answers = await asyncio.gather(
        *(count(house.db, house.owner, one, name=counter) for one in stamps)
    )
    assert {answer.times for answer in answers} == {1}
    assert await value_of(house, counter) == 1


async def test_another_request_cannot_use_the_key(house: House) -> None:
    counter, same = name(), stamp()
    await count(house.db, house.owner, same, name=counter)
    other = msgspec.structs.replace(same, nonce=new_token(16), fingerprint=b"other")
    with pytest.raises(Invalid) as refusal:
        await count(house.db, house.owner, other, name=counter)
    assert refusal.value.code == "idempotency_key_reused"


async def test_another_credential_has_keys_of_its_own(house: House) -> None:
    counter, same = name(), stamp()
    await count(house.db, house.owner, same, name=counter)
    other = house.staff("parcels:assign")
    assert (await count(house.db, other, same, name=counter)).times == 2


async def test_a_used_nonce_is_refused_whatever_the_key(house: House) -> None:
    counter, used = name(), stamp()
    await count(house.db, house.owner, used, name=counter)
    for replay in (used, msgspec.structs.replace(used, key=new_token(12))):
        with pytest.raises(Unauthenticated) as refusal:
            await count(house.db, house.owner, replay, name=counter)
        assert refusal.value.code == "nonce_replayed"
    assert await value_of(house, counter) == 1


async def test_a_refusal_is_kept_and_its_effects_are_not(house: House) -> None:
    counter, same = name(), stamp()
    error = FieldError("name", "odd", "is odd")
    refused = Conflict("no", code="too_odd", errors=[error], count=3, why="仓")
    for _ in range(3):
        repeated = msgspec.structs.replace(same, nonce=new_token(16))
        with pytest.raises(Conflict) as refusal:
            await count(house.db, house.owner, repeated, name=counter, trouble=refused)
        got = refusal.value
        assert (got.code, got.errors, got.facts) == ("too_odd", [error], {"count": 3, "why": "仓"})
    assert await value_of(house, counter) == 0


async def test_a_repetition_of_a_refusal_burns_its_nonce_too(house: House) -> None:
    counter, same = name(), stamp()
    repeated = msgspec.structs.replace(same, nonce=new_token(16))
    for one in (same, repeated):
        with pytest.raises(Conflict):
            await count(house.db, house.owner, one, name=counter, trouble=Conflict("no"))
    with pytest.raises(Unauthenticated):
        await count(house.db, house.owner, repeated, name=counter)


@pytest.mark.parametrize("passing", [Unavailable("away"), TooMany("slower")])
async def test_what_passes_is_not_kept(house: House, passing: Refusal) -> None:
    counter, same = name(), stamp()
    with pytest.raises(type(passing)):
        await count(house.db, house.owner, same, name=counter, trouble=passing)
    assert (await count(house.db, house.owner, same, name=counter)).times == 1


async def test_a_bug_leaves_nothing_behind(house: House) -> None:
    counter, same = name(), stamp()

    async def break_down(_: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await count(house.db, house.owner, same, name=counter, trouble=break_down)
    assert await value_of(house, counter) == 0
    assert (await count(house.db, house.owner, same, name=counter)).times == 1


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.SerializationError("again"),
        asyncpg.DeadlockDetectedError("again"),
        asyncpg.InvalidCachedStatementError("again"),
    ],
)
async def test_the_whole_block_runs_again(house: House, error: Exception) -> None:
    counter, tries = name(), 0

    async def fail_twice(times: int) -> None:
        nonlocal tries
        tries += 1
        assert times == 1, "the block before was rolled back whole"
        if tries < 3:
            raise error

    done = await count(house.db, house.owner, stamp(), name=counter, trouble=fail_twice)
    assert (done.times, tries) == (1, 3)
    assert await value_of(house, counter) == 1


async def test_a_real_deadlock_reaches_no_client(house: House) -> None:
    one, two = name(), name()
    meet = asyncio.Barrier(2)
    met = 0

    async def cross(other: str) -> Any:
        async def inner(tx: Tx) -> None:
            nonlocal met
            if met < 2:
                met += 1
                await meet.wait()
            await tx.value(COUNT, name=other)

        return inner

    @flow(permission="parcels:assign", callers=(Staff,))
    async def count_both(tx: Tx, *, first: str, then: Any) -> Counted:
        times = await tx.value(COUNT, name=first)
        assert isinstance(times, int)
        await then(tx)
        return Counted(times, None, "")

    await count(house.db, house.owner, stamp(), name=one)
    await count(house.db, house.owner, stamp(), name=two)
    await asyncio.gather(
        count_both(house.db, house.owner, stamp(), first=one, then=await cross(two)),
        count_both(house.db, house.owner, stamp(), first=two, then=await cross(one)),
    )
    assert [await value_of(house, counter) for counter in (one, two)] == [3, 3]


async def test_a_block_is_not_run_again_for_ever(house: House) -> None:
    tries = 0

    async def fail(_: int) -> None:
        nonlocal tries
        tries += 1
        raise asyncpg.SerializationError("again")

    with pytest.raises(Unavailable) as refusal:
        await count(house.db, house.owner, stamp(), name=name(), trouble=fail)
    assert (tries, refusal.value.retry_after_s) == (TRIES, 1)


async def test_only_declared_kinds_with_the_permission_may_call(house: House) -> None:
    counter = name()
    with pytest.raises(Forbidden) as kind:
        await count(house.db, house.operator(), stamp(), name=counter)
    assert kind.value.code == "wrong_kind_of_caller"
    with pytest.raises(Forbidden) as permission:
        await count(house.db, house.staff("parcels:read"), stamp(), name=counter)
    assert permission.value.code == "permission_missing"
    with pytest.raises(Forbidden):
        await look(house.db, house.staff("parcels:assign"), name=counter)
    assert await value_of(house, counter) == 0


async def test_callers_from_outside_need_a_key(house: House) -> None:
    with pytest.raises(Invalid) as refusal:
        await count(house.db, house.owner, stamp(key=None), name=name())
    assert refusal.value.code == "idempotency_key_missing"
    job = Job(house.id, "person:x", None, frozenset({"parcels:assign"}))
    assert (await count(house.db, job, Stamp(), name=name())).times == 1


async def test_a_dead_key_writes_nothing(house: House) -> None:
    record, _ = await house.key("parcels:assign")
    principal, counter = house.principal(record), name()
    assert (await count(house.db, principal, stamp(), name=counter)).times == 1
    await revoke_api_key(house.db, house.owner, stamp(), key_id=record.key_id)
    late = stamp()
    with pytest.raises(Unauthenticated):
        await count(house.db, principal, late, name=counter)
    assert await value_of(house, counter) == 1
    burnt = await house.sql("select count(*) from platform.request_nonce where nonce = $1",
                            late.nonce)  # fmt: skip
    assert burnt == 0


async def test_another_version_of_a_key_is_dead(house: House) -> None:
    record, _ = await house.key("parcels:assign")
    stale = msgspec.structs.replace(house.principal(record), version=record.version + 1)
    with pytest.raises(Unauthenticated):
        await count(house.db, stale, stamp(), name=name())


async def test_a_query_cannot_write(house: House) -> None:
    @query(permission="parcels:read", callers=(Staff,))
    async def cheat(tx: ReadTx) -> list[int]:
        assert not hasattr(tx, "execute")
        return []

    assert await cheat(house.db, house.owner) == []


@hot_flow(permission="parcels:assign", callers=(Staff, ApiKey))
async def claim_hot(tx: Tx, stamp: Stamp) -> str:
    """One statement that claims."""
    by = tx.principal
    assert isinstance(by, ApiKey)
    found = await tx.one(
        CLAIM, Claim, key_id=by.key_id, version=by.version, credential=by.actor,
        nonce=stamp.nonce, key=None, fingerprint=stamp.fingerprint, at=tx.now,
    )  # fmt: skip
    assert settle(found) is None
    return found.verdict


async def test_a_hot_flow_claims_in_its_statement(house: House) -> None:
    record, _ = await house.key("parcels:assign")
    principal, used = house.principal(record), stamp()
    assert await claim_hot(house.db, principal, used) == "fresh"
    with pytest.raises(Unauthenticated) as refusal:
        await claim_hot(house.db, principal, used)
    assert refusal.value.code == "nonce_replayed"
    with pytest.raises(Forbidden):
        await claim_hot(house.db, house.staff("parcels:read"), stamp())
    with pytest.raises(Invalid):
        await claim_hot(house.db, principal, stamp(key=None))


@pytest.mark.parametrize(
    ("permission", "callers"),
    [
        ("parcels:fly", (Staff,)),
        ("", (Staff,)),
        ("parcels:read", ()),
        ("parcels:read", (Stamp,)),
        ("parcels:read", (Staff, str)),
    ],
)
def test_an_undeclared_flow_stops_the_program(permission: str, callers: tuple[type, ...]) -> None:
    async def body(tx: Tx) -> Counted:
        raise AssertionError

    for declare in (flow, query):
        with pytest.raises(Undeclared):
            declare(permission=permission, callers=callers)(body)  # type: ignore[arg-type]


def test_a_hot_flow_is_not_for_shoppers() -> None:
    with pytest.raises(Undeclared):
        hot_flow(permission="parcels:read", callers=(Staff, Shopper))


@pytest.mark.parametrize("declare", [flow, hot_flow])
def test_visitors_keep_no_answers(declare: Any) -> None:
    """They share a credential: one could ask for the answer of another."""
    with pytest.raises(Undeclared):
        declare(permission="calculator:use", callers=(Visitor,))


def test_every_flow_and_query_is_declared() -> None:
    from entrepot.flows import FLOWS

    assert len(FLOWS) >= 20
    for verb in FLOWS.values():
        assert verb.permission
        assert verb.callers
        assert set(verb.callers) <= set(Principal.__args__)
        assert Operator not in verb.callers or verb.permission


@pytest.mark.parametrize("verdict", ["dead_key", "replayed", "other_body"])
def test_no_verdict_but_fresh_lets_work_begin(verdict: str) -> None:
    with pytest.raises(Refusal):
        settle(Claim(verdict, None, None))
    assert settle(Claim("fresh", None, None)) is None
    with pytest.raises(Unavailable):
        settle(Claim("stored", None, None))
    assert settle(Claim("stored", False, b"1")) == b"1"
