"""Secrets at rest: sealed for one owner, name and version, under a key that must be fit."""

from pathlib import Path

import pytest

from entrepot.platform.secrets import KeyTrouble, SealingKey, Unsealable, make_key, read_key


@pytest.fixture
def key(tmp_path: Path) -> SealingKey:
    return make_key(tmp_path / "kek", demo=False)


def test_a_secret_comes_back_and_never_looks_the_same(key: SealingKey) -> None:
    sealed = [key.seal(b"word", owner="a", name="app", version=1) for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert b"word" not in sealed[0]
    for one in sealed:
        assert key.unseal(one, owner="a", name="app", version=1) == b"word"


@pytest.mark.parametrize(
    ("owner", "name", "version"), [("b", "app", 1), ("a", "shopper", 1), ("a", "app", 2)]
)
def test_a_row_copied_elsewhere_does_not_open(
    key: SealingKey, owner: str, name: str, version: int
) -> None:
    sealed = key.seal(b"word", owner="a", name="app", version=1)
    with pytest.raises(Unsealable):
        key.unseal(sealed, owner=owner, name=name, version=version)


def test_another_key_and_changed_bytes_do_not_open(key: SealingKey, tmp_path: Path) -> None:
    sealed = key.seal(b"word", owner="a", name="app", version=1)
    other = make_key(tmp_path / "other", demo=False)
    with pytest.raises(Unsealable):
        other.unseal(sealed, owner="a", name="app", version=1)
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(Unsealable):
            key.unseal(changed, owner="a", name="app", version=1)
    with pytest.raises(Unsealable):
        key.unseal(b"", owner="a", name="app", version=1)


def test_owner_and_name_cannot_run_into_each_other(key: SealingKey) -> None:
    with pytest.raises(ValueError, match="have no"):
        key.seal(b"word", owner="a|app", name="x", version=1)


def test_production_makes_no_key_and_takes_no_demo_key(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    with pytest.raises(KeyTrouble, match="no key-encryption key"):
        read_key(path, env="production")
    made = read_key(path, env="demo")
    assert made.demo
    assert read_key(path, env="test") == made
    with pytest.raises(KeyTrouble, match="demo key"):
        read_key(path, env="production")
    copied = tmp_path / "elsewhere"
    copied.write_bytes(path.read_bytes())
    copied.chmod(0o600)
    with pytest.raises(KeyTrouble, match="demo key"):
        read_key(copied, env="production")


def test_a_key_open_to_others_or_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    make_key(path, demo=False)
    assert path.stat().st_mode & 0o777 == 0o600
    read_key(path, env="production")
    path.chmod(0o640)
    with pytest.raises(KeyTrouble, match="open to others"):
        read_key(path, env="test")
    path.chmod(0o600)
    for wrong in (b"", b"x" * 32, b"short", bytes(range(33))):
        path.write_bytes(wrong)
        with pytest.raises(KeyTrouble, match="32 random bytes"):
            read_key(path, env="test")


def test_the_key_shows_itself_nowhere(key: SealingKey) -> None:
    assert key.fingerprint in repr(key)
    assert repr(key.key)[2:-1] not in repr(key)
    assert key.key.hex() not in repr(key)
