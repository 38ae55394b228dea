"""Operators: a link from the command line, a session in the control database, out at once."""

from datetime import timedelta

import pytest

from entrepot.access.operators import (
    IDLE,
    LINK_LASTS,
    disable_operator,
    enter_as_operator,
    find_operator,
    log_out_operator,
    make_operator_link,
)
from entrepot.kernel.refusals import NotFound
from entrepot.platform.clock import system_clock
from entrepot.platform.database import Database
from tests.access.house import House
from tests.postgres_fixture import InstalledServer


def control(server: InstalledServer, later: timedelta = timedelta()) -> Database:
    """The control plane's own way in, perhaps later."""
    return Database(server.plane.database.pools, lambda: system_clock() + later)


async def test_a_link_lets_an_operator_in_once(server: InstalledServer) -> None:
    db = control(server)
    link = await make_operator_link(db, name="ada")
    token, operator = await enter_as_operator(db, token=link, agent="UA")
    assert operator.name == "ada"
    found = await find_operator(db, token)
    assert found == operator
    with pytest.raises(NotFound):
        await enter_as_operator(db, token=link)
    await log_out_operator(db, token)
    assert await find_operator(db, token) is None


async def test_links_and_sessions_of_operators_end(server: InstalledServer) -> None:
    db = control(server)
    link = await make_operator_link(db, name="bert")
    with pytest.raises(NotFound):
        await enter_as_operator(control(server, LINK_LASTS + timedelta(seconds=1)), token=link)
    token, _ = await enter_as_operator(db, token=link)
    near = control(server, IDLE - timedelta(seconds=5))
    assert await find_operator(near, token) is not None
    assert await find_operator(control(server, IDLE + timedelta(minutes=5)), token) is not None
    far = control(server, 3 * IDLE)
    assert await find_operator(far, token) is None


async def test_a_disabled_operator_is_out_at_once(server: InstalledServer) -> None:
    db = control(server)
    token, _ = await enter_as_operator(db, token=await make_operator_link(db, name="carl"))
    open_link = await make_operator_link(db, name="carl")
    await disable_operator(db, name="carl")
    assert await find_operator(db, token) is None
    with pytest.raises(NotFound):
        await enter_as_operator(db, token=open_link)
    with pytest.raises(NotFound):
        await make_operator_link(db, name="carl")


@pytest.mark.parametrize("token", ["", "operator.", "operator.\ud800", "operator.\0", "x"])
async def test_any_text_is_no_operator(server: InstalledServer, token: str) -> None:
    db = control(server)
    assert await find_operator(db, token) is None
    with pytest.raises(NotFound):
        await enter_as_operator(db, token=token)


async def test_a_persons_token_is_no_operators(house: House) -> None:
    entered = await house.entered()
    assert await find_operator(control(house.server), entered.token) is None
