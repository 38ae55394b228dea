"""Child processes of a launcher: started, watched, ended by the id they were started with."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import msgspec
import structlog

log = structlog.get_logger()

_PR_SET_PDEATHSIG = 1
_RESTART_WAIT_S = 0.5


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child(msgspec.Struct):
    """A process that is kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    not_before: float = 0.0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the launcher."""
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def tend(self) -> None:
        """Start it again when it died, a little later each time."""
        if self.process is None or self.process.poll() is None:
            return
        if self.not_before == 0.0:
            log.warning("child.died", child=self.name, code=self.process.returncode)
            self.not_before = time.monotonic() + min(5.0, _RESTART_WAIT_S * (1 + self.restarts))
        elif time.monotonic() >= self.not_before:
            self.restarts += 1
            self.not_before = 0.0
            self.start()

    def stop(self, *, wait_s: float = 8.0) -> None:
        """SIGTERM, and SIGKILL for what does not listen."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(wait_s)
