"""A package that reads while it is imported: what it finds becomes its version, to be seen."""

import os
from pathlib import Path

from entrepot.routing.plugins.contract import Facts, Rule, Verdict

found = []
for name in ("/etc/passwd", "/proc/self/environ", os.path.expanduser("~/.profile"), "/proc/1/maps"):
    try:
        Path(name).read_bytes()
        found.append(name)
    except OSError:
        continue
for folder in ("/", "/etc", "/home", "/root", "/var"):
    try:
        os.listdir(folder)
        found.append(folder)
    except OSError:
        continue
here = Path(__file__).read_text(encoding="utf-8")


def _judge(facts: Facts) -> Verdict:
    return Verdict()


rule = Rule("nothing" if not found else " ".join(found), "test", "reads", (), _judge)
