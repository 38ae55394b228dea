"""From a signed request to the principal it proves: scheme, claim, key, proof.

Keys are cached in the process and read again when older than a second, which is how soon a
revoked key stops reading. Writes do not rely on it: every signed statement names key id and
version, and the database refuses a dead one.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from datetime import datetime
from typing import Literal

import msgspec
import structlog

from entrepot.access import compat_signatures, queries, signatures
from entrepot.access.keys import opened, tenant_of
from entrepot.access.signatures import Message, Proof
from entrepot.access.types import StoredKey
from entrepot.kernel.principals import ApiKey, Visitor
from entrepot.kernel.refusals import NotFound
from entrepot.platform.clock import Clock
from entrepot.platform.database import Database
from entrepot.platform.secrets import SealingKey, Unsealable

log = structlog.get_logger()

FRESH_S = 1.0
MOST_KEYS = 10_000
Scheme = Literal["strict", "compat"]


class _Held(msgspec.Struct, frozen=True):
    stored: StoredKey | None
    principal: ApiKey | None
    material: bytes
    read_at_s: float


class KeyRing:
    """The keys that this process has met lately, opened. Unknown ids are remembered too."""

    def __init__(
        self, db: Database, sealing: SealingKey, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._sealing = sealing
        self._monotonic = monotonic
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._reading: dict[str, asyncio.Task[_Held]] = {}

    async def find(self, key_id: str, now: datetime) -> tuple[ApiKey, tuple[str, bytes]] | None:
        """The principal of a live key and what verifies its signatures, or None."""
        held = self._held.get(key_id)
        if held is None or self._monotonic() - held.read_at_s > FRESH_S:
            held = await self._read_once(key_id)
        if held.stored is None or held.principal is None or not held.stored.alive(now):
            return None
        return held.principal, (held.stored.algorithm, held.material)

    def forget(self, key_id: str) -> None:
        """Read this key anew next time."""
        self._held.pop(key_id, None)

    async def _read_once(self, key_id: str) -> _Held:
        """Read the key; many who ask at the same time share one reading."""
        task = self._reading.get(key_id)
        if task is None:
            task = asyncio.create_task(self._read(key_id))
            self._reading[key_id] = task
            task.add_done_callback(lambda _: self._reading.pop(key_id, None))
        return await asyncio.shield(task)

    async def _read(self, key_id: str) -> _Held:
        began_s = self._monotonic()
        stored = await self._stored(key_id)
        known = self._held.pop(key_id, None)
        if known is not None and known.stored == stored:
            held = msgspec.structs.replace(known, read_at_s=began_s)
        else:
            held = self._open(stored, began_s)
        self._held[key_id] = held
        while len(self._held) > MOST_KEYS:
            self._held.popitem(last=False)
        return held

    async def _stored(self, key_id: str) -> StoredKey | None:
        try:
            async with self._db.read(Visitor(tenant_of(key_id))) as tx:
                return await queries.find_stored_key(tx, key_id=key_id)
        except NotFound:
            return None

    def _open(self, stored: StoredKey | None, began_s: float) -> _Held:
        if stored is None:
            return _Held(None, None, b"", began_s)
        try:
            material = opened(stored, self._sealing)
        except Unsealable:
            log.error("access.key_does_not_open", key_id=stored.key_id, version=stored.version)
            return _Held(None, None, b"", began_s)
        principal = ApiKey(
            tenant=tenant_of(stored.key_id),
            key_id=stored.key_id,
            version=stored.version,
            permissions=frozenset(stored.scopes),
            warehouses=None if stored.warehouses is None else frozenset(stored.warehouses),
        )
        return _Held(stored, principal, material, began_s)


def scheme_of(message: Message) -> Scheme:
    """By which scheme a request says it is signed; a request of both is refused."""
    names = {name.lower() for name, _ in message.headers}
    strict = b"signature" in names or b"signature-input" in names
    compat = b"x-entrepot-signature" in names or b"x-entrepot-key" in names
    if strict and compat:
        signatures.refuse("signature_malformed")
    if not strict and not compat:
        signatures.refuse("signature_missing")
    return "strict" if strict else "compat"


class Authenticator:
    """Proves signed requests for one process. `hosts` are the authorities that are ours."""

    def __init__(
        self, db: Database, sealing: SealingKey, hosts: Container[str], clock: Clock
    ) -> None:
        self.ring = KeyRing(db, sealing)
        self._hosts = hosts
        self._clock = clock

    async def authenticate(self, message: Message) -> tuple[ApiKey, Proof]:
        """Who signed, and what is proven. Raises Unauthenticated; Unavailable without database.

        Limit the peer's rate before: nothing here does, and the compat scheme hashes the body.
        """
        strict = scheme_of(message) == "strict"
        parse = signatures.parse if strict else compat_signatures.parse
        claim = parse(message, self._hosts)
        now = self._clock()
        found = await self.ring.find(claim.key_id, now)
        if found is None:
            signatures.refuse("signature_invalid")
        principal, key = found
        return principal, signatures.verify(message, claim, key, now.timestamp())
