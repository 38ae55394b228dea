"""The walls of the child process: resource limits and, on Linux x86-64, system call filters.

`limit` caps memory, CPU, file sizes and core dumps. `forbid_outside` then takes away network,
processes, signals and writing, so that the rule's package can still be imported; `seal` leaves
only what computing and answering need, so that nothing can be opened any more. Both are seccomp
filters (linux/seccomp.h, linux/filter.h); elsewhere only the limits hold and `seal` says so.
`read_only_below` lets an import read the folders of Python and its packages and no other file
(linux/landlock.h, since 5.13; these system calls have one number on every machine).
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_FILTER_MODE: Final = 2
_ARCH_X86_64: Final = 0xC000003E
_X32: Final = 0x40000000
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_FROM: Final = 0x35
_JUMP_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050001
"""Answer EPERM."""
_KILL: Final = 0x80000000
_WRITING: Final = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE."""
_OPEN, _OPENAT = 2, 257
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_PATH_BENEATH: Final = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3

# System calls of linux x86-64 that reach outside: network, processes, signals, limits, names of
# files, other processes' memory, kernel keys, namespaces, io_uring.
_OUTSIDE: Final = (
    41, 42, 43, 44, 46, 49, 50, 53, 56, 57, 58, 59, 62, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90,
    91, 92, 93, 94, 101, 132, 133, 155, 160, 161, 165, 166, 200, 234, 235, 248, 249, 250, 258,
    259, 260, 261, 263, 264, 265, 266, 268, 272, 280, 285, 288, 298, 302, 303, 304, 307, 308,
    310, 311, 316, 321, 322, 323, 425, 426, 427, 435, 437, 438,
)  # fmt: skip
# read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
# rt_sigreturn select sched_yield mremap madvise nanosleep getpid exit gettimeofday getrusage
# times sigaltstack gettid futex clock_gettime clock_getres clock_nanosleep exit_group getrandom
_COMPUTING: Final = (
    0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 23, 24, 25, 28, 35, 39, 60, 96, 98, 100, 131,
    186, 202, 228, 229, 230, 231, 318,
)  # fmt: skip


def limit(*, memory_bytes: int, cpu_s: int) -> None:
    """Caps that also hold where no filter does; the parent's death ends this process."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(kind, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def read_only_below(folders: Iterable[str]) -> bool:
    """No file outside these folders can be opened any more. False: the kernel has no landlock.

    Whatever is open stays open. A folder that is not there is left out.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    reading = struct.pack("Q", _READ_FILE | _READ_DIR)
    rules = libc.syscall(_LANDLOCK_CREATE, reading, ctypes.c_size_t(len(reading)), 0)
    if rules < 0:
        return False
    for folder in sorted(set(folders)):
        try:
            there = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        kind = _READ_FILE | (_READ_DIR if os.path.isdir(folder) else 0)
        below = struct.pack("=Qi", kind, there)
        added = libc.syscall(_LANDLOCK_ADD, rules, _PATH_BENEATH, below, 0)
        os.close(there)
        if added:
            os.close(rules)
            return False
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    held = libc.syscall(_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)
    return bool(held == 0)


def forbid_outside() -> bool:
    """No network, no processes, no writing; reading files is still allowed. False: no filter."""
    lines = [*_head(), (_JUMP_FROM, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for call in _OUTSIDE:
        lines += [(_JUMP_EQUAL, 0, 1, call), (_RETURN, 0, 0, _REFUSE)]
    for call, flags in ((_OPEN, 24), (_OPENAT, 32)):
        lines += [
            (_JUMP_EQUAL, 0, 4, call),
            (_LOAD, 0, 0, flags),
            (_JUMP_ANY_BIT, 0, 1, _WRITING),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    return _install([*lines, (_RETURN, 0, 0, _ALLOW)])


def seal() -> bool:
    """From now on only computing, and reading and writing what is open. False: no filter."""
    lines = _head()
    for call in _COMPUTING:
        lines += [(_JUMP_EQUAL, 0, 1, call), (_RETURN, 0, 0, _ALLOW)]
    return _install([*lines, (_RETURN, 0, 0, _REFUSE)])


def _head() -> list[tuple[int, int, int, int]]:
    """Kill on a foreign architecture, then load the call's number."""
    return [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, _ARCH_X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]


def _install(lines: list[tuple[int, int, int, int]]) -> bool:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    words = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(words))
    libc = ctypes.CDLL(None)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, program, 0, 0) == 0)
