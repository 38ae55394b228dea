"""`entrepot route FILE`: decide a `routing-problem/1` without a database.

Exit codes: 0 a plan for every order, 2 bad input (all mistakes on standard error, nothing on
standard output), 3 no plan exists for at least one order.
"""

import sys
import time
from typing import Annotated

import msgspec
import typer

from entrepot.cli.complaints import BAD_INPUT, INFEASIBLE, complain, read_policy_file
from entrepot.cli.policy import policy_plan_bytes
from entrepot.cli.recorded import Asking
from entrepot.cli.recorded import decide as decide_asking
from entrepot.kernel.refusals import Refusal
from entrepot.routing.allocators.sending import DEADLINE_S
from entrepot.routing.engine.asking import untouched
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, Decision, decide
from entrepot.routing.engine.decoding import read_problem
from entrepot.routing.engine.format import Plan, Problem, plan_bytes
from entrepot.routing.engine.network import Network
from entrepot.routing.engine.routing import route, with_candidates
from entrepot.routing.engine.waves import Progress, route_wave
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.deciding import route_under, wave_under
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.versions import is_in_force


class Spread(msgspec.Struct, frozen=True):
    """CPU milliseconds per order."""

    p50: float
    p90: float
    p99: float


class Timing(msgspec.Struct, frozen=True):
    """What `--bench` prints: each order decided alone on untouched stock, first and again.

    `network_ms` is spent once per network; `cold` also fills caches of index arrays.
    """

    orders: int
    proven: float
    network_ms: float
    cold: Spread
    warm: Spread


def route_command(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A routing-problem/1.")],
    explain: Annotated[
        bool, typer.Option("--explain", help="Add every option with its reason or price.")
    ] = False,
    budget: Annotated[
        int, typer.Option(min=1, help="Work units per order; the same input stops at the same.")
    ] = DEFAULT_BUDGET,
    wave: Annotated[
        bool, typer.Option("--wave", help="Decide orders that share stock together.")
    ] = False,
    bench: Annotated[
        bool, typer.Option("--bench", help="Print CPU times per order instead of the plan.")
    ] = False,
    policy: Annotated[
        str | None, typer.Option(metavar="FILE", help="Decide under this routing-policy/1.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(metavar="DIR", help="Keep a record of every decision here.")
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="A rule of an installed package; NAME=stop: never without it."),
    ] = None,
    allocator: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this allocator; ours is the fallback.")
    ] = None,
    allocator_seconds: Annotated[
        float, typer.Option(min=0.01, max=60, help="How long the allocator may take.")
    ] = DEADLINE_S,
    loopback: Annotated[
        bool, typer.Option("--loopback", help="The allocator may be on this machine.")
    ] = False,
) -> None:
    """Decide from which nodes, in how many shipments and with which services orders are filled."""
    asking = Asking(record, tuple(rule or ()), allocator, allocator_seconds, loopback)
    if asking.any and (wave or bench):
        raise typer.BadParameter("--wave and --bench go without record, rule and allocator")
    if policy and (bench or (wave and explain)):
        raise typer.BadParameter("--policy goes without --bench, and in a wave without --explain")
    if asking.any and explain:
        raise typer.BadParameter("records are explained by `route what-if RECORD --forced`")
    try:
        ruled = None if policy is None else read_policy_file(policy)
        problem = _read(file)
        if asking.any:
            output, status = _told(decide_asking(problem, asking, policy=ruled, budget=budget))
        elif ruled is not None:
            output, status = _ruled(ruled, problem, budget, explain=explain, wave=wave)
        elif bench:
            output, status = _timed(problem, budget)
        else:
            output, status = _planned(problem, budget, explain=explain, wave=wave)
    except Refusal as refusal:
        complain(refusal)
        raise typer.Exit(BAD_INPUT) from None
    sys.stdout.buffer.write(output + b"\n")
    sys.stdout.buffer.flush()
    if status == "infeasible":
        raise typer.Exit(INFEASIBLE)


def _read(file: str) -> Problem:
    if file == "-":
        return read_problem(sys.stdin.buffer)
    try:
        with open(file, "rb") as stream:
            return read_problem(stream)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def _planned(problem: Problem, budget: int, *, explain: bool, wave: bool) -> tuple[bytes, str]:
    if wave:
        plan = route_wave(problem, budget=budget, watch=_tell)
        if explain:
            plan = with_candidates(problem, plan, budget=budget, together=True)
    else:
        plan = route(problem, budget=budget, explained=explain)
    return _told(plan)


def _ruled(
    policy: Policy, problem: Problem, budget: int, *, explain: bool, wave: bool
) -> tuple[bytes, str]:
    at = moment_of(problem)
    if not is_in_force(policy, at):
        typer.echo(f"note: {policy.id} version {policy.version} is not in force at {at}", err=True)
    if wave:
        found = wave_under(policy, problem, at=at, budget=budget, watch=_tell)
    else:
        found = route_under(policy, problem, at=at, budget=budget, explained=explain)
    return policy_plan_bytes(policy, found), found.plan.status


def _told(plan: Plan) -> tuple[bytes, str]:
    return plan_bytes(plan), plan.status


def _tell(progress: Progress) -> bool:
    """A line on standard error after every round."""
    typer.echo(
        f"{progress.settled} orders settled, round {progress.rounds}:"
        f" relaxation {progress.relaxation:.0f}, bound {progress.bound}",
        err=True,
    )
    return True


def _timed(problem: Problem, budget: int) -> tuple[bytes, str]:
    start = time.process_time()
    network = Network(problem)
    network_ms = (time.process_time() - start) * 1000
    cold, _ = _decide_all(network, problem, budget)
    warm, decisions = _decide_all(network, problem, budget)
    proven = sum(decision.plan.status != "bounded" for decision in decisions)
    timing = Timing(
        len(decisions), proven / max(1, len(decisions)), round(network_ms, 3), _spread(cold),
        _spread(warm),
    )  # fmt: skip
    return msgspec.json.encode(timing), "timed"


def _decide_all(
    network: Network, problem: Problem, budget: int
) -> tuple[list[float], list[Decision]]:
    """CPU milliseconds and decision of each order, alone on untouched stock."""
    left = untouched(network)
    times, decisions = [], []
    for order in problem.orders:
        start = time.process_time()
        decisions.append(decide(network, order, left, budget))
        times.append((time.process_time() - start) * 1000)
    return times, decisions


def _spread(times: list[float]) -> Spread:
    if not times:
        return Spread(0.0, 0.0, 0.0)
    ordered = sorted(times)
    points = (min(len(ordered) - 1, len(ordered) * share // 100) for share in (50, 90, 99))
    p50, p90, p99 = (round(ordered[point], 3) for point in points)
    return Spread(p50, p90, p99)
