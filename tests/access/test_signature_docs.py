"""The documents for clients tell the truth: their code runs, their vectors verify."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from entrepot.access import compat_signatures, signatures
from entrepot.access.signatures import Message

DOCS = Path(__file__).resolve().parents[2] / "docs"
LANGUAGES = ["signatures.md", "signatures.zh-CN.md"]
KEY_ID = "ek_abcdefghij23_abcdefgh234567ab"
SECRET = "eks_this-is-a-documented-example-not-a-secret-00"
NONCE = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000
HOST = "api.example.com"
KEY = ("hmac-sha256", SECRET.encode())
Vector = tuple[str, str, str, str, str]


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)


def vectors(name: str) -> list[Vector]:
    """(method, target, idempotency key, body, all three blocks) of each worked vector."""
    texts = blocks(name, "text")
    found = []
    for request, compat, strict in zip(texts[::3], texts[1::3], texts[2::3], strict=True):
        head, _, body = request.partition("\n\n")
        method, target = head.split("\n")[0].split(" ", 1)
        key = re.search(r"idempotency-key: (\S+)", head)
        found.append((method, target, key[1] if key else "", body.strip(), compat + strict))
    return found


def message(vector: Vector, headers: dict[str, str]) -> Message:
    method, target, _, body, _ = vector
    path, _, query = target.partition("?")
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Message(method, path.encode(), query.encode(), HOST, pairs, body.encode())


@pytest.mark.parametrize("name", LANGUAGES)
def test_there_are_three_vectors(name: str) -> None:
    assert [vector[0] for vector in vectors(name)] == ["GET", "POST", "POST"]


def test_both_languages_show_the_same_code_and_vectors() -> None:
    for language in ("python", "bash", "text"):
        assert blocks(LANGUAGES[0], language) == blocks(LANGUAGES[1], language) != []


@pytest.mark.parametrize("number", range(3))
def test_the_strict_example_makes_the_vectors_and_they_hold(number: int) -> None:
    space: dict[str, Any] = {"__name__": "example"}
    exec(blocks(LANGUAGES[0], "python")[0], space)  # the code of the document itself
    vector = vectors(LANGUAGES[0])[number]
    method, target, idempotency_key, body, shown = vector
    headers = space["signed_headers"](
        method, HOST, target, body.encode(), key_id=KEY_ID, secret=SECRET,
        idempotency_key=idempotency_key, now=NOW, nonce=NONCE,
    )  # fmt: skip
    assert f"Signature: {headers['signature']}\n" in shown
    assert f"Signature-Input: {headers['signature-input']}\n" in shown
    sent = message(vector, headers)
    claim = signatures.parse(sent, {HOST})
    assert signatures.verify(sent, claim, KEY, NOW)


@pytest.mark.parametrize("number", range(3))
def test_the_compat_example_makes_the_vectors_and_they_hold(number: int) -> None:
    space: dict[str, Any] = {}
    exec(blocks(LANGUAGES[0], "python")[1], space)  # the code of the document itself
    vector = vectors(LANGUAGES[0])[number]
    method, target, idempotency_key, body, shown = vector
    path, _, query = target.partition("?")
    content_type = "application/json" if body else ""
    signature = space["compat_signature"](
        method, HOST, path, query, body.encode(), content_type, idempotency_key,
        key_id=KEY_ID, secret=SECRET, timestamp=NOW, nonce=NONCE,
    )  # fmt: skip
    assert f"X-Entrepot-Signature: {signature}\n" in shown
    headers = {
        "x-entrepot-key": KEY_ID, "x-entrepot-timestamp": str(NOW), "x-entrepot-nonce": NONCE,
        "x-entrepot-version": "1", "x-entrepot-signature": signature,
    }  # fmt: skip
    if body:
        headers |= {"content-type": content_type, "idempotency-key": idempotency_key}
    sent = message(vector, headers)
    claim = compat_signatures.parse(sent, {HOST})
    assert claim.base.decode() + "\n\n" in shown
    assert signatures.verify(sent, claim, KEY, NOW)


def test_the_shell_example_signs_the_second_vector(tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    curl.chmod(0o755)
    script = tmp_path / "example.sh"
    script.write_text(blocks(LANGUAGES[0], "bash")[0])
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "KEY_ID": KEY_ID, "SECRET": SECRET,
        "TIMESTAMP": str(NOW), "NONCE": NONCE, "IDEMPOTENCY_KEY": "scan-0001",
        "AUTHORITY": HOST, "BASE_URL": "http://nowhere",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", str(script)], env=env, capture_output=True, text=True, check=True, timeout=20
    )
    sent = re.search(r"X-Entrepot-Signature: (\w+)", done.stdout)
    assert sent is not None
    assert f"X-Entrepot-Signature: {sent[1]}\n" in vectors(LANGUAGES[0])[1][4]


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_codes_are_those_that_are_refused_with(name: str) -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", (DOCS / name).read_text(), re.MULTILINE))
    sources = [Path(module.__file__ or "") for module in (signatures, compat_signatures)]
    texts = [path.read_text() for path in sources]
    used = {code for text in texts for code in re.findall(r'refuse\("(\w+)"\)', text)}
    used |= {code for text in texts for code in re.findall(r', "(signature_\w+)"\)', text)}
    assert used | {"nonce_replayed"} == told
