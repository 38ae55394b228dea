"""Decisions of the access room: pure, without clock, chance or database."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from entrepot.access.errors import (
    email_is_no_password,
    ends_before_it_begins,
    not_yours_to_give,
    one_of_roles_or_customer,
    password_too_plain,
    unknown_role,
    unknown_scope,
)
from entrepot.access.permissions import PERMISSIONS, ROLES, permissions_of, within
from entrepot.access.types import NewApiKey, NewPerson
from entrepot.kernel.principals import ApiKey, Operator, Principal, Staff
from entrepot.kernel.refusals import FieldError, Invalid

STAFF_IDLE, STAFF_LASTS = timedelta(hours=12), timedelta(days=7)
SHOPPER_IDLE, SHOPPER_LASTS = timedelta(days=14), timedelta(days=60)
LINK_LASTS = timedelta(hours=72)
SEEN_STEP = timedelta(minutes=1)
"""A visit within this time after the last noted one is not written down again."""

GUESS_STRETCH = timedelta(minutes=15)
GUESSES_FROM_HERE, GUESSES_OF_EMAIL, GUESSES_OF_PEER = 8, 40, 100
"""Wrong passwords in a stretch: of one e-mail from one peer, of one e-mail, of one peer. The
second is wider, so that a stranger cannot lock somebody out from a single place."""

LEAST_PASSWORD, MOST_PASSWORD = 10, 200


def held_by(principal: Principal) -> tuple[frozenset[str], frozenset[str] | None]:
    """What the principal could at most hand on: permissions, and warehouses (None: every one)."""
    if isinstance(principal, Operator):
        return PERMISSIONS, None
    if isinstance(principal, Staff | ApiKey):
        return principal.permissions, principal.warehouses
    return frozenset(), frozenset()


def check_new_person(new: NewPerson, principal: Principal) -> None:
    """Refuse roles that do not exist and rights that the principal does not hold itself.

    Raises Invalid with all errors at once, or Forbidden.
    """
    errors: list[FieldError] = []
    if bool(new.roles) == (new.customer_id is not None):
        errors.append(one_of_roles_or_customer())
    errors += [unknown_role(i, role) for i, role in enumerate(new.roles) if role not in ROLES]
    if errors:
        raise Invalid("this person cannot be added", errors=errors)
    if new.roles:
        check_grant(permissions_of(new.roles), new.warehouses, principal)


def check_new_key(new: NewApiKey, principal: Principal, now: datetime) -> None:
    """Refuse scopes that do not exist and rights that the principal does not hold itself."""
    errors = [unknown_scope(i, s) for i, s in enumerate(new.scopes) if s not in PERMISSIONS]
    if not new.scopes:
        errors.append(FieldError("scopes", "empty", "a key needs at least one scope"))
    if new.expires_at is not None and (new.expires_at.tzinfo is None or new.expires_at <= now):
        errors.append(ends_before_it_begins())
    if errors:
        raise Invalid("this key cannot be made", errors=errors)
    check_grant(frozenset(new.scopes), new.warehouses, principal)


def check_grant(
    wanted: frozenset[str], warehouses: Iterable[str] | None, principal: Principal
) -> None:
    """Raises Forbidden when somebody would hand on more than they hold.

    Names that have gone from the list are left out: old keys may bear some.
    """
    wanted &= PERMISSIONS
    held, held_warehouses = held_by(principal)
    wanted_warehouses = None if warehouses is None else frozenset(warehouses)
    if not within(wanted, wanted_warehouses, held, held_warehouses):
        raise not_yours_to_give(sorted(wanted - held))


def check_password(password: str, email: str) -> None:
    """Refuse what is guessed first. Length counts, not kinds of characters (NIST SP 800-63B)."""
    long_enough = LEAST_PASSWORD <= len(password) <= MOST_PASSWORD
    if not long_enough or len(set(password)) < 5:
        raise password_too_plain(LEAST_PASSWORD, MOST_PASSWORD)
    if password.casefold() in (email.casefold(), email.casefold().partition("@")[0]):
        raise email_is_no_password()


def guess_limits(email: str, peer: str) -> dict[str, int]:
    """Subjects under which a guess is counted (hashes), each with its limit in a stretch."""

    def subject(kind: str, *parts: str) -> str:
        text = "\0".join((kind, *parts)).encode("utf-8", "surrogatepass")
        return f"{kind}:{hashlib.sha256(text).hexdigest()[:32]}"

    who = email.strip().lower()
    return {
        subject("here", who, peer): GUESSES_FROM_HERE,
        subject("email", who): GUESSES_OF_EMAIL,
        subject("peer", peer): GUESSES_OF_PEER,
    }


def forgiven(subjects: Iterable[str]) -> list[str]:
    """The subjects that a right password clears: not the peer's, who may guess at many."""
    return sorted(subject for subject in subjects if not subject.startswith("peer:"))


def stretch_of(now: datetime) -> datetime:
    """The beginning of the stretch of guessing that `now` falls in."""
    length_s = int(GUESS_STRETCH.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // length_s * length_s, UTC)
