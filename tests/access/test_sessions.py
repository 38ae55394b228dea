"""Log-ins: passwords, guesses, one-time links, sessions that idle, end and belong to one tenant."""

import asyncio

import pytest
from argon2 import PasswordHasher

from entrepot.access import queries, rules, sessions
from entrepot.access.permissions import ROLES, SHOPPER_PERMISSIONS
from entrepot.access.sessions import (
    change_password,
    enter_by_link,
    find_link_owner,
    find_logged_in,
    log_in,
    log_out,
)
from entrepot.access.tokens import belongs, new_token_of
from entrepot.flows.create_customer import create_customer
from entrepot.flows.disable_person import disable_person
from entrepot.flows.enable_person import enable_person
from entrepot.flows.make_log_in_link import make_log_in_link
from entrepot.kernel.ids import new_id, new_token
from entrepot.kernel.principals import Shopper, Staff
from entrepot.kernel.refusals import Invalid, NotFound, TooMany, Unauthenticated
from entrepot.parties.types import NewCustomer
from tests.access.house import PASSWORD, House, open_house, stamp

PEER = "192.0.2.1"


async def enter(house: House, email: str, password: str, peer: str | None = None) -> str:
    entered = await log_in(
        house.db, house.id, email=email, password=password, peer=peer or new_token(9)
    )
    return entered.token


async def test_a_link_sets_the_password_and_logs_in(house: House) -> None:
    person, token = await house.person(roles=["receiver", "putaway"], warehouses=["SZX1"])
    owner = await find_link_owner(house.db, house.id, token)
    assert owner is not None
    assert owner.email == person.email
    entered = await enter_by_link(house.db, house.id, token=token, password=PASSWORD, agent="UA\n")
    principal = entered.who.principal
    assert isinstance(principal, Staff)
    assert principal.permissions == ROLES["receiver"] | ROLES["putaway"]
    assert principal.warehouses == {"SZX1"}
    assert (entered.who.email, entered.who.name) == (person.email, person.name)
    assert await find_logged_in(house.db, house.id, entered.token) == entered.who


async def test_a_link_works_once(house: House) -> None:
    person, token = await house.person()
    second = new_token_of(house.id)
    await make_log_in_link(
        house.db, house.owner, stamp(), person_id=person.person_id, link_token=second
    )
    await enter_by_link(house.db, house.id, token=token, password=PASSWORD)
    for used in (token, second):
        assert await find_link_owner(house.db, house.id, used) is None
        with pytest.raises(NotFound) as refusal:
            await enter_by_link(house.db, house.id, token=used, password=PASSWORD)
        assert refusal.value.code == "link_is_over"


async def test_a_link_used_by_two_at_once_lets_one_in(house: House) -> None:
    _, token = await house.person()
    results = await asyncio.gather(
        *(enter_by_link(house.db, house.id, token=token, password=PASSWORD) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, sessions.Entered) for result in results) == 1
    assert sum(isinstance(result, NotFound) for result in results) == 3


async def test_a_link_expires(house: House) -> None:
    _, token = await house.person()
    house.turned_s[0] = rules.LINK_LASTS.total_seconds() + 1
    try:
        with pytest.raises(NotFound):
            await enter_by_link(house.db, house.id, token=token, password=PASSWORD)
    finally:
        house.turned_s[0] = 0


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "1" * 201, "abab" * 5])
async def test_a_plain_password_is_refused_and_the_link_stays(house: House, password: str) -> None:
    _, token = await house.person()
    with pytest.raises(Invalid) as refusal:
        await enter_by_link(house.db, house.id, token=token, password=password)
    assert refusal.value.errors[0].path == "password"
    assert await enter_by_link(house.db, house.id, token=token, password=PASSWORD)


async def test_the_email_address_is_no_password(house: House) -> None:
    person, token = await house.person(email="longenough.name@example.com")
    for password in (person.email.upper(), "longenough.name"):
        with pytest.raises(Invalid):
            await enter_by_link(house.db, house.id, token=token, password=password)


@pytest.mark.parametrize(
    "password", [PASSWORD, "密码密碼很长的口令abc", "nul\0inside-it", "\ud800" + PASSWORD]
)
async def test_the_right_password_logs_in(house: House, password: str) -> None:
    person, token = await house.person()
    await enter_by_link(house.db, house.id, token=token, password=password)
    for email in (person.email, f" {person.email.upper()} "):
        assert await enter(house, email, password)
    with pytest.raises(Unauthenticated):
        await enter(house, person.email, password + " ")


@pytest.mark.parametrize(
    "email", ["nobody@example.com", "", "\0", "a\0@b.c", "\ud800@x.y", "%", "x" * 5000]
)
async def test_an_unknown_email_is_refused_like_a_wrong_password(house: House, email: str) -> None:
    person, token = await house.person()
    with pytest.raises(Unauthenticated) as without_password:
        await enter(house, person.email, "")
    await enter_by_link(house.db, house.id, token=token, password=PASSWORD)
    with pytest.raises(Unauthenticated) as wrong:
        await enter(house, person.email, "not the password")
    with pytest.raises(Unauthenticated) as unknown:
        await enter(house, email, PASSWORD)
    answers = {(r.value.code, str(r.value), str(r.value.facts))
               for r in (without_password, wrong, unknown)}  # fmt: skip
    assert len(answers) == 1


