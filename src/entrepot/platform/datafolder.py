"""What lies in and works inside a PostgreSQL data folder: its pid file, its left-over processes."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path


class ServerTrouble(Exception):
    """The server could not be made, started or stopped; the message says why."""


def clear_left_over(folder: Path) -> None:
    """End what a crash left in the data folder, and wait until it is gone.

    A backend that computes survives its killed postmaster and bars the next start until it is
    done; all of them work inside the data folder, which is how they are found.
    """
    for sign, patience_s in ((signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
        until = time.monotonic() + patience_s
        left = _working_in(folder)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        while left and time.monotonic() < until:
            time.sleep(0.02)
            left = _working_in(folder)
        if not left:
            return
    raise ServerTrouble(f"processes {left} will not leave {folder}")


def _working_in(folder: Path) -> list[int]:
    """PostgreSQL's processes that work in `folder`; elsewhere than Linux, the postmaster."""
    proc = Path("/proc")
    if not (proc / "self" / "cwd").exists():
        return _postmaster_elsewhere(folder)
    target = str(folder.resolve())
    found = []
    for entry in proc.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                if os.readlink(entry / "cwd") == target and _is_postgres(entry):
                    found.append(int(entry.name))
    return found


def _is_postgres(entry: Path) -> bool:
    """Alive and PostgreSQL: not somebody's shell that happens to stand in the folder."""
    name, state = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
    return name == "postgres" and state.split()[0] != "Z"


def _postmaster_elsewhere(folder: Path) -> list[int]:
    lines = _pid_lines(folder)
    if not lines:
        return []
    listed = subprocess.run(
        ["ps", "-o", "comm=", "-p", lines[0]], capture_output=True, text=True, check=False
    )
    return [int(lines[0])] if "postgres" in listed.stdout else []


def _pid_lines(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def ready_port(folder: Path, pid: int | None) -> int | None:
    """The port when the server in `folder` (of this `pid`, if told) says that it is ready."""
    lines = _pid_lines(folder)
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    if pid is not None and lines[0].strip() != str(pid):
        return None
    return int(lines[3])


def memory_mb() -> int:
    """The memory that this process may use: the machine's, or what its group was allowed."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1_048_576
    try:
        allowed = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return whole
    return min(whole, int(allowed) // 1_048_576) if allowed.isdecimal() else whole


def buffers_mb(memory: int) -> int:
    """PostgreSQL's shared buffers where `memory` MB are to be had: a quarter, as its manual says
    (19.4.1), from 128 MB to 1 GB. Pages are taken when they are first used."""
    return min(1024, max(128, memory // 4))
