"""Keys: made, shown once, cached, rotated with overlap, revoked at once, never stronger."""

import asyncio
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from entrepot.access import keys, queries
from entrepot.access.authentication import Authenticator, KeyRing
from entrepot.access.keys import new_material
from entrepot.access.signatures import Message
from entrepot.access.signing import SigningSecret, sign, sign_compat, signing_secret
from entrepot.access.types import KeyAlgorithm, KeyMaterial, KeyState, NewApiKey
from entrepot.flows.create_api_key import create_api_key
from entrepot.flows.list_api_keys import list_api_keys
from entrepot.flows.narrow_api_key import narrow_api_key
from entrepot.flows.revoke_api_key import revoke_api_key
from entrepot.flows.rotate_api_key import rotate_api_key
from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from entrepot.platform.secrets import Unsealable
from tests.access.house import House, open_house, stamp
from tests.access.signed_requests import HOSTS

SCOPES = ("parcels:read", "parcels:receive")


def secret_of(material: KeyMaterial) -> SigningSecret:
    return signing_secret(material.algorithm, material.secret or material.private_key_pem or "")


def signed(house: House, material: KeyMaterial, *, compat: bool = False) -> Message:
    """A rightly signed write of this moment."""
    now_s = int(house.db.clock().timestamp())
    common = {"key_id": material.key_id, "now_s": now_s, "idempotency_key": new_token(9)}
    if compat:
        secret = secret_of(material)
        assert isinstance(secret, bytes)
        headers = sign_compat(
            "POST", "api.example.com", "/x", b"{}", secret=secret, nonce="0" * 32, **common
        )  # type: ignore[arg-type]
    else:
        headers = sign(
            "POST", "api.example.com", "/x", b"{}",
            secret=secret_of(material), nonce=new_token(24), **common,
        )  # type: ignore[arg-type]  # fmt: skip
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Message("POST", b"/x", b"", "api.example.com", pairs, b"{}")


def authenticator(house: House) -> Authenticator:
    return Authenticator(house.db, house.sealing, HOSTS, house.db.clock)


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
async def test_a_new_key_proves_requests(house: House, algorithm: KeyAlgorithm) -> None:
    record, material = await house.key(*SCOPES, algorithm=algorithm, warehouses=["SZX1"])
    principal, proof = await authenticator(house).authenticate(signed(house, material))
    assert principal == house.principal(record)
    assert (proof.key_id, principal.warehouses) == (record.key_id, frozenset({"SZX1"}))


async def test_a_new_key_proves_compat_requests(house: House) -> None:
    _, material = await house.key(*SCOPES)
    ours = authenticator(house)
    principal, _ = await ours.authenticate(signed(house, material, compat=True))
    assert principal.key_id == material.key_id
    both = signed(house, material)
    doubled = [*both.headers, *signed(house, material, compat=True).headers]
    with pytest.raises(Unauthenticated):
        await ours.authenticate(both._replace(headers=doubled))


async def test_secrets_lie_sealed_and_appear_nowhere(house: House) -> None:
    record, material = await house.key(*SCOPES)
    assert material.secret is not None
    assert material.secret.startswith("eks_")
    sealed = await house.sql(
        "select sealed_secret from access.api_key where key_id = $1", record.key_id
    )
    assert isinstance(sealed, bytes)
    assert material.secret.encode() not in sealed
    kept = await house.sql(
        "select string_agg(answer::text, '') || (select string_agg(facts::text, '')"
        " from platform.audit) from platform.idempotency"
    )
    assert record.key_id in str(kept)
    assert material.secret not in str(kept)
    assert material.secret not in repr(material) + repr(record)


async def test_an_ed25519_key_keeps_only_its_public_half(house: House) -> None:
    record, material = await house.key(*SCOPES, algorithm=KeyAlgorithm.ED25519)
    row = await house.sql(
        "select (sealed_secret is null and octet_length(public_key) = 32)::text"
        " from access.api_key where key_id = $1",
        record.key_id,
    )
    assert row == "true"
    assert "PRIVATE KEY" in (material.private_key_pem or "")


