"""What the routing commands say on standard error, and how they read files."""

import os
from typing import Final

import typer

from entrepot.kernel.refusals import Refusal
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import read_policy
from entrepot.routing.policy.parsing import parse_policy
from entrepot.routing.policy.shelf import from_shelf, names_on

BAD_INPUT: Final = 2
INFEASIBLE: Final = 3
MOST_BYTES: Final = 128 * 1024 * 1024


def complain(refusal: Refusal) -> None:
    """Every mistake on a line of its own: path, message, code."""
    typer.echo(f"{refusal.message} ({refusal.code})", err=True)
    for error in refusal.errors:
        typer.echo(f"{error.path or '(document)'}: {error.message} ({error.code})", err=True)


def read_bytes(file: str) -> bytes:
    """A file's bytes, at most one more than may be read. Raises BadParameter (exit 2)."""
    try:
        with open(file, "rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def read_policy_file(file: str) -> Policy:
    """A policy from a file, as JSON or as text, or one of the shelf by its name.

    Raises what reading a policy raises.
    """
    if not os.path.exists(file) and file in (*names_on("packs"), *names_on("strategies")):
        return from_shelf(file)
    raw = read_bytes(file)
    if raw.lstrip().startswith(b"{"):
        return read_policy(raw)
    return parse_policy(raw.decode("utf-8", errors="replace"))
