"""Make the frozen sheets that `bench/rating.py` prices: 12 services, 10,080 rows, 400 requests.

Run once; the answer is committed and its hash checked before each measurement. A row is a flat
price for weights up to a bound in one country, which both engines can hold.
"""

import json
import random
from pathlib import Path

CODES = "HKTWJPSGAUUSGBDEFRESITNLBEATCHSENODKFIPLCZHUPTIEGRCAMXBRARCLNZKRTHMYPHVNIDINAESAILZA"
COUNTRIES = [CODES[at : at + 2] for at in range(0, len(CODES), 2)]


def main() -> None:
    rng = random.Random(20261122)
    services = []
    for number in range(12):
        tops, top = [], 0
        for _ in range(20):
            top += rng.choice((100, 250, 500, 1000, 2000))
            tops.append(top)
        prices = {}
        for country in COUNTRIES:
            price, row = rng.randrange(1500, 9000), []
            for _ in tops:
                price += rng.randrange(100, 2500)
                row.append(price)
            prices[country] = row
        services.append({"id": f"line_{number:02d}", "tops_g": tops, "minor": prices})
    # karrio's bounds are exclusive and ours inclusive, and it keeps kilograms to two places:
    # weights in tens of grams that are on no bound mean the same to both
    weights = [grams for grams in range(20, 22_000, 10) if grams % 50]
    requests = [{"country": rng.choice(COUNTRIES), "g": rng.choice(weights)} for _ in range(400)]
    document = {"services": services, "requests": requests}
    place = Path(__file__).with_name("rating_rows.json")
    place.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