async def test_a_row_copied_to_another_tenant_does_not_open(house: House) -> None:
    record, _ = await house.key(*SCOPES)
    other = await open_house(house.server)
    async with house.db.read(house.owner) as tx:
        stored = await queries.find_stored_key(tx, key_id=record.key_id)
    assert stored is not None
    assert keys.opened(stored, house.sealing).startswith(b"eks_")
    theirs = f"ek_{other.id}_{record.key_id[-16:]}"
    last = "r" if record.key_id.endswith("q") else "q"
    for changed in (
        msgspec.structs.replace(stored, key_id=theirs),
        msgspec.structs.replace(stored, key_id=record.key_id[:-1] + last),
        msgspec.structs.replace(stored, version=2),
    ):
        with pytest.raises(Unsealable):
            keys.opened(changed, house.sealing)


async def test_a_copied_row_proves_nothing(house: House) -> None:
    record, material = await house.key(*SCOPES)
    other = await open_house(house.server)
    theirs = f"ek_{other.id}_{record.key_id[-16:]}"
    sealed = await house.sql(
        "select sealed_secret from access.api_key where key_id = $1", record.key_id
    )
    await other.sql(
        "insert into access.api_key values ($1, $2, 1, 'x', 'hmac-sha256', $3, null,"
        " '{parcels:read}', null, 'active', $4, null, $4, 'x', $4)",
        theirs, record.credential_id, sealed, record.made_at,
    )  # fmt: skip
    forged = msgspec.structs.replace(material, key_id=theirs)
    with pytest.raises(Unauthenticated):
        await authenticator(other).authenticate(signed(other, forged))


@pytest.mark.parametrize("key_id", ["unknown", "of an unknown tenant"])
async def test_unknown_keys_prove_nothing(house: House, key_id: str) -> None:
    material = new_material(house.id, KeyAlgorithm.HMAC_SHA256)
    if key_id != "unknown":
        material = msgspec.structs.replace(material, key_id=f"ek_aaaaaaaaaaaa_{'b' * 16}")
    with pytest.raises(Unauthenticated) as refusal:
        await authenticator(house).authenticate(signed(house, material))
    assert refusal.value.code == "signature_invalid"


async def test_a_revoked_key_stops_reading_within_a_second(house: House) -> None:
    record, material = await house.key(*SCOPES)
    now_s = [0.0]
    ring = KeyRing(house.db, house.sealing, lambda: now_s[0])
    assert await ring.find(record.key_id, house.db.clock()) is not None
    await revoke_api_key(house.db, house.owner, stamp(), key_id=record.key_id)
    assert await ring.find(record.key_id, house.db.clock()) is not None
    now_s[0] = 1.01
    assert await ring.find(record.key_id, house.db.clock()) is None
    with pytest.raises(Unauthenticated):
        await authenticator(house).authenticate(signed(house, material))


async def test_many_at_once_read_a_key_once(house: House) -> None:
    record, _ = await house.key(*SCOPES)
    ring = KeyRing(house.db, house.sealing)
    reads = 0
    real = ring._stored

    async def counted(key_id: str) -> object:
        nonlocal reads
        reads += 1
        return await real(key_id)

    ring._stored = counted  # type: ignore[method-assign,assignment]
    found = await asyncio.gather(*(ring.find(record.key_id, house.db.clock()) for _ in range(50)))
    assert all(found)
    assert reads == 1


async def test_rotation_overlaps_and_ends(house: House) -> None:
    record, old = await house.key(*SCOPES, warehouses=["SZX1"])
    fresh = new_material(house.id, KeyAlgorithm.ED25519)
    rotated = await rotate_api_key(
        house.db, house.owner, stamp(),
        key_id=record.key_id, material=fresh, sealing=house.sealing, overlap=timedelta(hours=1),
    )  # fmt: skip
    assert rotated.credential_id == record.credential_id
    assert (rotated.scopes, rotated.warehouses) == (record.scopes, record.warehouses)
    for material in (old, fresh):
        assert await authenticator(house).authenticate(signed(house, material))
    house.turned_s[0] = 3601
    try:
        assert await authenticator(house).authenticate(signed(house, fresh))
        with pytest.raises(Unauthenticated):
            await authenticator(house).authenticate(signed(house, old))
    finally:
        house.turned_s[0] = 0
    with pytest.raises(Conflict):
        await rotate_api_key(
            house.db, house.owner, stamp(),
            key_id=record.key_id, material=new_material(house.id, KeyAlgorithm.ED25519),
            sealing=house.sealing,
        )  # fmt: skip


