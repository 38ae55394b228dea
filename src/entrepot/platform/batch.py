"""Whole requests carried together: where a queue exists, a batch flies.

A lane carries members to one set-based statement, in at most `width` flights at a time. Who finds
a place and nobody waiting flies alone and at once. Who finds none waits; whoever lands takes
along its share of those who wait, in the order they came. So batches grow with the queue and with
nothing else, and while one flight is on the way the next is made ready.

Callers that were answered together tend to come again together. So after a flight of several the
lane waits a moment for as many as have just landed: otherwise the first to come back would fly
alone and all the others wait for it. Flights are bounded by members and by things, so that one
large member delays the others by its own flight and by no more.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, TypeVar

from entrepot.kernel.refusals import TooMany, Unavailable

T = TypeVar("T")
R = TypeVar("R")
GATHER_S = 0.001
"""How long a lane waits for those who have just landed: a fraction of a flight with its commit."""

Fly = Callable[[Sequence[T]], Awaitable[Sequence[R]]]
"""Carries members in one transaction; one outcome for each, in their order."""


class Member(Generic[T, R]):
    """One request on its way. `things` it changes; `once`: what may be in the air only once."""

    __slots__ = ("landed", "once", "things", "value")

    def __init__(self, value: T, things: int, once: Collection[str]) -> None:
        self.value = value
        self.things = things
        self.once = once
        self.landed: asyncio.Future[R] | None = None


class Lane(Generic[T, R]):
    """At most `width` flights at a time, of at most `most` members with `things_most` things
    together (a larger member flies alone); `waiting_most` may wait."""

    def __init__(
        self,
        fly: Fly[T, R],
        *,
        width: int = 2,
        most: int = 128,
        things_most: int = 1024,
        waiting_most: int = 2048,
    ) -> None:
        self._fly = fly
        self._width = width
        self._most = most
        self._things_most = things_most
        self._waiting_most = waiting_most
        self._waiting: deque[Member[T, R]] = deque()
        self._once: set[str] = set()
        self._flights = 0
        self._flying = 0
        self._expected = 0
        self._gathering: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry(self, value: T, *, things: int, once: Collection[str]) -> R:
        """The outcome of this member, which changes so many things, flown alone or with others.

        Raises what its own flight raises; TooMany when too many wait already.
        """
        member: Member[T, R] = Member(value, things, once)
        if (
            self._flights < self._width
            and self._gathering is None
            and not self._waiting
            and self._once.isdisjoint(once)
        ):
            self._once.update(once)
            self._take_off(1)
            try:
                return (await self._fly([value]))[0]
            finally:
                self._land([member])
        if len(self._waiting) >= self._waiting_most:
            raise TooMany("too many requests wait for the same things", retry_after_s=1)
        member.landed = asyncio.get_running_loop().create_future()
        self._waiting.append(member)
        if self._gathering is not None and len(self._waiting) >= self._expected:
            self._depart()
        return await member.landed

    def _gather(self, landed: int) -> None:
        """Depart when those who have just landed are back, or when the moment is over."""
        self._expected = min(landed + len(self._waiting), self._most)
        if landed == 1 or len(self._waiting) >= self._expected:
            self._depart()
        elif self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_S, self._depart)

    def _depart(self) -> None:
        """Let fly who waits and may."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        while self._waiting and self._flights < self._width:
            members = self._boarding()
            if not members:
                return
            self._take_off(len(members))
            task = asyncio.create_task(self._flight(members))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _boarding(self) -> list[Member[T, R]]:
        """Who flies next, in order: a fair share of all who are here, as far as there is room."""
        here = len(self._waiting) + self._flying
        most = min(self._most, -(-here // self._width))
        room = self._things_most
        members: list[Member[T, R]] = []
        stay: list[Member[T, R]] = []
        while self._waiting and len(members) < most:
            member = self._waiting[0]
            if members and member.things > room:
                break
            self._waiting.popleft()
            if member.landed is not None and member.landed.done():
                continue  # its caller went away before anything was tried
            if self._once.isdisjoint(member.once):
                self._once.update(member.once)
                room -= member.things
                members.append(member)
            else:
                stay.append(member)
        self._waiting.extendleft(reversed(stay))
        return members

    def _take_off(self, members: int) -> None:
        self._flights += 1
        self._flying += members

    def _land(self, members: Sequence[Member[T, R]]) -> None:
        self._flights -= 1
        self._flying -= len(members)
        for member in members:
            self._once.difference_update(member.once)
        self._gather(len(members))

    async def _flight(self, members: list[Member[T, R]]) -> None:
        try:
            outcomes = await self._fly([member.value for member in members])
        except BaseException as error:
            if len(members) > 1 and _somebodys_own(error):
                await self._each_alone(members)
                self._land(members)
                return
            self._land(members)
            for member in members:
                _fail(member, error)
            if not isinstance(error, Exception):
                raise
            return
        self._land(members)
        for member, outcome in zip(members, outcomes, strict=True):
            if member.landed is not None and not member.landed.done():
                member.landed.set_result(outcome)

    async def _each_alone(self, members: Sequence[Member[T, R]]) -> None:
        """Somebody broke the batch, nothing of it was kept: everybody again, alone."""
        for member in members:
            try:
                outcome = (await self._fly([member.value]))[0]
            except Exception as error:  # noqa: BLE001 - told to the member it belongs to
                _fail(member, error)
            else:
                if member.landed is not None and not member.landed.done():
                    member.landed.set_result(outcome)


def _somebodys_own(error: BaseException) -> bool:
    """Whether one member may be the reason; an outage concerns them all."""
    return isinstance(error, Exception) and not isinstance(error, Unavailable | TooMany)


def _fail(member: Member[T, R], error: BaseException) -> None:
    if member.landed is not None and not member.landed.done():
        member.landed.set_exception(error)
