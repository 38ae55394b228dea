"""The HTTP side of asking an allocator: one POST through the one way out."""

import asyncio
from functools import partial
from typing import Final

from entrepot.platform.outgoing import Outgoing
from entrepot.routing.allocators.asking import Declined, Post

DEADLINE_S: Final = 2.0
MOST_BYTES: Final = 32 * 1024 * 1024


def post_to(url: str, *, deadline_s: float = DEADLINE_S, loopback: bool = False) -> Post:
    """A way to post problems to `url`; `loopback` lets it be on this machine."""
    return partial(_post, url, deadline_s, Outgoing(loopback=loopback))


def _post(url: str, deadline_s: float, outgoing: Outgoing, problem: bytes) -> bytes:
    answer = asyncio.run(
        outgoing.fetch(
            url,
            method="POST",
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            body=problem,
            timeout_s=deadline_s,
            most_bytes=MOST_BYTES,
        )
    )
    if answer.status != 200:
        raise Declined(f"status {answer.status}")
    return answer.body
