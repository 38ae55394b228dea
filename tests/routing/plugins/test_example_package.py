"""The example package: built, installed from its file, used by `entrepot route`, swapped."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.routing import route
from entrepot.routing.plugins.catalogue import installed
from entrepot.routing.plugins.runner import Limits, RuleRunner
from tests.routing.test_explaining import simple_problem

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "routing-plugin"
UV = Path(sys.executable).with_name("uv")
Document = dict[str, Any]


def _installed(source: Path, place: Path) -> Path:
    """The package of a folder, built and installed from its wheel, without any network."""
    wheels = place / "wheels"
    quiet: dict[str, Any] = {"check": True, "capture_output": True, "timeout": 120}
    subprocess.run([UV, "build", "--offline", "--wheel", "-o", wheels, source], **quiet)
    _install(next(wheels.glob("*.whl")), place / "site")
    return place / "site"


def _install(what: Path | str, target: Path, *options: Path | str) -> None:
    """Install a file, or a name from a folder that serves as registry (`--find-links`)."""
    subprocess.run(
        [UV, "pip", "install", "--offline", "--no-index", "--no-deps", "--target", target,
         *options, what],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("careful")
    shutil.copytree(EXAMPLE, place / "source")
    return _installed(place / "source", place)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another package with rules of other names: lithium goes by no level but `road`."""
    place = tmp_path_factory.mktemp("strict")
    source = place / "source"
    shutil.copytree(EXAMPLE, source)
    (source / "src" / "entrepot_careful_goods").rename(source / "src" / "strict_goods")
    project = source / "pyproject.toml"
    project.write_text(
        project.read_text()
        .replace("entrepot-careful-goods", "strict-goods")
        .replace("entrepot_careful_goods", "strict_goods")
        .replace("lithium-by-road", "lithium-by-road-only")
        .replace("fragile-fee", "fragile-fee-b")
    )
    module = source / "src" / "strict_goods" / "__init__.py"
    module.write_text(module.read_text().replace('== "air"', '!= "road"'))
    return _installed(source, place)


