"""Whatever a rule does, the decision is made, in time, and the outcome says what was seen."""

import ctypes
import os
import platform
import socket
import sys
import time
from pathlib import Path

import msgspec
import pytest

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Problem
from entrepot.routing.engine.routing import route
from entrepot.routing.plugins.catalogue import Installed
from entrepot.routing.plugins.outcomes import RuleOutcome
from entrepot.routing.plugins.runner import Limits, RuleRunner
from entrepot.routing.records.format import record_bytes
from entrepot.routing.records.recording import Recorder, again
from entrepot.routing.records.telling import card
from tests.routing.orders import random_problem

HOME = "tests.routing.plugins"
PATIENT = Limits(load_s=30, order_s=20, cpu_s=15, memory_bytes=160 * 1024 * 1024)
QUICK = Limits(load_s=30, order_s=0.3, cpu_s=15)
SLOW = ("for_ever", "sleeps", "half_an_answer")


def problem(**attrs: str | int) -> Problem:
    document = random_problem(7, nodes=4, lines=2)
    document["orders"][0]["attrs"] = attrs
    return decode_problem(msgspec.json.encode(document))


def asked(name: str, given: Problem | None = None, limits: Limits = PATIENT) -> RuleOutcome:
    entry = f"{HOME}.strangers:{name}" if ":" not in name else f"{HOME}.{name}"
    given = given or problem()
    with RuleRunner(Installed(name, entry, "strangers", "1"), limits) as runner:
        return runner.judge(given, given.orders[0])


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("for_ever", "too_slow"),
        ("sleeps", "too_slow"),
        ("half_an_answer", "too_slow"),
        ("bomb", "out_of_memory"),
        ("raises", "raised"),
        ("quits", "raised"),
        ("recurses", "raised"),
        ("exits", "crashed"),
        ("segfault", "crashed"),
        ("wrong_kind", "nonsense"),
        ("unknown_option", "nonsense"),
        ("negative", "nonsense"),
        ("fraction", "nonsense"),
        ("beyond", "nonsense"),
        ("twice", "nonsense"),
        ("garbage", "nonsense"),
        ("unpackable", "raised"),
        ("too_much", "too_large"),
        ("bad_inputs", "load_failed"),
        ("not_a_rule", "load_failed"),
        ("other_api", "load_failed"),
        ("nothing_of_that_name", "load_failed"),
        ("no_such_module:rule", "load_failed"),
        ("load_crash:rule", "load_failed"),
    ],
)
def test_a_rule_that_misbehaves_has_no_say(name: str, failure: str) -> None:
    began = time.monotonic()
    outcome = asked(name, limits=QUICK if name in SLOW else PATIENT)
    assert (outcome.failure, outcome.masks, outcome.charges) == (failure, (), ())
    assert time.monotonic() - began < 15


def test_a_package_that_never_loads_is_killed() -> None:
    outcome = asked("load_time:rule", limits=Limits(load_s=0.5))
    assert outcome.failure == "too_slow"


def test_cpu_seconds_end_a_child_whatever_the_clock_says() -> None:
    outcome = asked("for_ever", limits=Limits(load_s=30, order_s=30, cpu_s=1))
    assert (outcome.failure, outcome.detail) == ("cpu_limit", "1 s")


def test_what_a_rule_raises_is_not_told_in_words() -> None:
    assert asked("raises").detail == "ValueError"


def test_printing_does_not_disturb() -> None:
    outcome = asked("chatty")
    assert outcome.failure is None
    assert [mask.reason for mask in outcome.masks] == ["not_today"]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("sees_nothing", "saw_"),
        ("sees_some", "saw_orst"),
        ("sees_all", "saw_ordelinosestar"),
    ],
)
def test_a_rule_sees_what_it_declares(name: str, seen: str) -> None:
    assert [mask.reason for mask in asked(name).masks] == [seen]


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="only limits hold elsewhere"
)
def test_nothing_outside_is_reached_from_inside_a_judgement(tmp_path: Path) -> None:
    secret, written = tmp_path / "secret", tmp_path / "written"
    secret.write_text("s")
    with socket.create_server(("127.0.0.1", 0)) as server:
        given = problem(read=str(secret), write=str(written), port=server.getsockname()[1])
        outcome = asked("escapes", given)
    assert outcome.sealed
    assert [mask.reason for mask in outcome.masks] == ["reached"]
    assert secret.exists()
    assert not written.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="landlock is of Linux")
def test_while_it_is_imported_a_package_reads_nothing_but_python() -> None:
    """Its own folder and Python's can be read; no home, no configuration, no process."""
    if not landlock():
        pytest.skip("this kernel has no landlock")
    outcome = asked("load_reading:rule")
    assert outcome.failure is None
    assert outcome.version == "nothing"


def landlock() -> bool:
    """Whether this kernel can fence files in (landlock_create_ruleset asked for its version)."""
    return int(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)) >= 1


def test_the_child_knows_no_secrets_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTREPOT_SECRET_OF_TEST", "s3cret")
    given = problem()
    with RuleRunner(
        Installed("masks", f"{HOME}.strangers:masks", "strangers", "1"), PATIENT
    ) as runner:
        assert runner.judge(given, given.orders[0]).failure is None
        child = runner._child
        assert child is not None
        environment = Path(f"/proc/{child.pid}/environ").read_bytes()
        assert b"PYTHONHASHSEED" in environment
        assert b"ENTREPOT_SECRET_OF_TEST" not in environment


def test_after_three_failures_a_rule_is_not_asked_again() -> None:
    given = problem()
    with RuleRunner(
        Installed("r", f"{HOME}.strangers:raises", "strangers", "1"), PATIENT
    ) as runner:
        failures = [runner.judge(given, given.orders[0]).failure for _ in range(5)]
    assert failures == ["raised", "raised", "raised", "given_up", "given_up"]


def test_no_child_outlives_its_runner() -> None:
    given = problem()
    with RuleRunner(Installed("s", f"{HOME}.strangers:masks", "strangers", "1"), PATIENT) as runner:
        runner.judge(given, given.orders[0])
        child = runner._child
        assert child is not None
        pid = child.pid
        assert os.path.exists(f"/proc/{pid}")
    assert not os.path.exists(f"/proc/{pid}")


def test_a_child_judges_many_orders() -> None:
    given = problem()
    with RuleRunner(
        Installed("c", f"{HOME}.strangers:charges", "strangers", "1"), PATIENT
    ) as runner:
        outcomes = [runner.judge(given, given.orders[0]) for _ in range(50)]
        assert all(outcome == outcomes[0] for outcome in outcomes)
        assert [charge.money for charge in outcomes[0].charges] == [123]


@pytest.mark.parametrize("name", ["for_ever", "raises", "sleeps", "exits", "bomb"])
def test_the_order_is_decided_all_the_same_and_the_record_says_why(name: str) -> None:
    given = problem()
    rule = Installed(name, f"{HOME}.strangers:{name}", "strangers", "1")
    with RuleRunner(rule, QUICK if name in SLOW else PATIENT) as runner:
        record = next(Recorder(given, runners=[runner]).records())
    assert record.plan == route(given).orders[0]
    assert record.plan.shipments
    assert record.rules[0].failure is not None
    text = card(record, language="en", zone="UTC")
    assert f"Rule {name} (strangers 1): no say: {record.rules[0].failure}" in text
    assert record_bytes(again(record, None)) == record_bytes(record)


def test_a_rule_of_another_version_of_the_contract_says_so() -> None:
    assert asked("other_api").detail == "speaks version 2, here is 1"
