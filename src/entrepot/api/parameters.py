"""Parameters of addresses that several operations take."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

NodePath = Annotated[str, PathParameter(max_length=16)]
ChannelPath = Annotated[str, PathParameter(max_length=24)]

NodeQuery = Annotated[str, QueryParameter(min_length=1, max_length=16)]
SomeNode = Annotated[str | None, QueryParameter(max_length=16)]
SomeSku = Annotated[str | None, QueryParameter(max_length=40)]
SomeReference = Annotated[str | None, QueryParameter(max_length=80)]
Skus = Annotated[list[str], QueryParameter(name="sku", min_items=1, max_items=100)]
SomeSkus = Annotated[list[str] | None, QueryParameter(name="sku", max_items=100)]

Limit = Annotated[int, QueryParameter(ge=1, le=200)]
LongLimit = Annotated[int, QueryParameter(ge=1, le=1000)]
"""For lists whose rows are small."""
Cursor = Annotated[str | None, QueryParameter(max_length=600)]
