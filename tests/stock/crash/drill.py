"""One run of the crash drill: clients and kills beside each other, an observer, then the books."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.stock.crash.books import faults_of
from tests.stock.crash.clients import Clients
from tests.stock.crash.house import HEALTHY_WITHIN_S, House

_LOOKS_WITHIN_S = 60.0
VICTIMS = ("app", "backend", "postgres", "worker", "backend", "app")


class Report(msgspec.Struct):
    """What one run found and how much it did."""

    seed: int
    faults: list[str]
    operations: int
    unsure: int
    tries_most: int
    kills: dict[str, int]
    unhealthy_most_s: float
    looks: int
    seconds: float
    done: dict[str, int]


async def run(house: House, seed: int, *, operations: int, kills: int) -> Report:
    """Operations by eight clients while processes die; a run ends when both are through."""
    folder = house.installation.home
    told, seen = folder / f"told-{seed}", folder / f"seen-{seed}"
    dice = random.Random(seed)
    clients = Clients(house, random.Random(dice.random()), operations, told)
    began = time.monotonic()
    with observed(house, told, seen):
        await asyncio.to_thread(_looks, seen)
        clients.killing = True
        working = asyncio.create_task(clients.work())
        try:
            killed, slowest = await _kill(house, random.Random(dice.random()), kills)
        finally:
            clients.killing = False
        await working
        # a last look, with everything told
        await asyncio.sleep(0.5)
    await asyncio.to_thread(house.installation.wait, HEALTHY_WITHIN_S)
    notes = seen.read_text().splitlines() if seen.exists() else []
    looks = notes.count("looked")
    found = sorted({f"seen: {note}" for note in notes if note != "looked"})
    return Report(
        seed, found + await faults_of(house, clients), len(clients.deeds), clients.unsure,
        max(deed.tries for deed in clients.deeds), killed, round(slowest, 2), looks,
        round(time.monotonic() - began, 1),
        clients.counted(),
    )  # fmt: skip


def _looks(seen: Path) -> None:
    """Wait for the observer's first look."""
    until = time.monotonic() + _LOOKS_WITHIN_S
    while not seen.exists():
        if time.monotonic() > until:
            raise AssertionError("the observer does not look")
        time.sleep(0.05)


async def _kill(house: House, dice: random.Random, kills: int) -> tuple[dict[str, int], float]:
    """kill -9, each time when all is well again: how many of what, and the longest illness."""
    killed: dict[str, int] = {}
    slowest = 0.0
    order = [VICTIMS[n % len(VICTIMS)] for n in range(kills)]
    dice.shuffle(order)
    for what in order:
        await asyncio.sleep(dice.uniform(0.3, 0.9))
        if await asyncio.to_thread(house.installation.kill, what, dice, house.database):
            killed[what] = killed.get(what, 0) + 1
            await asyncio.sleep(0.05)
            ill = await asyncio.to_thread(house.installation.wait, HEALTHY_WITHIN_S)
            slowest = max(slowest, ill)
    return killed, slowest


@contextmanager
def observed(house: House, told: Path, seen: Path) -> Iterator[None]:
    """The observer in a process of its own."""
    home = str(house.installation.home)
    command = [sys.executable, "-m", "tests.stock.crash.observer"]
    with (house.installation.home / "observer.log").open("ab") as log:
        looking = subprocess.Popen(
            [*command, home, house.stock.tenant.slug, str(told), str(seen)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield
        if looking.poll() is not None:
            said = (house.installation.home / "observer.log").read_text()
            raise AssertionError(f"the observer has died: {said[-2000:]}")
    finally:
        looking.terminate()
        looking.wait(10)
