"""Values of the parties room: customers as they are asked for and as they are shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta


class NewCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer to be. `locale`: a language tag like `zh-CN`; None is the tenant's first."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    email: Annotated[str, Meta(min_length=3, max_length=254)] | None = None
    phone: Annotated[str, Meta(min_length=4, max_length=40)] | None = None
    locale: Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$(?!\n)")] | None = None


class Customer(msgspec.Struct, frozen=True):
    """A customer. Personal fields are None after erasure."""

    id: UUID
    suite_code: str
    name: str | None
    email: str | None
    phone: str | None
    locale: str
    created_at: datetime


class CustomerBrief(msgspec.Struct, frozen=True):
    """Whose it is, in one line."""

    id: UUID
    name: str | None
    suite_code: str


class SuiteRule(msgspec.Struct, frozen=True):
    """How this tenant's suite codes look: letters, then that many digits, then a check digit."""

    prefix: str
    digits: int
    first_number: int


class NewSuiteRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How suite codes shall look from now on: `QG` and 104000 give `QG104000-…`."""

    prefix: Annotated[str, Meta(pattern=r"^[A-Z]{1,4}$(?!\n)")]
    first_number: Annotated[int, Meta(ge=0, le=999_999)]
