"""Which version of a policy is in force, by date and channel."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from entrepot.cli.policy import policy as policy_commands
from entrepot.kernel.refusals import Invalid
from entrepot.routing.policy.applying import apply, moment_of
from entrepot.routing.policy.shelf import from_shelf
from entrepot.routing.policy.text import policy_text
from entrepot.routing.policy.versions import changes, in_force
from tests.routing.policy.made import policy
from tests.routing.policy.test_rules import problem_of
from tests.routing.test_decisions import EVERYWHERE, line, world

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_the_version_in_force_changes_on_the_minute() -> None:
    one = policy(version=1, effective_until="2026-11-10T00:00:00Z")
    two = policy(version=2, effective_from="2026-11-05T00:00:00+08:00")
    turn, end = datetime(2026, 11, 4, 16, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
    for at, version in ((START, 1), (turn - MINUTE, 1), (turn, 2), (end, 2)):
        found = in_force([two, one], at=at, channel="web")
        assert found is not None and found.version == version
    assert in_force([one], at=end, channel="web") is None
    assert in_force([one], at=datetime(2025, 12, 31, tzinfo=UTC), channel="web") is None


def test_a_channel_has_its_own_before_the_common_one() -> None:
    common, own = policy(version=9), policy(version=1, channel="app", id="own")
    for channel, name in (("app", "own"), ("web", "trial")):
        found = in_force([common, own], at=START, channel=channel)
        assert found is not None and found.id == name
    assert in_force([own], at=START, channel="web") is None


def test_names_that_only_policies_may_make_are_refused() -> None:
    plain = world(EVERYWHERE, line("A"))
    plain["services"][0]["id"] = "std\0 1"
    problem = problem_of(plain)
    with pytest.raises(Invalid) as refused:
        apply(policy(), problem, at=moment_of(problem))
    assert refused.value.code == "unusable_name"


@pytest.mark.parametrize(
    ("instant0", "now"),
    [("9999-12-31T23:00:00Z", 10**9), ("9999-12-31T23:59:00Z", 0), ("0001-01-01T00:00:00Z", 0)],
)
def test_moments_that_no_clock_shows_are_refused(instant0: str, now: int) -> None:
    plain = world(EVERYWHERE, line("A")) | {"instant0": instant0, "now": now}
    with pytest.raises(Invalid) as refused:
        moment_of(problem_of(plain))
    assert refused.value.code == "instant_out_of_range"


def limit(name: str, most: int) -> dict[str, object]:
    return {"kind": "limit", "id": name, "max_shipments": most}


def test_what_a_version_changes() -> None:
    first = policy(limit("a", 1), limit("b", 2), limit("c", 3))
    second = policy(limit("c", 3), limit("b", 5), limit("d", 4), zone="Asia/Taipei")
    assert changes(None, first) == ["+a", "+b", "+c"]
    assert changes(first, first) == []
    assert changes(first, second) == ["zone", "+d", "~b", "-a", "order of rules"]


def test_the_list_of_versions_shows_who_when_and_what(tmp_path: Path) -> None:
    first = from_shelf("nearest")
    later = msgspec.structs.replace(
        first, version=2, owner="network desk", rules=first.rules[:1],
        effective_from=datetime(2027, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    file, third = tmp_path / "second.txt", tmp_path / "third.txt"
    file.write_text(policy_text(later))
    third.write_text(policy_text(later).replace("version 2", "version 3"))
    listed = CliRunner().invoke(
        policy_commands, ["versions", str(third), str(file), "nearest", "cheapest"]
    )
    assert [row.split("\t") for row in listed.stdout.splitlines()] == [
        ["cheapest 1", "order desk", "from 2026-11-01T00:00:00+00:00", "+cheapest, +to-a-person"],
        ["nearest 1", "order desk", "from 2026-11-01T00:00:00+00:00", "+nearest, +to-a-person"],
        ["nearest 2", "network desk", "from 2027-01-01T00:00:00+00:00", "-to-a-person"],
        ["nearest 3", "network desk", "from 2027-01-01T00:00:00+00:00", "nothing"],
    ]
