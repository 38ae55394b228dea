"""Lanes: who flies with whom, what bounds a flight, and that nobody is left waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from entrepot.kernel.refusals import TooMany
from entrepot.platform.batch import Lane


class Field:
    """Carries names, notes who flew with whom, and holds flights until they are let land."""

    def __init__(self, width: int = 1, **bounds: int) -> None:
        self.flights: list[list[str]] = []
        self.open = asyncio.Event()
        self.lane: Lane[str, str] = Lane(self.fly, width=width, **bounds)

    async def fly(self, names: Sequence[str]) -> Sequence[str]:
        """One outcome for each, its own name."""
        self.flights.append(list(names))
        await self.open.wait()
        await asyncio.sleep(0)
        return list(names)

    def go(self, name: str, things: int = 1, *once: str) -> asyncio.Task[str]:
        """Ask to be carried."""
        return asyncio.create_task(self.lane.carry(name, things=things, once=once))


async def landed(*tasks: asyncio.Task[str]) -> list[str]:
    return list(await asyncio.gather(*tasks))


async def test_who_waits_flies_together() -> None:
    field = Field()
    tasks = [field.go(name) for name in "abcd"]
    await asyncio.sleep(0)
    field.open.set()
    assert await landed(*tasks) == list("abcd")
    assert field.flights == [["a"], ["b", "c", "d"]]


async def test_flights_share_who_is_here() -> None:
    field = Field(width=2)
    tasks = [field.go(name) for name in "abcdefgh"]
    await asyncio.sleep(0)
    assert field.flights == [["a"], ["b"]], "two places, both taken at once"
    field.open.set()
    assert await landed(*tasks) == list("abcdefgh")
    # six waited and one flew when the first landed: four of seven, and the rest with the second
    assert field.flights[2:] == [["c", "d", "e", "f"], ["g", "h"]]


async def test_what_may_be_in_the_air_only_once_waits_for_its_like() -> None:
    field = Field(width=2)
    tasks = [field.go("first", 1, "key 1"), field.go("again", 1, "key 1"), field.go("other")]
    await asyncio.sleep(0)
    assert field.flights == [["first"]], "nobody passes who came before"
    field.open.set()
    assert await landed(*tasks) == ["first", "again", "other"]
    assert field.flights[1:] == [["again"], ["other"]]


async def test_two_of_a_kind_never_fly_in_one_flight() -> None:
    field = Field()
    tasks = [field.go("first"), field.go("one", 1, "key 1"), field.go("two", 1, "key 1")]
    tasks.append(field.go("three", 1, "key 2"))
    await asyncio.sleep(0)
    field.open.set()
    assert await landed(*tasks) == ["first", "one", "two", "three"]
    assert field.flights == [["first"], ["one", "three"], ["two"]]


async def test_a_large_member_delays_the_others_by_its_own_flight_alone() -> None:
    field = Field(things_most=8)
    sizes = [("first", 1), ("small 1", 2), ("large", 10_001), ("small 2", 2), ("small 3", 2)]
    tasks = [field.go(name, things) for name, things in sizes]
    await asyncio.sleep(0)
    field.open.set()
    assert await landed(*tasks) == [name for name, _ in sizes]
    assert field.flights == [["first"], ["small 1"], ["large"], ["small 2", "small 3"]]


async def test_a_flight_holds_no_more_things_than_it_may() -> None:
    field = Field(things_most=8)
    tasks = [field.go("first"), *(field.go(f"{n}", 3) for n in range(6))]
    await asyncio.sleep(0)
    field.open.set()
    await landed(*tasks)
    assert [len(names) for names in field.flights] == [1, 2, 2, 2]


async def test_who_landed_together_flies_together_again() -> None:
    field = Field()
    field.open.set()

    async def client(name: str) -> None:
        for _ in range(5):
            await field.lane.carry(name, things=1, once=())

    await asyncio.gather(*(client(name) for name in "abcdef"))
    assert sum(len(names) for names in field.flights) == 30
    assert [len(names) for names in field.flights[2:6]] == [6, 6, 6, 6]


async def test_whoever_is_waited_for_in_vain_holds_nobody_up() -> None:
    field = Field()
    tasks = [field.go(name) for name in "abcd"]
    await asyncio.sleep(0)
    field.open.set()
    await landed(*tasks)
    assert await landed(field.go("late")) == ["late"]
    assert field.flights[-1] == ["late"]


async def test_who_went_away_before_boarding_is_left_behind_and_holds_nobody_up() -> None:
    field = Field()
    tasks = [field.go(name, 1, f"key {name}") for name in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    field.open.set()
    assert await landed(tasks[0], tasks[2]) == ["a", "c"]
    assert field.flights == [["a"], ["c"]]


async def test_no_more_may_wait_than_there_is_room_for() -> None:
    field = Field(waiting_most=2)
    tasks = [field.go(name) for name in "abc"]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await field.go("d")
    field.open.set()
    assert await landed(*tasks) == list("abc")
