"""Writes of the access room. They declare no permission: flows do."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from entrepot.access import queries, rules
from entrepot.access.errors import email_taken, link_is_over, membership_taken, no_such_person
from entrepot.access.permissions import permissions_of
from entrepot.access.tokens import token_hash
from entrepot.access.types import NewPerson, Person
from entrepot.kernel.ids import new_id
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")

_ERASED_DOMAIN = "erased.invalid"


class _Guesses(msgspec.Struct, frozen=True):
    subject: str
    guesses: int


async def add_person(tx: Tx, *, person_id: UUID, new: NewPerson) -> Person:
    """Add somebody who may log in once they set a password by a one-time link.

    Raises Invalid, Forbidden when more would be given than the principal holds, Conflict when
    the e-mail address is taken. Whether the customer exists is for the flow to check.
    """
    rules.check_new_person(new, tx.principal)
    email = new.email.strip()
    added = await tx.execute(
        SQL["add_person"],
        person_id=person_id, email=email, name=new.name, locale=new.locale, at=tx.now,
    )  # fmt: skip
    if not added:
        raise email_taken()
    await _add_membership(
        tx, person_id, roles=new.roles, warehouses=new.warehouses, customer_id=new.customer_id
    )
    await put_audit(tx, verb="add_person", subject="person", subject_id=person_id,
                    facts={"roles": new.roles, "customer_id": new.customer_id})  # fmt: skip
    return await queries.get_person(tx, person_id=person_id)


async def add_customer_log_in(tx: Tx, *, person_id: UUID, customer_id: UUID) -> None:
    """Let somebody who is here already act for a customer too."""
    await queries.get_person(tx, person_id=person_id)
    await _add_membership(tx, person_id, roles=[], warehouses=None, customer_id=customer_id)
    await put_audit(tx, verb="add_customer_log_in", subject="person", subject_id=person_id,
                    facts={"customer_id": customer_id})  # fmt: skip


async def _add_membership(
    tx: Tx,
    person_id: UUID,
    *,
    roles: list[str],
    warehouses: list[str] | None,
    customer_id: UUID | None,
) -> None:
    added = await tx.execute(
        SQL["add_membership"],
        membership_id=new_id(tx.now),
        person_id=person_id,
        roles=roles,
        warehouses=warehouses if roles else None,
        customer_id=customer_id,
        at=tx.now,
    )
    if not added:
        raise membership_taken()


async def change_roles(
    tx: Tx, *, person_id: UUID, roles: list[str], warehouses: list[str] | None
) -> Person:
    """Replace somebody's staff roles and warehouses; their staff sessions end with the old ones.

    Raises Forbidden unless the principal holds both the old and the new rights.
    """
    old = await queries.get_person(tx, person_id=person_id)
    new = NewPerson(old.email, old.name, roles=roles, warehouses=warehouses)
    rules.check_new_person(new, tx.principal)
    if old.roles:
        held = permissions_of(old.roles)
        rules.check_grant(held, old.warehouses, tx.principal)
        await tx.execute(SQL["end_staff_membership"], person_id=person_id, at=tx.now)
    await _add_membership(tx, person_id, roles=roles, warehouses=warehouses, customer_id=None)
    await put_audit(tx, verb="change_roles", subject="person", subject_id=person_id,
                    facts={"roles": roles})  # fmt: skip
    return await queries.get_person(tx, person_id=person_id)


async def disable_person(tx: Tx, *, person_id: UUID) -> None:
    """Shut somebody out at once: sessions and open links end. NotFound when there is nobody."""
    await _set_state(tx, person_id, "disabled")
    await tx.execute(SQL["end_sessions"], person_id=person_id, at=tx.now)
    await tx.execute(SQL["end_links"], person_id=person_id, at=tx.now)
    await put_audit(tx, verb="disable_person", subject="person", subject_id=person_id)


async def enable_person(tx: Tx, *, person_id: UUID) -> None:
    """Let somebody in again. NotFound when there is nobody."""
    await _set_state(tx, person_id, "active")
    await put_audit(tx, verb="enable_person", subject="person", subject_id=person_id)


async def _set_state(tx: Tx, person_id: UUID, state: str) -> None:
    person = await queries.get_person(tx, person_id=person_id)
    if person.roles:
        rules.check_grant(permissions_of(person.roles), person.warehouses, tx.principal)
    await tx.execute(SQL["set_person_state"], person_id=person_id, state=state)


async def erase_person(tx: Tx, *, person_id: UUID) -> None:
    """Forget who somebody was; what they did stays under their id."""
    await disable_person(tx, person_id=person_id)
    blank = f"{person_id.hex}@{_ERASED_DOMAIN}"
    await tx.execute(SQL["erase_person"], person_id=person_id, blank_email=blank)
    await put_audit(tx, verb="erase_person", subject="person", subject_id=person_id)


async def add_link(
    tx: Tx, *, person_id: UUID, token: str, lasts: timedelta = rules.LINK_LASTS
) -> datetime:
    """Keep a one-time log-in link's token (made by `tokens.new_token_of`); when it expires.

    Nobody gets a link to somebody stronger: whoever follows it becomes that person.
    """
    person = await queries.get_person(tx, person_id=person_id)
    if person.state != "active":
        raise no_such_person()
    if person.roles:
        rules.check_grant(permissions_of(person.roles), person.warehouses, tx.principal)
    expires_at = tx.now + lasts
    await tx.execute(
        SQL["add_link"],
        token_hash=token_hash(token),
        person_id=person_id,
        made_by=tx.principal.actor,
        at=tx.now,
        expires_at=expires_at,
    )
    await put_audit(tx, verb="make_log_in_link", subject="person", subject_id=person_id)
    return expires_at


async def use_link(tx: Tx, *, token: str) -> UUID:
    """Use up a one-time link and end all others of the same person; whose it was.

    Raises NotFound when it was used, has expired or never was.
    """
    person_id = await tx.value(SQL["use_link"], token_hash=token_hash(token), at=tx.now)
    if not isinstance(person_id, UUID):
        raise link_is_over()
    await tx.execute(SQL["end_links"], person_id=person_id, at=tx.now)
    return person_id


async def set_password(tx: Tx, *, person_id: UUID, password_hash: str) -> None:
    """Keep a new password's hash. NotFound when there is no such active person."""
    changed = await tx.execute(
        SQL["set_password"], person_id=person_id, password_hash=password_hash, at=tx.now
    )
    if not changed:
        raise no_such_person()


