"""Make a quote again from its stored request and versions, and compare it with what was kept."""

from uuid import UUID

import msgspec

from entrepot.access.flow import query
from entrepot.carriers import queries, quoting
from entrepot.carriers.rating.requests import Quote
from entrepot.carriers.rules import sha256_of
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx


class Replay(msgspec.Struct, frozen=True):
    """`same`: whether the answer made now equals the kept one to the byte (their SHA-256)."""

    quote_id: UUID
    same: bool
    kept_sha256: str
    made_sha256: str
    made: Quote


@query(permission="quotes:read", callers=(ApiKey, Staff))
async def replay_quote(tx: ReadTx, *, quote_id: UUID) -> Replay:
    """The replay, whatever was imported or switched off since. Raises NotFound."""
    scope = scope_of(tx.principal)
    quote = await queries.get_quote(tx, quote_id=quote_id, warehouses=scope.warehouses)
    made = await quoting.replay(tx, quote=quote)
    text = msgspec.json.encode(made).decode()
    kept, again = sha256_of(quote.answer_text), sha256_of(text)
    return Replay(quote_id, text == quote.answer_text, kept, again, made)
