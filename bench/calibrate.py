"""How fast this machine is in this minute: a fixed Python loop and a fixed pgbench select."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from entrepot.platform.pools import Login


def calibrate_pgbench(programs: Path, login: Login) -> float:
    """Fixed selects a second over two connections, for two seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write("select sum(i) from generate_series(1, 100) as i;\n")
        script.flush()
        command = [
            str(programs / "pgbench"), "--no-vacuum", "--protocol=prepared", "--client=2",
            "--time=2", f"--file={script.name}", f"--host={login.host}", f"--port={login.port}",
            f"--username={login.user}", login.database,
        ]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "PGPASSWORD": login.password}, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
    return tps_of(done.stdout)


def tps_of(told: str) -> float:
    """The transactions a second that pgbench printed."""
    line = next(line for line in told.splitlines() if line.startswith("tps ="))
    return float(line.split()[2])


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
