"""Operators of the platform: one-time links from the local command line, sessions of pages.

Whoever may run the command line on the server may become an operator; there is no password.
Links and sessions lie in the control database, as hashes. Pages of operators are apart from the
tenants': an operator's token is no token of any tenant.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from entrepot.access.errors import link_is_over
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.rules import SEEN_STEP
from entrepot.access.tokens import token_hash
from entrepot.kernel.ids import TenantId, new_id, new_token
from entrepot.kernel.principals import Operator
from entrepot.platform.database import Database
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operators.sql")

LINK_LASTS = timedelta(minutes=15)
IDLE, LASTS = timedelta(hours=2), timedelta(hours=12)


class _Stored(msgspec.Struct, frozen=True):
    name: str
    state: str


class _Found(msgspec.Struct, frozen=True):
    session_id: UUID
    operator: str
    seen_at: datetime


def local_operator(name: str, tenant: TenantId | None = None) -> Operator:
    """The operator at the local command line; with `tenant`, to act inside that one."""
    return Operator(name=name, tenant=tenant, permissions=PERMISSIONS)


async def make_operator_link(db: Database, *, name: str) -> str:
    """A one-time link's token for the operator `name`, who is added when unknown.

    Only the command line on the server may call this. Raises NotFound for a disabled operator.
    """
    token = f"operator.{new_token(32)}"
    async with db.control(local_operator(name)) as tx:
        await tx.execute(SQL["add_operator"], name=name, at=tx.now)
        known = await tx.one(SQL["find_operator"], _Stored, name=name)
        if known.state != "active":
            raise link_is_over()
        await tx.execute(
            SQL["add_operator_link"],
            token_hash=token_hash(token),
            operator=name,
            at=tx.now,
            expires_at=tx.now + LINK_LASTS,
        )
    return token


async def enter_as_operator(db: Database, *, token: str, agent: str = "") -> tuple[str, Operator]:
    """Use up a one-time link; the new session's token, for the cookie only, and who it is.

    Raises NotFound when the link was used, has expired or never was.
    """
    session_token = f"operator.{new_token(32)}"
    async with db.control(local_operator("nobody")) as tx:
        name = await tx.value(SQL["use_operator_link"], token_hash=token_hash(token), at=tx.now)
        if not isinstance(name, str):
            raise link_is_over()
        await tx.execute(
            SQL["add_operator_session"],
            session_id=new_id(tx.now),
            token_hash=token_hash(session_token),
            operator=name,
            agent="".join(c for c in agent if c.isprintable())[:200],
            at=tx.now,
            idle_s=int(IDLE.total_seconds()),
            expires_at=tx.now + LASTS,
        )
    return session_token, local_operator(name)


async def find_operator(db: Database, token: str) -> Operator | None:
    """The operator of a live session, or None; notes the visit once a minute."""
    if not token.startswith("operator."):
        return None
    async with db.control(local_operator("nobody")) as tx:
        found = await tx.find(
            SQL["find_operator_session"], _Found, token_hash=token_hash(token), at=tx.now
        )
        if found is None:
            return None
        if tx.now - found.seen_at >= SEEN_STEP:
            await tx.execute(SQL["note_operator_visit"], session_id=found.session_id, at=tx.now)
    return local_operator(found.operator)


async def log_out_operator(db: Database, token: str) -> None:
    """End an operator's session; one that has ended already is no error."""
    async with db.control(local_operator("nobody")) as tx:
        await tx.execute(SQL["end_operator_session"], token_hash=token_hash(token), at=tx.now)


async def disable_operator(db: Database, *, name: str) -> None:
    """Shut an operator out at once."""
    async with db.control(local_operator(name)) as tx:
        await tx.execute(SQL["set_operator_state"], name=name, state="disabled")
        await tx.execute(SQL["end_operator_sessions"], operator=name, at=tx.now)
