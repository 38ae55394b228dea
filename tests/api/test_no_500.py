"""R3: whatever is sent, the API never breaks: no 5xx, no undocumented status, every 4xx a
problem document with a code.

Half of the requests are made by schemathesis from the app's own OpenAPI document (valid and
invalid ones, with this tenant's ids mixed in), half by the grammar of `nasty_requests`. All
are properly signed: otherwise they would end at the door. The seed is printed; ENTREPOT_SEED
repeats a run, ENTREPOT_REQUESTS sets how many there are.
"""

import json
import os
import random
import re
import time
from collections import Counter
from typing import Any
from urllib.parse import unquote, urlencode

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import GenerationMode

from tests.api.harness import ApiKeyInHand, api_app
from tests.api.nasty_requests import Answer, Grammar, Sent, ask, encoded, signed
from tests.api.test_tenant_matrix import World, build_world
from tests.postgres_fixture import InstalledServer

REQUESTS = int(os.environ.get("ENTREPOT_REQUESTS", "2000"))
WITHIN_S = 100.0
"""For 2,000 of them (SAFETY 5), asserted as time of our processor: others may use it too."""


@pytest.fixture(scope="module")
async def app(server: InstalledServer) -> Any:
    return api_app(server)


@pytest.fixture(scope="module")
async def world(server: InstalledServer, app: Any) -> World:
    return await build_world(server, app, "A")


@pytest.fixture(scope="module")
async def document(world: World) -> Any:
    return (await world.key.client.get("/openapi.json")).json()


@pytest.fixture(scope="module")
def seed() -> int:
    chosen = int(os.environ.get("ENTREPOT_SEED", random.randrange(10**6)))
    print(f"seed {chosen}")
    return chosen


def from_document(document: Any, ids: dict[str, str], key: ApiKeyInHand, seed: int) -> list[Sent]:
    """What schemathesis makes of the document, this tenant's ids mixed in, signed."""
    operations = [
        result.ok()
        for result in schemathesis.openapi.from_dict(document).get_all_operations()
        if result.ok().path.startswith("/api/")
    ]
    each = -(-REQUESTS // (4 * len(operations)))
    rng = random.Random(seed)
    made: list[Sent] = []
    for operation in operations:
        taken = [p for p in operation.iter_parameters() if p.location in ("path", "query")]
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and not (operation.body or taken):
                continue  # what takes nothing cannot be asked wrongly
            cases = cases_of(operation.as_strategy(generation_mode=mode), each, seed)
            made += [as_sent(case, operation.path, ids, key, rng) for case in cases]
    return made


def cases_of(strategy: Any, number: int, seed: int) -> list[Any]:
    """Cases of a strategy, generated without sending any."""
    cases: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(case: Any) -> None:
        cases.append(case)

    collect()
    return cases


def as_sent(
    case: Any, template: str, ids: dict[str, str], key: ApiKeyInHand, rng: random.Random
) -> Sent:
    """A generated case as a signed request; some of its ids become real ones."""
    path = case.formatted_path
    if rng.random() < 0.7:
        path = template.replace("{code}", ids["warehouse"])
        for name, value in ids.items():
            path = path.replace("{" + name + "}", value)
    query = with_ids(dict(case.query or {}), ids, rng)
    target = path + ("?" + urlencode(query, doseq=True, errors="replace") if query else "")
    body = case.body
    if not isinstance(body, bytes):
        is_set = isinstance(body, dict | list | str | int | float | bool | None)
        body = encoded(with_ids(body, ids, rng)) if is_set else b""
    idempotency_key = (case.headers or {}).get("Idempotency-Key")
    if not isinstance(idempotency_key, str) or rng.random() < 0.9:
        idempotency_key = None
    elif not idempotency_key.isascii():
        idempotency_key = idempotency_key.encode("ascii", "replace").decode()
    headers = signed(key, case.method, target, body, idempotency_key=idempotency_key)
    return Sent(case.method, target, body, headers, "generated", template)


def with_ids(part: Any, ids: dict[str, str], rng: random.Random) -> Any:
    """Fields that are named like one of our ids hold it, more often than not."""
    known = ids | {"tracking_number": ids["number"], "code": ids["number"]}
    if isinstance(part, dict):
        return {
            name: known[name] if name in known and rng.random() < 0.7 else with_ids(value, ids, rng)
            for name, value in part.items()
        }
    if isinstance(part, list):
        return [with_ids(value, ids, rng) for value in part]
    return part


class Documented:
    """What the document allows as an answer."""

    def __init__(self, document: Any) -> None:
        self._paths = document["paths"]
        self._shapes = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in self._paths
        ]

        self._components = document["components"]

    def faults(self, sent: Sent, answer: Answer) -> list[str]:
        """Everything that is wrong with an answer."""
        found = []
        if answer.status >= 500:
            found.append("a server fault")
        if answer.status not in self._allowed(sent):
            found.append("a status that is not documented")
        if answer.status >= 400 and sent.method != "HEAD":
            found += problem_faults(answer)
        elif answer.status in (200, 201):
            found += self._shape_faults(sent, answer)
        return found

    def _operation(self, sent: Sent) -> Any:
        where = re.sub("/+", "/", unquote(sent.target.partition("?")[0])).rstrip("/")
        path = sent.path or next((p for shape, p in self._shapes if shape.fullmatch(where)), "")
        return self._paths.get(path, {}).get(sent.method.lower())

    def _shape_faults(self, sent: Sent, answer: Answer) -> list[str]:
        operation = self._operation(sent)
        if operation is None:
            return []
        documented = operation["responses"][str(answer.status)]["content"]
        if "application/json" not in documented:
            sent_as = answer.headers.get("content-type", "").partition(";")[0]
            return [] if sent_as in documented else [f"a file that is not as documented: {sent_as}"]
        shape = documented["application/json"]["schema"] | {"components": self._components}
        errors = jsonschema_rs.Draft202012Validator(shape).iter_errors(
            msgspec.json.decode(answer.body)
        )
        return [f"an answer that is not as documented ({error.message[:200]})" for error in errors]

    def _allowed(self, sent: Sent) -> set[int]:
        operation = self._operation(sent)
        if operation is not None:
            return {int(status) for status in operation["responses"]}
        if sent.target.startswith("/openapi.json"):
            return {200, 405}
        # No operation: nothing there, or not by this method. OPTIONS names the methods.
        return {404, 405} | ({204} if sent.method == "OPTIONS" else set())


