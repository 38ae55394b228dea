"""Keys that somebody of the staff made: the same pair of eyes in another guise."""

from entrepot.access.keys import new_material
from entrepot.access.types import KeyAlgorithm, NewApiKey
from entrepot.flows.create_api_key import create_api_key
from entrepot.flows.rotate_api_key import rotate_api_key
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import Database
from entrepot.platform.secrets import read_key
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer


async def key_of(server: InstalledServer, db: Database, maker: Staff | ApiKey) -> ApiKey:
    """A key with all that its maker may do."""
    material = new_material(maker.tenant, KeyAlgorithm.HMAC_SHA256)
    new = NewApiKey(
        label="test", scopes=sorted(maker.permissions), algorithm=KeyAlgorithm.HMAC_SHA256
    )
    sealing = read_key(server.settings.key_file, env="test")
    await create_api_key(db, maker, stamp(), new=new, material=material, sealing=sealing)
    return ApiKey(maker.tenant, material.key_id, 1, maker.permissions)


async def replaced(server: InstalledServer, db: Database, key: ApiKey, by: Staff) -> ApiKey:
    """The key that took the place of another, made by somebody else."""
    material = new_material(key.tenant, KeyAlgorithm.HMAC_SHA256)
    sealing = read_key(server.settings.key_file, env="test")
    await rotate_api_key(db, by, stamp(), key_id=key.key_id, material=material, sealing=sealing)
    return ApiKey(key.tenant, material.key_id, 1, key.permissions)
