"""Pure decisions about customers: what makes a valid one."""

import re

import msgspec

from entrepot.kernel.principals import Principal, Shopper
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parties.persons import phone_digits
from entrepot.parties.suite_codes import is_suite_code
from entrepot.parties.types import Customer, NewCustomer

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]*\Z")


def check_new_customer(new: NewCustomer, suite_code: str | None) -> None:
    """Raises Invalid with everything that is wrong at once."""
    errors: list[FieldError] = []
    if not new.name.strip():
        errors.append(FieldError("name", "empty", "a name is needed"))
    if new.email is not None and not _EMAIL.match(new.email.strip()):
        errors.append(FieldError("email", "not_an_email", "this is no e-mail address"))
    if new.phone is not None and not (_PHONE.match(new.phone.strip()) and phone_digits(new.phone)):
        errors.append(FieldError("phone", "not_a_phone", "this is no phone number"))
    if suite_code is not None and not is_suite_code(suite_code):
        errors.append(FieldError("suite_code", "check_digit", "this suite code has a wrong digit"))
    if errors:
        raise Invalid("the customer cannot be created like this", errors=errors)


def may_see_contact(principal: Principal) -> bool:
    """Whether e-mail and phone may be shown: one's own, or with the permission for it."""
    return isinstance(principal, Shopper) or "customers:read_contact" in principal.permissions


def without_contact(customer: Customer) -> Customer:
    """The customer as people see who need a name and a suite code only."""
    return msgspec.structs.replace(customer, email=None, phone=None)
