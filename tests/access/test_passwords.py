"""Passwords: argon2id at full strength, the same time for nobody as for somebody."""

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from argon2.low_level import Type

from entrepot.access import passwords
from entrepot.access.passwords import hash_password, is_outdated, password_matches


@pytest.fixture
def real_hashes(cheap_hashes: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """The product's own parameters for one test."""
    monkeypatch.setattr(passwords, "_HASHER", cheap_hashes)
    passwords._hash_of_nothing.cache_clear()
    return cheap_hashes


async def test_passwords_are_argon2id_at_the_strength_of_the_rfc(
    real_hashes: PasswordHasher,
) -> None:
    """RFC 9106, section 4, second choice: 64 MiB, three passes."""
    assert real_hashes.type is Type.ID
    assert real_hashes.memory_cost >= 65536
    assert real_hashes.time_cost >= 3
    kept = await hash_password("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert await password_matches(kept, "correct horse battery")
    assert not await password_matches(kept, "correct horse batterz")


async def test_nobody_costs_the_same_work_as_somebody(
    real_hashes: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: one comparison each, with a hash of the same parameters."""
    compared: list[Parameters] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, known: str, password: bytes) -> bool:
        compared.append(extract_parameters(known))
        return bool(verify(hasher, known, password))

    kept = await hash_password("correct horse battery")
    monkeypatch.setattr(PasswordHasher, "verify", counted)
    assert not await password_matches(kept, "wrong")
    assert not await password_matches(None, "wrong")
    assert len(compared) == 2 and compared[0] == compared[1]


async def test_nobody_matches_not_even_the_empty_password() -> None:
    assert not await password_matches(None, "")
    assert not await password_matches("not a hash", "")


async def test_hashes_of_other_parameters_are_outdated(cheap_hashes: PasswordHasher) -> None:
    assert not is_outdated(await hash_password("x"))
    assert is_outdated(cheap_hashes.hash("x"))


async def test_the_same_password_never_hashes_alike() -> None:
    assert await hash_password("x") != await hash_password("x")
