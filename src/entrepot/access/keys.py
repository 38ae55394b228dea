"""Keys of programs: made, shown once, replaced with overlap, revoked, and looked up.

The id names the tenant (`ek_<tenant public id>_<random>`), so no shared index is needed. HMAC
secrets lie sealed under the key-encryption key with (tenant, key id, version) authenticated: a
row copied to another tenant does not open. Of an ed25519 key only the public half is kept.
"""

import csv
import secrets
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from entrepot.access import queries, rules
from entrepot.access.errors import no_such_key, not_yours_to_give, wrong_key_state
from entrepot.access.permissions import PERMISSIONS, within
from entrepot.access.types import (
    ApiKeyRecord,
    KeyAlgorithm,
    KeyMaterial,
    KeyState,
    NewApiKey,
    StoredKey,
)
from entrepot.kernel.ids import TenantId, new_id, new_token
from entrepot.kernel.principals import ApiKey
from entrepot.kernel.refusals import Conflict
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.platform.secrets import SealingKey
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")

SECRET_PREFIX = "eks_"
"""Secrets begin so, and secret scanners can be told of it."""

OVERLAP = timedelta(days=7)
MOST_LIVE = 4
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@cache
def _edges() -> dict[tuple[str, str], str]:
    """(from, verb) → to, of `state_edges.tsv`."""
    path = Path(__file__).with_name("state_edges.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        return {(e["from"], e["verb"]): e["to"] for e in csv.DictReader(file, delimiter="\t")}


def new_material(
    tenant: TenantId, algorithm: KeyAlgorithm, public_key: bytes | None = None
) -> KeyMaterial:
    """A new key id with a fresh secret (256 bit), to be kept by `add_key` and shown once.

    For ed25519 a client may keep its private key and give only its `public_key` (32 bytes).
    """
    key_id = f"ek_{tenant}_{''.join(secrets.choice(_ALPHABET) for _ in range(16))}"
    if algorithm == KeyAlgorithm.HMAC_SHA256:
        return KeyMaterial(key_id, algorithm, secret=SECRET_PREFIX + new_token(32))
    if public_key is not None:
        return KeyMaterial(key_id, algorithm, public_key=public_key)
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes_raw()
    return KeyMaterial(key_id, algorithm, private_key_pem=pem, public_key=public)


def tenant_of(key_id: str) -> TenantId:
    """The tenant that a well-formed key id names."""
    return TenantId(key_id[3:15])


def _sealed(material: KeyMaterial, sealing: SealingKey, version: int = 1) -> bytes | None:
    if material.secret is None:
        return None
    owner = tenant_of(material.key_id)
    return sealing.seal(
        material.secret.encode(), owner=owner, name=material.key_id, version=version
    )


def opened(key: StoredKey, sealing: SealingKey) -> bytes:
    """What proves requests of this key: the HMAC secret's bytes, or the public key.

    Raises `platform.secrets.Unsealable` when the row is not this tenant's, key's or version's.
    """
    if key.sealed_secret is None:
        return key.public_key or b""
    return sealing.unseal(
        key.sealed_secret, owner=tenant_of(key.key_id), name=key.key_id, version=key.version
    )


async def add_key(
    tx: Tx,
    *,
    new: NewApiKey,
    material: KeyMaterial,
    sealing: SealingKey,
    credential_id: UUID | None = None,
    state: KeyState = KeyState.ACTIVE,
) -> ApiKeyRecord:
    """Keep a new key, for a new credential unless one is given. The answer holds no secret.

    Raises Invalid, and Forbidden when the key would be stronger than who makes it.
    """
    rules.check_new_key(new, tx.principal, tx.now)
    await _check_end(tx, new.expires_at)
    if material.algorithm != new.algorithm or tenant_of(material.key_id) != tx.principal.tenant:
        raise ValueError("the material was made for another tenant or algorithm")
    await tx.execute(
        SQL["add_key"],
        key_id=material.key_id,
        credential_id=credential_id or new_id(tx.now),
        label=new.label,
        algorithm=new.algorithm.value,
        sealed_secret=_sealed(material, sealing),
        public_key=material.public_key,
        scopes=sorted(set(new.scopes)),
        warehouses=new.warehouses,
        state=state.value,
        at=tx.now,
        expires_at=new.expires_at,
        made_by=tx.principal.actor,
    )
    facts = {"key_id": material.key_id, "scopes": sorted(set(new.scopes))}
    await put_audit(tx, verb="make_key", subject="api_key", subject_id=None, facts=facts)
    return await queries.get_key(tx, key_id=material.key_id)


async def _check_end(tx: Tx, expires_at: datetime | None) -> None:
    """A key that ends makes no key that lives longer."""
    if not isinstance(tx.principal, ApiKey):
        return
    mine = await queries.get_key(tx, key_id=tx.principal.key_id)
    if mine.expires_at is not None and (expires_at is None or expires_at > mine.expires_at):
        raise not_yours_to_give([])


async def rotate_key(
    tx: Tx, *, key_id: str, material: KeyMaterial, sealing: SealingKey, overlap: timedelta = OVERLAP
) -> ApiKeyRecord:
    """Add a key of the same credential and rights; the old one retires and ends after `overlap`.
    Scopes that have gone since the old one was made stay behind.

    Raises NotFound, and Conflict when the old one is not active or too many live already.
    """
    old = await queries.get_key(tx, key_id=key_id)
    live = [k for k in await queries.list_keys(tx) if k.credential_id == old.credential_id]
    if len(live) >= MOST_LIVE:
        raise Conflict("too many live keys of one credential", code="too_many_live_keys")
    scopes = [scope for scope in old.scopes if scope in PERMISSIONS]
    new = NewApiKey(old.label, scopes, material.algorithm, old.warehouses, old.expires_at)
    added = await add_key(
        tx, new=new, material=material, sealing=sealing, credential_id=old.credential_id
    )
    await _move(tx, old, "retire", expires_at=tx.now + overlap)
    return added


async def activate_key(tx: Tx, *, key_id: str) -> ApiKeyRecord:
    """Let a pending key prove requests from now on."""
    return await _move(tx, await queries.get_key(tx, key_id=key_id), "activate")


async def retire_key(tx: Tx, *, key_id: str, overlap: timedelta = OVERLAP) -> ApiKeyRecord:
    """Let a key end after `overlap`."""
    key = await queries.get_key(tx, key_id=key_id)
    return await _move(tx, key, "retire", expires_at=tx.now + overlap)


async def revoke_key(tx: Tx, *, key_id: str) -> ApiKeyRecord:
    """End a key at once: the next statement it signs is refused by the database."""
    return await _move(tx, await queries.get_key(tx, key_id=key_id), "revoke")


async def _move(
    tx: Tx, key: ApiKeyRecord, verb: str, expires_at: datetime | None = None
) -> ApiKeyRecord:
    to_state = _edges().get((str(key.state), verb))
    if to_state is None:
        raise wrong_key_state(verb, str(key.state))
    if to_state == KeyState.ACTIVE:
        rules.check_grant(frozenset(key.scopes), key.warehouses, tx.principal)
    moved = await tx.execute(
        SQL["move_key"],
        key_id=key.key_id,
        from_state=str(key.state),
        to_state=to_state,
        expires_at=expires_at,
        at=tx.now,
    )
    if not moved:
        raise wrong_key_state(verb, "changing")
    await put_audit(tx, verb=f"{verb}_key", subject="api_key", subject_id=None,
                    facts={"key_id": key.key_id})  # fmt: skip
    return await queries.get_key(tx, key_id=key.key_id)


async def narrow_key(
    tx: Tx, *, key_id: str, scopes: list[str], warehouses: list[str] | None, sealing: SealingKey
) -> ApiKeyRecord:
    """Take rights from a key. Its version grows, so every process notices at once.

    Raises Forbidden for a right that the key did not have: rights grow only with a new key.
    """
    stored = await queries.find_stored_key(tx, key_id=key_id)
    if stored is None:
        raise no_such_key()
    held = frozenset(stored.scopes)
    held_warehouses = None if stored.warehouses is None else frozenset(stored.warehouses)
    wanted = None if warehouses is None else frozenset(warehouses)
    if not scopes or not within(frozenset(scopes), wanted, held, held_warehouses):
        raise not_yours_to_give(sorted(frozenset(scopes) - held))
    version = stored.version + 1
    sealed = stored.sealed_secret
    if sealed is not None:
        secret = opened(stored, sealing)
        sealed = sealing.seal(secret, owner=tenant_of(key_id), name=key_id, version=version)
    changed = await tx.execute(
        SQL["narrow_key"],
        key_id=key_id,
        next_version=version,
        sealed_secret=sealed,
        scopes=sorted(set(scopes)),
        warehouses=warehouses,
    )
    if not changed:
        raise wrong_key_state("narrow", stored.state)
    facts = {"key_id": key_id, "scopes": sorted(set(scopes))}
    await put_audit(tx, verb="narrow_key", subject="api_key", subject_id=None, facts=facts)
    return await queries.get_key(tx, key_id=key_id)
