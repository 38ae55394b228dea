"""Policy as data: what a tenant wants of routing, as a typed, versioned document.

Words: a *policy* is a document of *rules*; a rule has a `kind` (what it does), conditions (for
which orders, lines and options) and an id under which decisions name it. *Applying* a policy to a
`routing-problem/1` gives another problem, with masks, costs and limits in it, that the engine
decides without knowing of policies, and the list of what the policy ruled out and why.

Invariants: documents are data, nothing in them is executed; the same policy and problem give the
same compiled problem; every number is a whole number in the unit its name ends with.
"""
