"""A signed scan without any package but Python: `scan.py DEMO.JSON TRACKING_NUMBER`.

Signs by HTTP Message Signatures (RFC 9421), tag entrepot-v1, with the first key of demo.json.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time
import urllib.error
import urllib.request

demo = json.load(open(sys.argv[1], encoding="utf-8"))
key = demo["tenants"][0]["keys"][0]
warehouse = demo["tenants"][0]["warehouses"][0]["code"]
body = json.dumps({"warehouse": warehouse, "tracking_number": sys.argv[2]}).encode()
digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
headers = {
    "content-type": "application/json",
    "content-digest": f"sha-256=:{digest}:",
    "idempotency-key": secrets.token_urlsafe(16),
}
covered = {
    "@method": "POST",
    "@authority": demo["authority"],
    "@path": "/api/v1/scans",
    "@query": "?",
    **headers,
}
now = int(time.time())
names = " ".join(f'"{name}"' for name in covered)
parameters = (
    f'({names});created={now};expires={now + 300};nonce="{secrets.token_urlsafe(24)}"'
    f';keyid="{key["key_id"]}";tag="entrepot-v1"'
)
base = "\n".join(
    [*(f'"{n}": {v}' for n, v in covered.items()), f'"@signature-params": {parameters}']
)
signature = hmac.digest(key["secret"].encode(), base.encode(), "sha256")
headers["signature-input"] = f"sig={parameters}"
headers["signature"] = f"sig=:{base64.b64encode(signature).decode()}:"
request = urllib.request.Request(f"{demo['base_url']}/api/v1/scans", body, headers, method="POST")
try:
    with urllib.request.urlopen(request) as answer:
        print(json.dumps(json.load(answer), indent=2, ensure_ascii=False))
except urllib.error.HTTPError as refused:
    sys.exit(refused.read().decode())
