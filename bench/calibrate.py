"""How fast this machine is in this minute: a fixed Python loop."""

import time


def calibrate_python() -> float:
    """Seconds for a fixed loop of pure Python (best of three)."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        total = 0
        for i in range(400_000):
            total += i ^ (i >> 3)
        best = min(best, time.perf_counter() - start)
        assert total > 0
    return best