def run(site: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """`entrepot route …` with a package installed in `site`: the command without the server's
    modules, which take a second to load."""
    path = os.pathsep.join([str(site), str(ROOT / "src")])
    return subprocess.run(
        [sys.executable, "-c", "from entrepot.cli.routing import route; route()", *arguments],
        input=text, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


def goods(*orders: Document) -> Document:
    """One node, by air, by sea and by road (dearest); orders of one line each."""
    problem = simple_problem()
    air = {**problem["services"][0], "id": "air", "level": "air"}
    sea = {**air, "id": "sea", "level": "sea", "rates": [[1000, 550, 1000, 100, 900]] * 6}
    road = {**air, "id": "road", "level": "road", "rates": [[1000, 600, 1000, 100, 600]] * 6}
    problem["services"] = [air, sea, road]
    for thing in (problem["nodes"][0], *problem["services"]):
        thing["tags"] = ["cold", "lithium"]
    plain = problem["orders"][0]
    problem["orders"] = [{**plain, "id": f"O{i}", **order} for i, order in enumerate(orders)]
    return problem


PLAIN: Document = {}
FRAGILE: Document = {"attrs": {"fragile": True}}
LITHIUM: Document = {"lines": [{**simple_problem()["orders"][0]["lines"][0], "tags": ["lithium"]}]}


def chosen(site: Path, rule: str, *orders: Document) -> list[tuple[str, int]]:
    done = run(site, "-", "--rule", rule, text=json.dumps(goods(*orders)))
    assert done.returncode == 0, done.stderr
    plans = json.loads(done.stdout)["orders"]
    return [(plan["shipments"][0]["service"], plan["cost"]) for plan in plans]


def test_the_rules_of_an_installed_package_are_listed(careful: Path) -> None:
    listed = [json.loads(line) for line in run(careful, "rules").stdout.splitlines()]
    owners = {one["installed"]["rule"]: one["installed"]["owner"] for one in listed}
    assert list(owners) == [
        "capacity-thresholds", "carrier-limits", "fragile-fee", "lithium-by-road",
        "promise-hours", "region-limits",
    ]  # fmt: skip
    assert owners["lithium-by-road"] == "safety@example.com"
    assert {one["installed"]["source"] for one in listed} == {"entrepot-careful-goods"}
    assert {one["installed"]["version"] for one in listed} == {"1.0.0"}
    assert all(one["failure"] is None for one in listed)


def test_the_rules_decide(careful: Path) -> None:
    assert chosen(careful, "lithium-by-road", PLAIN, LITHIUM) == [("air", 500), ("sea", 550)]
    assert chosen(careful, "fragile-fee", PLAIN, FRAGILE) == [("air", 500), ("air", 800)]


def test_what_a_rule_said_is_in_the_record_and_needs_no_package_again(
    careful: Path, tmp_path: Path
) -> None:
    folder = str(tmp_path / "records")
    arguments = ("-", "--rule", "lithium-by-road", "--rule", "fragile-fee", "--record", folder)
    done = run(careful, *arguments, text=json.dumps(goods(LITHIUM | FRAGILE)))
    assert done.returncode == 0
    without = tmp_path / "nothing"
    without.mkdir()
    again = run(without, "replay", folder)
    assert json.loads(again.stdout) == {"records": 1, "reproduced": 1}
    card = run(without, "card", f"{folder}/000001.json.gz").stdout
    assert "A by air closed: rule (seen lithium-by-road, needed lithium_by_air)" in card
    assert "rule packages 300" in card
    listed = [json.loads(line) for line in run(without, "rules", folder).stdout.splitlines()]
    assert [(one["rule"], one["orders"], one["scope"]) for one in listed] == [
        ("fragile-fee", 1, "reads order, nodes"), ("lithium-by-road", 1, "reads lines, services"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("package", "rule", "service"),
    [("careful", "lithium-by-road", "sea"), ("strict", "lithium-by-road-only", "road")],
)
def test_one_package_is_swapped_for_another_by_name_and_the_same_contract_holds(
    package: str, rule: str, service: str, request: pytest.FixtureRequest
) -> None:
    """What every package for lithium must do, whoever wrote it."""
    site: Path = request.getfixturevalue(package)
    first = chosen(site, rule, PLAIN, LITHIUM)
    assert [taken for taken, _ in first] == ["air", service]
    assert chosen(site, rule, PLAIN, LITHIUM) == first
    listed = [json.loads(line) for line in run(site, "rules").stdout.splitlines()]
    assert rule in [one["installed"]["rule"] for one in listed if one["failure"] is None]


def test_the_package_passes_its_own_tests_and_its_rules_run_sealed(careful: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=careful.parent / "source", capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(careful), str(ROOT / "src")])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    listed = [json.loads(line) for line in run(careful, "rules").stdout.splitlines()]
    walls = (sys.platform, platform.machine()) == ("linux", "x86_64")
    assert [one["sealed"] for one in listed] == [walls] * 6


def test_a_rule_that_is_not_installed_is_bad_input(careful: Path) -> None:
    done = run(careful, "-", "--rule", "lithium-by-road-only", text=json.dumps(goods(PLAIN)))
    assert (done.returncode, done.stdout) == (2, "")
    assert "rules[0]: no package offers 'lithium-by-road-only' (unknown)" in done.stderr


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose only rule never answers."""
    place = tmp_path_factory.mktemp("stranger")
    source = place / "source"
    (source / "src" / "stranger").mkdir(parents=True)
    (source / "src" / "stranger" / "__init__.py").write_text(
        '"""Never answers."""\n'
        "from entrepot.routing.plugins.contract import Facts, Rule, Verdict\n"
        "def judge(facts: Facts) -> Verdict:\n"
        "    while True:\n"
        "        pass\n"
        'rule = Rule("1", "nobody", "never answers", (), judge)\n'
    )
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
        '[project]\nname = "stranger"\nversion = "1"\n'
        '[project.entry-points."entrepot.routing_rules"]\nslow = "stranger:rule"\n'
    )
    return _installed(source, place)


def test_a_rule_that_never_answers_costs_its_say_unless_it_must_speak(
    stranger: Path, tmp_path: Path
) -> None:
    folder = str(tmp_path / "records")
    done = run(stranger, "-", "--rule", "slow", "--record", folder, text=json.dumps(goods(PLAIN)))
    assert done.returncode == 0
    card = run(stranger, "card", f"{folder}/000001.json.gz").stdout
    assert "Rule slow (stranger 1): no say: too_slow" in card
    stopped = run(
        stranger,
        "-",
        "--rule",
        "slow=stop",
        "--record",
        folder + "2",
        text=json.dumps(goods(PLAIN)),
    )
    assert (stopped.returncode, stopped.stdout) == (2, "")
    assert "rule slow has no say (too_slow) (rule_silent)" in stopped.stderr
    assert not Path(folder + "2").exists()


def test_installed_from_a_registry_and_removed_while_a_process_runs(
    careful: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process sees the rules come and go; the registry is a folder of wheels."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    assert installed() == ()
    _install("entrepot-careful-goods", site, "--find-links", careful.parent / "wheels")
    rule = next(one for one in installed() if one.name == "lithium-by-road")
    assert (rule.package, rule.package_version) == ("entrepot-careful-goods", "1.0.0")
    given = decode_problem(json.dumps(goods(LITHIUM)).encode())
    with RuleRunner(rule, Limits(load_s=30, order_s=20)) as runner:
        said = runner.judge(given, given.orders[0])
    assert [mask.service for mask in said.masks] == ["air"]
    shutil.rmtree(site)
    site.mkdir()
    assert installed() == ()
    assert [plan.shipments[0].service for plan in route(given).orders] == ["air"]


def test_the_three_ways_to_make_routing_ones_own(careful: Path, tmp_path: Path) -> None:
    """A policy file; a module with an entry point of one's own project; an installed package."""
    policy = tmp_path / "policy.json"
    policy.write_text(
        json.dumps(
            {"format": "routing-policy/1", "id": "lithium", "version": 1, "owner": "safety",
             "review": "2027-01-01", "effective_from": "2026-01-01T00:00:00Z",
             "rules": [{"kind": "exclude", "id": "by-air", "code": "lithium_by_air",
                        "lines": {"is": "has", "field": "line.tags", "value": "lithium"},
                        "options": {"is": "eq", "field": "service.level", "value": "air"}}]}
        )
    )  # fmt: skip
    project = tmp_path / "project"
    (project / "mine-1.dist-info").mkdir(parents=True)
    (project / "mine-1.dist-info" / "METADATA").write_text("Name: mine\nVersion: 1\n")
    (project / "mine-1.dist-info" / "entry_points.txt").write_text(
        "[entrepot.routing_rules]\nmine = mine:rule\n"
    )
    (project / "mine.py").write_text(
        "from entrepot.routing.plugins.contract import Facts, Mask, Rule, Verdict\n"
        "def judge(facts):\n"
        "    if not any('lithium' in line.tags for line in facts.lines):\n"
        "        return Verdict()\n"
        "    return Verdict((Mask('A', 'air', 'lithium_by_air'),))\n"
        "rule = Rule('1', 'me', 'mine', ('lines',), judge)\n"
    )
    text = json.dumps(goods(PLAIN, LITHIUM))
    ways = [
        run(careful, "-", "--policy", str(policy), text=text),
        run(project, "-", "--rule", "mine", text=text),
        run(careful, "-", "--rule", "lithium-by-road", text=text),
    ]
    for way in ways:
        assert way.returncode == 0, way.stderr
        plans = json.loads(way.stdout)["orders"]
        assert [plan["shipments"][0]["service"] for plan in plans] == ["air", "sea"]
    told = (ROOT / "docs" / "routing-plugins.md").read_text()
    assert all(f"{n}. **" in told for n in (1, 2, 3))
    assert (ROOT / "docs" / "examples" / "routing-plugin" / "README.md").is_file()
