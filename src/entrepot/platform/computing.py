"""Work that would hold up the event loop: done in a process beside, bytes in and bytes out.

One process for each application process, started at the first need. It ends with its parent.
"""

import asyncio
import ctypes
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.util import Finalize

from entrepot.kernel.refusals import Unavailable

_PR_SET_PDEATHSIG = 1
_pools: list[ProcessPoolExecutor] = []


async def compute(work: Callable[[bytes], bytes], given: bytes) -> bytes:
    """What `work` makes of the bytes; `work` is a plain function of a module.

    Raises what `work` raises, Unavailable when the process died under it.
    """
    pool = _pool()
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work, given)
    except BrokenProcessPool as error:
        if pool in _pools:
            _pools.remove(pool)
        raise Unavailable("the computing process has ended", retry_after_s=1) from error


def _pool() -> ProcessPoolExecutor:
    if not _pools:
        spawn = get_context("spawn")
        pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_die_with_parent)
        # A worker of the server is itself a process of multiprocessing: at its end it closes the
        # queues and waits for its children before anybody tells the pool to stop. So it is told
        # before (the queues' priority is 10).
        Finalize(pool, pool.shutdown, kwargs={"cancel_futures": True}, exitpriority=100)
        _pools.append(pool)
    return _pools[0]


def _die_with_parent() -> None:
    """Else a killed application would leave its computing process behind (Linux)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
