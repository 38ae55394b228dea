"""`entrepot route FILE --record DIR`, `--rules`, `--allocator`: decide one by one, keep records."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from entrepot.kernel.refusals import Conflict, FieldError, Invalid, Unavailable
from entrepot.routing.allocators.asking import allocate
from entrepot.routing.allocators.sending import DEADLINE_S, post_to
from entrepot.routing.engine.format import Plan, Problem
from entrepot.routing.plugins.catalogue import Installed, chosen
from entrepot.routing.plugins.runner import RuleRunner
from entrepot.routing.policy.document import Policy
from entrepot.routing.records.files import write_records
from entrepot.routing.records.format import Record
from entrepot.routing.records.recording import Recorder, whole

STOP = "stop"
"""What may stand after a rule's name (`name=stop`): no decision without its say."""


class Asking(msgspec.Struct, frozen=True):
    """Whom to ask besides the engine, and where to keep what was decided.

    `rules`: names of rule packages, `name` or `name=stop`. `allocator`: a URL.
    """

    folder: str | None = None
    rules: tuple[str, ...] = ()
    allocator: str | None = None
    deadline_s: float = DEADLINE_S
    loopback: bool = False

    @property
    def any(self) -> bool:
        """Whether anything of this is asked for."""
        return bool(self.folder or self.rules or self.allocator)


def decide(problem: Problem, asking: Asking, *, policy: Policy | None, budget: int) -> Plan:
    """The whole plan, decided one by one; records are written when a folder is named.

    Raises Conflict when the options do not go together or the folder exists, Invalid for
    unknown rules, Unavailable when a rule that must speak has not spoken.
    """
    if asking.allocator is not None and (policy is not None or asking.rules):
        raise Conflict("an allocator decides alone: without policy and rules", code="exclusive")
    made: list[Plan] = []
    with ExitStack() as stack:
        if asking.allocator is not None:
            records = _allocated(problem, asking, budget, made)
        else:
            stops, rules = _rules(asking.rules)
            runners = [stack.enter_context(RuleRunner(rule)) for rule in rules]
            recorder = Recorder(problem, policy=policy, runners=runners, budget=budget)
            records = _decided(recorder, stops, made)
        if asking.folder is not None:
            write_records(Path(asking.folder), records, policy)
        else:
            for _ in records:
                pass
    return made[0]


def _rules(names: Sequence[str]) -> tuple[frozenset[str], tuple[Installed, ...]]:
    """The names of rules without which nothing is decided, and all rules in their order."""
    plain, stops, errors = [], set(), []
    for i, text in enumerate(names):
        name, equals, word = text.partition("=")
        plain.append(name)
        if equals and word == STOP:
            stops.add(name)
        elif equals:
            errors.append(
                FieldError(f"rules[{i}]", "not_allowed", f"expected {name} or {name}=stop")
            )
    if errors:
        raise Invalid("these rules cannot be used", code="bad_rules", errors=errors)
    return frozenset(stops), chosen(plain)


def _decided(recorder: Recorder, stops: frozenset[str], made: list[Plan]) -> Iterator[Record]:
    """Every record; the whole plan is put into `made` at the end."""
    plans, work = [], 0
    for record in recorder.records():
        silent = [one for one in record.rules if one.failure is not None and one.rule in stops]
        if silent:
            raise Unavailable(
                f"order {record.order}: rule {silent[0].rule} has no say ({silent[0].failure})",
                code="rule_silent", order=record.order, rule=silent[0].rule,
            )  # fmt: skip
        plans.append(record.plan)
        work += record.work
        yield record
    made.append(whole(plans, recorder.bound, work))


def _allocated(problem: Problem, asking: Asking, budget: int, made: list[Plan]) -> Iterator[Record]:
    """Records of the allocator's plan, or of ours with the reason why theirs is not followed."""
    url = asking.allocator or ""
    post = post_to(url, deadline_s=asking.deadline_s, loopback=asking.loopback)
    done = allocate(problem, allocator=_host(url), post=post, budget=budget)
    recorder = Recorder(problem, budget=budget, asked=done.outcome)
    if done.outcome.followed:
        yield from recorder.followed(done.plan)
        made.append(done.plan)
    else:
        yield from _decided(recorder, frozenset(), made)


def _host(url: str) -> str:
    """The allocator's name in records; the rest of a URL may hold secrets."""
    try:
        return urlsplit(url).hostname or "allocator"
    except ValueError:
        return "allocator"
