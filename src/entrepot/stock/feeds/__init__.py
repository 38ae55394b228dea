"""Truth from outside: what a source tells, its snapshots, watching it."""
