"""The lines that a measurement prints."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence

from bench.calibrate import calibrate_python


def machine() -> str:
    """Cores and architecture; no names of hosts."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def emit(
    name: str,
    *,
    unit: str,
    ours: float,
    ratio: float,
    rounds: int,
    must: float | None = None,
    aim: float | None = None,
    limit: float | None = None,
    peer: float | None = None,
    note: str = "",
    pgbench_select_tps: float | None = None,
) -> None:
    """Print one measurement; `ratio` is ours against the peer or the limit."""
    line: dict[str, object] = {"bench": name, "unit": unit, "ours": _round(ours)}
    if peer is not None:
        line["peer"] = _round(peer)
    if limit is not None:
        line["limit"] = _round(limit)
    line |= {"ratio": _round(ratio), "rounds": rounds, "must": must, "aim": aim}
    calibration = {"python_loop_s": _round(calibrate_python())}
    if pgbench_select_tps is not None:
        calibration["pgbench_select_tps"] = _round(pgbench_select_tps)
    line["calibration"] = calibration
    line |= {"machine": machine(), "load": _round(os.getloadavg()[0])}
    if note:
        line["note"] = note
    json.dump(line, sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()


def alternating(
    ours: Callable[[], float], peer: Callable[[], float], *, rounds: int
) -> tuple[float, float, float]:
    """Median of ours, of the peer, and of the ratio pair by pair; the two in turn."""
    pairs: list[tuple[float, float]] = []
    for turn in range(rounds):
        first, second = (ours, peer) if turn % 2 == 0 else (peer, ours)
        a, b = first(), second()
        pairs.append((a, b) if turn % 2 == 0 else (b, a))
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def _round(value: float) -> float:
    return float(f"{value:.4g}")
