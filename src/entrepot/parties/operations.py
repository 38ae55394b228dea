"""Writes of the parties room."""

import msgspec

from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict
from entrepot.parties import queries, rules
from entrepot.parties.persons import name_key, phone_digits
from entrepot.parties.suite_codes import compact_suite_code, make_suite_code
from entrepot.parties.types import Customer, NewCustomer
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")
_TRIES = 50


async def create_customer(tx: Tx, *, new: NewCustomer, suite_code: str | None) -> Customer:
    """A new customer with the next free suite code, or with `suite_code` brought along.

    Raises Invalid for wrong fields and Conflict (`suite_code_taken`) for a code in use.
    """
    rules.check_new_customer(new, suite_code)
    if suite_code is not None:
        compact = compact_suite_code(suite_code)
        customer = await _insert(tx, new=new, suite_code=f"{compact[:-1]}-{compact[-1]}")
        if customer is None:
            raise Conflict("this suite code belongs to a customer", code="suite_code_taken")
        return customer
    for _ in range(_TRIES):
        customer = await _insert(tx, new=new, suite_code=await _next_code(tx))
        if customer is not None:
            return customer
    raise Conflict("no free suite code was found", code="suite_codes_used_up")


async def _next_code(tx: Tx) -> str:
    rule = await queries.get_suite_rule(tx)
    number = await tx.value(SQL["next_suite_number"])
    assert isinstance(number, int)
    try:
        return make_suite_code(rule.prefix, rule.first_number + number - 1, digits=rule.digits)
    except ValueError as error:
        raise Conflict("all suite codes are given away", code="suite_codes_used_up") from error


async def _insert(tx: Tx, *, new: NewCustomer, suite_code: str) -> Customer | None:
    """The customer, or None when the code is taken."""
    customer = Customer(
        id=new_id(tx.now),
        suite_code=suite_code,
        name=new.name.strip(),
        email=None if new.email is None else new.email.strip(),
        phone=None if new.phone is None else new.phone.strip(),
        locale=new.locale or await queries.first_language(tx),
        created_at=tx.now,
    )
    written = await tx.execute(
        SQL["insert_customer"],
        customer_id=customer.id,
        suite_code=customer.suite_code,
        suite_compact=compact_suite_code(customer.suite_code),
        locale=customer.locale,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        name_key=name_key(new.name),
        phone_digits=phone_digits(new.phone or "") or None,
        now=tx.now,
    )
    if written == 0:
        return None
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name="customer.created",
        customer_id=customer.id,
        sequence=1,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode({"customer_id": customer.id, "suite_code": suite_code}),
    )
    return customer


async def set_suite_rule(tx: Tx, *, prefix: str, first_number: int) -> None:
    """Change the letters and the first number of suite codes made from now on."""
    await tx.execute(SQL["set_suite_rule"], prefix=prefix, first_number=first_number)
