"""R23: known secrets go through a real `entrepot serve` and `worker`, in good requests and bad
ones and through a fault of our own; afterwards they are looked for wherever something is kept
or said."""

import json
import re
import stat
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrepot.access.signing import sign
from entrepot.app import demo_run
from entrepot.app.logs import mask
from entrepot.cli.keys import make_owner_link
from entrepot.kernel.ids import new_token
from entrepot.platform.secrets import make_key
from tests.api.harness import api_app, key_for
from tests.app.house import entrepot, own_server, wait_until_ready
from tests.installation import free_port
from tests.postgres_fixture import OPERATOR, InstalledServer

PASSWORD = "Kanarienvogel-password-31415"
WRONG_PASSWORD = "Kanarienvogel-wrong-27182"
PHONES = ("+8613812345678", "138 1234 5678", "13812345678", "+1 512-555-0142")
NAME = "Kanarienvogel Examplar"
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


class Visited:
    """What was sent and what came back."""

    def __init__(self, own: InstalledServer, base_url: str) -> None:
        self.own = own
        self.base_url = base_url
        self.client = httpx.Client(base_url=base_url, timeout=30)
        self.secrets: dict[str, str] = {}
        self.refusals: list[str] = []
        self.logs: list[Path] = []
        self.key_id = ""
        self.tenant: Any = None

    def ask(self, method: str, target: str, document: object, *, spoil: bool = False) -> Any:
        """A signed request; its signature becomes one of the secrets."""
        body = b"" if document is None else json.dumps(document).encode()
        headers = sign(
            method, self.base_url.removeprefix("http://"), f"/api/v1{target}", body,
            key_id=self.key_id, secret=self.secrets["key secret"].encode(), now_s=int(time.time()),
            nonce=new_token(24), idempotency_key=None if method == "GET" else new_token(12),
        )  # fmt: skip
        self.secrets[f"signature {len(self.secrets)}"] = headers["signature"][5:-1]
        if spoil:
            headers["idempotency-key"] = new_token(12)
        answer = self.client.request(method, f"/api/v1{target}", content=body, headers=headers)
        if answer.status_code >= 400:
            self.refusals.append(answer.text)
        return answer

    def log_in(self, email: str, password: str) -> httpx.Response:
        """Through the page's door."""
        with httpx.Client(base_url=self.base_url, timeout=30) as browser:
            door = f"/t/{self.tenant.slug}/log-in"
            token = _TOKEN.search(browser.get(door).text)
            assert token is not None
            answer = browser.post(
                door, data={"csrf_token": token[1], "email": email, "password": password}
            )
            for name, value in browser.cookies.items():
                if "." in value:
                    self.secrets[f"cookie {name} {len(self.secrets)}"] = value
            if answer.status_code >= 400:
                self.refusals.append(answer.text.replace(token[1], ""))
            return answer


@pytest.fixture(scope="module")
async def visited(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visited]:
    folder = tmp_path_factory.mktemp("secrets")
    port = free_port()
    async with own_server() as own:
        here = Visited(own, f"http://127.0.0.1:{port}")
        here.tenant = await own.tenant(names={"en": "Canaries"})
        key = await key_for(own, api_app(own), here.tenant.tenant)
        here.key_id, here.secrets["key secret"] = key.key_id, key.secret.decode()  # type: ignore[union-attr]
        here.secrets["superuser"] = own.superuser.password
        here.secrets["control login"] = (await own.directory.control_login()).password
        here.secrets["tenant login"] = (await own.login(here.tenant)).password
        here.secrets["key of keys"] = own.settings.key_file.read_bytes().hex()
        here.logs = [folder / "serve.log", folder / "worker.log"]
        environment = {"ENTREPOT_PORT": str(port)}
        with (
            entrepot("serve", own, here.logs[0], **environment),
            entrepot("worker", own, here.logs[1], **environment),
        ):
            wait_until_ready(here.base_url, here.logs[0])
            await visit(here)
            yield here
        here.client.close()


