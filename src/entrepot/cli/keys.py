"""`entrepot keys …`: keys of a tenant's signed API; and the link for a tenant's first person."""

import secrets
from typing import Annotated

import msgspec
import typer

from entrepot.access.flow import Stamp
from entrepot.access.keys import new_material
from entrepot.access.permissions import PERMISSIONS
from entrepot.access.tokens import new_token_of
from entrepot.access.types import KeyAlgorithm, NewApiKey, NewPerson
from entrepot.cli.control import Command, run
from entrepot.flows.create_api_key import create_api_key
from entrepot.flows.create_person import create_person
from entrepot.kernel.ids import TenantId
from entrepot.kernel.principals import Operator
from entrepot.tenancy.plane import Plane
from entrepot.tenancy.types import Tenant

keys = typer.Typer(help="Keys of the signed API.", no_args_is_help=True)

ALL = "all"


class MadeKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key as it is shown, once."""

    key_id: str
    algorithm: str
    scopes: list[str]
    secret: str | None = None
    private_key_pem: str | None = None


def operator_in(tenant: TenantId, operator: Operator) -> Operator:
    """The local operator, at work in one tenant."""
    return Operator(name=operator.name, tenant=tenant, permissions=PERMISSIONS)


async def make_key(plane: Plane, operator: Operator, tenant: TenantId, new: NewApiKey) -> MadeKey:
    """A new key of a tenant. Raises Invalid for scopes that do not exist."""
    material = new_material(tenant, new.algorithm)
    record = await create_api_key(
        plane.database,
        operator_in(tenant, operator),
        _stamp(),
        new=new,
        material=material,
        sealing=plane.key,
    )
    return MadeKey(
        record.key_id,
        str(record.algorithm),
        record.scopes,
        material.secret,
        material.private_key_pem,
    )


async def make_owner_link(plane: Plane, operator: Operator, *, tenant: Tenant, email: str) -> str:
    """The tenant's first person, who may do everything, and the path of a one-time log-in link."""
    token = new_token_of(tenant.tenant)
    await create_person(
        plane.database,
        operator_in(tenant.tenant, operator),
        _stamp(),
        new=NewPerson(email=email, name=email.partition("@")[0], roles=["owner"]),
        link_token=token,
    )
    return f"/t/{tenant.slug}/welcome/{token}"


def _stamp() -> Stamp:
    return Stamp(request_id=f"cli-{secrets.token_hex(6)}")


@keys.command("create")
def create(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Slug or public id.")],
    scopes: Annotated[str, typer.Option(help="`all`, or resource:verb separated by commas.")],
    algorithm: Annotated[KeyAlgorithm, typer.Option()] = KeyAlgorithm.HMAC_SHA256,
    warehouse: Annotated[
        list[str] | None, typer.Option(help="Only this warehouse. Repeatable.")
    ] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "made on the command line",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Make a key; its secret is shown this once and kept only sealed."""
    wanted = sorted(PERMISSIONS) if scopes == ALL else [s.strip() for s in scopes.split(",")]
    new = NewApiKey(label=label, scopes=wanted, algorithm=algorithm, warehouses=warehouse)

    async def work(command: Command) -> None:
        command.progress("making the key")
        found = await command.tenant(tenant)
        made = await make_key(command.plane, command.operator, found.tenant, new)
        command.output.say(made)

    run(context, work, as_json=as_json)