async def test_an_unknown_email_is_compared_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What costs the time is done for nobody as for somebody; how long: test_passwords."""
    compared: list[str | None] = []

    async def note(password_hash: str | None, password: str) -> bool:
        compared.append(password_hash)
        return False

    monkeypatch.setattr(sessions, "password_matches", note)
    for email in ("nobody.at.all@example.com", "\0"):
        with pytest.raises(Unauthenticated):
            await enter(house, email, "wrong")
    assert compared == [None, None]


async def test_an_outdated_hash_is_renewed_at_log_in(
    house: House, cheap_hashes: PasswordHasher
) -> None:
    email = (await house.entered()).who.email
    old = cheap_hashes.hash(PASSWORD)
    await house.sql("update access.person set password_hash = $2 where email = $1", email, old)
    assert await enter(house, email, PASSWORD)
    kept = await house.sql("select password_hash from access.person where email = $1", email)
    assert kept != old
    assert await enter(house, email, PASSWORD)


async def test_guesses_from_one_place_are_limited(house: House) -> None:
    email = (await house.entered()).who.email
    peer = new_token(6)
    for _ in range(rules.GUESSES_FROM_HERE):
        with pytest.raises(Unauthenticated):
            await enter(house, email, "wrong", peer)
    with pytest.raises(TooMany) as refusal:
        await enter(house, email, PASSWORD, peer)
    assert refusal.value.code == "too_many_guesses"
    assert 0 < (refusal.value.retry_after_s or 0) <= rules.GUESS_STRETCH.total_seconds()
    assert await enter(house, email, PASSWORD), "the owner elsewhere is not locked out"
    house.turned_s[0] = rules.GUESS_STRETCH.total_seconds()
    try:
        assert await enter(house, email, PASSWORD, peer)
    finally:
        house.turned_s[0] = 0


async def test_guesses_at_once_do_not_escape_the_limit(house: House) -> None:
    email = (await house.entered()).who.email
    peer = new_token(6)
    results = await asyncio.gather(
        *(enter(house, email, "wrong", peer) for _ in range(20)), return_exceptions=True
    )
    compared = sum(isinstance(result, Unauthenticated) for result in results)
    assert compared == rules.GUESSES_FROM_HERE
    assert sum(isinstance(result, TooMany) for result in results) == 20 - compared


async def test_a_right_password_clears_the_count(house: House) -> None:
    email = (await house.entered()).who.email
    peer = new_token(6)
    for _ in range(3):
        for _ in range(rules.GUESSES_FROM_HERE - 1):
            with pytest.raises(Unauthenticated):
                await enter(house, email, "wrong", peer)
        assert await enter(house, email, PASSWORD, peer)


async def test_one_peer_cannot_try_many_emails(house: House) -> None:
    limits = {"peer:x": 3}
    async with house.db.begin(sessions.visitor(house.id)) as tx:
        from entrepot.access.operations import count_guess

        answers = [await count_guess(tx, limits=limits) for _ in range(5)]
    assert [answer is not None for answer in answers] == [False, False, False, True, True]
    assert rules.forgiven(rules.guess_limits("a@b.c", "p")) == sorted(
        s for s in rules.guess_limits("a@b.c", "p") if not s.startswith("peer:")
    )


async def test_a_session_ends_by_log_out(house: House) -> None:
    entered = await house.entered()
    await log_out(house.db, house.id, entered.token)
    assert await find_logged_in(house.db, house.id, entered.token) is None
    await log_out(house.db, house.id, entered.token)


async def test_a_session_ends_when_idle_and_lasts_while_used(house: House) -> None:
    entered = await house.entered()
    idle_s = rules.STAFF_IDLE.total_seconds()
    try:
        for step in range(1, 4):
            house.turned_s[0] = step * (idle_s - 60)
            assert await find_logged_in(house.db, house.id, entered.token) is not None
        house.turned_s[0] += idle_s + 1
        assert await find_logged_in(house.db, house.id, entered.token) is None
    finally:
        house.turned_s[0] = 0


async def test_a_session_ends_at_last_even_when_used(house: House) -> None:
    entered = await house.entered()
    step_s, lasts_s = 6 * 3600.0, rules.STAFF_LASTS.total_seconds()
    try:
        while house.turned_s[0] + step_s < lasts_s:
            house.turned_s[0] += step_s
            assert await find_logged_in(house.db, house.id, entered.token) is not None
        house.turned_s[0] += step_s
        assert await find_logged_in(house.db, house.id, entered.token) is None
    finally:
        house.turned_s[0] = 0


async def test_visits_are_noted_once_a_minute(house: House) -> None:
    entered = await house.entered()

    async def seen() -> object:
        return await house.sql(
            "select seen_at from access.session where session_id = $1", entered.who.session_id
        )

    first = await seen()
    await find_logged_in(house.db, house.id, entered.token)
    assert await seen() == first
    house.turned_s[0] = 61
    try:
        await find_logged_in(house.db, house.id, entered.token)
        assert await seen() != first
    finally:
        house.turned_s[0] = 0


async def test_a_session_of_another_tenant_is_no_session(house: House) -> None:
    other = await open_house(house.server)
    entered = await house.entered()
    assert await find_logged_in(other.db, other.id, entered.token) is None
    moved = f"{other.id}.{entered.token.partition('.')[2]}"
    assert await find_logged_in(other.db, other.id, moved) is None
    assert await find_logged_in(house.db, house.id, moved) is None
    _, link = await house.person()
    with pytest.raises(NotFound):
        await enter_by_link(other.db, other.id, token=link, password=PASSWORD)


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "a.b", "operator.x", "ek_", "é" * 60])
async def test_any_text_as_a_token_is_nobody(house: House, token: str) -> None:
    assert await find_logged_in(house.db, house.id, token) is None
    assert await find_logged_in(house.db, house.id, f"{house.id}.{token}") is None
    await log_out(house.db, house.id, token)
    assert await find_link_owner(house.db, house.id, token) is None


async def test_only_hashes_of_tokens_are_kept(house: House) -> None:
    entered = await house.entered()
    tail = entered.token.partition(".")[2]
    assert belongs(entered.token, house.id)
    found = await house.sql(
        "select count(*) from access.session as s where s::text like '%' || $1 || '%'", tail
    )
    assert found == 0
    assert tail not in repr(entered)


async def test_a_disabled_person_is_out_at_once(house: House) -> None:
    entered = await house.entered()
    person_id = entered.who.principal.person_id
    await disable_person(house.db, house.owner, stamp(), person_id=person_id)
    assert await find_logged_in(house.db, house.id, entered.token) is None
    with pytest.raises(Unauthenticated):
        await enter(house, entered.who.email, PASSWORD)
    await enable_person(house.db, house.owner, stamp(), person_id=person_id)
    assert await find_logged_in(house.db, house.id, entered.token) is None
    assert await enter(house, entered.who.email, PASSWORD)


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    entered = await house.entered()
    second = await enter(house, entered.who.email, PASSWORD)
    with pytest.raises(Unauthenticated):
        await change_password(house.db, entered.who, old="wrong", new="another good one", peer=PEER)
    changed = await change_password(
        house.db, entered.who, old=PASSWORD, new="another good one", peer=PEER
    )
    for token in (entered.token, second):
        assert await find_logged_in(house.db, house.id, token) is None
    assert await find_logged_in(house.db, house.id, changed.token) is not None
    assert await enter(house, entered.who.email, "another good one")


async def test_a_customers_log_in_is_a_shopper(house: House) -> None:
    customer = await create_customer(
        house.db, house.owner, stamp(), new=NewCustomer(name="Marisol Examplar")
    )
    entered = await house.entered(roles=[], customer_id=customer.id, locale="zh-CN")
    principal = entered.who.principal
    assert isinstance(principal, Shopper)
    assert principal.customer_id == customer.id
    assert principal.permissions == SHOPPER_PERMISSIONS
    assert (principal.locale, entered.who.locale) == ("zh-CN", "zh-CN")


async def test_a_shoppers_login_sees_only_its_own_people(house: House) -> None:
    shoppers = []
    for name in ("Devon Fixture", "Mia Musterfrau"):
        customer = await create_customer(house.db, house.owner, stamp(), new=NewCustomer(name=name))
        entered = await house.entered(roles=[], customer_id=customer.id)
        assert isinstance(entered.who.principal, Shopper)
        shoppers.append(entered.who.principal)
    for shopper in shoppers:
        async with house.db.begin(shopper) as tx:
            rows = await tx._seat.connection.fetch("select person_id from access.person")
            held = await tx._seat.connection.fetch("select customer_id from access.membership")
        assert [row[0] for row in rows] == [shopper.person_id]
        assert [row[0] for row in held] == [shopper.customer_id]


async def test_open_sessions_are_listed_and_can_be_ended(house: House) -> None:
    entered = await house.entered()
    person_id = entered.who.principal.person_id
    await enter(house, entered.who.email, PASSWORD)
    from entrepot.access.operations import end_session_by_id

    async with house.db.begin(house.owner) as tx:
        listed = await queries.list_sessions(tx, person_id=person_id, at=tx.now)
        assert len(listed) == 2
        assert not await end_session_by_id(
            tx, person_id=new_id(tx.now), session_id=listed[0].session_id
        )
        assert await end_session_by_id(tx, person_id=person_id, session_id=entered.who.session_id)
    assert await find_logged_in(house.db, house.id, entered.token) is None


async def test_what_is_long_over_is_forgotten(house: House) -> None:
    from entrepot.access.operations import forget_old

    entered = await house.entered()
    house.turned_s[0] = rules.STAFF_LASTS.total_seconds() + 31 * 86400
    try:
        async with house.db.begin(house.owner) as tx:
            assert await forget_old(tx) > 0
    finally:
        house.turned_s[0] = 0
    left = await house.sql(
        "select count(*) from access.session where session_id = $1", entered.who.session_id
    )
    assert left == 0
