"""The worker process."""

import asyncio
import signal

import structlog

from entrepot.app.wiring import open_house
from entrepot.jobs.worker import Worker
from entrepot.platform.settings import Settings

log = structlog.get_logger()

STOP_S = 6.0
"""How long the token at hand may take to finish; afterwards another worker leases it again."""


async def work(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; what is under way is finished or leased again later."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_house(settings) as house:
        worker = Worker(
            house.database,
            house.live,
            consumers=[],
            tenants=house.active_tenants,
            sealing=house.key,
        )
        running = asyncio.create_task(worker.run())
        stopping = asyncio.create_task(stop.wait())
        log.info("worker.started")
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        worker.stop()
        await asyncio.wait_for(running, STOP_S)
        log.info("worker.stopped")