async def add_session(
    tx: Tx, *, session_id: UUID, token: str, person_id: UUID, membership_id: UUID, agent: str,
    staff: bool,
) -> None:  # fmt: skip
    """Begin a session. Staff are forgotten sooner than shoppers."""
    idle = rules.STAFF_IDLE if staff else rules.SHOPPER_IDLE
    lasts = rules.STAFF_LASTS if staff else rules.SHOPPER_LASTS
    await tx.execute(
        SQL["add_session"],
        session_id=session_id,
        token_hash=token_hash(token),
        person_id=person_id,
        membership_id=membership_id,
        agent="".join(c for c in agent if c.isprintable())[:200],
        at=tx.now,
        idle_s=int(idle.total_seconds()),
        expires_at=tx.now + lasts,
    )


async def note_visit(tx: Tx, *, session_id: UUID) -> None:
    """Note that a session is in use."""
    await tx.execute(SQL["note_visit"], session_id=session_id, at=tx.now)


async def end_session(tx: Tx, *, token: str) -> UUID | None:
    """End the session of a token; whose it was, or None when it had ended before."""
    ended = await tx.value(SQL["end_session"], token_hash=token_hash(token), at=tx.now)
    return ended if isinstance(ended, UUID) else None


async def end_session_by_id(tx: Tx, *, person_id: UUID, session_id: UUID) -> bool:
    """End one of a person's sessions from a list; whether it was still open."""
    found = await tx.execute(
        SQL["end_session_by_id"], person_id=person_id, session_id=session_id, at=tx.now
    )
    return found > 0


async def end_sessions(tx: Tx, *, person_id: UUID) -> int:
    """End all sessions of a person; how many were open."""
    return await tx.execute(SQL["end_sessions"], person_id=person_id, at=tx.now)


async def count_guess(tx: Tx, *, limits: dict[str, int]) -> datetime | None:
    """Count a guess under each subject; when to come back if one is over its limit.

    The rows are locked in order of subject, so guesses at the same time wait for each other.
    """
    start = rules.stretch_of(tx.now)
    counted = await tx.list(
        SQL["count_guesses"], _Guesses, subjects=sorted(limits), stretch_start=start
    )
    over = any(row.guesses > limits[row.subject] for row in counted)
    return start + rules.GUESS_STRETCH if over else None


async def forget_guesses(tx: Tx, *, subjects: list[str]) -> None:
    """After a right password: the guesses of this stretch count no more."""
    start = rules.stretch_of(tx.now)
    await tx.execute(SQL["forget_guesses"], subjects=subjects, stretch_start=start)


async def forget_old(tx: Tx) -> int:
    """Delete guesses, sessions and links that have been over for a month; how many rows."""
    before = tx.now - timedelta(days=30)
    gone = await tx.execute(SQL["forget_old_guesses"], before=before)
    gone += await tx.execute(SQL["forget_old_sessions"], before=before)
    return gone + await tx.execute(SQL["forget_old_links"], before=before)
