"""Live carriers over the API: connections, whose credentials go in and never come out."""

from typing import Annotated

from litestar import get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, PathParameter

from entrepot.api.deps import CallerOf, DatabaseOf, Listed, LiveOf
from entrepot.carriers.connections import Connection, NewConnection, Switch
from entrepot.flows.connect_carrier import connect_carrier
from entrepot.flows.list_carrier_connections import list_carrier_connections
from entrepot.flows.switch_carrier import switch_carrier

CodePath = Annotated[str, PathParameter(pattern="^[a-z][a-z0-9_-]{0,39}$")]


@get("/carrier-connections", tags=["prices"])
async def get_connections(caller: CallerOf, db: DatabaseOf) -> Listed[Connection]:
    """The connections to live carriers, without their credentials."""
    return Listed(await list_carrier_connections(db, caller.principal))


@put("/carrier-connections/{code:str}", tags=["prices"])
async def put_connection(
    code: CodePath, data: JSONBody[NewConnection], caller: CallerOf, db: DatabaseOf, live: LiveOf
) -> Connection:
    """Connect a live carrier, or change its connection; without credentials it keeps its own."""
    return await connect_carrier(db, caller.principal, caller.stamp, code=code, new=data, live=live)


@put("/carrier-connections/{code:str}/switch", tags=["prices"])
async def put_switch(
    code: CodePath, data: JSONBody[Switch], caller: CallerOf, db: DatabaseOf
) -> Connection:
    """Ask a carrier for prices from now on, or no longer; all else of its connection stays."""
    return await switch_carrier(db, caller.principal, caller.stamp, code=code, to=data)


CARRIER_ROUTES: list[HTTPRouteHandler] = [get_connections, put_connection, put_switch]
