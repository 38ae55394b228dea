"""`entrepot policy`: read, check and say routing policies; no database is needed.

Exit codes: 0 fine, 1 lint found something, 2 bad input (all mistakes on standard error).
"""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import process_time_ns
from typing import Annotated

import msgspec
import typer

from entrepot.cli.complaints import BAD_INPUT, complain, read_bytes, read_policy_file
from entrepot.kernel.refusals import Refusal
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Plan
from entrepot.routing.policy.applying import FIRST_YEAR, LAST_YEAR, moment_of
from entrepot.routing.policy.costing import MOST_APPLY_US, asked, stages
from entrepot.routing.policy.deciding import Outcome, Ruled
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import policy_bytes, policy_hash
from entrepot.routing.policy.lint.costly import ordinary
from entrepot.routing.policy.lint.linting import lint
from entrepot.routing.policy.lint.proving import Finding
from entrepot.routing.policy.sentences import sentences
from entrepot.routing.policy.shelf import names_on
from entrepot.routing.policy.text import policy_text
from entrepot.routing.policy.trying import try_policy, untried
from entrepot.routing.policy.versions import changes

FOUND = 1

policy = typer.Typer(help="Routing policies: documents of rules.", no_args_is_help=True)
File = Annotated[
    str, typer.Argument(metavar="POLICY", help="A file (JSON or text), or a name on the shelf.")
]


class Tongue(StrEnum):
    """The languages of sentences."""

    EN = "en"
    ZH_CN = "zh-CN"
    ZH_TW = "zh-TW"


class Form(StrEnum):
    """The two forms of a policy."""

    JSON = "json"
    TEXT = "text"


class PolicyMade(msgspec.Struct, frozen=True):
    """Which policy made a plan: id, version and hash, and each order's outcome."""

    id: str
    version: int
    hash: str
    orders: tuple[Outcome, ...]


class PolicyPlan(Plan, frozen=True):
    """`routing-plan/1` with the policy it was made under and how each order stands."""

    policy: PolicyMade


def policy_plan_bytes(found: Policy, ruled: Ruled) -> bytes:
    """The plan as canonical JSON, with a `policy` part after the orders."""
    made = PolicyMade(found.id, found.version, policy_hash(found), ruled.outcomes)
    plan = ruled.plan
    return msgspec.json.encode(
        PolicyPlan(
            plan.format, plan.engine, plan.status, plan.cost, plan.lower_bound, plan.work,
            plan.orders, made,
        ),
        order="deterministic",
    )  # fmt: skip


def _read(name: str) -> Policy:
    """A policy, or exit 2 with every mistake."""
    try:
        return read_policy_file(name)
    except Refusal as refusal:
        complain(refusal)
        raise typer.Exit(BAD_INPUT) from None


