"""Python imports this by itself where the drill puts its folder on the path: it arms the faults
that ENTREPOT_TEST_FAULTS names, in every process that the launcher starts."""

import json
import os
from pathlib import Path

if os.environ.get("ENTREPOT_TEST_FAULTS"):
    from entrepot.platform import faults
    from entrepot.platform.settings import Settings

    faults.arm(
        Settings(home=Path(os.environ["ENTREPOT_HOME"]), env="test"),
        {
            place: faults.Fault(**fault)
            for place, fault in json.loads(os.environ["ENTREPOT_TEST_FAULTS"]).items()
        },
        host="127.0.0.1",
        database_prefix="t_test_",
    )
