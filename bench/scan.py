"""A signed scan over HTTP against pgbench running the same SQL function, among a million parcels.

Goal of issue 2: ratio must be ≥ 0.38, aim ≥ 0.45.
"""

import random

from bench.over_http import Contest, hold
from entrepot.nodes.types import NewNode
from entrepot.platform.pools import Login
from entrepot.tenancy.entrances import connect
from entrepot.tenancy.types import Kind
from entrepot.tenancy.verification import verify_tenant

PARCELS = 1_000_000
EXPECTED = 400_000
CUSTOMERS = 20_000

# Customers and parcels as the product writes them; every 2.5th parcel is still expected.
_FILL = f"""
insert into parties.customer
    (customer_id, suite_code, suite_compact, locale, name, sequence, created_at)
select gen_random_uuid(), 'EP' || lpad(i::text, 6, '0') || '-0',
    'EP' || lpad(i::text, 6, '0') || '0', 'en', 'Shopper ' || i, 1, now()
from generate_series(1, {CUSTOMERS}) i;
create temp table c as select customer_id, row_number() over () as n from parties.customer;
insert into parcels.parcel (
    parcel_id, tracking_number, tracking_original, piece, pieces, occurrence, courier,
    courier_candidates, customer_id, status, announced_as, match_by, match_certainty,
    match_candidates, node_id, bin_id, weight_g, sequence, announced_at, received_at, received_by
)
select gen_random_uuid(), 'SF' || lpad(i::text, 13, '0'), 'SF' || lpad(i::text, 13, '0'),
    case when i > {EXPECTED} then 1 end, null, 1, 'SF', '{{SF}}', c.customer_id,
    case when i > {EXPECTED} then 'received' else 'expected' end, 'pre_alert', 'pre_alert', 'sure',
    1, case when i > {EXPECTED} then n.node_id end, case when i > {EXPECTED} then b.bin_id end,
    case when i > {EXPECTED} then 500 end, 1, now(), case when i > {EXPECTED} then now() end,
    case when i > {EXPECTED} then 'bench' end
from generate_series(1, {PARCELS}) i
join c on c.n = 1 + i % {CUSTOMERS}
cross join nodes.node n join nodes.bin b on b.node_id = n.node_id and b.receiving;
"""
_PGBENCH = """
\\set n random(1, {half})
select verdict, refused, answer from flows.receive_parcel_v1(
    '{key}', 1, 'key' || chr(58) || '{key}', gen_random_uuid()::text, gen_random_uuid()::text,
    '\\x00'::bytea, 'bench', now(), 'key' || chr(58) || '{key}', null,
    array[gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
        gen_random_uuid()],
    'SZX1', 'SF' || lpad(:n::text, 13, '0'), 'SF' || lpad(:n::text, 13, '0'), null, null, false,
    'SF', array['SF'], array[]::text[], array[]::text[], '', '', null, 500, null, null, null);
"""


async def _fill(inside: Login) -> None:
    owner = await connect(inside)
    await owner.execute(_FILL, timeout=600)
    await owner.execute("vacuum analyze", timeout=600)
    await owner.close()


def _scan() -> dict[str, object]:
    number = random.randint(EXPECTED // 2, EXPECTED)
    return {"warehouse": "SZX1", "tracking_number": f"SF{number:013}", "weight_g": 500}


def run() -> None:
    """Print one line."""
    hold(
        Contest(
            bench="signed_scan",
            unit="scans/s",
            port=18_480,
            target="/api/v1/scans",
            answer="200",
            document=_scan,
            script=lambda key: _PGBENCH.format(half=EXPECTED // 2, key=key),
            kind=Kind.FORWARDER,
            node=NewNode(code="SZX1", zone="Asia/Shanghai"),
            verify=verify_tenant,
            fill=_fill,
            seconds=5.0,
            a_second=2500,
            must=0.38,
            aim=0.45,
            note=f"{PARCELS} parcels",
        )
    )
