"""Work in the process beside: the same answer, the loop goes on, a death is told and healed."""

import asyncio
import os
import time
from multiprocessing import get_context

import pytest

from entrepot.kernel.refusals import Unavailable
from entrepot.platform.computing import compute


def spin(given: bytes) -> bytes:
    until = time.monotonic() + float(given)
    while time.monotonic() < until:
        pass
    return str(os.getpid()).encode()


def end(given: bytes) -> bytes:
    os._exit(int(given))


def refuse(given: bytes) -> bytes:
    raise ValueError(given.decode())


def serve_once() -> None:
    """What a server's own worker process does: compute something, then end."""
    asyncio.run(compute(spin, b"0"))


def test_a_worker_process_that_has_computed_can_end() -> None:
    worker = get_context("spawn").Process(target=serve_once)
    worker.start()
    worker.join(30)
    ended = worker.exitcode
    if worker.is_alive():
        worker.kill()
        worker.join()
    assert ended == 0


async def test_the_loop_goes_on_while_another_process_computes() -> None:
    await compute(spin, b"0")
    longest, last, done = 0.0, time.monotonic(), asyncio.create_task(compute(spin, b"1.2"))
    while not done.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert int(await done) != os.getpid()
    assert longest < 1.0


async def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="no such box"):
        await compute(refuse, b"no such box")


async def test_a_process_that_dies_is_replaced() -> None:
    with pytest.raises(Unavailable):
        await compute(end, b"3")
    assert int(await compute(spin, b"0")) > 0
