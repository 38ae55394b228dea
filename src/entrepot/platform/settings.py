"""Settings come from the environment and nowhere else; every name begins with ENTREPOT_."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How this installation runs.

    `home` holds the embedded database, keys and demo.json; `port` is the page port;
    `database_url` points at an external PostgreSQL superuser or bootstrap login instead of the
    embedded one; `env` is development, test, demo or production; `kek_file` holds the 32-byte
    key-encryption key; `clock_file` shifts the clock and is obeyed only when `env` is test;
    `own_authorities` are the hosts (with port, unless it is the scheme's own) that this
    installation answers to besides loopback. X-Forwarded-Host is never believed.
    `outgoing_loopback` lets requests to others go to this machine: tests and demos only.
    """

    home: Path
    port: int = 8080
    database_url: str | None = None
    env: str = "development"
    kek_file: Path | None = None
    clock_file: Path | None = None
    connection_budget: int = 60
    in_flight_per_tenant: int = 24
    own_authorities: frozenset[str] = frozenset()
    outgoing_loopback: bool = False

    @property
    def key_file(self) -> Path:
        """Where the key-encryption key lies."""
        return self.kek_file or self.home / "kek"

    @property
    def authorities(self) -> frozenset[str]:
        """Every authority that a signed request may name."""
        local = {f"{host}:{self.port}" for host in ("127.0.0.1", "localhost", "[::1]")}
        return self.own_authorities | local


class SettingsError(Exception):
    """The environment is wrong; the message lists every problem at once."""


_ENVIRONMENTS = ("development", "test", "demo", "production")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises SettingsError naming every wrong variable."""
    wrong: list[str] = []

    def whole(name: str, default: int, low: int, high: int) -> int:
        text = environ.get(name, str(default))
        if text.isdecimal() and low <= int(text) <= high:
            return int(text)
        wrong.append(f"{name} must be a whole number from {low} to {high}, not {text!r}")
        return default

    env = environ.get("ENTREPOT_ENV", "development")
    if env not in _ENVIRONMENTS:
        wrong.append(f"ENTREPOT_ENV must be one of {', '.join(_ENVIRONMENTS)}, not {env!r}")
    url = environ.get("ENTREPOT_DATABASE_URL") or None
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        wrong.append("ENTREPOT_DATABASE_URL must begin with postgresql://")
    loopback = environ.get("ENTREPOT_OUTGOING_LOOPBACK", "") or "0"
    if loopback not in ("0", "1") or (loopback == "1" and env not in ("test", "demo")):
        wrong.append("ENTREPOT_OUTGOING_LOOPBACK is 0, or 1 where ENTREPOT_ENV is test or demo")
    settings = Settings(
        home=Path(environ.get("ENTREPOT_HOME", ".entrepot")).absolute(),
        port=whole("ENTREPOT_PORT", 8080, 1, 65535),
        database_url=url,
        env=env,
        kek_file=_path(environ.get("ENTREPOT_KEK_FILE")),
        clock_file=_path(environ.get("ENTREPOT_CLOCK_FILE")),
        connection_budget=whole("ENTREPOT_CONNECTION_BUDGET", 60, 2, 5000),
        in_flight_per_tenant=whole("ENTREPOT_IN_FLIGHT_PER_TENANT", 24, 1, 1000),
        own_authorities=_names(environ.get("ENTREPOT_AUTHORITIES", "")),
        outgoing_loopback=loopback == "1",
    )
    if wrong:
        raise SettingsError("; ".join(wrong))
    return settings


def _path(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())
