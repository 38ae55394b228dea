"""A signed order of one line over HTTP against pgbench running the same SQL function. Orders
spread over 10,000 SKUs. pgbench stops with an error when the function did not take an order.

Goal of issue 5: ratio must be ≥ 0.35, aim ≥ 0.45.
"""

from itertools import cycle

from bench.over_http import Contest, hold
from bench.stock_house import CHANNEL, code, fill, frozen, unverified
from entrepot.kernel.ids import new_token
from entrepot.nodes.types import NewNode
from entrepot.tenancy.types import Kind

SKUS = 10_000
_PGBENCH = """
\\set n random(1, {skus})
select 1 / flows.reserve_at_once_v2(
    now(), false, array['{key}'], array[1], array['key' || chr(58) || '{key}'],
    array[gen_random_uuid()::text], array[gen_random_uuid()::text], array['\\x00'::bytea],
    array['bench'], array['key' || chr(58) || '{key}'], array[gen_random_uuid()],
    array[gen_random_uuid()], array[gen_random_uuid()], array[gen_random_uuid()::text],
    array[null]::timestamptz[], array[jsonb_build_object(
        'id', gen_random_uuid(), 'reference', gen_random_uuid(), 'channel', '{channel}', 'state',
        'pending', 'strength', 'hard', 'expires_at', null, 'created_at', now(), 'lines',
        jsonb_build_array(jsonb_build_object(
            'sku', 'SKU-' || lpad(:n::text, 7, '0'), 'node', 'N01', 'qty', 1, 'backordered', 0
        ))
    )], array[1], array[1], array[1], array[1]::bigint[], array['{channel}'],
    array['SKU-' || lpad(:n::text, 7, '0')], array['N01'], array[1]::bigint[], null)::integer;
"""


def run() -> None:
    """Print one line."""
    orders = cycle(frozen()["uniform_3"])

    def order() -> dict[str, object]:
        line = {"sku": code(1 + next(orders)[0] % SKUS), "qty": 1, "node": "N01"}
        return {"reference": new_token(12), "channel": CHANNEL, "lines": [line]}

    hold(
        Contest(
            bench="stock_http",
            unit="orders/s",
            port=18_481,
            target="/api/v1/reservations",
            answer="201",
            document=order,
            script=lambda key: _PGBENCH.format(skus=SKUS, key=key, channel=CHANNEL),
            kind=Kind.MERCHANT,
            node=NewNode(code="N01", zone="UTC"),
            verify=unverified,
            fill=lambda way: fill(way, skus=SKUS),
            seconds=4.0,
            a_second=3000,
            must=0.35,
            aim=0.45,
            note=f"1 line over {SKUS} SKUs",
        )
    )
