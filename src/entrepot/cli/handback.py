"""`entrepot route handback`: unreleased orders decided once more together with new ones."""

import sys
from typing import Annotated

import msgspec
import typer

from entrepot.cli.complaints import BAD_INPUT, INFEASIBLE, complain, read_bytes
from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.platform.documents import decode_json
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import OrderPlan, Plan
from entrepot.routing.releasing import reconsider


def handback(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A routing-problem/1 of all orders.")],
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A routing-plan/1 of those not yet released.")
    ],
    churn: Annotated[int, typer.Option(min=0, help="What moving one of them costs, minor units.")],
    budget: Annotated[int, typer.Option(min=1, help="Work units per order.")] = DEFAULT_BUDGET,
) -> None:
    """Move unreleased orders only where that saves more than it costs.

    FILE has the unreleased and the new orders, and the stock that the unreleased ones hold. Prints
    the plan for all of them with the fate of each. Exit 3: an order has no plan.
    """
    try:
        problem = decode_problem(read_bytes(file))
        standing = _standing(decode_json(read_bytes(plan), Plan))
        done = reconsider(problem, standing, churn=churn, budget=budget)
    except Refusal as refusal:
        complain(refusal)
        raise typer.Exit(BAD_INPUT) from None
    sys.stdout.buffer.write(msgspec.json.encode(done, order="deterministic") + b"\n")
    sys.stdout.buffer.flush()
    if done.plan.status == "infeasible":
        raise typer.Exit(INFEASIBLE)


def _standing(plan: Plan) -> dict[str, OrderPlan]:
    """The plans by order; Invalid when an order has two."""
    standing: dict[str, OrderPlan] = {}
    errors = []
    for i, one in enumerate(plan.orders):
        if one.id in standing:
            errors.append(FieldError(f"orders[{i}].id", "repeated", f"{one.id!r} occurs twice"))
        standing[one.id] = one
    if errors:
        raise Invalid("the plan contradicts itself", code="bad_plan", errors=errors)
    return standing
