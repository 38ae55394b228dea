"""Decision records: what was read, what was decided, why, and what would have changed it.

`format` is `routing-record/1`; `deciding` decides the order of one record, `recording` makes the
records of a whole problem, `files` keeps them in a folder, `replaying` decides them again under
another policy and tells the differences, `counterfactuals` and `flipping` answer "what if",
`telling` renders cards for staff and sentences for shoppers, `stages` the chain of decisions, and
`registry` lists every rule that decided.
"""
