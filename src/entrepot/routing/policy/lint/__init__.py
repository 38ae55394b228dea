"""Lint: what is wrong with a policy although it is well made, each finding with an order as proof.

A condition can tell only finitely many orders apart: those on either side of its constants.
`thinking` lists them, `worlds` makes a problem of one; `silent`, `quarrels` and `gaps` look for
rules that never speak, speak after another has spoken, contradict each other, leave orders out or
are overdue, and keep only what running the problem confirms (`proving`).
"""
