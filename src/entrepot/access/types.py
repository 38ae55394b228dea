"""Values of the access room: people and what they are here, keys, sessions."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from entrepot.kernel.principals import Shopper, Staff

EmailText = Annotated[str, msgspec.Meta(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$(?!\n)")]
NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
LabelText = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
LocaleText = Annotated[
    str, msgspec.Meta(max_length=20, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)")
]
CodeText = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class KeyAlgorithm(StrEnum):
    """How requests are signed with a key."""

    HMAC_SHA256 = "hmac-sha256"
    ED25519 = "ed25519"


class KeyState(StrEnum):
    """Where a key is in its life; active and retiring ones prove requests."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"
    REVOKED = "revoked"


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who shall be able to log in: with staff roles, or for one customer.

    `warehouses` (codes of nodes) None means every warehouse; only for staff.
    """

    email: EmailText
    name: NameText
    locale: LocaleText = "en"
    roles: list[str] = []
    warehouses: list[CodeText] | None = None
    customer_id: UUID | None = None


class Person(msgspec.Struct, frozen=True):
    """Somebody who logs in, and what they are here."""

    person_id: UUID
    email: str
    name: str
    locale: str
    state: str
    has_password: bool
    added_at: datetime
    roles: list[str]
    warehouses: list[str] | None
    customer_ids: list[UUID]


class NewApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be made. `warehouses` None means every warehouse, `expires_at` None: never."""

    label: LabelText
    scopes: list[str]
    algorithm: KeyAlgorithm = KeyAlgorithm.HMAC_SHA256
    warehouses: list[CodeText] | None = None
    expires_at: datetime | None = None


class ApiKeyRecord(msgspec.Struct, frozen=True):
    """A key as it may be shown: everything but its secret."""

    key_id: str
    credential_id: UUID
    version: int
    label: str
    algorithm: KeyAlgorithm
    scopes: list[str]
    warehouses: list[str] | None
    state: KeyState
    not_before: datetime
    expires_at: datetime | None
    made_at: datetime
    made_by: str


class StoredKey(msgspec.Struct, frozen=True):
    """A key as it lies in the database, for proving requests."""

    key_id: str
    version: int
    algorithm: str
    sealed_secret: bytes | None
    public_key: bytes | None
    scopes: list[str]
    warehouses: list[str] | None
    state: str
    not_before: datetime
    expires_at: datetime | None

    def alive(self, now: datetime) -> bool:
        """Whether the key proves requests at this moment; as `access.key_alive_v1` says."""
        if self.state not in (KeyState.ACTIVE, KeyState.RETIRING) or now < self.not_before:
            return False
        return self.expires_at is None or now < self.expires_at


class KeyMaterial(msgspec.Struct, frozen=True):
    """A new key's id and secret, made before its row and shown once; `repr` never shows it.

    `secret` for hmac-sha256 (the HMAC key is its UTF-8 bytes); `private_key_pem` for ed25519,
    None when the owner of the key keeps it and gave us only `public_key` (32 bytes).
    """

    key_id: str
    algorithm: KeyAlgorithm
    secret: str | None = None
    private_key_pem: str | None = None
    public_key: bytes | None = None

    def __repr__(self) -> str:
        return f"KeyMaterial({self.key_id})"


class StoredSession(msgspec.Struct, frozen=True):
    """A live session with the person and the membership it is for."""

    session_id: UUID
    person_id: UUID
    email: str
    name: str
    locale: str
    roles: list[str]
    warehouses: list[str] | None
    customer_id: UUID | None
    seen_at: datetime
    expires_at: datetime


class SessionRecord(msgspec.Struct, frozen=True):
    """A session as its owner sees it in a list."""

    session_id: UUID
    agent: str
    made_at: datetime
    seen_at: datetime
    expires_at: datetime


class LoggedIn(msgspec.Struct, frozen=True):
    """Who a session belongs to. `principal` is what flows and queries take."""

    principal: Staff | Shopper
    session_id: UUID
    name: str
    email: str
    locale: str


class Entered(msgspec.Struct, frozen=True):
    """A fresh log-in: the session's token, for the cookie only, and who it is."""

    token: str
    who: LoggedIn

    def __repr__(self) -> str:
        return f"Entered({self.who.session_id})"


class LinkOwner(msgspec.Struct, frozen=True):
    """Whom a one-time link was made for."""

    person_id: UUID
    email: str
    name: str
    locale: str


class LogInPerson(msgspec.Struct, frozen=True):
    """What a log-in has to compare, and the membership the session would be for."""

    person_id: UUID
    password_hash: str | None
    membership_id: UUID | None
    staff: bool
