"""Writes of the carriers room on quotes: keep, accept, supersede, expire."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from entrepot.carriers import queries
from entrepot.carriers.rating.requests import Quote, Request
from entrepot.carriers.types import StoredQuote, Subject, SubjectKind, Versions
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")


class Changed(msgspec.Struct, frozen=True):
    """A quote whose state changed."""

    id: UUID
    customer_id: UUID | None
    warehouse: str
    sequence: int


async def put_quote(
    tx: Tx,
    *,
    quote_id: UUID,
    subject: Subject,
    customer_id: UUID | None,
    warehouse: str,
    request: Request,
    versions: Versions,
    answer: Quote,
) -> StoredQuote:
    """Keep a quote, open until the answer's `expires_at`. Its texts never change afterwards."""
    text = msgspec.json.encode(answer).decode()
    told = {"quote_id": quote_id, "customer_id": customer_id, "warehouse": warehouse}
    await tx.value(
        SQL["insert_quote"],
        event_id=new_id(tx.now),
        body=msgspec.json.encode(told),
        quote_id=quote_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        fingerprint=subject.fingerprint,
        parts=list(subject.parts),
        customer_id=customer_id,
        warehouse=warehouse,
        request=msgspec.json.encode(request).decode(),
        versions=msgspec.json.encode(versions).decode(),
        answer=text,
        asked_by=tx.principal.actor,
        now=tx.now,
        expires_at=answer.expires_at,
    )
    return StoredQuote(
        id=quote_id,
        status="open",
        subject=subject,
        customer_id=customer_id,
        warehouse=warehouse,
        request=request,
        versions=versions,
        answer=answer,
        answer_text=text,
        asked_at=tx.now,
        expires_at=answer.expires_at,
        accepted_service=None,
    )


async def accept_quote(
    tx: Tx,
    *,
    quote_id: UUID,
    service: str,
    fingerprint: str,
    customer_id: UUID | None = None,
    warehouses: frozenset[str] | None = None,
) -> StoredQuote:
    """Fix one priced service of a quote. `fingerprint`: of the subject as it is now;
    `customer_id` and `warehouses`: the caller's scope (None: all).

    Raises NotFound (`unknown_quote`); Invalid (`service_not_offered`); Conflict: `quote_expired`,
    `quote_accepted`, `quote_superseded`, or `quote_changed` for another fingerprint.
    """
    quote = await queries.get_quote(
        tx, quote_id=quote_id, customer_id=customer_id, warehouses=warehouses
    )
    if quote.status != "open":
        raise Conflict(f"this quote is {quote.status}", code=f"quote_{quote.status}")
    if quote.subject.fingerprint != fingerprint:
        raise Conflict("what was quoted has changed", code="quote_changed")
    offer = quote.offer(service)
    if offer is None or offer.price is None:
        error = FieldError("service", "service_not_offered", "this quote has no price for it")
        raise Invalid("the quote does not offer this", code="service_not_offered", errors=[error])
    sequence = await tx.value(SQL["accept_quote"], quote_id=quote_id, service=service, now=tx.now)
    if not isinstance(sequence, int):
        now_is = await queries.get_quote(tx, quote_id=quote_id)
        raise Conflict(f"this quote is {now_is.status}", code=f"quote_{now_is.status}")
    changed = Changed(quote_id, quote.customer_id, quote.warehouse, sequence)
    await _tell(tx, "quote.accepted", [changed], service=service)
    return msgspec.structs.replace(quote, status="accepted", accepted_service=service)


async def supersede_quotes(
    tx: Tx, *, subject_kind: SubjectKind, subject_id: UUID, but: UUID | None = None
) -> int:
    """Every open quote of a subject (except `but`) is superseded; how many there were."""
    changed = await tx.list(
        SQL["supersede_quotes"],
        Changed,
        subject_kind=subject_kind,
        subject_id=subject_id,
        but=but,
        now=tx.now,
    )
    await _tell(tx, "quote.superseded", changed)
    return len(changed)


async def expire_quotes(tx: Tx, *, most: int = 500) -> int:
    """Write down that open quotes whose time is over have expired; how many there were."""
    changed = await tx.list(SQL["expire_quotes"], Changed, now=tx.now, most=most)
    await _tell(tx, "quote.expired", changed)
    return len(changed)


async def _tell(tx: Tx, name: str, changed: Iterable[Changed], **facts: str) -> None:
    for one in changed:
        body = {"customer_id": one.customer_id, "warehouse": one.warehouse, **facts}
        await tx.value(
            SQL["put_event"],
            event_id=new_id(tx.now),
            name=name,
            aggregate="quote",
            aggregate_id=one.id,
            sequence=one.sequence,
            now=tx.now,
            actor=tx.principal.actor,
            body=msgspec.json.encode({"quote_id": one.id, **body}),
        )
