"""Answers that are files: how they are sent, and how the document tells of them."""

from dataclasses import dataclass

from litestar import Response
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass
class FileOperation(Operation):
    """An operation that answers a CSV or XLSX file."""

    def __post_init__(self) -> None:
        done = (self.responses or {}).get("200")
        if isinstance(done, OpenAPIResponse):
            text = OpenAPIMediaType(Schema(type=OpenAPIType.STRING))
            done.content = {media.partition(";")[0]: text for media in MEDIA.values()}


def file_response(made: bytes, *, name: str, form: str) -> Response[bytes]:
    """The file `name.form` to be kept."""
    said = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(made, media_type=MEDIA[form], headers=said)