def problem_faults(answer: Answer) -> list[str]:
    """Whether a refusal is a problem document that says what its status says."""
    if answer.headers.get("content-type") != "application/problem+json":
        return [f"no problem document but {answer.headers.get('content-type')}"]
    problem = msgspec.json.decode(answer.body)
    if problem["status"] != answer.status or not problem["code"] or not problem["title"]:
        return ["a problem document that contradicts its status or has no code"]
    return []


async def test_no_request_breaks_the_api(app: Any, world: World, document: Any, seed: int) -> None:
    began, began_cpu = time.monotonic(), time.process_time()
    grammar = Grammar(world.key, world.ids, random.Random(seed))
    requests = from_document(document, world.ids, world.key, seed)
    made_s = time.monotonic() - began
    requests += [grammar.any() for _ in range(REQUESTS - len(requests))]
    random.Random(seed).shuffle(requests)
    documented = Documented(document)
    statuses: Counter[int] = Counter()
    fallen: dict[str, str] = {}
    for sent in requests:
        answer = await ask(app, sent)
        statuses[answer.status] += 1
        for fault in documented.faults(sent, answer):
            told = f"{fault}: {answer.status} to {sent.told}: {sent.method} {sent.target[:120]}"
            fallen.setdefault(
                f"{fault} {sent.told} {answer.status} {sent.path}",
                f"{told} {sent.body[:200]!r} {answer.body[:200]!r}",
            )
    spent_s = time.monotonic() - began
    print(
        f"{len(requests)} requests in {spent_s:.0f} s, {made_s:.0f} s of it making them;"
        f" answers {json.dumps(dict(sorted(statuses.items())))}"
    )
    assert not fallen, "\n".join(fallen.values())
    good = sum(count for status, count in statuses.items() if status < 300)
    assert good > len(requests) / 20, "hardly any request reached the work"
    spent_cpu_s = time.process_time() - began_cpu
    assert spent_cpu_s < WITHIN_S * max(1, len(requests) / 2000)
