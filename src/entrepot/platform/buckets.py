"""Token buckets in this process: a coarse one for each peer address, one for each proven key.

The peer's bucket is charged before any cryptography, and a failed signature costs more than a
good one, so guessing is slow. A key's bucket is charged only after proof: a stranger who knows
a key id cannot use up its owner's rate.
"""

import time
from collections import OrderedDict

from entrepot.kernel.refusals import TooMany

_MOST_BUCKETS = 20_000
FAILURE_COSTS = 40


class Buckets:
    """`rate` tokens a second for each name, at most `burst` saved up."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def charge(self, name: str, cost: float = 1.0) -> None:
        """Take `cost` tokens; raises TooMany with the time to wait when the bucket is empty."""
        now = time.monotonic()
        level, at = self._levels.pop(name, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        if level < 1.0:
            self._levels[name] = (level, now)
            wait_s = max(1, round((1.0 - level) / self._rate))
            raise TooMany("more requests than agreed: slower, please", retry_after_s=wait_s)
        self._levels[name] = (level - cost, now)
        if len(self._levels) > _MOST_BUCKETS:
            self._levels.popitem(last=False)

    def fine(self, name: str, cost: float = FAILURE_COSTS) -> None:
        """Take tokens afterwards, for a request that turned out to be bad; never raises."""
        now = time.monotonic()
        level, at = self._levels.pop(name, (self._burst, now))
        level = min(self._burst, level + (now - at) * self._rate)
        self._levels[name] = (level - cost, now)
