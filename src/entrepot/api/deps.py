"""What the API is wired with, and who is calling."""

from typing import Generic, TypeVar

import msgspec
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from entrepot.access.flow import Stamp
from entrepot.carriers.live import LiveDoor
from entrepot.kernel.principals import ApiKey
from entrepot.platform.database import Database
from entrepot.platform.secrets import SealingKey

MOST_BODY_BYTES = 1_048_576


class Caller(msgspec.Struct, frozen=True):
    """A proven caller and what identifies its request."""

    principal: ApiKey
    stamp: Stamp


CallerOf = SkipValidation[NamedDependency[Caller]]
SealingOf = SkipValidation[NamedDependency[SealingKey]]
LiveOf = SkipValidation[NamedDependency[LiveDoor]]
DatabaseOf = SkipValidation[NamedDependency[Database]]

Row = TypeVar("Row")


class Listed(msgspec.Struct, Generic[Row], frozen=True):
    """A list as the API gives it; `next` is the cursor of the following page, if any."""

    items: list[Row]
    next: str | None = None
