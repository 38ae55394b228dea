"""Asks one rule about orders, in a child process that it may kill at any moment.

    start (memory, CPU) -> card -> facts -> verdict -> checked -> facts -> ...
                     \\___ deadline, end of pipe, nonsense ___> killed; the outcome says why

The parent never waits without a deadline, never reads more than `Limits.answer_bytes`, and
believes nothing that it has not checked. A rule that fails on one order is started again for the
next; after `Limits.failures` failures it is not asked any more.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from entrepot.routing.engine.format import Order, Problem
from entrepot.routing.plugins.catalogue import Installed
from entrepot.routing.plugins.frames import LENGTH, Ask, Failed, Judged, Loaded, Start, pack
from entrepot.routing.plugins.outcomes import Failure, RuleOutcome
from entrepot.routing.plugins.patching import nonsense_in
from entrepot.routing.plugins.viewing import facts_of

T = TypeVar("T")
_LOADED: msgspec.msgpack.Decoder[Loaded | Failed] = msgspec.msgpack.Decoder(Loaded | Failed)
_JUDGED: msgspec.msgpack.Decoder[Judged | Failed] = msgspec.msgpack.Decoder(Judged | Failed)
_TOLD: dict[str, Failure] = {
    "load_failed": "load_failed",
    "out_of_memory": "out_of_memory",
    "raised": "raised",
    "nonsense": "nonsense",
}


class Limits(msgspec.Struct, frozen=True):
    """What a rule may use: wall seconds to load and per order, CPU seconds of a child's life,
    bytes of memory and of an answer, failures before it is given up."""

    load_s: float = 10.0
    order_s: float = 1.0
    cpu_s: int = 10
    memory_bytes: int = 256 * 1024 * 1024
    answer_bytes: int = 1024 * 1024
    failures: int = 3


class Stopped(Exception):
    """The child had to be given up on: why, and what was seen."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(failure)
        self.failure: Failure = failure
        self.detail = detail


class RuleRunner:
    """One rule and its child process; use as a context manager.

    On Linux the child dies with the thread that asked first (PR_SET_PDEATHSIG): keep to one.
    """

    def __init__(self, rule: Installed, limits: Limits | None = None) -> None:
        self.rule = rule
        self.limits = limits or Limits()
        self._child: subprocess.Popen[bytes] | None = None
        self._card: Loaded | None = None
        self._failures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill()

    def judge(self, problem: Problem, order: Order) -> RuleOutcome:
        """The rule's checked say on an order of this problem. Never raises, never hangs."""
        if self._failures >= self.limits.failures:
            return self._outcome("given_up", f"failed {self._failures} times")
        try:
            card = self._started()
            frame = pack(Ask(facts_of(problem, order, card.inputs)))
            answer = self._exchange(frame, self.limits.order_s, _JUDGED.decode)
            if isinstance(answer, Failed):
                raise Stopped(_TOLD.get(answer.code, "nonsense"), answer.detail[:200])
            wrong = nonsense_in(problem, answer.verdict)
            if wrong is not None:
                raise Stopped("nonsense", wrong)
        except Stopped as stopped:
            self._failures += 1
            self._kill()
            return self._outcome(stopped.failure, stopped.detail)
        if answer.cpu_s > self.limits.cpu_s / 2:
            self._kill()
        outcome = self._outcome(None, "")
        return msgspec.structs.replace(
            outcome, masks=answer.verdict.masks, charges=answer.verdict.charges
        )

    def card(self) -> RuleOutcome:
        """What the rule says of itself, or why it cannot be loaded."""
        try:
            self._started()
        except Stopped as stopped:
            self._kill()
            return self._outcome(stopped.failure, stopped.detail)
        return self._outcome(None, "")

    def _outcome(self, failure: Failure | None, detail: str) -> RuleOutcome:
        rule, card = self.rule, self._card
        bare = RuleOutcome(
            rule.name, rule.package, rule.package_version, failure=failure, detail=detail
        )
        if card is None:
            return bare
        return msgspec.structs.replace(
            bare, version=card.version, owner=card.owner, inputs=card.inputs, sealed=card.sealed
        )

    def _started(self) -> Loaded:
        if self._child is not None and self._card is not None:
            return self._card
        self._child = subprocess.Popen(
            [sys.executable, "-s", "-P", "-m", "entrepot.routing.plugins.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={
                "PYTHONPATH": os.pathsep.join(os.path.abspath(part) for part in sys.path if part),
                "PYTHONHASHSEED": "0",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            close_fds=True,
            start_new_session=True,
            bufsize=0,
        )
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        limits = self.limits
        frame = pack(Start(self.rule.entry, limits.memory_bytes, limits.cpu_s))
        answer = self._exchange(frame, limits.load_s, _LOADED.decode)
        if isinstance(answer, Failed):
            raise Stopped("load_failed", answer.detail[:200])
        self._card = answer
        return answer

    def _exchange(self, frame: bytes, within_s: float, decode: Callable[[bytes], T]) -> T:
        """Send a frame and take the answer before the deadline; Stopped when there is none."""
        deadline = time.monotonic() + within_s
        self._send(frame, deadline)
        size = LENGTH.unpack(self._receive(LENGTH.size, deadline))[0]
        if size > self.limits.answer_bytes:
            raise Stopped("too_large", f"{size} bytes")
        body = self._receive(size, deadline)
        try:
            return decode(body)
        except msgspec.MsgspecError as error:
            raise Stopped("nonsense", str(error)[:200]) from None

    def _send(self, frame: bytes, deadline: float) -> None:
        pipe = self._pipe(0)
        view = memoryview(frame)
        while view:
            if not _ready(pipe, select.POLLOUT, deadline):
                raise Stopped("too_slow", "took no input")
            try:
                view = view[os.write(pipe, view) :]
            except BrokenPipeError:
                raise self._died() from None

    def _receive(self, size: int, deadline: float) -> bytes:
        pipe = self._pipe(1)
        parts = bytearray()
        while len(parts) < size:
            if not _ready(pipe, select.POLLIN, deadline):
                raise Stopped("too_slow", "no answer before the deadline")
            part = os.read(pipe, size - len(parts))
            if not part:
                raise self._died()
            parts += part
        return bytes(parts)

    def _pipe(self, number: int) -> int:
        child = self._child
        pipe = None if child is None else (child.stdin, child.stdout)[number]
        if pipe is None:
            raise Stopped("crashed", "no child")
        return pipe.fileno()

    def _died(self) -> Stopped:
        """Why the child's end of the pipe is closed."""
        self._signal()
        code = self._child.wait() if self._child is not None else 0
        if code == -signal.SIGXCPU:
            return Stopped("cpu_limit", f"{self.limits.cpu_s} s")
        return Stopped("crashed", f"ended with {code}")

    def _signal(self) -> None:
        """Give a child that has closed its pipe a moment to be dead by its own cause."""
        if self._child is None:
            return
        try:
            self._child.wait(0.5)
        except subprocess.TimeoutExpired:
            self._child.kill()

    def _kill(self) -> None:
        """End the child, and close what led to it. Its card stays known for outcomes."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _ready(pipe: int, event: int, deadline: float) -> bool:
    """Whether the pipe can be read or written, or has been closed, before the deadline."""
    poll = select.poll()
    poll.register(pipe, event)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
