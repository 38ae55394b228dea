"""`entrepot pack FILE|-`: pieces into cartons, without a database.

The document: `{"cartons": [...], "pieces": [{"id","mm","g","fragile"?,"upright"?}], "together"?,
"apart"?, "support_permille"?}`, cartons as in the demo's catalogue. Prints one JSON document: the
cartons with what lies where, and what is left over (exit 3 when anything is), or
`{"errors": [{"path","code","message"}]}` (exit 2).
"""

from typing import Annotated

import typer

from entrepot.cli.rate import EXCLUDED, WRONG_INPUT, print_json, read_bytes
from entrepot.consolidation.packing.choosing import pack as pack_pieces
from entrepot.consolidation.packing.files import read_pack_request
from entrepot.kernel.refusals import FieldError, Refusal


def pack(
    request: Annotated[str, typer.Argument(help="JSON file, or - for standard input")],
) -> None:
    """Put pieces into cartons."""
    try:
        wanted = read_pack_request(read_bytes(request))
    except Refusal as refusal:
        print_json({"errors": refusal.errors or [FieldError("", refusal.code, refusal.message)]})
        raise typer.Exit(WRONG_INPUT) from refusal
    packing = pack_pieces(wanted)
    print_json(packing)
    if packing.left:
        raise typer.Exit(EXCLUDED)
