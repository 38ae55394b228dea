"""Choose a line for a draft: its price is fixed. Paying and packing come after."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.carriers.operations import accept_quote
from entrepot.consolidation import operations
from entrepot.consolidation.repricing import reprice
from entrepot.consolidation.rules import faults
from entrepot.consolidation.types import ChosenLine, Consolidation, DraftQuote
from entrepot.consolidation.viewing import contents_of, show
from entrepot.kernel.principals import ApiKey, Shopper, Staff
from entrepot.kernel.refusals import Conflict, FieldError, Invalid
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="consolidations:change", callers=(Staff, ApiKey, Shopper))
async def choose_line(tx: Tx, *, consolidation_id: UUID, chosen: ChosenLine) -> Consolidation:
    """The draft with its line. Choosing the same line again changes nothing.

    Raises Conflict: `parcels_changed` (held, gone, weighed again … since it was priced; `errors`
    tell which), `quote_expired`, `quote_superseded` (`quote_id` is not the one that is shown),
    `not_priced`, `wrong_state`; Invalid `service_not_offered`.
    """
    head = await operations.take(tx, consolidation_id=consolidation_id)
    draft = await show(tx, consolidation_id=head.id)
    if draft.quote is None:
        raise Conflict("this draft has no prices", code="not_priced", missing=list(draft.missing))
    if draft.quote.changed:
        raise Conflict(
            "the parcels are not what was priced", code="parcels_changed",
            errors=faults(draft.parcels),
        )  # fmt: skip
    if chosen.quote_id is not None and chosen.quote_id != draft.quote.id:
        raise Conflict("these prices are not the latest", code="quote_superseded")
    if draft.choice is not None and draft.choice.service == chosen.service:
        return draft
    price_minor = _price(draft.quote, chosen.service)
    if draft.choice is not None:
        draft = await _fresh(tx, draft, chosen.service, price_minor)
    assert draft.quote is not None, "just priced"
    await accept_quote(
        tx,
        quote_id=draft.quote.id,
        service=chosen.service,
        fingerprint=(await contents_of(tx, head)).fingerprint,
    )
    await operations.choose(tx, consolidation_id=head.id, service=chosen.service)
    facts: dict[str, object] = {
        "service": chosen.service,
        "quote_id": draft.quote.id,
        "total_minor": price_minor,
        "currency": draft.quote.currency,
    }
    await operations.record(tx, head, "line_chosen", facts, first=False)
    await put_audit(
        tx, verb="choose_line", subject="consolidation", subject_id=head.id, facts=facts
    )
    return await show(tx, consolidation_id=head.id)


def _price(quote: DraftQuote, service: str) -> int:
    """What the line costs. Raises Invalid when it is not offered."""
    for line in quote.lines:
        if line.offer.service == service and line.offer.price is not None:
            return line.offer.price.total_minor
    error = FieldError("service", "service_not_offered", "this line is not offered for it")
    raise Invalid("this line is not offered", code="service_not_offered", errors=[error])


async def _fresh(tx: Tx, draft: Consolidation, service: str, price_minor: int) -> Consolidation:
    """Another line than the one chosen: its quote is used up, so the draft is quoted again.

    Raises Conflict (`quote_changed`) unless the line still costs what was shown.
    """
    await reprice(tx, consolidation_id=draft.id)
    again = await show(tx, consolidation_id=draft.id)
    if again.quote is None or _price(again.quote, service) != price_minor:
        raise Conflict("the price of this line has changed", code="quote_changed")
    return again
