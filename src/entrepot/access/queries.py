"""Reads of the access room."""

from datetime import datetime
from uuid import UUID

from entrepot.access.errors import no_such_key, no_such_person
from entrepot.access.types import (
    ApiKeyRecord,
    LinkOwner,
    LogInPerson,
    Person,
    SessionRecord,
    StoredKey,
    StoredSession,
)
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")


async def find_stored_key(tx: ReadTx, *, key_id: str) -> StoredKey | None:
    """A key with its sealed secret, alive or not."""
    return await tx.find(SQL["find_stored_key"], StoredKey, key_id=key_id)


async def find_key(tx: ReadTx, *, key_id: str) -> ApiKeyRecord | None:
    """A key as it may be shown."""
    return await tx.find(SQL["find_key"], ApiKeyRecord, key_id=key_id)


async def get_key(tx: ReadTx, *, key_id: str) -> ApiKeyRecord:
    """A key as it may be shown, or NotFound."""
    found = await find_key(tx, key_id=key_id)
    if found is None:
        raise no_such_key()
    return found


async def list_keys(tx: ReadTx, *, revoked: bool = False) -> list[ApiKeyRecord]:
    """All keys, oldest first; revoked ones only when asked for."""
    return await tx.list(SQL["list_keys"], ApiKeyRecord, revoked=revoked)


async def find_person(tx: ReadTx, *, person_id: UUID) -> Person | None:
    """Somebody by id."""
    return await tx.find(SQL["find_person"], Person, person_id=person_id)


async def get_person(tx: ReadTx, *, person_id: UUID) -> Person:
    """Somebody by id, or NotFound."""
    found = await find_person(tx, person_id=person_id)
    if found is None:
        raise no_such_person()
    return found


async def find_person_by_email(tx: ReadTx, *, email: str) -> Person | None:
    """Somebody by e-mail address, without regard to case."""
    return await tx.find(SQL["find_person_by_email"], Person, email=email)


async def list_people(
    tx: ReadTx, *, staff_only: bool = False, after: UUID | None = None, most: int = 100
) -> list[Person]:
    """People in the order they were added, from behind `after`."""
    return await tx.list(SQL["list_people"], Person, staff_only=staff_only, after=after, most=most)


async def find_log_in(tx: ReadTx, *, email: str) -> LogInPerson | None:
    """What a log-in by this e-mail compares; a staff membership goes before a customer's."""
    return await tx.find(SQL["find_log_in"], LogInPerson, email=email)


async def find_session(tx: ReadTx, *, token_hash: bytes, at: datetime) -> StoredSession | None:
    """The live session of a token."""
    return await tx.find(SQL["find_session"], StoredSession, token_hash=token_hash, at=at)


async def list_sessions(tx: ReadTx, *, person_id: UUID, at: datetime) -> list[SessionRecord]:
    """A person's live sessions, last seen first."""
    return await tx.list(SQL["list_sessions"], SessionRecord, person_id=person_id, at=at)


async def find_link_owner(tx: ReadTx, *, token_hash: bytes, at: datetime) -> LinkOwner | None:
    """Whom an unused, unexpired one-time link is for."""
    return await tx.find(SQL["find_link_owner"], LinkOwner, token_hash=token_hash, at=at)
