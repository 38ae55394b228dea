"""What the API is wired with, and who is calling."""

from typing import Annotated, Generic, TypeVar

import msgspec
from litestar.params import Dependency

from entrepot.access.flow import Stamp
from entrepot.kernel.principals import ApiKey
from entrepot.platform.database import Database

MOST_BODY_BYTES = 1_048_576


class Caller(msgspec.Struct, frozen=True):
    """A proven caller and what identifies its request."""

    principal: ApiKey
    stamp: Stamp


CallerOf = Annotated[Caller, Dependency(skip_validation=True)]
DatabaseOf = Annotated[Database, Dependency(skip_validation=True)]

Row = TypeVar("Row")


class Listed(msgspec.Struct, Generic[Row], frozen=True):
    """A list as the API gives it; `next` is the cursor of the following page, if any."""

    items: list[Row]
    next: str | None = None