async def test_a_scope_that_has_gone_keeps_no_key_from_its_life(house: House) -> None:
    """Its key proves requests, is let in, rotated and revoked by who holds all there is."""
    record, old = await house.key(*SCOPES)
    await house.sql(
        "update access.api_key set scopes = scopes || $2::text[], state = 'pending'"
        " where key_id = $1", record.key_id, ["parcels:fly"],
    )  # fmt: skip
    async with house.db.begin(house.owner) as tx:
        await keys.activate_key(tx, key_id=record.key_id)
    principal, _ = await authenticator(house).authenticate(signed(house, old))
    assert principal.permissions == {*SCOPES, "parcels:fly"}
    fresh = new_material(house.id, KeyAlgorithm.ED25519)
    rotated = await rotate_api_key(
        house.db, house.owner, stamp(), key_id=record.key_id, material=fresh, sealing=house.sealing
    )
    assert rotated.scopes == record.scopes
    revoked = await revoke_api_key(house.db, house.owner, stamp(), key_id=record.key_id)
    assert revoked.state == KeyState.REVOKED


async def test_a_key_never_makes_a_stronger_key(house: House) -> None:
    soon = house.db.clock() + timedelta(hours=1)
    record, _ = await house.key("keys:create", "parcels:read", warehouses=["SZX1"], expires_at=soon)
    weak = house.principal(record)
    stronger: list[dict[str, object]] = [
        {"scopes": ["parcels:receive"], "warehouses": ["SZX1"], "expires_at": soon},
        {"scopes": ["parcels:read"], "warehouses": None, "expires_at": soon},
        {"scopes": ["parcels:read"], "warehouses": ["SZX1", "YIW1"], "expires_at": soon},
        {"scopes": ["parcels:read"], "warehouses": ["SZX1"], "expires_at": None},
        {"scopes": ["parcels:read"], "warehouses": ["SZX1"],
         "expires_at": soon + timedelta(seconds=1)},
    ]  # fmt: skip
    for wanted in stronger:
        scopes = wanted.pop("scopes")
        assert isinstance(scopes, list)
        with pytest.raises(Forbidden):
            await house.key(*scopes, by=weak, **wanted)  # type: ignore[arg-type]
    equal, _ = await house.key("parcels:read", by=weak, warehouses=["SZX1"], expires_at=soon)
    assert equal.made_by == f"key:{record.key_id}"
    with pytest.raises(Forbidden):
        await house.key("parcels:read", by=house.staff("keys:create"))


async def test_a_key_without_keys_create_makes_none(house: House) -> None:
    record, _ = await house.key("parcels:read")
    with pytest.raises(Forbidden) as refusal:
        await house.key("parcels:read", by=house.principal(record))
    assert refusal.value.code == "permission_missing"


async def test_wrong_wishes_are_named_all_at_once(house: House) -> None:
    with pytest.raises(Invalid) as refusal:
        await house.key("parcels:fly", "nothing", expires_at=house.db.clock() - timedelta(1))
    assert [error.path for error in refusal.value.errors] == [
        "scopes[0]", "scopes[1]", "expires_at"
    ]  # fmt: skip
    with pytest.raises(Invalid):
        await house.key()


async def test_a_narrowed_key_is_noticed_by_its_version(house: House) -> None:
    record, material = await house.key(*SCOPES)
    old = house.principal(record)
    narrowed = await narrow_api_key(
        house.db, house.owner, stamp(),
        key_id=record.key_id, scopes=["parcels:read"], warehouses=None, sealing=house.sealing,
    )  # fmt: skip
    assert (narrowed.version, narrowed.scopes) == (2, ["parcels:read"])
    assert await alive(house, record.key_id, 2)
    assert not await alive(house, old.key_id, old.version)
    principal, _ = await authenticator(house).authenticate(signed(house, material))
    assert principal.permissions == {"parcels:read"}
    with pytest.raises(Forbidden):
        await narrow_api_key(
            house.db, house.owner, stamp(),
            key_id=record.key_id, scopes=["parcels:receive"], warehouses=None,
            sealing=house.sealing,
        )  # fmt: skip


