"""Who reads events. A consumer's effect stands in one block with its `inbox` row.

`live` has no row to write: it tells listening pages which topics changed, after the blocks.
"""

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from entrepot.kernel.events import Event
from entrepot.platform.database import Tx

Effect = Callable[[Tx, Event], Awaitable[None]]


class Consumer(msgspec.Struct, frozen=True):
    """A reader of events. `names` None means every event."""

    name: str
    effect: Effect
    names: frozenset[str] | None = None

    def wants(self, event: Event) -> bool:
        """Whether this event is for it."""
        return self.names is None or event.name in self.names


class _Reach(msgspec.Struct, frozen=True):
    """The parts of any event's body that say whose page it changes."""

    customer_id: str | None = None
    warehouse: str | None = None


def topics_of(events: Iterable[Event]) -> list[str]:
    """The page topics that these events change: `customer:<id>` and `warehouse:<code>`."""
    topics: set[str] = set()
    for event in events:
        reach = msgspec.json.decode(event.body, type=_Reach)
        if reach.customer_id:
            topics.add(f"customer:{reach.customer_id}")
        if reach.warehouse:
            topics.add(f"warehouse:{reach.warehouse}")
    return sorted(topics)
