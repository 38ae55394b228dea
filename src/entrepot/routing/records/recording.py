"""The orders of a whole problem decided one by one, each with its record.

The orders' plans are those of the engine deciding one by one; every record holds what its order
saw, so that it can be decided again alone.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from entrepot.routing.allocators.asking import Outcome as Asked
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.format import OrderPlan, Plan, Problem
from entrepot.routing.engine.routing import ENGINE, status_of
from entrepot.routing.judging import Rows
from entrepot.routing.plugins.runner import RuleRunner
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.files import policy_hash
from entrepot.routing.records.deciding import Decided, Setting, decide_given, decide_rows
from entrepot.routing.records.format import PolicyName, Record, Versions, hash_of
from entrepot.routing.records.reading import rows_for


class Recorder:
    """Decides orders in turn and keeps what they take; `bound` is the whole problem's so far.

    `runners`: rule packages asked about every order. `versions`: of the rows, kept as given.
    `asked`: what came of asking an allocator before.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        policy: Policy | None = None,
        runners: Sequence[RuleRunner] = (),
        budget: int = DEFAULT_BUDGET,
        versions: Versions | None = None,
        asked: Asked | None = None,
    ) -> None:
        self.problem = problem
        self.asked = asked
        self.policy = policy
        self.name = None if policy is None else name_of(policy)
        self.runners = runners
        self.budget = budget
        self.versions = versions or {}
        self.taken = Rows(problem)
        self.spent: dict[str, int] = {}
        self.bound = 0

    def records(self) -> Iterator[Record]:
        """One record per order, in the given order. Raises what deciding an order raises."""
        for order in self.problem.orders:
            rows = rows_for(self.taken, order)
            outcomes = tuple(runner.judge(rows, rows.orders[0]) for runner in self.runners)
            setting = Setting(self.policy, outcomes, dict(self.spent), self.budget)
            decided = decide_rows(rows, setting)
            self.bound += self._alone(rows, setting, decided)
            yield self._record(rows, setting, decided)
            self.taken.draw(order, decided.plan)
            self.spent = decided.spent

    def followed(self, plan: Plan) -> Iterator[Record]:
        """Records of somebody else's plan for the whole problem, judged and priced before."""
        for order, given in zip(self.problem.orders, plan.orders, strict=True):
            rows = rows_for(self.taken, order)
            setting = Setting(budget=self.budget)
            decided = decide_given(rows, setting, given)
            yield self._record(rows, setting, decided)
            self.taken.draw(order, given)

    def _record(self, rows: Problem, setting: Setting, decided: Decided) -> Record:
        return record_of(
            rows, setting, decided, name=self.name, versions=self.versions, allocator=self.asked
        )

    def _alone(self, rows: Problem, setting: Setting, decided: Decided) -> int:
        """What this order must cost whatever the others do."""
        untouched = rows_for(Rows(self.problem), rows.orders[0])
        if untouched == rows and not self.spent:
            return decided.plan.lower_bound
        free = msgspec.structs.replace(setting, spent={})
        return decide_rows(untouched, free).plan.lower_bound


def name_of(policy: Policy) -> PolicyName:
    """What records call a policy."""
    return PolicyName(policy.id, policy.version, policy_hash(policy))


def record_of(
    rows: Problem,
    setting: Setting,
    decided: Decided,
    *,
    name: PolicyName | None = None,
    versions: Versions | None = None,
    allocator: Asked | None = None,
) -> Record:
    """The record of one decision."""
    return Record(
        format="routing-record/1",
        engine=ENGINE,
        budget=setting.budget,
        rows=rows,
        rows_hash=hash_of(rows),
        versions=versions or {},
        policy=name,
        spent=dict(setting.spent),
        rules=setting.rules,
        allocator=allocator,
        work=decided.work,
        plan=msgspec.structs.replace(decided.plan, candidates=None),
        costs=decided.costs,
        outcome=decided.outcome,
        excluded=decided.excluded,
        by_policy=decided.by_policy,
    )


def again(record: Record, policy: Policy | None) -> Record:
    """The record made once more from its own rows and the policy it names: the same bytes.

    A plan that an allocator made is taken as it is recorded; its costs are made anew.
    """
    setting = setting_of(record, policy)
    if record.allocator is not None and record.allocator.followed:
        decided = decide_given(record.rows, setting, record.plan)
    else:
        decided = decide_rows(record.rows, setting)
    return record_of(
        record.rows, setting, decided, name=None if policy is None else name_of(policy),
        versions=record.versions, allocator=record.allocator,
    )  # fmt: skip


def setting_of(record: Record, policy: Policy | None) -> Setting:
    """Under what a record was decided, or would be with another policy.

    Another policy makes capacities of its own, of which nothing is known to be spent.
    """
    same = (None if policy is None else name_of(policy)) == record.policy
    return Setting(policy, record.rules, record.spent if same else {}, record.budget)


def whole(plans: Iterable[OrderPlan], bound: int, work: int) -> Plan:
    """One plan from the orders' plans; `bound`: what they must cost whatever is decided."""
    orders = list(plans)
    cost = sum(order.cost for order in orders)
    bound = min(bound, cost)
    return Plan(
        "routing-plan/1", ENGINE, status_of(orders, cost, bound), cost, bound, work, tuple(orders)
    )