async def alive(house: House, key_id: str, version: int) -> bool:
    found = await house.sql(
        "select access.key_alive_v1($1, $2, $3)", key_id, version, house.db.clock()
    )
    return bool(found)


EDGES = keys._edges()
VERBS = {
    "activate": keys.activate_key,
    "retire": keys.retire_key,
    "revoke": keys.revoke_key,
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", list(KeyState))
async def test_keys_move_only_along_their_edges(house: House, state: KeyState, verb: str) -> None:
    record, _ = await house.key("parcels:read")
    await house.sql(
        "update access.api_key set state = $2 where key_id = $1", record.key_id, state.value
    )
    wanted = EDGES.get((state.value, verb))
    if wanted is None:
        with pytest.raises(Conflict) as refusal:
            async with house.db.begin(house.owner) as tx:
                await VERBS[verb](tx, key_id=record.key_id)
        assert refusal.value.code == "wrong_state"
        return
    async with house.db.begin(house.owner) as tx:
        moved = await VERBS[verb](tx, key_id=record.key_id)
    assert moved.state == wanted


def test_the_edges_are_those_of_the_table() -> None:
    path = Path(keys.__file__).with_name("state_edges.tsv")
    assert len(path.read_text().splitlines()) == len(EDGES) + 1


async def test_only_active_and_retiring_keys_are_alive(house: House) -> None:
    record, _ = await house.key("parcels:read", expires_at=house.db.clock() + timedelta(hours=1))
    for state in KeyState:
        await house.sql(
            "update access.api_key set state = $2 where key_id = $1", record.key_id, state.value
        )
        expected = state in (KeyState.ACTIVE, KeyState.RETIRING)
        assert await alive(house, record.key_id, 1) == expected
        async with house.db.read(house.owner) as tx:
            stored = await queries.find_stored_key(tx, key_id=record.key_id)
        assert stored is not None
        assert stored.alive(house.db.clock()) == expected
    await house.sql("update access.api_key set state = 'active' where key_id = $1", record.key_id)
    for hours, expected in [(-1, False), (0, True), (2, False)]:
        at = house.db.clock() + timedelta(hours=hours)
        found = await house.sql("select access.key_alive_v1($1, 1, $2)", record.key_id, at)
        assert found is expected
        assert stored is not None
        now_active = msgspec.structs.replace(stored, state="active")
        assert now_active.alive(at) is expected


async def test_keys_are_listed_without_secrets(house: House) -> None:
    record, material = await house.key("parcels:read")
    listed = await list_api_keys(house.db, house.owner)
    assert record.key_id in {key.key_id for key in listed}
    assert (material.secret or "").encode() not in msgspec.json.encode(listed)
    await revoke_api_key(house.db, house.owner, stamp(), key_id=record.key_id)
    listed = await list_api_keys(house.db, house.owner)
    assert record.key_id not in {key.key_id for key in listed}
    listed = await list_api_keys(house.db, house.owner, revoked=True)
    assert record.key_id in {key.key_id for key in listed}


async def test_unknown_keys_cannot_be_revoked(house: House) -> None:
    with pytest.raises(NotFound):
        await revoke_api_key(house.db, house.owner, stamp(), key_id="ek_nothing")


async def test_the_shoppers_login_sees_no_key_and_no_password(house: House) -> None:
    login = await house.server.login(house.tenant, shopper=True)
    connection = await asyncpg.connect(
        host=login.host, port=login.port, database=login.database, user=login.user,
        password=login.password,
    )  # fmt: skip
    try:
        for table, column in [
            ("api_key", "key_id"), ("person", "password_hash"), ("session", "session_id"),
            ("login_link", "person_id"), ("login_guess", "subject"), ("membership", "roles"),
        ]:  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"select {column} from access.{table}")
        assert await connection.fetch("select person_id, email from access.person") == []
    finally:
        await connection.close()


async def test_the_same_request_makes_one_key(house: House) -> None:
    new, same = NewApiKey("twice", ["parcels:read"]), stamp(nonce=None)
    made = []
    for _ in range(2):
        material = new_material(house.id, KeyAlgorithm.HMAC_SHA256)
        made.append(
            await create_api_key(
                house.db, house.owner, same, new=new, material=material, sealing=house.sealing
            )
        )
    assert made[0].key_id == made[1].key_id
    assert made[1].key_id != material.key_id
