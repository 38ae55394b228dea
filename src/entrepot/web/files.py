"""Answers that are files, to be kept by who reads."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from litestar import Response

from entrepot.platform.sheets import write_csv
from entrepot.web.answers import HEADERS

Kind = Literal["csv", "xlsx"]
_MEDIA: dict[Kind, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def kind_of(form: str) -> Kind:
    """The kind of file that an address asks for: CSV unless it says otherwise."""
    return "xlsx" if form == "xlsx" else "csv"


def file_answer(made: bytes, *, name: str, kind: Kind) -> Response[bytes]:
    """The file `name.kind`."""
    said = {"content-disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(made, media_type=_MEDIA[kind], headers=HEADERS | said)


def csv_file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> Response[bytes]:
    """A table as a file; moments as ISO 8601."""
    made = write_csv(columns, [[_cell(cell) for cell in row] for row in rows])
    return file_answer(made, name=name, kind="csv")


def _cell(cell: object) -> str | int | None:
    if isinstance(cell, datetime):
        return cell.isoformat()
    return cell if cell is None or isinstance(cell, int) else str(cell)
