"""Logging in and out of pages: password or one-time link in, session token out.

A guess is counted before it is compared, in a block of its own, so that neither a refusal nor
many guesses at once escape the count. Unknown e-mail, wrong password, a disabled person and one
without a password look and last the same.
"""

from entrepot.access import operations, queries, rules
from entrepot.access.errors import link_is_over, not_let_in, too_many_guesses
from entrepot.access.passwords import hash_password, is_outdated, password_matches
from entrepot.access.permissions import (
    SHOPPER_PERMISSIONS,
    VISITOR_PERMISSIONS,
    permissions_of,
)
from entrepot.access.tokens import belongs, new_token_of, token_hash
from entrepot.access.types import Entered, LinkOwner, LoggedIn, LogInPerson, StoredSession
from entrepot.kernel.ids import TenantId, new_id
from entrepot.kernel.principals import Shopper, Staff, Visitor
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Database, Tx


def visitor(tenant: TenantId, locale: str = "en") -> Visitor:
    """Nobody yet, on this tenant's pages."""
    return Visitor(tenant, locale, VISITOR_PERMISSIONS)


async def log_in(
    db: Database, tenant: TenantId, *, email: str, password: str, peer: str, agent: str = ""
) -> Entered:
    """A new session for the right e-mail and password.

    Raises TooMany after too many guesses (of an e-mail from a peer, of an e-mail, of a peer),
    else Unauthenticated.
    """
    nobody = visitor(tenant)
    limits = rules.guess_limits(email, peer)
    async with db.begin(nobody) as tx:
        over_until = await operations.count_guess(tx, limits=limits)
    if over_until is not None:
        raise too_many_guesses(max(1, int((over_until - db.clock()).total_seconds())))
    found = None
    if "\0" not in email and email.isprintable():
        async with db.read(nobody) as looking:
            found = await queries.find_log_in(looking, email=email.strip())
    held_hash = found.password_hash if found else None
    if not await password_matches(held_hash, password) or found is None:
        raise not_let_in()
    fresh_hash = None
    if held_hash is not None and is_outdated(held_hash):
        fresh_hash = await hash_password(password)
    async with db.begin(nobody) as tx:
        await operations.forget_guesses(tx, subjects=rules.forgiven(limits))
        if fresh_hash is not None:
            await operations.set_password(tx, person_id=found.person_id, password_hash=fresh_hash)
        return await _enter(tx, tenant, found, agent, "log_in")


async def _enter(tx: Tx, tenant: TenantId, found: LogInPerson, agent: str, verb: str) -> Entered:
    if found.membership_id is None:
        raise not_let_in()
    token, session_id = new_token_of(tenant), new_id(tx.now)
    await operations.add_session(
        tx,
        session_id=session_id,
        token=token,
        person_id=found.person_id,
        membership_id=found.membership_id,
        agent=agent,
        staff=found.staff,
    )
    await put_audit(tx, verb=verb, subject="person", subject_id=found.person_id,
                    facts={"session_id": session_id})  # fmt: skip
    stored = await queries.find_session(tx, token_hash=token_hash(token), at=tx.now)
    if stored is None:
        raise not_let_in()
    return Entered(token, _who(tenant, stored))


def _who(tenant: TenantId, stored: StoredSession) -> LoggedIn:
    """The principal that a live session stands for."""
    principal: Staff | Shopper
    if stored.customer_id is not None:
        principal = Shopper(
            tenant, stored.person_id, stored.customer_id, SHOPPER_PERMISSIONS, stored.locale
        )
    else:
        warehouses = None if stored.warehouses is None else frozenset(stored.warehouses)
        principal = Staff(
            tenant, stored.person_id, permissions_of(stored.roles), warehouses, stored.locale
        )
    return LoggedIn(principal, stored.session_id, stored.name, stored.email, stored.locale)


async def find_logged_in(db: Database, tenant: TenantId, token: str) -> LoggedIn | None:
    """Who a session token of this tenant belongs to, or None; notes the visit once a minute."""
    if not belongs(token, tenant):
        return None
    nobody = visitor(tenant)
    async with db.read(nobody) as tx:
        stored = await queries.find_session(tx, token_hash=token_hash(token), at=tx.now)
        now = tx.now
    if stored is None:
        return None
    if now - stored.seen_at >= rules.SEEN_STEP:
        async with db.begin(nobody) as writing:
            await operations.note_visit(writing, session_id=stored.session_id)
    return _who(tenant, stored)


async def log_out(db: Database, tenant: TenantId, token: str) -> None:
    """End a session; one that has ended already is no error."""
    if not belongs(token, tenant):
        return
    async with db.begin(visitor(tenant)) as tx:
        person_id = await operations.end_session(tx, token=token)
        if person_id is not None:
            await put_audit(tx, verb="log_out", subject="person", subject_id=person_id)


async def find_link_owner(db: Database, tenant: TenantId, token: str) -> LinkOwner | None:
    """Whom a one-time link is for, without using it up; None when it is not valid any more."""
    if not belongs(token, tenant):
        return None
    async with db.read(visitor(tenant)) as tx:
        return await queries.find_link_owner(tx, token_hash=token_hash(token), at=tx.now)


async def enter_by_link(
    db: Database, tenant: TenantId, *, token: str, password: str, agent: str = ""
) -> Entered:
    """Use up a one-time link: set the password, end older sessions, begin a new one.

    Raises Invalid for a plain password (the link stays valid), NotFound for a used link.
    """
    owner = await find_link_owner(db, tenant, token)
    if owner is None:
        raise link_is_over()
    rules.check_password(password, owner.email)
    password_hash = await hash_password(password)
    async with db.begin(visitor(tenant)) as tx:
        person_id = await operations.use_link(tx, token=token)
        await operations.set_password(tx, person_id=person_id, password_hash=password_hash)
        await operations.end_sessions(tx, person_id=person_id)
        found = await queries.find_log_in(tx, email=owner.email)
        if found is None or found.person_id != person_id:
            raise link_is_over()
        return await _enter(tx, tenant, found, agent, "enter_by_link")


async def change_password(
    db: Database, who: LoggedIn, *, old: str, new: str, peer: str, agent: str = ""
) -> Entered:
    """Replace one's own password; all sessions end and a new one begins."""
    tenant = who.principal.tenant
    rules.check_password(new, who.email)
    limits = rules.guess_limits(who.email, peer)
    async with db.begin(visitor(tenant)) as tx:
        over_until = await operations.count_guess(tx, limits=limits)
        found = await queries.find_log_in(tx, email=who.email)
    if over_until is not None:
        raise too_many_guesses(max(1, int((over_until - db.clock()).total_seconds())))
    if found is None or not await password_matches(found.password_hash, old):
        raise not_let_in()
    password_hash = await hash_password(new)
    async with db.begin(visitor(tenant)) as tx:
        await operations.set_password(tx, person_id=found.person_id, password_hash=password_hash)
        await operations.end_sessions(tx, person_id=found.person_id)
        return await _enter(tx, tenant, found, agent, "change_password")
