"""What the public calculator can be asked, for a visitor who is nobody yet."""

from datetime import date

import msgspec

from entrepot.access.flow import query
from entrepot.carriers import calculator, queries
from entrepot.carriers.calculator import Choices, Offering
from entrepot.kernel.calendars import local_day
from entrepot.kernel.principals import Visitor
from entrepot.kernel.refusals import Conflict
from entrepot.platform.database import ReadTx


class CalculatorForm(msgspec.Struct, frozen=True):
    """The nodes to choose from, the one that is chosen, today there, and what it offers."""

    nodes: tuple[Offering, ...]
    node: str
    today: date
    choices: Choices


@query(permission="calculator:use", callers=(Visitor,))
async def open_calculator(tx: ReadTx, *, node: str | None = None) -> CalculatorForm:
    """The form for a node, or for the first that offers anything; an unknown one is the first
    too. Raises Conflict (`no_tariff`) where there are no prices yet."""
    nodes = await calculator.list_offering(tx)
    if not nodes:
        raise Conflict("no prices have been imported yet", code="no_tariff")
    chosen = next((one for one in nodes if one.code == node), nodes[0])
    tariff = await queries.load_tariff(tx, warehouse=chosen.code)
    return CalculatorForm(
        nodes=tuple(nodes),
        node=chosen.code,
        today=local_day(tx.now, chosen.zone),
        choices=calculator.choices_of(tariff),
    )
