"""`entrepot rate --cards FILE REQUEST.json|-`: one request priced from a card file, no database.

Prints one JSON document: `{"lines", "total_minor", "currency"}` (exit 0), `{"excluded": code}`
(exit 3), or `{"errors": [{"path", "code", "message"}]}` when the cards or the request are wrong
(exit 2). With `--explain`, the price as the engine holds it: cards, versions, rows, weights.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from entrepot.carriers.rating.files import read_request, read_tariff
from entrepot.carriers.rating.pricing import rate as rate_request
from entrepot.carriers.rating.requests import Excluded
from entrepot.kernel.refusals import FieldError, Refusal

EXCLUDED, WRONG_INPUT = 3, 2


def rate(
    request: Annotated[str, typer.Argument(help="JSON file, or - for standard input")],
    cards: Annotated[Path, typer.Option(help="card file (JSON)")],
    explain: Annotated[bool, typer.Option(help="name cards, rows and weights")] = False,
) -> None:
    """Price one shipment on one service."""
    try:
        outcome = rate_request(
            read_tariff(read_bytes(str(cards))), read_request(read_bytes(request))
        )
    except Refusal as refusal:
        print_json({"errors": refusal.errors or [FieldError("", refusal.code, refusal.message)]})
        raise typer.Exit(WRONG_INPUT) from refusal
    if isinstance(outcome, Excluded):
        print_json(outcome if explain else {"excluded": outcome.code})
        raise typer.Exit(EXCLUDED)
    if explain:
        print_json(outcome)
        return
    lines = [{"code": line.code, "minor": line.minor} for line in outcome.lines]
    print_json({"lines": lines, "total_minor": outcome.total_minor, "currency": outcome.currency})


def read_bytes(name: str) -> bytes:
    """A file's bytes, or standard input for `-`. A missing file ends the command with 2."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        typer.echo(f"cannot read {name}: {error.strerror}", err=True)
        raise typer.Exit(WRONG_INPUT) from error


def print_json(value: Any) -> None:
    """One JSON document on one line of standard output."""
    typer.echo(msgspec.json.encode(value).decode())