@policy.command("lint")
def lint_command(
    name: File,
    at: Annotated[str, typer.Option(help="RFC 3339 instant to check at; default now.")] = "",
    proofs: Annotated[
        Path | None, typer.Option(help="Folder for the proofs, one problem a finding.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Find rules dead, shadowed, conflicting or overdue, and orders left out; with proofs."""
    found = lint(_read(name), at=_instant(at))
    if proofs is not None:
        proofs.mkdir(parents=True, exist_ok=True)
        for number, finding in enumerate(found, start=1):
            file = proofs / f"{number:02d}-{finding.kind}-{finding.rule or 'policy'}.json"
            file.write_bytes(msgspec.json.encode(finding.proof))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        for finding in found:
            typer.echo(_line(finding))
    if found:
        raise typer.Exit(FOUND)


def _instant(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no RFC 3339 instant") from None
    if found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise typer.BadParameter(f"{text!r} has no offset or no year of these centuries")
    return found


def _line(finding: Finding) -> str:
    order = finding.proof.orders[0]
    goods = ", ".join(f"{line.qty} {line.sku}" for line in order.lines)
    attrs = f" {msgspec.json.encode(order.attrs).decode()}" if order.attrs else ""
    return (
        f"{finding.kind}: {finding.rule or '(policy)'}: {finding.message};"
        f" proof: {goods} to {order.dest.region}{attrs} at {finding.at.isoformat()}"
    )


@policy.command("say")
def say_command(
    name: File,
    language: Annotated[Tongue, typer.Option(help="Language of the sentences.")] = Tongue.EN,
) -> None:
    """Every rule as a sentence."""
    found = _read(name)
    for rule, said in zip(found.rules, sentences(found, language=language.value), strict=True):
        typer.echo(f"{rule.id}: {said}")


@policy.command("show")
def show_command(
    name: File,
    form: Annotated[Form, typer.Option(help="JSON or plain text.")] = Form.TEXT,
) -> None:
    """The policy as text or JSON: exports, reads the other form, ejects from the shelf."""
    found = _read(name)
    if form is Form.TEXT:
        typer.echo(policy_text(found), nl=False)
    else:
        sys.stdout.buffer.write(msgspec.json.format(policy_bytes(found), indent=2) + b"\n")


@policy.command("test")
def test_command(name: File) -> None:
    """Run the tests that the policy carries; 1 when one fails or there is none."""
    found = _read(name)
    tried = try_policy(found)
    for one in tried:
        typer.echo(f"{one.test}: {'; '.join(one.wrong) or 'passed'}")
    for rule in untried(found, tried):
        typer.echo(f"{rule}: no test has an order that this rule holds for", err=True)
    if not tried or any(one.wrong for one in tried):
        raise typer.Exit(FOUND)


@policy.command("cost")
def cost_command(
    name: File,
    problem: Annotated[
        Path | None, typer.Option(help="Orders to cost it on; default: 3 lines, 20 options.")
    ] = None,
    budget_us: Annotated[
        int, typer.Option(min=1, help="CPU microseconds that applying may take an order.")
    ] = MOST_APPLY_US,
) -> None:
    """CPU of each stage and tests asked by each rule; 1 when the policy is over its budget."""
    found = _read(name)
    try:
        orders = (
            ordinary(found, at=found.effective_from).problem
            if problem is None
            else decode_problem(read_bytes(str(problem)))
        )
        at = moment_of(orders)
        taken = stages(found, orders, at=at, clock=process_time_ns)
        counts = asked(found, orders, at=at)
    except Refusal as refusal:
        complain(refusal)
        raise typer.Exit(BAD_INPUT) from None
    for stage in ("compile", "apply", "decide", "plain"):
        typer.echo(f"{stage}\t{getattr(taken, f'{stage}_us')} us")
    for rule, count in counts.items():
        typer.echo(f"rule {rule}\t{count} tests")
    if taken.apply_us > budget_us:
        typer.echo(
            f"over budget: applying takes {taken.apply_us} us, allowed {budget_us}", err=True
        )
        raise typer.Exit(FOUND)


@policy.command("versions")
def versions_command(
    names: Annotated[list[str], typer.Argument(metavar="POLICY...", help="Versions, any order.")],
) -> None:
    """Who answers for each version, from when it counts, and which rules it changes."""
    policies = sorted((_read(name) for name in names), key=lambda p: (p.id, p.version))
    before: Policy | None = None
    for found in policies:
        known = before if before is not None and before.id == found.id else None
        what = ", ".join(changes(known, found)) or "nothing"
        start = found.effective_from.isoformat()
        typer.echo(f"{found.id} {found.version}\t{found.owner}\tfrom {start}\t{what}")
        before = found


@policy.command("shelf")
def shelf_command() -> None:
    """The strategies and packs that ship with Entrepot."""
    for name in names_on("strategies"):
        typer.echo(f"strategy\t{name}")
    for name in names_on("packs"):
        typer.echo(f"pack\t{name}")
