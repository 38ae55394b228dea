"""The problems that a policy's own tests are about: inline, or an example on the shelf."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from entrepot.kernel.refusals import FieldError, NotFound, Refusal
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Problem
from entrepot.routing.policy.document import PolicyTest


@cache
def example_names() -> tuple[str, ...]:
    """The names of the examples, sorted."""
    folder = files("entrepot.routing.policy").joinpath("examples")
    return tuple(
        sorted(
            file.name.removesuffix(".json")
            for file in folder.iterdir()
            if file.name.endswith(".json")
        )
    )


@cache
def example(name: str) -> Problem:
    """An example, read. NotFound when there is none."""
    if name not in example_names():
        raise NotFound(f"no example {name!r} on the shelf")
    folder = files("entrepot.routing.policy").joinpath("examples")
    return decode_problem(folder.joinpath(f"{name}.json").read_bytes())


def problem_of_test(test: PolicyTest) -> Problem:
    """The problem with the test's order alone. Raises what reading it raises; NotFound."""
    if test.example is not None:
        whole = example(test.example)
    else:
        whole = decode_problem(msgspec.json.encode(test.problem))
    orders = [order for order in whole.orders if test.order in (None, order.id)]
    if not orders:
        raise NotFound(f"no order {test.order!r} in the problem")
    return msgspec.structs.replace(whole, orders=orders[:1])


def trial_mistakes(tests: Sequence[PolicyTest]) -> Iterator[FieldError]:
    """What well-typed tests can still get wrong, in document order."""
    seen: set[str] = set()
    for i, test in enumerate(tests):
        path = f"tests[{i}]"
        if test.id in seen:
            yield FieldError(f"{path}.id", "repeated", f"{test.id!r} occurs twice")
        seen.add(test.id)
        wanted = (test.nodes, test.shipments, test.excluded, test.fallback)
        if all(expectation is None for expectation in wanted):
            yield FieldError(path, "expects_nothing", "a test that cannot fail")
        if test.fallback is not None and (test.nodes or test.shipments):
            yield FieldError(f"{path}.fallback", "contradiction", "a fallback and a plan at once")
        if (test.example is None) == (test.problem is None):
            yield FieldError(path, "one_of", "give either `example` or `problem`")
        else:
            yield from _unreadable(path, test)


def _unreadable(path: str, test: PolicyTest) -> Iterator[FieldError]:
    try:
        problem_of_test(test)
    except Refusal as refusal:
        at = f"{path}.{'problem' if test.problem is not None else 'example'}"
        if not refusal.errors:
            yield FieldError(at, refusal.code, refusal.message)
        for error in refusal.errors:
            yield FieldError(f"{at}.{error.path}", error.code, error.message)