async def visit(here: Visited) -> None:
    """Good requests, bad ones, and two that meet a broken database."""
    here.secrets |= {"password": PASSWORD, "wrong password": WRONG_PASSWORD}
    ask = here.ask
    assert ask("POST", "/nodes", {"code": "SZX1", "zone": "Asia/Shanghai"}).status_code == 201
    customer = ask("POST", "/customers", {"name": NAME, "phone": PHONES[0]}).json()
    person = {"email": "canary@x.example", "name": NAME, "customer_id": customer["id"]}
    assert ask("POST", "/people", person | {"password": PASSWORD}).status_code == 201
    linked = ask("POST", "/people", {**person, "email": "link@x.example"}).json()
    here.secrets["link token"] = linked["login_token"]
    label = {"recipient": NAME, "phone": PHONES[0], "text": f"{NAME} {PHONES[3]}"}
    scan = {"warehouse": "SZX1", "tracking_number": "SF0000000000142", "label": label}
    assert ask("POST", "/scans", scan).status_code == 200
    assert here.log_in("canary@x.example", PASSWORD).status_code == 303
    assert any(name.startswith("cookie") for name in here.secrets)
    assert here.log_in("canary@x.example", WRONG_PASSWORD).status_code >= 400
    link = f"/t/{here.tenant.slug}/welcome/{here.secrets['link token']}"
    assert here.client.get(link).status_code == 200
    # The link that `entrepot tenants create --owner` prints leads to the same door.
    first = await make_owner_link(here.own.plane, OPERATOR, tenant=here.tenant, email="o@x.example")
    here.secrets["owner's link"] = first.rsplit("/", 1)[-1]
    assert here.client.get(first).status_code == 200
    assert ask("POST", "/scans", scan, spoil=True).status_code == 401
    for wrong in (
        {"name": NAME, "phone": f"{PHONES[0]} and {PHONES[3]} and more than forty characters"},
        {"name": 1, "phone": PHONES[0], "password": PASSWORD},
        {**person, "email": "canary@x.example", "password": PASSWORD},
        {**person, "email": PASSWORD, "password": PASSWORD},
    ):
        assert (
            ask("POST", "/people" if "email" in wrong else "/customers", wrong).status_code >= 400
        )
    owner = await here.own.owner(here.tenant)
    try:
        # The database tells the whole row that it refuses, phone and all.
        narrow = "alter table parties.customer add constraint narrow check (name is null) not valid"
        await owner.execute(narrow)
        for phone in PHONES:
            assert ask("POST", "/customers", {"name": NAME, "phone": phone}).status_code == 500
        await owner.execute("alter table parties.customer drop constraint narrow")
        narrow = "alter table access.person add constraint narrow check (name is null) not valid"
        await owner.execute(narrow)
        assert ask("POST", "/people", {**person, "email": "c@x.example"}).status_code == 500
        await owner.execute("alter table access.person drop constraint narrow")
        await owner.execute("alter table parties.customer rename to customer_away")
        await owner.execute("alter table access.person rename to person_away")
        broken = ask("POST", "/customers", {"name": NAME, "phone": PHONES[0]})
        assert (broken.status_code, broken.json()["code"]) == (500, "our_mistake")
        fallen = ask("POST", "/people", {**person, "email": "b@x.example", "password": PASSWORD})
        assert fallen.status_code == 500
        assert here.log_in("canary@x.example", PASSWORD).status_code == 500
    finally:
        await owner.execute("alter table parties.customer_away rename to customer")
        await owner.execute("alter table access.person_away rename to person")
        await owner.close()


def found_in(text: str, here: Visited, *, personal: bool = True) -> list[str]:
    """Names of what stands in a text and must not. Secrets also in hexadecimal and base64."""
    found = []
    for name, secret in here.secrets.items():
        raw = secret.encode()
        if any(form in text for form in (secret, raw.hex(), b64encode(raw).decode())):
            found.append(name)
    if personal:
        found += [phone for phone in PHONES if phone in text]
    return found


async def test_no_log_holds_a_secret_or_a_phone(visited: Visited) -> None:
    said = [log.read_text() for log in visited.logs]
    said.append((visited.own.postgres.folder.with_name("postgres.log")).read_text())
    assert "api.bug" in said[0], "the broken requests left no trace to be read"
    assert "customer" in said[0]
    for text in said:
        assert found_in(text, visited) == []
        assert NAME not in text


async def test_no_refusal_repeats_a_secret_or_a_phone(visited: Visited) -> None:
    assert len(visited.refusals) >= 8
    for text in visited.refusals:
        assert found_in(text, visited) == []


async def test_figures_hold_nothing(visited: Visited) -> None:
    figures = visited.client.get("/metrics").text
    assert "entrepot_requests_total" in figures
    assert found_in(figures, visited) == []
    for word in (visited.tenant.slug, visited.tenant.tenant, visited.key_id, NAME):
        assert word not in figures


async def test_no_row_holds_a_secret(visited: Visited) -> None:
    """Every table of the tenant and of the control database as its owner reads them."""
    owner = await visited.own.owner(visited.tenant)
    try:
        tables = await owner.fetch(
            "select c.oid::regclass::text as name from pg_class c"
            " where c.relkind = 'r' and c.relnamespace >= 16384"
        )
        rows = {
            name: await owner.fetchval(f"select string_agg(t::text, ' ') from {name} as t") or ""
            for (name,) in tables
        }
    finally:
        await owner.close()
    assert len(rows) > 20
    assert {name: found_in(text, visited, personal=False) for name, text in rows.items()} == {
        name: [] for name in rows
    }
    assert NAME in rows["parties.customer"], "the canaries never arrived"
    for name in ("platform.outbox", "platform.audit", "platform.request_nonce"):
        assert rows[name], f"{name} is empty"
        assert found_in(rows[name], visited) == []
        assert NAME not in rows[name]


def test_masking_hides_by_name_and_by_shape() -> None:
    said = mask(
        {"event": f"call {PHONES[0]} or {PHONES[3]}", "password": PASSWORD, "link_token": "x",
         "signature": "y", "error": "key ek_abcdefghijkl_abcdefghijklmnop.Secret_here"}
    )  # fmt: skip
    assert said["password"] == said["link_token"] == said["signature"] == "***"
    assert not any(phone in str(said) for phone in PHONES)
    assert "Secret_here" not in str(said)
    told = mask({"exception": f"Refused: x\nDETAIL:  Failing row contains ({NAME}, EP1).\nend"})
    assert NAME not in told["exception"] and told["exception"].endswith("end")


def test_the_file_with_the_demos_secrets_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    demo_run._write(path, {"tenants": []})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("kind", "word"), [("missing", "no key-encryption key"), ("demo", "demo")])
def test_production_does_not_start_without_a_key_of_its_own(
    tmp_path: Path, kind: str, word: str
) -> None:
    if kind == "demo":
        make_key(tmp_path / "kek", demo=True)
    for command in ("worker", "serve"):
        done = subprocess.run(
            [sys.executable, "-m", "entrepot.app.command_line", command],
            env={
                "PATH": "", "ENTREPOT_HOME": str(tmp_path), "ENTREPOT_ENV": "production",
                "ENTREPOT_PORT": str(free_port()),
            },
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode != 0, command
        assert word in done.stdout + done.stderr
