"""Reads of the parties room."""

from uuid import UUID

from entrepot.kernel.refusals import NotFound
from entrepot.parties.suite_codes import compact_suite_code
from entrepot.parties.types import Customer, CustomerBrief, SuiteRule
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")


async def get_customer(
    tx: ReadTx, *, customer_id: UUID, scope_customer_id: UUID | None
) -> Customer:
    """One customer; NotFound when unknown or outside the scope (a shopper's own id)."""
    return await tx.one(
        SQL["get_customer"], Customer, customer_id=customer_id, scope_customer_id=scope_customer_id
    )


async def find_customer_by_code(
    tx: ReadTx, *, suite_code: str, scope_customer_id: UUID | None
) -> CustomerBrief | None:
    """The customer of a suite code, however it is written."""
    return await tx.find(
        SQL["find_customer_by_code"],
        CustomerBrief,
        suite_compact=compact_suite_code(suite_code),
        scope_customer_id=scope_customer_id,
    )


async def customer_named(
    tx: ReadTx,
    *,
    customer_id: UUID | None,
    suite_code: str | None,
    scope_customer_id: UUID | None,
) -> CustomerBrief:
    """The customer that a request names by id or by suite code; NotFound when it names nobody."""
    if customer_id is not None:
        found = await get_customer(tx, customer_id=customer_id, scope_customer_id=scope_customer_id)
        brief: CustomerBrief | None = CustomerBrief(found.id, found.name, found.suite_code)
    else:
        brief = await find_customer_by_code(
            tx, suite_code=suite_code or "", scope_customer_id=scope_customer_id
        )
    if brief is None:
        raise NotFound("there is no such customer", code="unknown_customer")
    return brief


async def list_customers(
    tx: ReadTx, *, suite_code: str | None, after: UUID | None, most: int
) -> list[Customer]:
    """Customers, newest first, behind `after`."""
    compact = None if suite_code is None else compact_suite_code(suite_code)
    return await tx.list(
        SQL["list_customers"], Customer, suite_compact=compact, after=after, most=most
    )


async def get_suite_rule(tx: ReadTx) -> SuiteRule:
    """How this tenant's suite codes look."""
    return await tx.one(SQL["get_suite_rule"], SuiteRule)


async def first_language(tx: ReadTx) -> str:
    """The tenant's default language."""
    languages = await tx.value(SQL["get_languages"])
    return str(languages[0]) if isinstance(languages, list) and languages else "en"
