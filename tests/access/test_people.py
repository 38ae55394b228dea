"""People: who may be added by whom, roles that nobody hands on beyond their own, erasing."""

from uuid import UUID

import pytest

from entrepot.access import operations
from entrepot.access.permissions import PERMISSIONS, ROLES, SHOPPER_PERMISSIONS, permissions_of
from entrepot.access.sessions import find_logged_in
from entrepot.access.tokens import new_token_of
from entrepot.access.types import NewPerson
from entrepot.flows.change_roles import change_roles
from entrepot.flows.create_customer import create_customer
from entrepot.flows.create_person import create_person
from entrepot.flows.disable_person import disable_person
from entrepot.flows.list_people import list_people
from entrepot.flows.make_log_in_link import make_log_in_link
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.parties.types import NewCustomer
from tests.access.house import House, stamp

ASKED_ROLES = {
    "owner", "manager", "receiver", "inspector", "putaway", "packer", "shipper", "support",
    "finance", "auditor",
}  # fmt: skip


def test_the_roles_are_those_of_the_trade() -> None:
    assert set(ROLES) == ASKED_ROLES
    assert permissions_of(["owner"]) == PERMISSIONS
    assert all(allowed <= PERMISSIONS for allowed in ROLES.values())
    assert SHOPPER_PERMISSIONS <= PERMISSIONS


def test_only_those_who_need_it_see_contacts() -> None:
    """A receiver sees suite code, not price or phone; a packer no value (roles of the demo)."""
    see_phones = {role for role, allowed in ROLES.items() if "customers:read_contact" in allowed}
    assert see_phones == {"owner", "manager", "support", "finance"}


def test_an_auditor_only_reads() -> None:
    assert all(name.split(":")[1].startswith("read") for name in ROLES["auditor"])


async def test_email_is_unique_without_regard_to_case(house: House) -> None:
    person, _ = await house.person(email="Some.One@Example.com")
    with pytest.raises(Conflict) as refusal:
        await house.person(email="some.one@example.COM")
    assert refusal.value.code == "email_taken"
    listed = await list_people(house.db, house.owner, staff_only=True)
    assert person.person_id in {p.person_id for p in listed}


async def test_wrong_people_are_refused_with_every_error(house: House) -> None:
    with pytest.raises(Invalid) as refusal:
        await house.person(roles=["boss", "king"])
    assert [error.path for error in refusal.value.errors] == ["roles[0]", "roles[1]"]
    with pytest.raises(Invalid):
        await house.person(roles=[])
    customer = await create_customer(house.db, house.owner, stamp(), new=NewCustomer(name="Two"))
    with pytest.raises(Invalid) as refusal:
        await house.person(customer_id=customer.id)
    assert refusal.value.errors[0].code == "roles_or_customer"


async def test_a_log_in_needs_an_existing_customer(house: House) -> None:
    with pytest.raises(NotFound):
        await house.person(roles=[], customer_id=new_id(house.db.clock()))


@pytest.mark.parametrize("wanted", ["owner", "auditor"])
async def test_nobody_makes_somebody_stronger(house: House, wanted: str) -> None:
    manager = Staff(house.id, new_id(house.db.clock()), ROLES["manager"])
    new = NewPerson(f"{wanted}@example.net", "X", roles=[wanted])
    with pytest.raises(Forbidden) as refusal:
        await create_person(house.db, manager, stamp(), new=new)
    assert refusal.value.code == "stronger_grant"
    listed = await list_people(house.db, house.owner, most=500)
    assert f"{wanted}@example.net" not in {p.email for p in listed}


async def test_nobody_hands_on_more_warehouses(house: House) -> None:
    clerk = Staff(house.id, new_id(house.db.clock()), ROLES["manager"], frozenset({"SZX1"}))
    for place, wider in enumerate((None, ["YIW1"], ["SZX1", "YIW1"])):
        new = NewPerson(f"w{place}@example.net", "X", roles=["receiver"], warehouses=wider)
        with pytest.raises(Forbidden):
            await create_person(house.db, clerk, stamp(), new=new)
    new = NewPerson("w@example.net", "X", roles=["receiver"], warehouses=["SZX1"])
    added = await create_person(house.db, clerk, stamp(), new=new)
    assert added.warehouses == ["SZX1"]


async def test_nobody_makes_a_link_to_somebody_stronger(house: House) -> None:
    boss, _ = await house.person(roles=["owner"])
    manager = Staff(house.id, new_id(house.db.clock()), ROLES["manager"])
    with pytest.raises(Forbidden):
        await make_log_in_link(
            house.db, manager, stamp(),
            person_id=boss.person_id, link_token=new_token_of(house.id),
        )  # fmt: skip
    weak_changer = house.staff("people:change", *ROLES["receiver"])
    for verb in (disable_person,):
        with pytest.raises(Forbidden):
            await verb(house.db, weak_changer, stamp(), person_id=boss.person_id)
    with pytest.raises(Forbidden):
        await change_roles(
            house.db, weak_changer, stamp(), person_id=boss.person_id, roles=["receiver"]
        )


async def test_new_roles_end_the_old_sessions(house: House) -> None:
    entered = await house.entered()
    person_id = entered.who.principal.person_id
    changed = await change_roles(
        house.db, house.owner, stamp(), person_id=person_id, roles=["packer"], warehouses=["SZX1"]
    )
    assert (changed.roles, changed.warehouses) == (["packer"], ["SZX1"])
    assert await find_logged_in(house.db, house.id, entered.token) is None


async def test_somebody_of_the_staff_may_be_a_customer_too(house: House) -> None:
    customer = await create_customer(house.db, house.owner, stamp(), new=NewCustomer(name="Both"))
    person, _ = await house.person()
    async with house.db.begin(house.owner) as tx:
        await operations.add_customer_log_in(
            tx, person_id=person.person_id, customer_id=customer.id
        )
    with pytest.raises(Conflict):
        async with house.db.begin(house.owner) as tx:
            await operations.add_customer_log_in(
                tx, person_id=person.person_id, customer_id=customer.id
            )
    found = next(
        p
        for p in await list_people(house.db, house.owner, most=500)
        if p.person_id == person.person_id
    )
    assert (found.roles, found.customer_ids) == (["receiver"], [customer.id])


async def test_an_erased_person_leaves_no_personal_data(house: House) -> None:
    person, _ = await house.person(email="gone@example.com", name="Gone Entirely")
    async with house.db.begin(house.owner) as tx:
        await operations.erase_person(tx, person_id=person.person_id)
    left = await house.sql("select count(*) from access.person as p where p::text ilike '%gone%'")
    assert left == 0
    trail = await house.sql(
        "select count(*) from platform.audit as a where a::text ilike '%gone@%'"
    )
    assert trail == 0
    assert (await house.person(email="gone@example.com"))[0].person_id != person.person_id


async def test_every_change_leaves_its_trail(house: House) -> None:
    person, _ = await house.person()
    verbs = await house.sql(
        "select array_agg(verb order by verb) from platform.audit where subject_id = $1",
        person.person_id,
    )
    assert verbs == ["add_person", "make_log_in_link"]
    actor = await house.sql(
        "select actor from platform.audit where subject_id = $1 limit 1", person.person_id
    )
    assert actor == house.owner.actor


async def test_an_unknown_person_is_not_found(house: House) -> None:
    unknown: UUID = new_id(house.db.clock())
    with pytest.raises(NotFound):
        await disable_person(house.db, house.owner, stamp(), person_id=unknown)
    with pytest.raises(NotFound):
        await change_roles(house.db, house.owner, stamp(), person_id=unknown, roles=["packer"])
