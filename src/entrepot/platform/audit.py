"""The audit trail: a row for every write, chained and signed afterwards in batches.

Rows are written unlinked, because a chain inside the transaction would make every write wait
for the one before. A sealer takes committed rows, hashes them with the seal before, and signs.
`check_chain` finds a sealed row that was edited, deleted or inserted; the newest seal is also
kept outside the tenant's database, so cutting off the end of the chain is found as well.
"""

import hashlib
import hmac
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.kernel.ids import TenantId, new_id
from entrepot.kernel.principals import credential
from entrepot.platform.database import ReadTx, Tx
from entrepot.platform.secrets import SealingKey
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "audit.sql")
HEADS = load_sql(__file__, "audit_heads.sql")

SEAL_MOST = 500
_START = b"\x00" * 32


class AuditRow(msgspec.Struct, frozen=True):
    """One thing that somebody did."""

    audit_id: UUID
    at: datetime
    actor: str
    credential: str
    on_behalf_of: str
    request_id: str
    verb: str
    subject: str
    subject_id: UUID | None
    facts: bytes


class Seal(msgspec.Struct, frozen=True):
    """A batch of rows, closed: `hash` covers them and the seal before."""

    seal_number: int
    previous_hash: bytes
    hash: bytes
    signature: bytes
    sealed_at: datetime


class ChainReport(msgspec.Struct, frozen=True):
    """What a check found; `faults` is empty when the chain is whole."""

    seals: int
    rows: int
    faults: list[str]


class KeptHead(msgspec.Struct, frozen=True):
    """The newest seal of a tenant as the control database has it."""

    seal_number: int
    hash: bytes


async def put_audit(
    tx: Tx, *, verb: str, subject: str, subject_id: UUID | None, facts: object = None
) -> None:
    """Note who did what in this block. `facts` holds ids, codes and numbers only."""
    on_behalf_of = getattr(tx.principal, "on_behalf_of", None)
    await tx.value(
        SQL["put_audit"],
        audit_id=new_id(tx.now),
        at=tx.now,
        actor=tx.principal.actor,
        credential=credential(tx.principal),
        on_behalf_of=on_behalf_of,
        request_id=tx.request_id,
        verb=verb,
        subject=subject,
        subject_id=subject_id,
        facts=msgspec.json.encode(facts if facts is not None else {}),
    )


def seal_key(sealing: SealingKey, tenant: TenantId) -> bytes:
    """The key that signs a tenant's seals, derived from the key-encryption key."""
    return hmac.digest(sealing.key, b"audit|" + tenant.encode(), "sha256")


def seal_hash(previous_hash: bytes, rows: list[AuditRow]) -> bytes:
    """SHA-256 over the hash before and every row's fields, in order."""
    digest = hashlib.sha256(previous_hash)
    for row in rows:
        line = msgspec.json.encode(
            [str(row.audit_id), row.at.isoformat(), row.actor, row.credential, row.on_behalf_of,
             row.request_id, row.verb, row.subject, str(row.subject_id), row.facts.decode()]
        )  # fmt: skip
        digest.update(len(line).to_bytes(8, "big") + line)
    return digest.digest()


def _sign(key: bytes, seal_number: int, digest: bytes) -> bytes:
    return hmac.digest(key, seal_number.to_bytes(8, "big") + digest, "sha256")


async def seal_batch(tx: Tx, *, key: bytes) -> Seal | None:
    """Chain the committed rows that are not yet sealed; None when there are none."""
    rows = await tx.list(SQL["take_unsealed"], AuditRow, most=SEAL_MOST)
    if not rows:
        return None
    head = await tx.find(SQL["find_head"], Seal)
    number = head.seal_number + 1 if head else 1
    previous = head.hash if head else _START
    digest = seal_hash(previous, rows)
    seal = Seal(number, previous, digest, _sign(key, number, digest), tx.now)
    ids = [row.audit_id for row in rows]
    await tx.execute(SQL["put_seal"], **msgspec.structs.asdict(seal))
    await tx.execute(SQL["put_sealed"], seal_number=number, audit_ids=ids)
    return seal


async def any_unsealed(tx: ReadTx) -> bool:
    """Whether a row waits for its seal."""
    return bool(await tx.value(SQL["any_unsealed"]))


async def find_head(tx: ReadTx) -> Seal | None:
    """The newest seal, or None."""
    return await tx.find(SQL["find_head"], Seal)


async def check_chain(tx: ReadTx, *, key: bytes, head: KeptHead | None) -> ChainReport:
    """Recompute the whole chain. `head` is the newest seal as kept outside this database."""
    faults: list[str] = []
    previous, after, count = _START, 0, 0
    hashes: dict[int, bytes] = {}
    while seals := await tx.list(SQL["list_seals"], Seal, after=after, most=100):
        for seal in seals:
            rows = await tx.list(SQL["list_sealed"], AuditRow, seal_number=seal.seal_number)
            count += len(rows)
            faults += _faults_of(seal, rows, previous, after, key)
            previous, after = seal.hash, seal.seal_number
            hashes[after] = seal.hash
    if head is not None and hashes.get(head.seal_number) != head.hash:
        faults.append(
            f"seal {head.seal_number} is not the one kept outside: the end was cut or rewritten"
        )
    loose = await tx.value(SQL["count_loose"])
    if loose:
        faults.append(f"{loose} rows are neither sealed nor waiting: inserted past the product")
    return ChainReport(len(hashes), count, faults)


def _faults_of(
    seal: Seal, rows: list[AuditRow], previous: bytes, after: int, key: bytes
) -> list[str]:
    faults = []
    if seal.seal_number != after + 1:
        faults.append(f"seal {after + 1} is missing")
    if seal.previous_hash != previous:
        faults.append(f"seal {seal.seal_number} does not follow the one before")
    if seal_hash(seal.previous_hash, rows) != seal.hash:
        faults.append(f"the rows of seal {seal.seal_number} were changed")
    if not hmac.compare_digest(_sign(key, seal.seal_number, seal.hash), seal.signature):
        faults.append(f"seal {seal.seal_number} is not signed by us")
    return faults


async def keep_head(control: Tx, *, tenant: TenantId, seal: Seal) -> None:
    """Note the newest seal in the control database; an older one changes nothing."""
    await control.execute(
        HEADS["keep_head"],
        tenant=tenant,
        seal_number=seal.seal_number,
        hash=seal.hash,
        now=control.now,
    )


async def find_kept_head(control: ReadTx, *, tenant: TenantId) -> KeptHead | None:
    """The newest seal that the control database knows of."""
    return await control.find(HEADS["find_kept_head"], KeptHead, tenant=tenant)
