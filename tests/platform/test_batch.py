"""Lanes: who flies with whom, what bounds a flight, and that nobody is left waiting."""

import asyncio
from collections.abc import Sequence

from entrepot.platform.batch import Lane

NOBODY: frozenset[str] = frozenset()


class Field:
    """Carries names, notes who flew with whom, and holds flights until they are let land."""

    def __init__(self, **bounds: int) -> None:
        self.flights: list[list[str]] = []
        self.open = asyncio.Event()
        self.lane: Lane[str, str] = Lane(self.fly, width=1, **bounds)

    async def fly(self, names: Sequence[str]) -> Sequence[str]:
        """One outcome for each, its own name."""
        self.flights.append(list(names))
        await self.open.wait()
        await asyncio.sleep(0)
        return list(names)

    def go(self, name: str, *things: str) -> asyncio.Task[str]:
        """Ask to be carried."""
        asked = self.lane.carry(name, things=frozenset(things), once=NOBODY)
        return asyncio.create_task(asked)


async def landed(*tasks: asyncio.Task[str]) -> list[str]:
    return list(await asyncio.gather(*tasks))


async def test_who_waits_for_the_same_thing_flies_together() -> None:
    field = Field()
    tasks = [field.go(name, "hot") for name in "abcd"]
    await asyncio.sleep(0)
    field.open.set()
    assert await landed(*tasks) == list("abcd")
    assert field.flights == [["a"], ["b", "c", "d"]]


async def test_a_large_member_delays_the_others_by_its_own_flight_alone() -> None:
    field = Field(things_most=8)
    crowd = [f"thing {n}" for n in range(10_000)]
    names = ["first", "small 1", "large", "small 2", "small 3"]
    wants = [["hot"], ["hot", "one"], ["hot", *crowd], ["hot", "two"], ["hot", "three"]]
    tasks = [field.go(name, *things) for name, things in zip(names, wants, strict=True)]
    await asyncio.sleep(0)
    field.open.set()
    assert await landed(*tasks) == names
    assert field.flights == [["first"], ["small 1"], ["large"], ["small 2", "small 3"]]


async def test_small_members_that_need_nothing_of_the_large_one_pass_it() -> None:
    field = Field(things_most=8)
    crowd = [f"thing {n}" for n in range(10_000)]
    tasks = [
        field.go("first", "hot"), field.go("small 1", "hot"), field.go("large", *crowd),
        field.go("small 2", "hot"),
    ]  # fmt: skip
    await asyncio.sleep(0)
    field.open.set()
    await landed(*tasks)
    assert field.flights == [["first"], ["small 1", "small 2"], ["large"]]


async def test_a_flight_holds_no_more_things_than_it_may() -> None:
    field = Field(things_most=8)
    tasks = [field.go("first", "hot")]
    tasks += [field.go(f"{n}", "hot", f"a{n}", f"b{n}") for n in range(6)]
    await asyncio.sleep(0)
    field.open.set()
    await landed(*tasks)
    assert [len(names) for names in field.flights] == [1, 2, 2, 2]


async def test_who_landed_together_flies_together_again() -> None:
    field = Field()
    field.open.set()

    async def client(name: str) -> None:
        for _ in range(5):
            await field.lane.carry(name, things=frozenset({"hot"}), once=NOBODY)

    await asyncio.gather(*(client(name) for name in "abcdef"))
    assert sum(len(names) for names in field.flights) == 30
    assert [len(names) for names in field.flights[2:6]] == [6, 6, 6, 6]


async def test_whoever_is_waited_for_in_vain_holds_nobody_up() -> None:
    field = Field()
    tasks = [field.go(name, "hot") for name in "abcd"]
    await asyncio.sleep(0)
    field.open.set()
    await landed(*tasks)
    assert await landed(field.go("late", "hot")) == ["late"]
    assert field.flights[-1] == ["late"]
